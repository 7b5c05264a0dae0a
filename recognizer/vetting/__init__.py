"""An untrusted model file → looked into, loaded, converted, probed. No Django, no tables.

A model file is a program, and Keras's safe mode is no wall. It is never loaded in the process that
asks: `contents` looks into it without TensorFlow and refuses all that is not on a list; only then
does `loading` let Keras read it. Each is a process of its own, without secrets and with limits.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from recognizer.vetting import bounded, report
from recognizer.vetting.beginning import (
    BEGINNING_BYTES,
    MAX_FILE_BYTES,
    check_beginning,
    check_format,
)
from recognizer.vetting.refusal import RefusedModel
from recognizer.vetting.report import Report

__all__ = [
    "BEGINNING_BYTES",
    "MAX_FILE_BYTES",
    "RefusedModel",
    "Report",
    "check_beginning",
    "check_format",
    "vet",
]


# The two looks. Not imported: a web process has neither h5py nor TensorFlow.
CONTENTS, LOADING = "recognizer.vetting.contents", "recognizer.vetting.loading"


def _say_nothing(_: str) -> None:
    pass


def vet(path: Path, *, workspace: Path, tell: Callable[[str], None] = _say_nothing) -> Report:
    """Check a model file, in processes of its own, and within 90 s.

    Args:
        path: A .keras or .h5 file, 50 MB at most.
        workspace: A folder for the compiled form and the reports.
        tell: Called with a line at each stage, for people.

    Raises:
        RefusedModel: A check failed; or there is no TensorFlow here to check it with.
    """
    check_format(path)
    if importlib.util.find_spec("tensorflow") is None:
        raise RefusedModel(
            "Host",
            "TensorFlow, which checks a model file",
            "none",
            "Register it where requirements.txt is installed; this host then serves it.",
        )
    tell(f"Looking into the file, {path.stat().st_size:,} bytes.")
    looked = bounded.run(CONTENTS, path, limits=bounded.LOOKING, workspace=workspace)
    contents = report.contents(looked)
    tell(
        f"Nothing in it that must not be: {contents.num_layers} layers, "
        f"{contents.declared_bytes:,} bytes of numbers"
        + (f", saved by Keras {contents.saved_by}." if contents.saved_by else ".")
    )
    tell("Loading it with Keras, and converting it.")
    loaded = bounded.run(LOADING, path, limits=bounded.LOADING, workspace=workspace)
    made = report.read(loaded, saved_by=contents.saved_by, workspace=workspace)
    tell(
        f"It reads {made.sample_accuracy:.1%} of the sample's digits; "
        f"{made.num_parameters:,} parameters."
    )
    if made.keras_file:  # what loaded the file wrote this one: it is kept, so it is looked into
        bounded.run(CONTENTS, made.keras_file, limits=bounded.LOOKING, workspace=workspace)
    return made
