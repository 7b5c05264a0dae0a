"""From a pen's way to ink: strokes are bent as hands vary, and drawn with a pen of some width."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Ink = NDArray[np.uint8]  # (h, w), 0 none … 255 full, cropped to what is drawn
Strokes = Sequence[NDArray[np.float64]]  # each (N, 2): x to the right, y downwards

# Fractions of a pixel that OpenCV draws to, as bits.
_SHIFT = 4


def fitted(strokes: Strokes) -> list[NDArray[np.float64]]:
    """Move and scale strokes so that their box's middle is 0 and its longest side 1."""
    points = np.concatenate(list(strokes))
    low, high = points.min(0), points.max(0)
    return [
        (stroke - (low + high) / 2) / max(float((high - low).max()), 1e-6) for stroke in strokes
    ]


def bent(
    strokes: Strokes, random: np.random.Generator, strength: float = 1.0
) -> list[NDArray[np.float64]]:
    """Turn, slant, stretch and bend strokes as hands differ.

    Args:
        strokes: As `fitted` gives them.
        random: Where the differences are drawn from.
        strength: 0 leaves them as they are; 1 is what writers do.

    Returns:
        Strokes of the same numbers of points.
    """
    angle = strength * random.normal(0, 0.08)  # radians: 4.6°
    slant = strength * random.normal(0, 0.18)
    aspect = np.exp(strength * random.normal(0, 0.15))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[aspect, -slant], [0, 1]])
    waves = strength * random.normal(0, 0.02, (2, 2, 2))  # of the box: axis, wave, from x or y
    phases = random.uniform(0, 2 * np.pi, (2, 2, 2))

    def bend(points: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = points.copy()
        for axis, wave, along in np.ndindex(2, 2, 2):
            angles = np.pi * (wave + 1) * points[:, along] * 2 + phases[axis, wave, along]
            moved[:, axis] += waves[axis, wave, along] * np.sin(angles)
        bent_points: NDArray[np.float64] = moved @ matrix.T
        return bent_points

    return [bend(stroke) for stroke in strokes]


def drawn(strokes: Strokes, side: int, width: float) -> Ink:
    """Draw strokes with a round pen.

    Args:
        strokes: At any scale.
        side: The longest side of what is drawn, in pixels, less the pen's width.
        width: The pen's, in pixels, 1 or more.

    Returns:
        The ink, in a box around it.
    """
    margin = int(width) + 2
    scaled = [stroke * side for stroke in fitted(strokes)]
    points = np.concatenate(scaled)
    low = points.min(0)
    size = np.ceil(points.max(0) - low).astype(int) + 2 * margin + 1
    ink = np.zeros((size[1], size[0]), np.uint8)
    for stroke in scaled:
        where = np.round((stroke - low + margin) * (1 << _SHIFT)).astype(np.int32)
        if len(where) == 1:
            where = np.repeat(where, 2, axis=0)
        cv2.polylines(
            ink, [where[:, None]], False, 255, max(1, round(width)), cv2.LINE_AA, shift=_SHIFT
        )
    return cropped(ink)


def cropped(ink: Ink) -> Ink:
    """Crop to what is at least half covered; what has none is given back whole."""
    left, top, width, height = cv2.boundingRect((ink > 127).astype(np.uint8))
    return ink[top : top + height, left : left + width] if width else ink


def smooth(points: Sequence[tuple[float, float]], num: int = 12) -> NDArray[np.float64]:
    """Draw a curve through points: a uniform Catmull-Rom spline.

    Args:
        points: Two or more, (x, y). A point that is there twice is a corner.
        num: Points on the curve between two of them.

    Returns:
        `float64 (N, 2)`.

    Source: Catmull, Rom (1974), "A class of local interpolating splines".
    """
    knots = np.array([points[0], *points, points[-1]], np.float64)
    share = np.linspace(0, 1, num, endpoint=False)[:, None]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * share
            + (2 * a - 5 * b + 4 * c - d) * share**2
            + (3 * b - a - 3 * c + d) * share**3
        )
        for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False)
    ]
    return np.concatenate([*pieces, knots[-1:]])
