"""The network's architecture, and nothing of how it learns."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def build(*, widths: tuple[int, int, int] = (16, 48, 96), seed: int = 0) -> Any:
    """Build a compact convolutional network that reads digits.

    Unpadded 3×3 convolutions in three widths, batch-normalised, with two poolings between:
    28 → 26 → 24 → 12 → 10 → 8 → 4 → 2. Why this one: docs/decisions/0004-network-and-recipe.md.

    Args:
        widths: Channels before the first pooling, between both, and after the second.
        seed: Of the first weights.

    Returns:
        An uncompiled Keras model, `float32 (N, 28, 28, 1)` of 0 paper … 255 ink →
        `float32 (N, 10)`, probabilities by digit. The scaling to 0 … 1 is its first layer.
    """
    seeds = iter(range(1000 * seed, 1000 * seed + 1000))
    digits = keras.Input((28, 28, 1), name="digits")
    x = layers.Rescaling(1 / 255, name="scaling")(digits)
    for block, (width, num_layers) in enumerate(zip(widths, (2, 2, 1), strict=True)):
        if block:
            x = layers.MaxPooling2D(name=f"pool_{block}")(x)  # (N, 12, 12, …), (N, 4, 4, …)
        for layer in range(num_layers):
            x = _convolve(x, width, f"{block + 1}{'ab'[layer]}", next(seeds))
    x = layers.Flatten(name="features")(x)  # (N, 4 · widths[2])
    probabilities = layers.Dense(
        10,
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
        name="probabilities",
    )(x)
    return keras.Model(digits, probabilities, name="digit_reader")


def _convolve(x: Any, width: int, name: str, seed: int) -> Any:
    x = layers.Conv2D(
        width,
        3,
        use_bias=False,  # the normalisation's shift is one
        kernel_initializer=keras.initializers.HeNormal(seed),
        name=f"convolution_{name}",
    )(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"normalisation_{name}")(x)
    return layers.ReLU(name=f"relu_{name}")(x)
