"""What vetting found of a model file: read from its processes, which are not trusted."""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer import engine
from recognizer.vetting import bounded
from recognizer.vetting.refusal import RefusedModel, printable

# More than any check lets through: what is above was not counted, but made up.
MAX_LAYERS, MAX_PARAMETERS = 1_000, 2**31
MAX_DIMENSIONS = 8
MAX_NAME = 100
# The form that LiteRT reads names itself after four bytes; a .keras file is a ZIP.
SIGNATURES = {bounded.COMPILED_NAME: (4, b"TFL3"), bounded.KERAS_NAME: (0, b"PK\x03\x04")}


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


@dataclass(frozen=True)
class Contents:
    """What the first look found: `saved_by` is the Keras that saved the file, or empty."""

    num_layers: int
    declared_bytes: int
    saved_by: str


def contents(found: dict[str, Any]) -> Contents:
    """Read what the process said that looked into the file, and did not run it.

    Raises:
        RefusedModel: It says what no check of ours says.
    """
    try:
        return Contents(
            num_layers=_count(found["num_layers"]),
            declared_bytes=_count(found["declared_bytes"]),
            saved_by=_text(found["keras_version"], MAX_NAME),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _is_none_of_ours(error) from error


def read(found: dict[str, Any], *, saved_by: str, workspace: Path) -> Report:
    """Read what the process said that loaded the model. It ran what the file is: all is checked.

    Args:
        found: Its report.
        saved_by: The Keras that saved the file.
        workspace: Where it left the compiled form, and the .keras form of a .h5 file.

    Raises:
        RefusedModel: It says what no check of ours says.
    """
    try:
        return Report(
            input_shape=_shape(found["input_shape"]),
            output_shape=_shape(found["output_shape"]),
            num_parameters=_count(found["num_parameters"]),
            layers=_layers(found["layers"]),
            contract=_contract(found["contract"]),
            golden=_golden(found["golden"]),
            probe_accuracy=_number(found["probe_accuracy"], 1),
            sample_accuracy=_number(found["sample_accuracy"], 1),
            keras_version=_text(found["keras_version"], MAX_NAME),
            warning=_text(found["warning"]),
            engine_difference=_number_or_none(found["engine_difference"], 1),
            latency_ms=_number_or_none(found["latency_ms"], 1e6),
            saved_by=saved_by,
            compiled=_made(workspace / bounded.COMPILED_NAME),
            keras_file=_made(workspace / bounded.KERAS_NAME),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise _is_none_of_ours(error) from error


def _is_none_of_ours(error: Exception) -> RefusedModel:
    return RefusedModel("Report", "what the check reports", f"other things ({error})")


def _number(value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"no number of 0 to {most:g}")
    return float(value)


def _number_or_none(value: Any, most: float) -> float | None:
    return None if value is None else _number(value, most)


def _count(value: Any, most: int = MAX_PARAMETERS) -> int:
    if not isinstance(value, int):
        raise TypeError("no count")
    return int(_number(value, most))


def _text(value: Any, most: int = 1_000) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return printable(value, most)


def _shape(value: Any) -> list[int | None]:
    if not isinstance(value, list) or len(value) > MAX_DIMENSIONS:
        raise TypeError("no shape")
    return [None if side is None else _count(side) for side in value]


def _layers(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > MAX_LAYERS:
        raise TypeError("no layers")
    return [
        {
            "name": _text(layer["name"], MAX_NAME),
            "kind": _text(layer["kind"], MAX_NAME),
            "output_shape": None if (shape := layer["output_shape"]) is None else _shape(shape),
            "num_parameters": _count(layer["num_parameters"]),
        }
        for layer in value
    ]


def _contract(value: Any) -> engine.Contract:
    if value["input_max"] not in (1.0, 255.0) or not isinstance(value["gives_logits"], bool):
        raise ValueError("no contract")
    return engine.Contract(float(value["input_max"]), value["gives_logits"])


def _golden(value: Any) -> list[list[float]]:
    """Read the golden outputs: as many rows as there are probes, each of probabilities."""
    num_probes = len(engine.probes()[1])
    if not isinstance(value, list) or [len(row) for row in value] != [10] * num_probes:
        raise ValueError(f"no golden outputs of {num_probes} × 10")
    rows = [[_number(probability, 1) for probability in row] for row in value]
    if not all(math.isclose(sum(row), 1, abs_tol=1e-2) for row in rows):
        raise ValueError("golden outputs that are no probabilities")
    return rows


def _made(path: Path) -> Path | None:
    """Give a file that the process left, if it did: one of its own, and of the form it should be.

    Neither a link to another's file, nor a pipe at which whoever opens it waits.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:  # noqa: PTH123  (a descriptor, not a path)
        status = os.fstat(descriptor)
        place, signature = SIGNATURES[path.name]
        if (
            not stat.S_ISREG(status.st_mode)
            or status.st_nlink != 1
            or status.st_size > bounded.LOADING.written_bytes
            or file.read(place + len(signature))[place:] != signature
        ):
            raise ValueError(f"{path.name} is no file of its own")
    return path
