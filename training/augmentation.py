"""Distorts digits as hands, pens and cameras do, batch by batch. Nothing is flipped.

Imaging lays every digit out alike (longest side 20 px, centre of mass centred), so that size and
place vary little; slant, stroke and shade vary as much as people do. NumPy and OpenCV take 6 ms of
one core for 128 digits; the same inside tf.data took 48, from the network that learns beside it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]  # (B, 28, 28), 0 paper … 255 ink

SIDE = 28  # px
# Points a side of the coarse grid whose random moves bend a digit. 4: a bend spans a third of it.
# Source: after Simard, Steinkraus, Platt (2003), "Best practices for convolutional neural networks
# applied to visual document analysis", whose smoothing does the same at each pixel.
ELASTIC_POINTS = 4
# Each pixel's row and column, from the middle.
_AXIS = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
_GRID = np.stack(np.meshgrid(_AXIS, _AXIS, indexing="ij"), -1).reshape(-1, 2)  # (784, 2)


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

    def scaled(self, share: float) -> Strengths:
        """Give strengths of which each is that share of these."""
        return Strengths(**{name: share * strength for name, strength in asdict(self).items()})


def augment(
    images: NDArray[np.uint8], random: np.random.Generator, strengths: Strengths
) -> NDArray[np.float32]:
    """Distort a batch of digits.

    Args:
        images: `uint8 (B, 28, 28)`, 0 paper … 255 ink.
        random: Where the distortions are drawn from.
        strengths: How far each goes.

    Returns:
        `float32 (B, 28, 28, 1)`, 0 to 255.
    """
    x = _warped(images, random, strengths)
    shares = random.random((4, len(x), 1, 1), np.float32)
    x = _thickened(x, 2 * shares[0] - 1, strengths)
    x += strengths.blur * shares[1] * (_blurred(x) - x)
    x += strengths.bow * (2 * shares[2] - 1) * x * (1 - x / 255)
    x *= 1 - strengths.fade * shares[3]
    return x[..., np.newaxis]


def _warped(images: NDArray[np.uint8], random: np.random.Generator, strengths: Strengths) -> Grey:
    """Turn, slant, scale, shift and bend at once, so that the ink is interpolated only once."""
    num = len(images)
    matrix, shift = _affine(num, random, strengths)
    where = _GRID @ matrix.transpose(0, 2, 1) + (shift + (SIDE - 1) / 2)[:, np.newaxis]
    where = where.reshape(num, SIDE, SIDE, 2)  # row, column
    points = (num, ELASTIC_POINTS, ELASTIC_POINTS, 2)
    bends = strengths.elastic_px * random.standard_normal(points, np.float32)
    warped = np.empty((num, SIDE, SIDE), np.float32)
    for row, bend in enumerate(bends):
        place = where[row] + cv2.resize(bend, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        image = images[row].astype(np.float32)
        # Outside is paper.
        cv2.remap(image, place[..., 1], place[..., 0], cv2.INTER_LINEAR, dst=warped[row])
    return warped


def _affine(
    num: int, random: np.random.Generator, strengths: Strengths
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw where each output pixel comes from: a matrix `(B, 2, 2)` and a shift `(B, 2)`."""
    draws = random.uniform(-1, 1, (6, num)).astype(np.float32)
    angle = draws[0] * math.radians(strengths.rotation_deg)
    shear, scale = draws[1] * strengths.shear, draws[2] * strengths.scale
    aspect = draws[3] * strengths.aspect / 2
    sine, cosine = np.sin(angle), np.cos(angle)
    height, width = np.exp(scale + aspect), np.exp(scale - aspect)
    rows = [
        [cosine * height, -sine * width],
        [(sine + shear * cosine) * height, (cosine - shear * sine) * width],
    ]
    return np.moveaxis(np.array(rows, np.float32), -1, 0), strengths.shift_px * draws[4:6].T


def _thickened(x: Grey, share: Grey, strengths: Strengths) -> Grey:
    """Mix a dilation in where the share is positive, an erosion where it is negative.

    Args:
        x: `float32 (B, 28, 28)`.
        share: `float32 (B, 1, 1)`, -1 to 1.
        strengths: How far both go.
    """
    sign = np.where(share > 0, np.float32(1), np.float32(-1))  # an erosion dilates the paper
    strength = np.where(share > 0, strengths.thicker, strengths.thinner).astype(np.float32)
    return x + strength * share * (_highest(x * sign) - x * sign)


def _highest(x: Grey) -> Grey:
    """Give the highest of each pixel's 3 × 3."""
    padded: Grey = np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    highest: Grey = np.maximum(np.maximum(rows[:, :, :-2], rows[:, :, 1:-1]), rows[:, :, 2:])
    return highest


def _blurred(x: Grey) -> Grey:
    """Blur by the 3 × 3 binomial kernel."""
    padded: Grey = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    rows = padded[:, :-2] / 4 + padded[:, 1:-1] / 2 + padded[:, 2:] / 4
    return np.asarray(rows[:, :, :-2] / 4 + rows[:, :, 1:-1] / 2 + rows[:, :, 2:] / 4, np.float32)
