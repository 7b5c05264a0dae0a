"""The life of a model version, over model files and tables: register, activate, compare."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from recognizer import engine, vetting
from recognizer.models import NAME_LENGTH, Activation, ModelVersion, model_file_path
from recognizer.vetting import RefusedModel

__all__ = [
    "SHIPPED_MODEL",
    "ActivationRefused",
    "AlreadyRegistered",
    "RefusedModel",
    "activate",
    "is_better",
    "register",
    "register_shipped",
]

# What `manage.py train` makes lies so: the model, and its passport beside it.
SHIPPED_MODEL = Path(settings.BASE_DIR) / "training" / "pretrained" / "model.keras"
PASSPORT_NAME = "passport.json"
# Each try fails only if another registration succeeded in that moment.
NUMBER_TRIES = 20


class AlreadyRegistered(ValueError):
    """The very same file is registered already, as `version`."""

    def __init__(self, version: ModelVersion) -> None:
        super().__init__(f"The same file is registered already, as {version}.")
        self.version = version


class ActivationRefused(ValueError):
    """The version is active already, or does not load; the message says which."""


def register(
    *,
    path: Path,
    name: str = "",
    notes: str = "",
    passport: dict[str, Any] | None = None,
    user: Any = None,
) -> ModelVersion:
    """Vet a Keras model file, keep it with its compiled form, and give it the next number.

    Args:
        path: A .keras or .h5 file.
        name: What people call it; the file's name where it is empty.
        notes: Whatever is worth knowing of it.
        passport: What its training knew; None looks for a passport.json beside the file, and
            takes it if it names this file's SHA-256.
        user: Who registers it; None for a command.

    Raises:
        RefusedModel: It is no model that can serve here; the message says which check failed.
        AlreadyRegistered: The same bytes are registered.

    Queries: 4, and 4 more each time another version takes the number first.
    """
    vetting.check_format(path)
    _check_name(name)
    with tempfile.TemporaryDirectory() as folder:
        # A copy of its own: what was vetted is what is kept, whoever writes to the file meanwhile.
        file = Path(shutil.copy(path, Path(folder, f"model{path.suffix.lower()}")))
        sha256 = _sha256(file)
        _refuse_twice(sha256)
        report = vetting.vet(file, workspace=Path(folder))
        version = ModelVersion(
            name=name or path.stem[:NAME_LENGTH],
            notes=notes,
            sha256=sha256,
            size_bytes=file.stat().st_size,
            created_by=user,
            **_facts(report, _passport_beside(path, sha256) if passport is None else passport),
        )
        version.file.name = _keep(file, f"{sha256}{file.suffix}")
        if report.compiled:
            version.compiled_sha256 = _sha256(report.compiled)
            version.compiled.name = _keep(report.compiled, f"{version.compiled_sha256}.tflite")
    _number_and_save(version)
    return version


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


def activate(*, version: ModelVersion, user: Any = None, reason: str = "") -> Activation:
    """Let a version serve from the next request on, in every process.

    It is loaded and checked against its golden outputs first, so that what cannot serve never does.

    Args:
        version: The version to serve.
        user: Who activates it; None for a command.
        reason: Why.

    Raises:
        ActivationRefused: It is active already, or does not load.

    Queries: 6.
    """
    try:
        engine.load(engine.source_of(version, settings.DIGITS_ENGINE))
    except engine.LoadFailed as error:
        raise ActivationRefused(f"{version} cannot serve: {error}") from error
    with transaction.atomic():
        # All rows in one order: two activations at once wait for each other, and never deadlock.
        versions = ModelVersion.objects.select_for_update().order_by("pk")
        active = next((other for other in versions if other.is_active), None)
        if active == version:
            raise ActivationRefused(f"{version} is active already.")
        ModelVersion.objects.active().update(is_active=False)
        ModelVersion.objects.filter(pk=version.pk).update(is_active=True)
        version.is_active = True
        return Activation.objects.create(
            version=version, replaced=active, activated_by=user, reason=reason
        )


def is_better(candidate: ModelVersion, active: ModelVersion | None) -> bool:
    """Tell whether a version read more of the same validation digits rightly than the active one.

    The test set is for reporting, not for choosing. Figures on other digits do not compare.
    """
    if active is None:
        return True
    ours, theirs = (_validation(version) for version in (candidate, active))
    return ours is not None and theirs is not None and ours[0] == theirs[0] and ours[1] > theirs[1]


def _validation(version: ModelVersion) -> tuple[str, float] | None:
    """Give the validation data's hash and the accuracy on it."""
    try:
        return (
            version.passport["data"]["validation_sha256"],
            version.metrics["validation"]["accuracy"],
        )
    except KeyError:
        return None


def _facts(report: vetting.Report, passport: dict[str, Any]) -> dict[str, Any]:
    """Sort what vetting and training know into a version's fields."""
    found = {
        "contract": asdict(report.contract),
        "golden": report.golden,
        "probe_accuracy": report.probe_accuracy,
        "engine_difference": report.engine_difference,
        "vetted_with_keras": report.keras_version,
    }
    return {
        "input_shape": report.input_shape,
        "output_shape": report.output_shape,
        "num_parameters": report.num_parameters,
        "layers": report.layers,
        "warning": report.warning,
        "metrics": passport.get("metrics", {}),
        "passport": {key: value for key, value in passport.items() if key != "metrics"} | found,
    }


def _check_name(name: str) -> None:
    if len(name) > NAME_LENGTH:
        raise RefusedModel(f"Expected a name of at most {NAME_LENGTH} characters, got {len(name)}.")


def _number_and_save(version: ModelVersion) -> None:
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
        f"Expected a free number for {version.name} within {NUMBER_TRIES} tries, found none. "
        "Register it again when fewer others are being registered."
    )


def _refuse_twice(sha256: str) -> None:
    if version := ModelVersion.objects.filter(sha256=sha256).first():
        raise AlreadyRegistered(version)


def _passport_beside(path: Path, sha256: str) -> dict[str, Any]:
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _keep(source: Path, filename: str) -> str:
    """Copy a file into storage under a name made of its hash, whole or not at all; give the name.

    The name is the content, so a file that is there with the right hash is the same file; one with
    another hash is the rest of a copy that was cut off.
    """
    name = model_file_path(None, filename)
    if default_storage.exists(name):
        with default_storage.open(name, "rb") as stored:
            if hashlib.file_digest(stored, "sha256").hexdigest() == Path(filename).stem:
                return name
        default_storage.delete(name)
    try:
        target = Path(default_storage.path(name))
    except NotImplementedError:  # not a file system: such storages write a file whole
        with source.open("rb") as file:
            return default_storage.save(name, File(file))
    _copy_durably(source, target)
    return name


def _copy_durably(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
    with source.open("rb") as read, temporary.open("wb") as written:
        shutil.copyfileobj(read, written)
        written.flush()
        os.fsync(written.fileno())
    temporary.replace(target)
