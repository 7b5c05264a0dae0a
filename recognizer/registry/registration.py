"""From a model file to the row of a version: kept under its SHA-256, numbered, never twice."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import IntegrityError, transaction

from recognizer import vetting
from recognizer.models import NAME_LENGTH, ModelVersion
from recognizer.registry.checking import vet
from recognizer.registry.files import hash_of, keep
from recognizer.vetting import RefusedModel

# What `manage.py train` makes lies so: the model, and its passport beside it.
SHIPPED_MODEL = Path(settings.BASE_DIR) / "training" / "pretrained" / "model.keras"
PASSPORT_NAME = "passport.json"
# Each try fails only if another registration succeeded in that moment.
NUMBER_TRIES = 20


class AlreadyRegistered(ValueError):
    """The very same file is registered already, as `version`."""

    def __init__(self, version: ModelVersion) -> None:
        refused = version.status == ModelVersion.Status.REFUSED
        and_so = f", which is {version.get_status_display()}" if refused else ""
        super().__init__(f"The same file is registered already, as {version}{and_so}.")
        self.version = version


def take(
    file: BinaryIO,
    *,
    filename: str,
    name: str = "",
    notes: str = "",
    passport: dict[str, Any] | None = None,
    user: Any = None,
) -> ModelVersion:
    """Keep a model file under its SHA-256, as the next version, which is still to be vetted.

    Args:
        file: What can be read twice: opened, or uploaded. Read block by block.
        filename: Its name, which tells .keras from .h5.
        name: What people call it; the file's name where it is empty.
        notes: Whatever is worth knowing of it.
        passport: What its training knew.
        user: Who registers it; None for a command.

    Raises:
        RefusedModel: It is no model file, or too large; nothing is kept.
        AlreadyRegistered: The same bytes are registered.

    Queries: 3, and 4 more each time another version takes the number first.
    """
    file.seek(0)
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    vetting.check_beginning(filename, size, file.read(vetting.BEGINNING_BYTES))
    _check_name(name)
    file.seek(0)
    sha256 = hash_of(file)
    _refuse_twice(sha256)
    suffix = Path(filename).suffix.lower()
    knew = passport or {}
    version = ModelVersion(
        name=name or Path(filename).stem[:NAME_LENGTH],
        notes=notes,
        sha256=sha256,
        size_bytes=size,
        created_by=user,
        metrics=knew.get("metrics", {}),
        passport={key: value for key, value in knew.items() if key != "metrics"},
    )
    version.file.name = keep(file, f"{sha256}{suffix}")
    number_and_save(version)
    return version


def register(
    *,
    path: Path,
    name: str = "",
    notes: str = "",
    passport: dict[str, Any] | None = None,
    user: Any = None,
) -> ModelVersion:
    """Keep a model file as the next version, and vet it at once: `take`, then `vet`.

    Args:
        path: A .keras or .h5 file.
        name, notes, user: As `take` takes them.
        passport: What its training knew; None looks for a passport.json beside the file, and
            takes it if it names this file's SHA-256.

    Raises:
        RefusedModel: It is no model that can serve here; the message says which check failed.
        AlreadyRegistered: The same bytes are registered.
    """
    with path.open("rb") as file:
        if passport is None:
            passport = passport_beside(path, hash_of(file))
        version = take(
            file, filename=path.name, name=name, notes=notes, passport=passport, user=user
        )
    return vet(version)


def register_shipped() -> ModelVersion:
    """Register the model that the project ships.

    Raises:
        AlreadyRegistered: It is registered.
    """
    return register(
        path=SHIPPED_MODEL,
        name="shipped",
        notes="Shipped with the project; its recipe, data and figures are in its passport.",
    )


def _check_name(name: str) -> None:
    if len(name) > NAME_LENGTH:
        raise RefusedModel("Name", f"at most {NAME_LENGTH} characters", f"{len(name)}")


def number_and_save(version: ModelVersion) -> None:
    """Give the version the next number. Whoever registers at the same moment may take it first."""
    for _ in range(NUMBER_TRIES):
        _refuse_twice(version.sha256)
        version.number = ModelVersion.objects.next_number()
        try:
            with transaction.atomic():
                return version.save(force_insert=True)
        except IntegrityError:
            continue
    raise RefusedModel(
        "Number",
        f"a free one for {version.name} within {NUMBER_TRIES} tries",
        "none",
        "Register it again when fewer others are being registered.",
    )


def _refuse_twice(sha256: str) -> None:
    if version := ModelVersion.objects.filter(sha256=sha256).first():
        raise AlreadyRegistered(version)


def passport_beside(path: Path, sha256: str) -> dict[str, Any]:
    """Read the passport beside a file; an empty one where it is another file's, or none."""
    beside = path.with_name(PASSPORT_NAME)
    if not beside.exists():
        return {}
    try:
        passport = json.loads(beside.read_text())
        is_its_own = sha256 in passport["model_sha256s"]
    except (ValueError, TypeError, KeyError):
        return {}
    return passport if is_its_own else {}
