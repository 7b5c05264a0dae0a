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
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import Count, Max
from django.utils import timezone

from recognizer import engine, vetting
from recognizer import replay as replaying
from recognizer.models import (
    NAME_LENGTH,
    Activation,
    ModelVersion,
    Replay,
    Submission,
    model_file_path,
)
from recognizer.vetting import RefusedModel

__all__ = [
    "SHIPPED_MODEL",
    "ActivationRefused",
    "AlreadyRegistered",
    "BreaksMore",
    "RefusedModel",
    "activate",
    "is_better",
    "register",
    "register_shipped",
    "replay",
    "replay_of",
    "roll_back",
    "take",
    "vet",
]

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


class ActivationRefused(ValueError):
    """The version was not accepted, is active already, or does not load; the message says which."""


class BreaksMore(ActivationRefused):
    """The version breaks more labelled digits than it mends; `replay` says which."""

    def __init__(self, found: Replay) -> None:
        outcome = found.outcome or {}
        super().__init__(
            f"{found.candidate} reads {outcome['num_broken']} labelled digits wrongly that "
            f"{found.baseline} reads rightly, and mends {outcome['num_fixed']}. "
            "It can be activated all the same, where somebody says so."
        )
        self.replay = found


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
    sha256 = _hash_of(file)
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
    version.file.name = _keep(file, f"{sha256}{suffix}")
    _number_and_save(version)
    return version


def vet(version: ModelVersion) -> ModelVersion:
    """Vet the file of a version, and convert it; from then on it may serve, or is refused.

    One that was vetted stays as it is; one that was refused is vetted again.

    Args:
        version: A version; its row is changed, and given back as it is then.

    Raises:
        RefusedModel: It is no model that can serve here; the version's log says the same.
    """
    version.refresh_from_db()
    if version.may_serve:
        return version
    _start_log(version)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _vet_in(Path(folder), version)
    except RefusedModel as refusal:
        _log(version, str(refusal))
        _set(version, status=ModelVersion.Status.REFUSED)
        raise
    except Exception:
        _log(version, "The check did not come to its end. Check it again.")
        _set(version, status=ModelVersion.Status.REFUSED)
        raise
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
            passport = _passport_beside(path, _hash_of(file))
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


def activate(
    *, version: ModelVersion, user: Any = None, reason: str = "", force: bool = False
) -> Activation:
    """Let a version serve from the next request on, in every process.

    It is loaded and checked against its golden outputs first, so that what cannot serve never does;
    and it must not break more labelled digits than it mends.

    Args:
        version: The version to serve.
        user: Who activates it; None for a command.
        reason: Why.
        force: Whether it may serve although it breaks more than it mends.

    Raises:
        ActivationRefused: It was not accepted, is active already, or does not load.
        BreaksMore: It breaks more than it mends.

    Queries: 6; 4 more for the replay, which is run where there is none of the present labels.
    """
    if not version.may_serve:
        raise ActivationRefused(f"{version} cannot serve: it is {version.get_status_display()}.")
    _load(version)
    active = ModelVersion.objects.active().first()
    if active and active != version and not force:
        _refuse_what_breaks_more(version, active)
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


def _refuse_what_breaks_more(candidate: ModelVersion, active: ModelVersion) -> None:
    try:
        found = replay(candidate, active)
    except ActivationRefused:  # the active one does not load: anything that does is better
        return
    if found.breaks_more:
        raise BreaksMore(found)


def roll_back(*, user: Any = None, reason: str = "") -> Activation:
    """Let the version serve again that served before the active one.

    Raises:
        ActivationRefused: None served before, or it does not load any more.
    """
    last = Activation.objects.select_related("version", "replaced").first()
    if last is None or last.replaced is None:
        raise ActivationRefused("No version served before the active one: nothing to roll back to.")
    why = f"Rolled back from {last.version}" + (f": {reason}" if reason else ".")
    return activate(version=last.replaced, user=user, reason=why, force=True)


def replay_of(candidate: ModelVersion, baseline: ModelVersion) -> Replay | None:
    """Give the replay of two versions over the labels as they are; None where none was asked for.

    Queries: 2.
    """
    return Replay.objects.filter(
        candidate=candidate, baseline=baseline, labels=_labels_now()
    ).first()


def replay(candidate: ModelVersion, baseline: ModelVersion) -> Replay:
    """Let both versions read all labelled digits, unless they have read the very same before.

    Raises:
        ActivationRefused: One of them does not load.

    Queries: 3 where it is known, else 6.
    """
    found, _ = Replay.objects.get_or_create(
        candidate=candidate, baseline=baseline, labels=_labels_now()
    )
    if found.is_finished:
        return found
    try:
        outcome = replaying.run(_load(candidate), _load(baseline))
    except ActivationRefused as refusal:
        found.error = str(refusal)
        found.save(update_fields=["error"])
        raise
    found.outcome, found.error, found.finished_at = outcome.as_dict(), "", timezone.now()
    found.save(update_fields=["outcome", "error", "finished_at"])
    return found


def is_better(candidate: ModelVersion, active: ModelVersion | None) -> bool:
    """Tell whether a version may take the active one's place by itself.

    It must break no more labelled digits than it mends, and either mend more, or read more of the
    same validation digits rightly. The test set is for reporting, not for choosing.

    Raises:
        ActivationRefused: One of them does not load.
    """
    if active is None:
        return True
    found = replay(candidate, active)
    if found.breaks_more:
        return False
    return found.mends_more or _reads_more(candidate, active)


