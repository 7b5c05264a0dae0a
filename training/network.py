"""The network's architecture, and nothing of how it learns."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

Widths = tuple[int, int, int, int, int]


def build(*, widths: Widths = (16, 16, 48, 48, 192), seed: int = 0) -> Any:
    """Build a compact convolutional network that reads digits.

    Six unpadded convolutions and a dense layer, batch-normalised; the two that halve the picture do
    so by their stride, and learn what to keep (Springenberg et al., 2015, "Striving for
    simplicity"). 28 → 26 → 12 → 10 → 8 → 6 → 3 → 1. Why this one:
    docs/decisions/0004-network-and-recipe.md.

    Args:
        widths: Channels of the first convolution, whose large outputs cost the most memory traffic,
            of the second, of the next three, of the sixth, and of the dense layer.
        seed: Of the first weights.

    Returns:
        An uncompiled Keras model, `float32 (N, 28, 28, 1)` of 0 paper … 255 ink →
        `float32 (N, 10)`, probabilities by digit. The scaling to 0 … 1 is its first layer.
    """
    seeds = iter(range(1000 * seed, 1000 * seed + 1000))
    finest, fine, middle, coarse, whole = widths
    digits = keras.Input((28, 28, 1), name="digits")
    x = layers.Rescaling(1 / 255, name="scaling")(digits)
    for name, width, side, stride in (
        ("1a", finest, 3, 1),
        ("1b", fine, 4, 2),  # (N, 12, 12, fine)
        ("2a", middle, 3, 1),
        ("2b", middle, 3, 1),
        ("2c", middle, 3, 1),
        ("2d", coarse, 2, 2),  # (N, 3, 3, coarse)
    ):
        x = _convolve(x, width, side, stride, name, next(seeds))
    x = layers.Flatten(name="coarse")(x)
    x = layers.Dense(
        whole,
        use_bias=False,  # the normalisation's shift is one
        kernel_initializer=keras.initializers.HeNormal(next(seeds)),
        name="dense_3a",
    )(x)
    x = _normalised(x, "3a", "features")  # (N, whole)
    probabilities = layers.Dense(
        10,
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
        name="probabilities",
    )(x)
    return keras.Model(digits, probabilities, name="digit_reader")


def _convolve(x: Any, width: int, side: int, stride: int, name: str, seed: int) -> Any:
    x = layers.Conv2D(
        width,
        side,
        stride,
        use_bias=False,  # the normalisation's shift is one
        kernel_initializer=keras.initializers.HeNormal(seed),
        name=f"convolution_{name}",
    )(x)
    return _normalised(x, name, f"relu_{name}")


def _normalised(x: Any, name: str, relu_name: str) -> Any:
    x = layers.BatchNormalization(momentum=0.9, name=f"normalisation_{name}")(x)
    return layers.ReLU(name=relu_name)(x)
