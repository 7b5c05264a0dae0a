"""Distorts digits as hands, pens and cameras do, batch by batch inside tf.data. Nothing is flipped.

Imaging lays every digit out alike (longest side 20 px, centre of mass centred), so that size and
place vary little; slant, stroke and shade vary as much as people do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

SIDE = 28  # px
# Points a side of the coarse grid whose random moves bend a digit. 4: a bend spans a third of it.
# Source: after Simard, Steinkraus, Platt (2003), "Best practices for convolutional neural networks
# applied to visual document analysis", whose smoothing does the same at each pixel.
ELASTIC_POINTS = 4


@dataclass(frozen=True)
class Strengths:
    """How far each distortion goes; each digit draws its own share of it, evenly. 0 is none.

    Attributes:
        rotation_deg: Turned by up to this, either way.
        shear: Slanted by up to this (the tangent), either way.
        scale: Larger or smaller by up to this factor's logarithm.
        aspect: Wider and lower, or the other way, by up to this factor's logarithm.
        shift_px: Moved by up to this along each axis.
        elastic_px: The standard deviation of the bends' moves.
        thicker: The share of a one-pixel dilation mixed in, at most.
        thinner: The share of a one-pixel erosion mixed in, at most.
        blur: The share of a 3×3 binomial blur mixed in, at most.
        bow: How far middle greys go lighter or darker: black and white stay.
        fade: The share of the ink's blackness that may go.
    """

    rotation_deg: float = 12.0  # people's own slant differs by about that; 6 and 9 stay apart
    shear: float = 0.25
    scale: float = 0.12  # imaging scales to 20 px: what is left is a mistaken crop
    aspect: float = 0.12
    shift_px: float = 1.5  # imaging centres by mass to half a pixel: the rest is specks and crops
    elastic_px: float = 0.7
    thicker: float = 1.0  # a felt pen
    thinner: float = 0.6  # a pencil; more would break strokes apart
    blur: float = 0.7
    bow: float = 0.5
    fade: float = 0.3


def augment(images: Any, seed: Any, strengths: Strengths) -> Any:
    """Distort a batch of digits.

    Args:
        images: A tensor, `uint8 (B, 28, 28, 1)`, 0 paper … 255 ink.
        seed: A tensor of two whole numbers; the same seed gives the same distortions.
        strengths: How far each distortion goes.

    Returns:
        A tensor, `float32 (B, 28, 28, 1)`, 0 to 255.
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 3))
    x = tf.cast(images, tf.float32)
    x = _warp(x, seeds[0], seeds[1], strengths)
    shares = tf.random.stateless_uniform((4, tf.shape(x)[0], 1, 1, 1), seeds[2])
    x = _thicken(x, 2 * shares[0] - 1, strengths)
    x += strengths.blur * shares[1] * (_blurred(x) - x)
    x += strengths.bow * (2 * shares[2] - 1) * x * (1 - x / 255)
    return x * (1 - strengths.fade * shares[3])


def _warp(x: Any, affine_seed: Any, elastic_seed: Any, strengths: Strengths) -> Any:
    """Turn, slant, scale, shift and bend at once, so that the ink is interpolated only once."""
    num = tf.shape(x)[0]
    axis = tf.range(SIDE, dtype=tf.float32) - (SIDE - 1) / 2
    grid = tf.stack([tf.tile(axis[:, None], (1, SIDE)), tf.tile(axis[None], (SIDE, 1))], -1)
    matrix, shift = _affine(num, affine_seed, strengths)
    where = tf.einsum("bij,rcj->brci", matrix, grid)  # (B, 28, 28, 2): row, column
    where += shift[:, None, None] + (SIDE - 1) / 2
    if strengths.elastic_px:
        where += strengths.elastic_px * _bends(num, elastic_seed)
    return _sample(x, where)


def _affine(num: Any, seed: Any, strengths: Strengths) -> tuple[Any, Any]:
    """Draw where each output pixel comes from: a matrix `(B, 2, 2)` and a shift `(B, 2)`."""
    draws = tf.random.stateless_uniform((6, num), seed, -1, 1)
    angle = draws[0] * math.radians(strengths.rotation_deg)
    shear, scale = draws[1] * strengths.shear, draws[2] * strengths.scale
    aspect = draws[3] * strengths.aspect / 2
    sine, cosine = tf.sin(angle), tf.cos(angle)
    height, width = tf.exp(scale + aspect), tf.exp(scale - aspect)
    rows = [
        tf.stack([cosine * height, -sine * width], -1),
        tf.stack([(sine + shear * cosine) * height, (cosine - shear * sine) * width], -1),
    ]
    return tf.stack(rows, 1), strengths.shift_px * tf.transpose(draws[4:6])


def _bends(num: Any, seed: Any) -> Any:
    """Draw smooth moves, `float32 (B, 28, 28, 2)`, of standard deviation 1 at the grid's points."""
    points = tf.random.stateless_normal((num, ELASTIC_POINTS, ELASTIC_POINTS, 2), seed)
    return tf.image.resize(points, (SIDE, SIDE), method="bicubic")


def _sample(x: Any, where: Any) -> Any:
    """Read `x` at fractional places, bilinearly; outside is paper."""
    padded = tf.pad(x[..., 0], ((0, 0), (1, 1), (1, 1)))
    # Each place's four neighbours lie beside each other: one look-up finds them all.
    fours = [padded[:, :-1, :-1], padded[:, :-1, 1:], padded[:, 1:, :-1], padded[:, 1:, 1:]]
    fours = tf.reshape(tf.stack(fours, -1), (-1, (SIDE + 1) ** 2, 4))
    where = tf.clip_by_value(where + 1, 0, SIDE + 0.999)
    corner = tf.floor(where)
    row, column = tf.unstack(where - corner, axis=-1)
    corner = tf.cast(corner, tf.int32)
    index = tf.reshape(corner[..., 0] * (SIDE + 1) + corner[..., 1], (-1, SIDE * SIDE))
    found = tf.reshape(tf.gather(fours, index, batch_dims=1), (-1, SIDE, SIDE, 4))
    one, other, below, beyond = tf.unstack(found, axis=-1)
    top = one + (other - one) * column
    bottom = below + (beyond - below) * column
    return (top + (bottom - top) * row)[..., None]  # (B, 28, 28, 1)


def _thicken(x: Any, share: Any, strengths: Strengths) -> Any:
    """Mix a dilation in where the share is positive, an erosion where it is negative.

    Args:
        x: `float32 (B, 28, 28, 1)`.
        share: `float32 (B, 1, 1, 1)`, -1 to 1.
        strengths: How far both go.
    """
    thicker = tf.nn.max_pool2d(x, 3, 1, "SAME") - x
    thinner = x + tf.nn.max_pool2d(-x, 3, 1, "SAME")
    return x + tf.where(
        share > 0, strengths.thicker * share * thicker, strengths.thinner * share * thinner
    )


def _blurred(x: Any) -> Any:
    line = tf.constant([1.0, 2.0, 1.0]) / 4
    return tf.nn.conv2d(x, (line[:, None] * line)[..., None, None], 1, "SAME")
