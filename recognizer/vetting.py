"""An untrusted model file → inspected, loaded in a bounded process of its own, converted, probed.

A model file is a program, so it is never loaded in the process that asks: `vet` starts
`python -m recognizer.vetting`, which sets its own limits, loads the file with Keras's safe mode,
converts it to LiteRT, and writes a report. No Django, no tables.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from recognizer import engine

MAX_FILE_BYTES = 50 * 2**20
SIGNATURES = {".keras": b"PK\x03\x04", ".h5": b"\x89HDF\r\n\x1a\n"}
INPUT_SHAPES = ((None, 28, 28, 1), (None, 28, 28), (None, 784))
OUTPUT_SHAPE = (None, 10)
# Keras and its converter take 5 to 15 s on two cores; a small host gets ten times that.
MAX_WALL_S = 180
MAX_CPU_S = 300
MAX_WRITTEN_BYTES = 256 * 2**20
# The two engines' largest difference of a probability at which they count as the same.
ENGINE_TOLERANCE = 1e-4
# What the process may know: enough to find Python and its libraries, and no secrets.
PASSED_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class RefusedModel(ValueError):
    """The file is not a model that can serve here; the message says which check, and why."""


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
        keras_version: What loaded it.
        compiled: Where its LiteRT form lies; None where it could not be converted.
        warning: Why not; empty where it was.
        engine_difference: The two engines' largest difference of a probability, on the probes.
    """

    input_shape: list[int | None]
    output_shape: list[int | None]
    num_parameters: int
    layers: list[dict[str, Any]]
    contract: engine.Contract
    golden: list[list[float]]
    probe_accuracy: float
    keras_version: str
    compiled: Path | None
    warning: str
    engine_difference: float | None


def vet(path: Path, *, workspace: Path) -> Report:
    """Inspect, load, convert and probe a model file, in a process of its own.

    Args:
        path: A .keras or .h5 file, 50 MB at most.
        workspace: A folder for the compiled form and the report.

    Raises:
        RefusedModel: A check failed; or there is no TensorFlow here to check it with.
    """
    check_format(path)
    if importlib.util.find_spec("tensorflow") is None:
        raise RefusedModel(
            "A model file is checked with TensorFlow, which is not installed on this host. "
            "Register it where requirements.txt is installed; this host then serves it."
        )
    _run(path, workspace)
    return _read_report(workspace)


def check_format(path: Path) -> None:
    """Check a file's name, size and first bytes, without loading it.

    Raises:
        RefusedModel: It is no .keras or .h5 file, or too large.
    """
    suffix = path.suffix.lower()
    if suffix not in SIGNATURES:
        raise RefusedModel(f"Expected a .keras or .h5 file, got {suffix or 'no suffix'!r}.")
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise RefusedModel(
            f"Expected at most {MAX_FILE_BYTES // 2**20} MB, got {size / 2**20:.0f}."
        )
    with path.open("rb") as file:
        start = file.read(8)
    if not start.startswith(SIGNATURES[suffix]):
        raise RefusedModel(
            f"The file is named {suffix} but does not begin as one. "
            "Save the model again with model.save('model.keras')."
        )


