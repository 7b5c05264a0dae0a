"""Files in storage that are named by their SHA-256: written whole or not at all, never changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files.base import File
from django.core.files.storage import default_storage

from recognizer.models import model_file_path


def hash_of(file: Any) -> str:
    """Hash what is left of an open file, block by block."""
    return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hash_of(file)


def keep(source: BinaryIO, filename: str) -> str:
    """Copy a file into storage under a name made of its hash, whole or not at all; give the name.

    The name is the content, so a file that is there with the right hash is the same file; one with
    another hash is the rest of a copy that was cut off.
    """
    name = model_file_path(None, filename)
    if default_storage.exists(name):
        with default_storage.open(name, "rb") as stored:
            if hash_of(stored) == Path(filename).stem:
                return name
        default_storage.delete(name)
    source.seek(0)
    try:
        target = Path(default_storage.path(name))
    except NotImplementedError:  # not a file system: such storages write a file whole
        return default_storage.save(name, File(source))
    _copy_durably(source, target)
    return name


def keep_path(source: Path, filename: str) -> str:
    with source.open("rb") as file:
        return keep(file, filename)


def _copy_durably(source: BinaryIO, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
    with temporary.open("wb") as written:
        shutil.copyfileobj(source, written)
        written.flush()
        os.fsync(written.fileno())
    temporary.replace(target)
