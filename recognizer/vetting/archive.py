"""A .keras file as an archive: exactly its three members, each within its bounds."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from recognizer.vetting.refusal import RefusedModel

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
# The members, and the most that each may hold.
MEMBERS = {
    CONFIG: 8 * 2**20,
    METADATA: 64 * 2**10,
    # 20 million parameters of four bytes, and the optimizer's two values for each.
    WEIGHTS: 320 * 2**20,
}
# Keras stores members as they are; DEFLATE takes weights to nine tenths, a bomb to a thousandth.
MAX_RATIO = 100
_BLOCK = 2**20


def read(path: Path) -> dict[str, io.BytesIO]:
    """Unpack the members of a .keras file into memory, never onto the disk.

    Raises:
        RefusedModel: It holds others, or more than it may.
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError: It is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        _check_members(archive.infolist(), path.stat().st_size)
        return {name: _read(archive, name) for name in MEMBERS}


def _check_members(members: list[zipfile.ZipInfo], size: int) -> None:
    names = sorted(member.filename for member in members)
    if names != sorted(MEMBERS):
        shown = ", ".join(repr(name[:60]) for name in names[:6])
        raise RefusedModel("Members", f"exactly {', '.join(sorted(MEMBERS))}", shown or "none")
    for member in members:
        _check_member(member)
    if (packed := sum(member.compress_size for member in members)) > size:
        found = f"members of {packed:,} bytes, which overlap"
        raise RefusedModel("Members", f"members side by side in {size:,} bytes", found)


def _check_member(member: zipfile.ZipInfo) -> None:
    name, most = member.filename, MEMBERS[member.filename]
    if member.flag_bits & 1:
        raise RefusedModel("Members", f"{name} as it is", "it encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RefusedModel("Members", f"{name} stored or deflated", "another compression")
    if member.file_size > most:
        found = f"{member.file_size:,}"
        raise RefusedModel("Members", f"{name} of at most {most:,} bytes", found)
    ratio = member.file_size // max(member.compress_size, 1)
    if ratio > MAX_RATIO:
        raise RefusedModel(
            "Members", f"{name} packed at most one to {MAX_RATIO}", f"one to {ratio:,}"
        )


def _read(archive: zipfile.ZipFile, name: str) -> io.BytesIO:
    """Unpack block by block: what a member says of its size is checked against what it gives."""
    unpacked, declared = io.BytesIO(), archive.getinfo(name).file_size
    with archive.open(name) as member:
        while (block := member.read(_BLOCK)) and unpacked.tell() <= declared:
            unpacked.write(block)
    if (size := unpacked.tell()) != declared:  # then its checksum was not looked at either
        expected = f"{name} of {declared:,} bytes, as it declares"
        raise RefusedModel("Members", expected, f"{size:,}")
    unpacked.seek(0)
    return unpacked
