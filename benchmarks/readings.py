"""One reading, step by step, with each engine and with plain `model.predict`, by turns."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import django
import numpy as np
from rich.table import Table

from benchmarks import drawings
from benchmarks.timing import timed

ROUNDS = 200


def measure() -> Table:
    """Time decode, imaging, each engine, and whole readings."""
    django.setup()
    return timed("Readings", _tasks(), rounds=ROUNDS)


def _tasks() -> dict[str, Callable[[], object]]:
    from recognizer import engine, imaging, recognition
    from recognizer.models import ModelVersion

    version = ModelVersion.objects.active().get()
    litert = engine.load(engine.source_of(version, "litert"))
    keras = engine.load(engine.source_of(version, "keras"))
    drawn, photo = drawings.canvas_png(), drawings.photo_jpeg()
    crossed, squared = drawings.crossed_png(), drawings.squared_jpeg()
    picture = imaging.decode(drawn)
    # Nothing is sure enough: each reading goes the other ways too.
    unsure = replace(litert, thresholds=replace(litert.thresholds, unsure_below=1.01))
    digit = imaging.to_digit(picture)[0][np.newaxis]
    scale = engine.Contract(**version.passport["contract"]).input_max / 255
    batch = digit[..., np.newaxis].astype(np.float32) * scale  # (1, 28, 28, 1)
    model = _keras_model(version)
    return {
        "decode, canvas of 280 px": lambda: imaging.decode(drawn),
        "imaging, canvas of 280 px (bar: 3)": lambda: imaging.to_digit(picture),
        "decode + imaging, 12-megapixel JPEG (bar: 40)": lambda: imaging.to_digit(
            imaging.decode(photo)
        ),
        "the same, on squared paper (bar: 40)": lambda: imaging.to_digit(imaging.decode(squared)),
        "engine litert": lambda: litert.engine.probabilities(digit),
        "engine keras (tf.function)": lambda: keras.engine.probabilities(digit),
        "model.predict, the usual demo": lambda: model.predict(batch, verbose=0),
        "together, canvas, litert": lambda: recognition.read_drawings([drawn], litert),
        "together, canvas with a line across, litert": lambda: recognition.read_drawings(
            [crossed], litert
        ),
        "the same, read unsurely, so with its alternative": lambda: recognition.read_drawings(
            [crossed], unsure
        ),
        "together, canvas, keras": lambda: recognition.read_drawings([drawn], keras),
        "together, 12-megapixel JPEG, litert": lambda: recognition.read_drawings([photo], litert),
    }


def _keras_model(version: Any) -> Any:
    import keras

    with version.file.open("rb") as stored, tempfile.NamedTemporaryFile(suffix=".keras") as file:
        file.write(stored.read())
        file.flush()
        return keras.models.load_model(file.name, compile=False)
