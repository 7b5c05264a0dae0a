"""A data set comes to its place whole or not at all, with the hash of each file."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recognizer.exporting.formats import ZIP_DATE

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"  # as `sha256sum -c` reads it
PACKED = {".png", ".npz"}  # compressed already
TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}


class OutputExists(FileExistsError):
    """There is something in the place already; nothing is overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Expected nothing at {path}, found something. Name another place, or remove it."
        )


@contextmanager
def fresh(output: Path) -> Iterator[tuple[Path, Path]]:
    """Give a folder to write into, and one for scratch; then put the first one in its place.

    Both lie beside the place and are gone afterwards, whatever happens.

    Args:
        output: A folder that is not there yet, or a .zip that is not.

    Raises:
        OutputExists: There is something.
        OSError: It cannot be written there.
    """
    if os.path.lexists(output):
        raise OutputExists(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    folder, scratch = beside / "folder", beside / "scratch"
    try:
        folder.mkdir()
        scratch.mkdir()
        yield folder, scratch
        if output.suffix == ".zip":
            packed = beside / "packed.zip"
            _pack(folder, packed)
            _place_file(packed, output)
        else:
            _place_folder(folder, output)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_sums(folder: Path) -> str:
    """Write the SHA-256 of each file of a folder; give that of what was written."""
    whole = hashlib.sha256()
    with (folder / SUMS).open("wb") as sums:
        for path in _files_in(folder):
            if path.name == SUMS:
                continue
            name = path.relative_to(folder).as_posix()
            line = f"{_sha256(path)}  {name}\n".encode()
            sums.write(line)
            whole.update(line)
    return whole.hexdigest()


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(folder: Path, packed: Path) -> None:
    with zipfile.ZipFile(packed, "w") as archive:
        for path in _files_in(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), ZIP_DATE)
            is_packed = path.suffix in PACKED
            entry.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16  # else it is unpacked as a file that nobody may read
            entry.file_size = path.stat().st_size
            with archive.open(entry, "w") as file, path.open("rb") as content:
                shutil.copyfileobj(content, file)


def _place_file(packed: Path, output: Path) -> None:
    try:
        os.link(packed, output)  # unlike a renaming it overwrites nothing
    except FileExistsError as error:
        raise OutputExists(output) from error
    except OSError:  # FAT and some shares have no hard links
        _claim(output)
        try:
            packed.replace(output)
        except OSError:
            output.unlink()
            raise


def _claim(output: Path) -> None:
    """Make an empty file, which nobody else overwrites, to be written over at once."""
    try:
        output.open("xb").close()
    except FileExistsError as error:
        raise OutputExists(output) from error


def _place_folder(folder: Path, output: Path) -> None:
    try:
        folder.rename(output)  # fails where there is a folder with something in it, or a file
    except OSError as error:
        if error.errno in TAKEN:
            raise OutputExists(output) from error
        raise
