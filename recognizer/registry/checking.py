"""The check of a version's file: vetted as a copy, what was made of it kept, each stage logged."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.utils import timezone

from recognizer import vetting
from recognizer.models import ModelVersion
from recognizer.registry.files import keep_path, sha256_of
from recognizer.vetting import RefusedModel


def vet(version: ModelVersion) -> ModelVersion:
    """Vet the file of a version, and convert it; from then on it may serve, or is refused.

    One that was vetted stays as it is; one that was refused is vetted again.

    Args:
        version: A version; its row is changed, and given back as it is then.

    Raises:
        RefusedModel: It is no model that can serve here; the version's log says the same.
    """
    version.refresh_from_db()
    if version.status not in {ModelVersion.Status.VETTING, ModelVersion.Status.REFUSED}:
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


def _vet_in(folder: Path, version: ModelVersion) -> None:
    """Vet a copy of a version's file in a folder; keep what was made of it, and what was found."""
    # A copy of its own: what was vetted is what was hashed, whoever writes to storage meanwhile.
    name = str(version.file)
    copy = folder / f"model{Path(name).suffix}"
    with version.file.storage.open(name, "rb") as stored, copy.open("wb") as file:
        shutil.copyfileobj(stored, file)
    if (found := sha256_of(copy)) != version.sha256:
        raise RefusedModel(
            "File",
            f"SHA-256 {version.sha256}, as when it was registered",
            found,
            "It was changed in storage: register the model again.",
        )
    report = vetting.vet(copy, workspace=folder, tell=lambda line: _log(version, line))
    kept: dict[str, str] = {}
    if report.compiled:
        kept["compiled_sha256"] = sha256_of(report.compiled)
        kept["compiled"] = keep_path(report.compiled, f"{kept['compiled_sha256']}.tflite")
    if report.keras_file:
        kept["keras_file"] = keep_path(report.keras_file, f"{sha256_of(report.keras_file)}.keras")
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


def _start_log(version: ModelVersion) -> None:
    _set(version, status=ModelVersion.Status.VETTING, log="", logged_at=timezone.now())


def _log(version: ModelVersion, line: str) -> None:
    now = timezone.now()
    _set(version, log=f"{version.log}{now:%H:%M:%S} {line}\n", logged_at=now)


def _set(version: ModelVersion, **values: Any) -> None:
    """Change a version's row and the object alike."""
    for name, value in values.items():
        setattr(version, name, value)
    version.save(update_fields=list(values))
