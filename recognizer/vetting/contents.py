"""The first look at a model file, without TensorFlow: what it holds, declares and names.

Run as a process of its own (`python -m recognizer.vetting.contents FILE WORKSPACE`).
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version as version_of
from pathlib import Path
from typing import IO, Any

import h5py
from packaging.version import InvalidVersion, Version

from recognizer.vetting import bounded, config
from recognizer.vetting.beginning import check_format
from recognizer.vetting.refusal import RefusedModel

# A .keras file's members, and the most that each may hold.
MEMBERS = {
    "config.json": 8 * 2**20,
    "metadata.json": 64 * 2**10,
    # 20 million parameters of four bytes, and the optimizer's two values for each.
    "model.weights.h5": 320 * 2**20,
}
# Keras stores members as they are; DEFLATE takes weights to nine tenths, a bomb to a thousandth.
MAX_RATIO = 100
MAX_OBJECTS = 20_000
MAX_DEPTH = 32
MAX_DECLARED_BYTES = MEMBERS["model.weights.h5"]
MAX_ATTRIBUTES = 20_000
MAX_ATTRIBUTE_BYTES = 16 * 2**20
# Of HDF5's filters: DEFLATE, shuffle, Fletcher's checksum, LZF. Others load libraries.
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, 32000}
_BLOCK = 2**20
_DAMAGED = "The file is damaged: copy it once more, or save the model again."


def look(path: Path, workspace: Path) -> dict[str, Any]:
    """Look at all that a file holds, and check it.

    Returns:
        `keras_version` that saved it (empty where it does not say), `num_layers`, `classes` and
        `declared_bytes` of its arrays.

    Raises:
        RefusedModel: A check failed.
    """
    check_format(path)
    try:
        found = _look_at_zip(path, workspace) if path.suffix == ".keras" else _look_at_h5(path)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, KeyError) as error:
        # What zipfile, zlib and HDF5 raise over damaged files.
        raise RefusedModel(
            "Format", f"a whole {path.suffix} file", _first_line(error), _DAMAGED
        ) from error
    _check_version(found["keras_version"])
    return found


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _check_version(saved_by: str) -> None:
    ours = version_of("keras")
    try:
        is_newer = bool(saved_by) and Version(saved_by) > Version(ours)
    except InvalidVersion as error:
        raise RefusedModel("Keras", "a version's number", repr(saved_by[:40])) from error
    if is_newer:
        raise RefusedModel(
            "Keras",
            f"a file saved by Keras {ours} or older",
            f"one saved by a newer Keras, {saved_by}",
            f"Save it with Keras {ours}, or upgrade Keras here.",
        )


# --- .keras ---------------------------------------------------------------------------------------


def _look_at_zip(path: Path, workspace: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        _check_members(archive)
        metadata = _json_of(archive, "metadata.json")
        summary = config.check(_read(archive, "config.json"))
        weights = workspace / "model.weights.h5"
        with archive.open("model.weights.h5") as packed, weights.open("wb") as unpacked:
            for block in _blocks(packed, MEMBERS["model.weights.h5"]):
                unpacked.write(block)
    try:
        with h5py.File(weights, "r") as file:
            declared = _check_tree(file)
    finally:
        weights.unlink()
    return asdict(summary) | {
        "keras_version": str(metadata.get("keras_version", "")),
        "declared_bytes": declared,
    }


def _check_members(archive: zipfile.ZipFile) -> None:
    names = sorted(info.filename for info in archive.infolist())
    if names != sorted(MEMBERS):
        shown = ", ".join(repr(name[:60]) for name in names[:6])
        raise RefusedModel("Members", f"exactly {', '.join(sorted(MEMBERS))}", shown)
    for info in archive.infolist():
        name, most = info.filename, MEMBERS[info.filename]
        if info.flag_bits & 1:
            raise RefusedModel("Members", f"{name} as it is", "it encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusedModel("Members", f"{name} stored or deflated", "another compression")
        if info.file_size > most:
            found = f"{info.file_size:,}"
            raise RefusedModel("Members", f"{name} of at most {most:,} bytes", found)
        if info.file_size > MAX_RATIO * max(info.compress_size, 1):
            found = f"one to {info.file_size // max(info.compress_size, 1):,}"
            raise RefusedModel("Members", f"{name} packed at most one to {MAX_RATIO}", found)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return b"".join(_blocks(member, MEMBERS[name]))


def _json_of(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    try:
        found = json.loads(_read(archive, name))
    except (ValueError, RecursionError) as error:
        raise RefusedModel("Members", f"JSON in {name}", "none") from error
    if not isinstance(found, dict):
        raise RefusedModel("Members", f"an object in {name}", type(found).__name__)
    return found


def _blocks(member: IO[bytes], most: int) -> Iterator[bytes]:
    """Unpack block by block: what a member says of its size is checked against what it gives."""
    num = 0
    while block := member.read(_BLOCK):
        num += len(block)
        if num > most:
            raise RefusedModel("Members", f"at most {most:,} bytes", "more than it declares")
        yield block


# --- .h5 ------------------------------------------------------------------------------------------


def _look_at_h5(path: Path) -> dict[str, Any]:
    with h5py.File(path, "r") as file:
        declared = _check_tree(file)
        text = file.attrs.get("model_config")
        if text is None:
            raise RefusedModel(
                "Configuration",
                "a whole model",
                "weights alone",
                "Save the model, and not its weights: model.save('model.keras').",
            )
        summary = config.check(text)
        keras_version = file.attrs.get("keras_version", "")
    if isinstance(keras_version, bytes):
        keras_version = keras_version.decode(errors="replace")
    return asdict(summary) | {"keras_version": str(keras_version), "declared_bytes": declared}


def _check_tree(file: h5py.File) -> int:
    """Walk through all groups without following a link elsewhere; give the bytes declared."""
    declared, attributes, seen = 0, _Attributes(), set()
    left: list[tuple[h5py.Group, int]] = [(file["/"], 1)]
    while left:
        group, depth = left.pop()
        attributes.check(group)
        if depth > MAX_DEPTH:
            raise RefusedModel("HDF5", f"groups at most {MAX_DEPTH} deep", "deeper ones")
        for name in group:
            child = _child(group, name)
            address = h5py.h5o.get_info(child.id).addr
            if address in seen:
                raise RefusedModel("HDF5", "each object once", f"{name[:60]!r} twice")
            seen.add(address)
            if len(seen) > MAX_OBJECTS:
                raise RefusedModel("HDF5", f"at most {MAX_OBJECTS:,} objects", "more")
            if isinstance(child, h5py.Group):
                left.append((child, depth + 1))
                continue
            attributes.check(child)
            declared += _declared_bytes(child, name)
            if declared > MAX_DECLARED_BYTES:
                most = f"arrays of at most {MAX_DECLARED_BYTES:,} bytes"
                raise RefusedModel("HDF5", most, f"{declared:,} declared")
    return declared


def _child(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        kind = "an external link" if isinstance(link, h5py.ExternalLink) else "a soft link"
        raise RefusedModel("HDF5", "hard links alone", f"{kind}, {name[:60]!r}")
    child = group[name]
    if not isinstance(child, h5py.Group | h5py.Dataset):
        raise RefusedModel("HDF5", "groups and arrays", f"a named type, {name[:60]!r}")
    return child


def _declared_bytes(array: h5py.Dataset, name: str) -> int:
    if array.external or array.is_virtual:
        raise RefusedModel("HDF5", "arrays in the file itself", f"{name[:60]!r} in others")
    if array.dtype.kind not in "fiub":
        raise RefusedModel("HDF5", "arrays of numbers", f"{array.dtype} in {name[:60]!r}")
    filters = array.id.get_create_plist()
    found = {filters.get_filter(row)[0] for row in range(filters.get_nfilters())}
    if found - FILTERS:
        raise RefusedModel("HDF5", "HDF5's own filters", f"filter {min(found - FILTERS)}")
    return int(array.size or 0) * int(array.dtype.itemsize)


class _Attributes:
    """Counts what attributes hold, over all objects."""

    def __init__(self) -> None:
        self._num, self._bytes = 0, 0

    def check(self, owner: h5py.Group | h5py.Dataset) -> None:
        for row in range(h5py.h5a.get_num_attrs(owner.id)):
            attribute = h5py.h5a.open(owner.id, index=row)
            self._num += 1
            self._bytes += (
                attribute.get_space().get_simple_extent_npoints() * attribute.dtype.itemsize
            )
            if self._num > MAX_ATTRIBUTES or self._bytes > MAX_ATTRIBUTE_BYTES:
                most = f"at most {MAX_ATTRIBUTES:,} attributes of {MAX_ATTRIBUTE_BYTES:,} bytes"
                raise RefusedModel("HDF5", most, "more")
            if attribute.dtype.kind not in "fiubSO" or h5py.check_ref_dtype(attribute.dtype):
                raise RefusedModel("HDF5", "attributes of texts and numbers", str(attribute.dtype))


if __name__ == "__main__":
    bounded.report_on(sys.argv[1:], bounded.LOOKING, look)