def _reads_more(candidate: ModelVersion, active: ModelVersion) -> bool:
    """Compare the accuracy on validation digits; figures on other digits do not compare."""
    ours, theirs = (_validation(version) for version in (candidate, active))
    return ours is not None and theirs is not None and ours[0] == theirs[0] and ours[1] > theirs[1]


def _load(version: ModelVersion) -> engine.Loaded:
    try:
        return engine.load(engine.source_of(version, settings.DIGITS_ENGINE))
    except engine.LoadFailed as error:
        raise ActivationRefused(f"{version} cannot serve: {error}") from error


def _labels_now() -> str:
    """Name the labels as they are: how many, and when the last one was given."""
    labelled = Submission.objects.reviewed().labelled_digits()
    found = labelled.aggregate(num=Count("pk"), last=Max("reviewed_at"))
    return f"{found['num']} {found['last'].isoformat() if found['last'] else '-'}"


def _validation(version: ModelVersion) -> tuple[str, float] | None:
    """Give the validation data's hash and the accuracy on it."""
    try:
        return (
            version.passport["data"]["validation_sha256"],
            version.metrics["validation"]["accuracy"],
        )
    except KeyError:
        return None


def _vet_in(folder: Path, version: ModelVersion) -> None:
    """Vet a copy of a version's file in a folder; keep what was made of it, and what was found."""
    # A copy of its own: what was vetted is what was hashed, whoever writes to storage meanwhile.
    name = str(version.file)
    copy = folder / f"model{Path(name).suffix}"
    with version.file.storage.open(name, "rb") as stored, copy.open("wb") as file:
        shutil.copyfileobj(stored, file)
    if (found := _sha256(copy)) != version.sha256:
        raise RefusedModel(
            "File",
            f"SHA-256 {version.sha256}, as when it was registered",
            found,
            "It was changed in storage: register the model again.",
        )
    report = vetting.vet(copy, workspace=folder, tell=lambda line: _log(version, line))
    kept: dict[str, str] = {}
    if report.compiled:
        kept["compiled_sha256"] = _sha256(report.compiled)
        kept["compiled"] = _keep_path(report.compiled, f"{kept['compiled_sha256']}.tflite")
    if report.keras_file:
        kept["keras_file"] = _keep_path(report.keras_file, f"{_sha256(report.keras_file)}.keras")
    _log(version, f"Accepted. {report.warning}".strip())
    _set(version, status=ModelVersion.Status.READY, **kept, **_facts(version, report))


def _facts(version: ModelVersion, report: vetting.Report) -> dict[str, Any]:
    """Sort what vetting found into a version's fields."""
    found = {
        "contract": asdict(report.contract),
        "golden": report.golden,
        "probe_accuracy": report.probe_accuracy,
        "sample_accuracy": report.sample_accuracy,
        "engine_difference": report.engine_difference,
        "latency_ms": report.latency_ms,
        "saved_by_keras": report.saved_by,
        "vetted_with_keras": report.keras_version,
    }
    return {
        "input_shape": report.input_shape,
        "output_shape": report.output_shape,
        "num_parameters": report.num_parameters,
        "layers": report.layers,
        "warning": report.warning,
        "passport": version.passport | found,
    }


def _set(version: ModelVersion, **values: Any) -> None:
    """Change a version's row and the object alike."""
    for name, value in values.items():
        setattr(version, name, value)
    version.save(update_fields=list(values))


def _start_log(version: ModelVersion) -> None:
    _set(version, status=ModelVersion.Status.VETTING, log="", logged_at=timezone.now())


def _log(version: ModelVersion, line: str) -> None:
    now = timezone.now()
    _set(version, log=f"{version.log}{now:%H:%M:%S} {line}\n", logged_at=now)


def _check_name(name: str) -> None:
    if len(name) > NAME_LENGTH:
        raise RefusedModel("Name", f"at most {NAME_LENGTH} characters", f"{len(name)}")


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
        "Number",
        f"a free one for {version.name} within {NUMBER_TRIES} tries",
        "none",
        "Register it again when fewer others are being registered.",
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
        return _hash_of(file)


def _hash_of(file: Any) -> str:
    """Hash what is left of an open file, block by block."""
    return hashlib.file_digest(file, "sha256").hexdigest()


def _keep_path(source: Path, filename: str) -> str:
    with source.open("rb") as file:
        return _keep(file, filename)


def _keep(source: BinaryIO, filename: str) -> str:
    """Copy a file into storage under a name made of its hash, whole or not at all; give the name.

    The name is the content, so a file that is there with the right hash is the same file; one with
    another hash is the rest of a copy that was cut off.
    """
    name = model_file_path(None, filename)
    if default_storage.exists(name):
        with default_storage.open(name, "rb") as stored:
            if _hash_of(stored) == Path(filename).stem:
                return name
        default_storage.delete(name)
    source.seek(0)
    try:
        target = Path(default_storage.path(name))
    except NotImplementedError:  # not a file system: such storages write a file whole
        return default_storage.save(name, File(source))
    _copy_durably(source, target)
    return name


def _copy_durably(source: BinaryIO, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
    with temporary.open("wb") as written:
        shutil.copyfileobj(source, written)
        written.flush()
        os.fsync(written.fileno())
    temporary.replace(target)