def _run(path: Path, workspace: Path) -> None:
    command = [sys.executable, "-m", "recognizer.vetting", str(path), str(workspace)]
    environment = {name: os.environ[name] for name in PASSED_ENVIRONMENT if name in os.environ}
    environment |= {
        "CUDA_VISIBLE_DEVICES": "-1",
        "HOME": str(workspace),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TMPDIR": str(workspace),
    }
    try:
        run = subprocess.run(  # noqa: S603  (our own module, and paths that we made)
            command,
            cwd=Path(__file__).parent.parent,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=MAX_WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RefusedModel(f"Loading the model took longer than {MAX_WALL_S} s.") from error
    if run.returncode != 0:
        said = run.stderr.strip().splitlines()
        raise RefusedModel(
            f"The model did not survive loading (exit status {run.returncode}): "
            f"{said[-1] if said else 'it said nothing'}"
        )


def _read_report(workspace: Path) -> Report:
    found = json.loads((workspace / "report.json").read_text())
    if "refused" in found:
        raise RefusedModel(found["refused"])
    compiled = workspace / "model.tflite"
    return Report(
        **(found | {"contract": engine.Contract(**found["contract"])}),
        compiled=compiled if compiled.exists() else None,
    )


# --- In the process of its own ------------------------------------------------------------------


def main(arguments: list[str]) -> None:
    """Vet one file under limits, and write report.json and model.tflite into the workspace."""
    parser = argparse.ArgumentParser(description="Vet one model file.")
    parser.add_argument("path", type=Path)
    parser.add_argument("workspace", type=Path)
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_WRITTEN_BYTES, MAX_WRITTEN_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        report = _inspect(options.path, options.workspace)
    except RefusedModel as refusal:
        report = {"refused": str(refusal)}
    (options.workspace / "report.json").write_text(json.dumps(report))


def _inspect(path: Path, workspace: Path) -> dict[str, Any]:
    import keras

    model = _load(path)
    _check_shapes(model)
    digits, labels = engine.probes()
    contract = _find_contract(model, digits, labels)
    golden = _answers(model, contract, digits)
    warning, difference = _convert(model, contract, golden, workspace)
    return {
        "input_shape": list(model.input_shape),
        "output_shape": list(model.output_shape),
        "num_parameters": int(model.count_params()),
        "layers": [_layer(layer) for layer in model.layers],
        "contract": asdict(contract),
        "golden": [[round(float(p), 7) for p in row] for row in golden],
        "probe_accuracy": float((golden.argmax(axis=1) == labels).mean()),
        "keras_version": keras.__version__,
        "warning": warning,
        "engine_difference": difference,
    }


def _load(path: Path) -> Any:
    import keras

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise RefusedModel(
            f"Keras {keras.__version__} cannot load it in safe mode: {error}"
        ) from error


def _check_shapes(model: Any) -> None:
    if len(model.inputs) != 1 or tuple(model.input_shape) not in INPUT_SHAPES:
        raise RefusedModel(
            f"Expected one input of shape {' or '.join(map(str, INPUT_SHAPES))}, "
            f"found {model.input_shape}."
        )
    if len(model.outputs) != 1 or tuple(model.output_shape) != OUTPUT_SHAPE:
        raise RefusedModel(
            f"Expected one output of shape {OUTPUT_SHAPE}, one for each digit, "
            f"found {model.output_shape}."
        )


def _find_contract(
    model: Any, digits: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> engine.Contract:
    """Find by trying whether ink is 255 or 1 to the model, and whether it gives logits."""

    def num_right(contract: engine.Contract) -> int:
        return int((_answers(model, contract, digits).argmax(axis=1) == labels).sum())

    contracts = [
        engine.Contract(input_max, gives_logits=not _are_probabilities(model, input_max, digits))
        for input_max in (255.0, 1.0)
    ]
    return max(contracts, key=num_right)  # the first of equals: 255


def _are_probabilities(model: Any, input_max: float, digits: NDArray[np.uint8]) -> bool:
    output = _answers(model, engine.Contract(input_max), digits)
    return bool(output.min() >= 0 and np.allclose(output.sum(axis=1), 1, atol=1e-3))


def _answers(
    model: Any, contract: engine.Contract, digits: NDArray[np.uint8]
) -> NDArray[np.float32]:
    answers = np.asarray(engine.serving_function(model, contract)(digits))  # (20, 10)
    if not np.isfinite(answers).all():
        raise RefusedModel("Expected finite probabilities for the probe digits, found NaN or inf.")
    return answers


def _convert(
    model: Any, contract: engine.Contract, golden: NDArray[np.float32], workspace: Path
) -> tuple[str, float | None]:
    """Write model.tflite if the model can be converted and then answers the same; else say why."""
    import keras

    compiled = workspace / "model.tflite"
    try:
        digit = keras.Input((28, 28), batch_size=1, dtype="uint8")
        wrapped = keras.Model(digit, engine.serving_function(model, contract)(digit))
        wrapped.export(compiled, format="litert", verbose=False)
        answers = engine.LiteRTEngine(compiled.read_bytes()).probabilities(engine.probes()[0])
    except Exception as error:  # noqa: BLE001  (the converter raises whatever it likes)
        compiled.unlink(missing_ok=True)
        return f"It could not be converted to LiteRT and is served by Keras: {error}", None
    difference = float(np.abs(answers - golden).max())
    if not difference <= ENGINE_TOLERANCE:  # NaN too
        compiled.unlink()
        return (
            f"Converted to LiteRT it answers otherwise (by {difference:.2g}); served by Keras.",
            difference,
        )
    return "", difference


def _layer(layer: Any) -> dict[str, Any]:
    shape = getattr(layer, "output", None)
    return {
        "name": layer.name,
        "kind": type(layer).__name__,
        "output_shape": list(cast("Any", shape).shape) if hasattr(shape, "shape") else None,
        "num_parameters": int(layer.count_params()),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
