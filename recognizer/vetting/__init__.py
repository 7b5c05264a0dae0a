"""An untrusted model file → looked into, loaded, converted, probed. No Django, no tables.

A model file is a program, and Keras's safe mode is no wall. It is never loaded in the process that
asks: `contents` looks into it without TensorFlow and refuses all that is not on a list; only then
does `loading` let Keras read it. Each is a process of its own, without secrets and with limits.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer import engine
from recognizer.vetting import bounded
from recognizer.vetting.beginning import (
    BEGINNING_BYTES,
    MAX_FILE_BYTES,
    check_beginning,
    check_format,
)
from recognizer.vetting.refusal import RefusedModel

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


@dataclass(frozen=True)
class Report:
    """What vetting found of a model file.

    Attributes:
        input_shape, output_shape: Of the Keras model; the batch is None.
        num_parameters: Weights and biases, trainable or not.
        layers: One a layer: `name`, `kind`, `output_shape`, `num_parameters`.
        contract: How the model wants its input and gives its output.
        golden: Its answers to the probe digits, 20 rows of ten probabilities.
        probe_accuracy: The share of the probe digits read rightly, 0 to 1.
        sample_accuracy: The share of the sample's digits read rightly, 0 to 1.
        keras_version: What loaded it.
        warning: Why it could not be converted; empty where it was.
        engine_difference: The two engines' largest difference of a probability, on the probes.
        latency_ms: The median of a reading by the compiled form on this host.
        saved_by: The Keras that saved it; empty where the file does not say.
        compiled: Where its LiteRT form lies; None where it could not be converted.
        keras_file: Where the .keras form of a .h5 file lies; None where it is one itself.
    """

    input_shape: list[int | None]
    output_shape: list[int | None]
    num_parameters: int
    layers: list[dict[str, Any]]
    contract: engine.Contract
    golden: list[list[float]]
    probe_accuracy: float
    sample_accuracy: float
    keras_version: str
    warning: str
    engine_difference: float | None
    latency_ms: float | None
    saved_by: str
    compiled: Path | None
    keras_file: Path | None


def _say_nothing(_: str) -> None:
    pass


def vet(path: Path, *, workspace: Path, tell: Callable[[str], None] = _say_nothing) -> Report:
    """Check a model file, in two processes of its own.

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
    found = bounded.run(CONTENTS, path, limits=bounded.LOOKING, workspace=workspace)
    tell(
        f"Nothing in it that must not be: {found['num_layers']} layers, "
        f"{found['declared_bytes']:,} bytes of numbers"
        + (f", saved by Keras {found['keras_version']}." if found["keras_version"] else ".")
    )
    tell("Loading it with Keras, and converting it.")
    report = bounded.run(LOADING, path, limits=bounded.LOADING, workspace=workspace)
    tell(
        f"It reads {report['sample_accuracy']:.1%} of the sample's digits; "
        f"{report['num_parameters']:,} parameters."
    )
    compiled, keras_file = workspace / bounded.COMPILED_NAME, workspace / bounded.KERAS_NAME
    return Report(
        **(report | {"contract": engine.Contract(**report["contract"])}),
        saved_by=found["keras_version"],
        compiled=compiled if compiled.exists() else None,
        keras_file=keras_file if keras_file.exists() else None,
    )
