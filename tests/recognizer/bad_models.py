"""Model files made by hand, without Keras: an honest one, and ways to make it a bad one."""

import base64
import codecs
import io
import json
import marshal
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from recognizer.engine import SAMPLE_PATH
from recognizer.vetting import RefusedModel, contents

Node = dict[str, Any]
Fill = Callable[[h5py.File], None]
METADATA = {"keras_version": "3.15.1", "date_saved": "2026-11-01@12:00:00"}


@cache
def nearest_mean(input_max: float = 255.0) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a model that reads eight digits in ten: which mean is the nearest."""
    with np.load(SAMPLE_PATH) as file:
        digits, labels = file["x_train"].reshape(-1, 784) / 255.0, file["y_train"]
    means = np.array([digits[labels == digit].mean(0) for digit in range(10)])
    kernel, bias = 8 * means.T / input_max, -4 * (means**2).sum(1)
    return kernel.astype("f4"), bias.astype("f4")


# --- Configurations -------------------------------------------------------------------------------


def layer(class_name: str, module: str | None = "keras.layers", **config: Any) -> Node:
    config = {"name": class_name.lower()} | config
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def sequential(*layers: Node, shape: tuple[int | None, ...] = (None, 28, 28, 1)) -> Node:
    first = layer("InputLayer", batch_shape=list(shape), dtype="float32", name="pixels")
    model = layer("Sequential", "keras", name="sequential", layers=[first, *layers])
    return model | {"build_config": {"input_shape": list(shape)}}


def dense(units: int = 10, **config: Any) -> Node:
    config = {"name": "dense", "units": units, "activation": "softmax"} | config
    return layer("Dense", "keras.layers", **config)


def honest(*more: Node) -> Node:
    """The model that all cases begin with; what is added stands before its last layer."""
    return sequential(layer("Flatten"), *more, dense())


def lambda_layer(marker: Path) -> Node:
    """A layer that writes a file when it is loaded or called, if anybody lets it."""
    code = base64.b64encode(payload(marker)).decode()
    function = {"class_name": "__lambda__", "config": {"code": code, "defaults": None}}
    return layer("Lambda", function=function)


def lambda_of_old_files(marker: Path) -> Node:
    code = codecs.encode(payload(marker), "base64").decode("ascii")
    return layer("Lambda", None, function=[code, None, None], function_type="lambda")


def payload(marker: Path) -> bytes:
    """The code of such a function."""
    source = f"lambda x: (open({str(marker)!r}, 'w').close(), x)[1]"
    return marshal.dumps(eval(source).__code__)  # noqa: S307  (our own text, never called here)


def function(name: str, module: str = "builtins") -> Node:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


# --- Files ----------------------------------------------------------------------------------------


def fill_honestly(file: h5py.File) -> None:
    """The weights as Keras 3 keeps them."""
    for row, weight in enumerate(nearest_mean()):
        file[f"layers/dense/vars/{row}"] = weight


def with_weights(kernel: np.ndarray, bias: np.ndarray) -> Fill:
    def fill(file: h5py.File) -> None:
        file["layers/dense/vars/0"], file["layers/dense/vars/1"] = kernel, bias

    return fill


def hdf5(fill: Fill) -> bytes:
    written = io.BytesIO()
    with h5py.File(written, "w") as file:
        fill(file)
    return written.getvalue()


def keras_file(
    config: Any = None,
    *,
    fill: Fill = fill_honestly,
    compression: int = zipfile.ZIP_STORED,
    **members: bytes,
) -> bytes:
    """A .keras file; a configuration of bytes is taken as it is, as metadata and weights are."""
    config = honest() if config is None else config
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        archive.writestr("metadata.json", members.get("metadata", json.dumps(METADATA)))
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", members.get("weights") or hdf5(fill))
    return written.getvalue()


def h5_file(
    config: Any = None,
    *,
    weights: tuple[np.ndarray, np.ndarray] | None = None,
    fill: Fill = lambda file: None,
    keras_version: str = "3.15.1",
) -> bytes:
    """A .h5 file; `fill` may add to it."""
    config = json.dumps(config or honest())
    kernel, bias = weights or nearest_mean()

    def fill_all(file: h5py.File) -> None:
        file.attrs.update(model_config=config, keras_version=keras_version, backend="tensorflow")
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"dense"]
        of_dense = group.create_group("dense")
        of_dense.attrs["weight_names"] = [b"dense/kernel:0", b"dense/bias:0"]
        of_dense["dense/kernel:0"], of_dense["dense/bias:0"] = kernel, bias
        fill(file)

    return hdf5(fill_all)


def keras_2_file() -> bytes:
    """A .h5 file as TensorFlow 2.4 saved it."""
    shape = [None, 28, 28, 1]
    zeros = {"class_name": "Zeros", "config": {}}
    layers = [
        {
            "class_name": "InputLayer",
            "config": {
                "batch_input_shape": shape,
                "dtype": "float32",
                "sparse": False,
                "ragged": False,
                "name": "flatten_input",
            },
        },
        {
            "class_name": "Flatten",
            "config": {"name": "flatten", "trainable": True, "batch_input_shape": shape},
        },
        {
            "class_name": "Dense",
            "config": {
                "name": "dense",
                "trainable": True,
                "dtype": "float32",
                "units": 10,
                "activation": "softmax",
                "use_bias": True,
                "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
                "bias_initializer": zeros,
                "kernel_regularizer": {"class_name": "L2", "config": {"l2": 1e-4}},
            },
        },
    ]
    built = {"class_name": "TensorShape", "items": shape}
    config = {"name": "sequential", "layers": layers, "build_input_shape": built}
    model = {"class_name": "Sequential", "config": config}
    return h5_file(model, keras_version="2.4.0")


class Desk:
    """Where bad files lie: each written under a name, and looked into."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.marker = folder, folder / "marker"

    def write(self, content: bytes, suffix: str = ".keras") -> Path:
        path = self.folder / f"model{suffix}"
        path.write_bytes(content)
        return path

    def refusal(self, content: bytes, suffix: str = ".keras") -> RefusedModel:
        with pytest.raises(RefusedModel) as refusal:
            contents.look(self.write(content, suffix), self.folder)
        assert not self.marker.exists()
        return refusal.value
