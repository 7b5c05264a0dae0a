"""A folder or a zip of files: their names, and their bytes within limits. Writes nothing."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

# What one import may be: a folder that was meant is seldom larger, and its names fit in memory.
MAX_FILES = 500_000
# What a zip may unpack to, in bytes; it is read file by file and never written.
MAX_UNPACKED = 8 << 30
# What is unpacked bit by bit, however much it unpacks to; the others come whole into memory.
PACKINGS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
RARE = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "LZMA"}
# What zipfile raises over a file that is damaged, or made to be: names that are no UTF-8, places
# before the file's begin or past what a number holds, versions and packings that it does not know.
DAMAGE = (
    *(OSError, EOFError, ValueError, OverflowError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
)
# Names that systems leave behind, beside those that begin with a dot.
LEAVINGS = {"__MACOSX", "Thumbs.db"}


class UnusableCollection(ValueError):
    """It cannot be imported; the message tells what was expected, what was found, what to do."""


class Unread(Exception):
    """One file cannot be read; the message tells why."""


class Collection(Protocol):
    """Files by their names, which have slashes and are relative to the collection."""

    def names(self) -> list[str]:
        """List them in their order, without what systems leave behind."""

    def read(self, name: str, *, most: int) -> bytes:
        """Give a file's bytes, at most one more than `most`.

        Raises:
            Unread: It is damaged, encrypted, packed in a rare way, or gone.
            UnusableCollection: More was unpacked than a collection may hold.
        """


@contextmanager
def opened(path: Path) -> Iterator[Collection]:
    """Open a folder or a zip.

    Raises:
        UnusableCollection: It is neither, or has too many files.
    """
    if path.is_dir():
        yield Folder(path)
        return
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        raise UnusableCollection(
            f"Expected a folder or a zip at {path}, found neither: {error}."
        ) from error
    with archive:
        yield Archive(archive)


class Folder:
    """The files below a folder; none that a link leads out of it for."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def names(self) -> list[str]:
        found = []
        for path in self._root.rglob("*"):
            name = path.relative_to(self._root).as_posix()
            if _is_meant(name) and path.is_file() and path.resolve().is_relative_to(self._root):
                found.append(name)
                _check_number(len(found))
        return sorted(found)

    def read(self, name: str, *, most: int) -> bytes:
        try:
            with (self._root / name).open("rb") as file:
                return file.read(most + 1)
        except OSError as error:
            raise Unread(str(error)) from error


class Archive:
    """The files of a zip. What it says of their sizes is not relied on."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        files = [entry for entry in archive.infolist() if not entry.is_dir()]
        _check_number(len(files))
        self._entries = {entry.filename: entry for entry in files if _is_meant(entry.filename)}
        self._num_unpacked = 0

    def names(self) -> list[str]:
        return sorted(self._entries)

    def read(self, name: str, *, most: int) -> bytes:
        entry = self._entries[name]
        if entry.compress_type not in PACKINGS:
            kind = RARE.get(entry.compress_type, f"packing {entry.compress_type}")
            raise Unread(
                f"Expected a file that is stored or deflated in the zip, found {kind}. "
                "Pack the zip anew, or unpack it and import the folder."
            )
        try:
            with self._archive.open(entry) as file:
                content = file.read(most + 1)
        except RuntimeError as error:  # a password; what is newer than zipfile
            raise Unread(f"It cannot be unpacked: {error}") from error
        except DAMAGE as error:
            raise Unread(f"It is damaged in the zip: {error}") from error
        self._num_unpacked += len(content)
        if self._num_unpacked > MAX_UNPACKED:
            raise UnusableCollection(
                f"Expected a zip that unpacks to {MAX_UNPACKED >> 30} GiB at most, found more. "
                "Unpack it yourself, and import the folder."
            )
        return content


def _is_meant(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not any(part.startswith(".") or part in LEAVINGS for part in parts)


def _check_number(num: int) -> None:
    if num > MAX_FILES:
        raise UnusableCollection(
            f"Expected at most {MAX_FILES:,} files, found more. Import it part by part."
        )
