"""The first look at a model file, without TensorFlow: what it holds, declares and names.

Run as a process of its own (`python -m recognizer.vetting.contents FILE WORKSPACE`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from importlib.metadata import version as version_of
from pathlib import Path
from typing import IO, Any

import h5py
from packaging.version import InvalidVersion, Version

from recognizer.vetting import archive, bounded, config, hdf5
from recognizer.vetting.beginning import check_format
from recognizer.vetting.refusal import RefusedModel

# As 3.15.1, or 3.16.0.dev2026060100 of a nightly build.
MAX_VERSION = 40
_DAMAGED = "The file is damaged: copy it once more, or save the model again."


def look(path: Path, workspace: Path) -> dict[str, Any]:
    """Look at all that a file holds, and check it.

    Args:
        path: A .keras or .h5 file.
        workspace: Not needed: nothing is written.

    Returns:
        `keras_version` that saved it (empty where it does not say), `num_layers`, `classes` and
        `declared_bytes` of its arrays.

    Raises:
        RefusedModel: A check failed.
    """
    check_format(path)
    try:
        found = _look_at_zip(path) if path.suffix == ".keras" else _look_at_h5(path)
    except (RefusedModel, MemoryError):
        raise
    except Exception as error:
        # Over damaged files zipfile, zlib and HDF5 raise what they like, IndexError among it.
        found_instead = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise RefusedModel(
            "Format", f"a whole {path.suffix} file", found_instead[:200], _DAMAGED
        ) from error
    _check_version(found["keras_version"])
    return found


def _check_version(saved_by: str) -> None:
    ours = version_of("keras")
    try:
        if len(saved_by) > MAX_VERSION:
            raise InvalidVersion(saved_by)
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


def _look_at_zip(path: Path) -> dict[str, Any]:
    members = archive.read(path)
    metadata = _metadata(members[archive.METADATA])
    summary = config.check(members[archive.CONFIG].getvalue())
    with h5py.File(members[archive.WEIGHTS], "r") as file:
        declared = hdf5.check(file)
    return asdict(summary) | {
        "keras_version": str(metadata.get("keras_version", "")),
        "declared_bytes": declared,
    }


def _metadata(member: IO[bytes]) -> dict[str, Any]:
    try:
        found = json.load(member)
    except (ValueError, RecursionError) as error:
        raise RefusedModel("Members", f"JSON in {archive.METADATA}", "none") from error
    if not isinstance(found, dict):
        raise RefusedModel("Members", f"an object in {archive.METADATA}", type(found).__name__)
    return found


def _look_at_h5(path: Path) -> dict[str, Any]:
    with h5py.File(path, "r") as file:
        declared = hdf5.check(file)
        text = file.attrs.get("model_config")
        if text is None:
            raise RefusedModel(
                "Configuration",
                "a whole model",
                "weights alone",
                "Save the model, and not its weights: model.save('model.keras').",
            )
        if not isinstance(text, str | bytes):
            raise RefusedModel("Configuration", "one text", type(text).__name__)
        summary = config.check(text, is_compilation_read=True)
        keras_version = file.attrs.get("keras_version", "")
    if isinstance(keras_version, bytes):
        keras_version = keras_version.decode(errors="replace")
    return asdict(summary) | {"keras_version": str(keras_version), "declared_bytes": declared}


if __name__ == "__main__":
    bounded.report_on(sys.argv[1:], bounded.LOOKING, look)
