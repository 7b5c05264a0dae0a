"""A model's outline, built of its configuration without memory for its weights: its measures."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path
from typing import Any

from recognizer.vetting.archive import CONFIG
from recognizer.vetting.refusal import RefusedModel

INPUT_SHAPES = ((None, 28, 28, 1), (None, 28, 28), (None, 784))
OUTPUT_SHAPE = (None, 10)
MAX_PARAMETERS = 20_000_000


def check(path: Path) -> None:
    """Check what a model would take in, give, and weigh, before Keras makes room for it.

    Args:
        path: A .keras or .h5 file, whose contents were looked into.

    Raises:
        RefusedModel: It is of other shapes, or has too many parameters.
        Exception: Whatever Keras says of a configuration that makes no model.
    """
    import keras

    # Inside, a variable has a shape, and no value until somebody asks for it.
    with keras.StatelessScope(initialize_variables=False):
        model = _of_keras_file(path) if path.suffix == ".keras" else _of_h5_file(path)
    _check_shapes(model)
    num = sum(math.prod(weight.shape) for weight in model.weights)
    if num > MAX_PARAMETERS:
        raise RefusedModel("Parameters", f"at most {MAX_PARAMETERS:,}", f"{num:,}")


def _of_keras_file(path: Path) -> Any:
    import keras

    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read(CONFIG))
    return keras.saving.deserialize_keras_object(config | {"compile_config": None}, safe_mode=True)


def _of_h5_file(path: Path) -> Any:
    # Keras exports no way to build a model of a .h5 file's configuration alone; requirements.txt
    # pins the release that these names are of.
    import h5py
    from keras.src.legacy.saving import json_utils, saving_options, saving_utils
    from keras.src.saving.serialization_lib import SafeModeScope

    with h5py.File(path, "r") as file:
        config = json_utils.decode(file.attrs["model_config"])
    with saving_options.keras_option_scope(use_legacy_config=True), SafeModeScope(True):
        return saving_utils.model_from_config(config)


def _check_shapes(model: Any) -> None:
    inputs, outputs = (getattr(model, name, None) or [] for name in ("inputs", "outputs"))
    shapes = [tuple(tensor.shape) for tensor in inputs]
    if len(shapes) != 1 or shapes[0] not in INPUT_SHAPES:
        expected = f"one of shape {' or '.join(map(str, INPUT_SHAPES))}"
        raise RefusedModel("Input", expected, _shown(shapes))
    shapes = [tuple(tensor.shape) for tensor in outputs]
    if shapes != [OUTPUT_SHAPE]:
        expected = f"one of shape {OUTPUT_SHAPE}, a value for each digit"
        raise RefusedModel("Output", expected, _shown(shapes))


def _shown(shapes: list[tuple[int | None, ...]]) -> str:
    return " and ".join(map(str, shapes)) or "none"
