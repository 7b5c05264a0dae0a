"""The corpus: model files that only Keras can tell are bad, good ones of each kind, and a look."""

import numpy as np

from tests.recognizer import bad_models as bad
from tests.recognizer.bad_models import dense, honest, layer, sequential

KERNEL, BIAS = bad.nearest_mean()
WIDE = honest(dense(10**6, name="first"), dense(10**6, name="second"))
LATE = dense(64, name="first") | {"build_config": {"input_shape": [None, 10**6]}}
VAST = honest(layer("RepeatVector", n=10**6), layer("GlobalAveragePooling1D"))
TWELVE = (np.ones((784, 12), "f4"), np.ones(12, "f4"))
NOISE = np.random.default_rng(1).normal(0, 0.01, KERNEL.shape).astype("f4")


def without_input(model: bad.Node) -> bad.Node:
    """A Sequential model that does not say what it takes in."""
    return sequential() | {"config": {"name": "x", "layers": model["config"]["layers"][1:]}} | NONE


NONE = {"build_config": None}


def with_two_outputs() -> bad.Node:
    def call(of: str) -> list[bad.Node]:
        tensor = {"shape": [None, 784], "dtype": "float32", "keras_history": [of, 0, 0]}
        return [{"args": [{"class_name": "__keras_tensor__", "config": tensor}], "kwargs": {}}]

    pixels = layer("InputLayer", batch_shape=[None, 784], name="pixels")
    layers = [
        pixels | {"name": "pixels", "inbound_nodes": []},
        dense() | {"name": "dense", "inbound_nodes": call("pixels")},
        dense(name="other") | {"name": "other", "inbound_nodes": call("pixels")},
    ]
    ends = {"input_layers": ["pixels", 0, 0], "output_layers": [["dense", 0, 0], ["other", 0, 0]]}
    return layer("Functional", "keras.src.models.functional", layers=layers, **ends)


# A file's name → its bytes, the check that refuses it, and what it says that it found.
CASES: dict[str, tuple[bytes, str, str]] = {
    "wide.keras": (bad.keras_file(WIDE), "Parameters", "1,000,796,000,010"),
    "wide.h5": (bad.h5_file(WIDE), "Parameters", "1,000,796,000,010"),
    "late.keras": (bad.keras_file(honest(LATE)), "Loading", "1000000"),
    "vast.keras": (bad.keras_file(VAST), "Memory", "more"),
    "vast.h5": (bad.h5_file(VAST), "Memory", "more"),
    "twelve.keras": (
        bad.keras_file(sequential(layer("Flatten"), dense(12)), fill=bad.with_weights(*TWELVE)),
        "Output",
        "(None, 12)",
    ),
    "two.keras": (bad.keras_file(with_two_outputs()), "Output", "(None, 10) and (None, 10)"),
    "none.keras": (bad.keras_file(without_input(honest())), "Input", "none"),
    "none.h5": (bad.h5_file(without_input(honest())), "Input", "none"),
    "colour.keras": (
        bad.keras_file(sequential(layer("Flatten"), dense(), shape=(None, 28, 28, 3))),
        "Input",
        "(None, 28, 28, 3)",
    ),
    "fixed.keras": (
        bad.keras_file(sequential(layer("Flatten"), dense(), shape=(1, 28, 28, 1))),
        "Input",
        "(1, 28, 28, 1)",
    ),
    "nan.keras": (
        bad.keras_file(fill=bad.with_weights(KERNEL * np.nan, BIAS)),
        "Weights",
        "others in sequential/dense/kernel",
    ),
    "infinite.h5": (bad.h5_file(weights=(KERNEL, BIAS + np.inf)), "Weights", "dense/bias"),
    "zeros.keras": (
        bad.keras_file(fill=bad.with_weights(KERNEL * 0, BIAS * 0)),
        "Answers",
        "the same ones for all",
    ),
    "zeros.h5": (bad.h5_file(weights=(KERNEL * 0, BIAS * 0)), "Answers", "the same ones for all"),
    "overflow.keras": (
        bad.keras_file(fill=bad.with_weights(KERNEL * 0 + 3e38, BIAS)),
        "Answers",
        "NaN or inf",
    ),
    "guessing.h5": (bad.h5_file(weights=(NOISE, BIAS * 0)), "Accuracy", "%"),
    "short.keras": (
        bad.keras_file(fill=bad.with_weights(KERNEL[1:], BIAS)),
        "Loading",
        "value.shape=(783, 10)",
    ),
    "short.h5": (bad.h5_file(weights=(KERNEL[1:], BIAS)), "Loading", "shape (783, 10)"),
    "empty.keras": (bad.keras_file(fill=lambda file: None), "Loading", "received 0 variables"),
}

# Kinds that take Keras to make. Each reads what the nearest mean reads.
MAKE_GOOD = """
import sys
from pathlib import Path
import keras
import numpy as np
from keras import layers
from tests.recognizer import bad_models as bad

folder = Path(sys.argv[1])

def save(name, model, input_max=255.0):
    model.layers[-1].set_weights(bad.nearest_mean(input_max))
    model.save(folder / name)

last = lambda: layers.Dense(10, name="last")
centre = np.zeros((3, 3, 1, 1), "float32")
centre[1, 1] = 1
convolution = layers.Conv2D(1, 3, padding="same", use_bias=False)
parts = [
    layers.RandomRotation(0.1), layers.RandomTranslation(0.1, 0.1), layers.RandomZoom(0.1),
    convolution, layers.BatchNormalization(), layers.Dropout(0.3),
    layers.Conv2D(1, 1, kernel_initializer="ones", kernel_regularizer="l2"), layers.ReLU(),
    layers.Flatten(), last(),
]
model = keras.Sequential([keras.Input((28, 28, 1)), *parts])
convolution.set_weights([centre])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
save("convolving.keras", model)
save("convolving.h5", model)

pixels = keras.Input((28, 28))
inked = keras.ops.clip(pixels * np.ones((28, 1), "float32"), 0, 255)[:, 0:28, ...]
save("functional.keras", keras.Model(pixels, last()(layers.Flatten()(inked))))
inner = keras.Sequential([keras.Input((28, 28)), layers.Flatten()])
rows = keras.Input((28, 28))
save("nested.h5", keras.Model(rows, last()(inner(rows))), input_max=1.0)
flat = keras.Sequential([keras.Input((784,)), last(), layers.Softmax()])
flat.layers[0].set_weights(bad.nearest_mean(1.0))
flat.save(folder / "flat.keras")
"""
# A good file's name → what it takes in, whether it gives logits, and what ink is to it.
GOOD: dict[str, tuple[list[int | None], bool, float]] = {
    "convolving.keras": ([None, 28, 28, 1], True, 255.0),
    "convolving.h5": ([None, 28, 28, 1], True, 255.0),
    "functional.keras": ([None, 28, 28], True, 255.0),
    "nested.h5": ([None, 28, 28], True, 1.0),
    "flat.keras": ([None, 784], False, 1.0),
    "sequential.keras": ([None, 28, 28, 1], False, 255.0),
    "keras_2.h5": ([None, 28, 28, 1], False, 255.0),
}
LOOK_AT_ALL = """
import json, sys
from pathlib import Path
from recognizer.vetting import RefusedModel, bounded, loading

bounded._hold(bounded.LOADING)
found, workspace = {}, Path(sys.argv[2])
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        found[path.name] = loading.look(path, workspace)
    except RefusedModel as refusal:
        found[path.name] = refusal.as_dict()
    except MemoryError:
        found[path.name] = {"check": "Memory", "expected": "", "found": "more"}
print("\\n" + json.dumps(found))
"""
