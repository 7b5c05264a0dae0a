"""The second look at a model file: Keras loads it, it is probed, and LiteRT's form is made of it.

Run as a process of its own (`python -m recognizer.vetting.loading FILE WORKSPACE`), after the first
look refused nothing.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from recognizer import engine
from recognizer.vetting import bounded, outline
from recognizer.vetting.bounded import COMPILED_NAME, KERAS_NAME
from recognizer.vetting.refusal import RefusedModel
from recognizer.vetting.report import MAX_NAME

# The two engines' largest difference of a probability at which they count as the same.
ENGINE_TOLERANCE = 1e-4
# Of the sample. Guessing, or ink taken for paper, reads one in ten rightly; a mean of each digit
# eight in ten.
LEAST_ACCURACY = 0.5
# Of a probability between two digits, below which a model answers without looking.
LEAST_DIFFERENCE = 1e-3
# Digits that are read at once: of a wide model's layers, a hundred would take gigabytes.
BATCH = 20
# Readings over which the latency is the median.
TIMED_READINGS = 100


def look(path: Path, workspace: Path) -> dict[str, Any]:
    """Load, probe and convert a model; write `COMPILED_NAME`, and `KERAS_NAME` of a .h5 file.

    Returns:
        The fields of `vetting.Report` but for the paths.

    Raises:
        RefusedModel: A check failed.
    """
    import keras

    model = _load(path)
    _check_weights(model)
    digits, labels = engine.probes()
    contract = _find_contract(model, digits, labels)
    golden = _answers(model, contract, digits)
    _check_answers(golden)
    accuracy = _check_accuracy(model, contract)
    warning, difference = _convert(model, contract, golden, workspace)
    if path.suffix == ".h5":
        model.save(workspace / KERAS_NAME)
    return {
        "input_shape": list(model.input_shape),
        "output_shape": list(model.output_shape),
        "num_parameters": int(model.count_params()),
        "layers": [_layer(layer) for layer in model.layers],
        "contract": asdict(contract),
        "golden": [[round(float(p), 7) for p in row] for row in golden],
        "probe_accuracy": float((golden.argmax(axis=1) == labels).mean()),
        "sample_accuracy": accuracy,
        "keras_version": keras.__version__,
        "warning": warning,
        "engine_difference": difference,
        "latency_ms": _latency_ms(workspace / COMPILED_NAME, digits),
    }


def _load(path: Path) -> Any:
    import keras

    try:
        outline.check(path)
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (RefusedModel, MemoryError):
        raise
    except Exception as error:
        expected = f"a model that Keras {keras.__version__} loads in safe mode"
        raise RefusedModel("Loading", expected, _said(error)) from error


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


def _check_weights(model: Any) -> None:
    for variable in model.variables:
        if not np.isfinite(np.asarray(variable)).all():
            advice = "Its training diverged: train again with a lower learning rate."
            raise RefusedModel("Weights", "finite numbers", f"others in {variable.path}", advice)


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
    import tensorflow as tf

    read = engine.serving_function(model, contract)
    try:
        answers = [
            np.asarray(read(digits[row : row + BATCH])) for row in range(0, len(digits), BATCH)
        ]
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError from error
    except MemoryError:
        raise
    except Exception as error:  # TensorFlow raises whatever it likes
        expected = f"ten values for each of {BATCH} digits at once"
        raise RefusedModel("Answers", expected, _said(error)) from error
    return np.concatenate(answers)  # (N, 10)


def _check_answers(golden: NDArray[np.float32]) -> None:
    if not np.isfinite(golden).all():
        raise RefusedModel("Answers", "finite probabilities for the probe digits", "NaN or inf")
    if np.ptp(golden, axis=0).max() < LEAST_DIFFERENCE:
        raise RefusedModel(
            "Answers",
            "other answers for other digits",
            "the same ones for all",
            "It has learnt nothing, or its weights are missing.",
        )


def _check_accuracy(model: Any, contract: engine.Contract) -> float:
    digits, labels = engine.sample()
    accuracy = float((_answers(model, contract, digits).argmax(axis=1) == labels).mean())
    if accuracy < LEAST_ACCURACY:
        raise RefusedModel(
            "Accuracy",
            f"at least {LEAST_ACCURACY:.0%} of the sample's digits read rightly",
            f"{accuracy:.1%}",
            "Digits come as MNIST has them: white ink on black, 0 to 255 or 0 to 1.",
        )
    return accuracy


def _latency_ms(compiled: Path, digits: NDArray[np.uint8]) -> float | None:
    """Give the median of a reading by the compiled form, one thread; None where there is none."""
    if not compiled.exists():
        return None
    reader, seconds = engine.LiteRTEngine(compiled.read_bytes()), []
    for row in range(TIMED_READINGS):
        one = digits[row % len(digits)][np.newaxis]
        started = time.perf_counter()
        reader.probabilities(one)
        seconds.append(time.perf_counter() - started)
    return round(float(np.median(seconds)) * 1e3, 4)


def _convert(
    model: Any, contract: engine.Contract, golden: NDArray[np.float32], workspace: Path
) -> tuple[str, float | None]:
    """Write model.tflite if the model can be converted and then answers the same; else say why."""
    import keras

    compiled = workspace / COMPILED_NAME
    try:
        digit = keras.Input((28, 28), batch_size=1, dtype="uint8")
        wrapped = keras.Model(digit, engine.serving_function(model, contract)(digit))
        wrapped.export(compiled, format="litert", verbose=False)
        answers = engine.LiteRTEngine(compiled.read_bytes()).probabilities(engine.probes()[0])
    except Exception as error:  # noqa: BLE001  (the converter raises whatever it likes)
        compiled.unlink(missing_ok=True)
        return f"It could not be converted to LiteRT and is served by Keras: {_said(error)}", None
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
        "name": str(layer.name)[:MAX_NAME],
        "kind": type(layer).__name__,
        "output_shape": list(cast("Any", shape).shape) if hasattr(shape, "shape") else None,
        "num_parameters": int(layer.count_params()),
    }


if __name__ == "__main__":
    bounded.report_on(sys.argv[1:], bounded.LOADING, look)
