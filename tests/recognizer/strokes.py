"""Strokes as the page records them, for tests: written by hand, on a paper of 560."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

Stroke = dict[str, Any]
Point = tuple[float, float]

FINE, USUAL, BROAD = 7.5, 13.75, 21.25  # the page's three pens


def stroke(
    points: Sequence[Sequence[float]],
    *,
    low: float = USUAL,
    high: float | None = None,
    pressures: Sequence[float] | None = None,
    operation: str = "source-over",
) -> Stroke:
    return {
        "minWidth": float(low),
        "maxWidth": float(low if high is None else high),
        "dotSize": 0.0,
        "compositeOperation": operation,
        "points": [
            {"x": round(x, 3), "y": round(y, 3), "pressure": float(pressure), "time": 8.0 * place}
            for place, ((x, y), pressure) in enumerate(
                zip(points, pressures or [0.5] * len(points), strict=True)
            )
        ],
    }


def dot(x: float, y: float, radius: float = USUAL) -> Stroke:
    return stroke([(x, y)], low=radius)


def line(
    start: Point,
    end: Point,
    low: float = USUAL,
    high: float | None = None,
    *,
    pressure: float = 0.5,
    operation: str = "source-over",
) -> Stroke:
    pressures = [pressure, pressure]
    return stroke([start, end], low=low, high=high, pressures=pressures, operation=operation)


def way(*corners: Point, low: float = USUAL, step: float = 6) -> Stroke:
    """One stroke through corners, recorded every few pixels, as a pen is."""
    points: list[Point] = [corners[0]]
    for (x, y), (to_x, to_y) in pairwise(corners):
        num = max(round(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5 / step), 1)
        points += [
            (x + (to_x - x) * place / num, y + (to_y - y) * place / num)
            for place in range(1, num + 1)
        ]
    return stroke(points, low=low)


def seven(low: float = USUAL) -> list[Stroke]:
    return [way((160, 140), (390, 150), (250, 430), low=low)]


def barred_seven(low: float = USUAL) -> list[Stroke]:
    return [*seven(low), way((220, 290), (370, 290), low=low)]


def four(low: float = USUAL) -> list[Stroke]:
    return [
        way((210, 130), (170, 310), (390, 310), low=low),
        way((340, 130), (330, 430), low=low),
    ]


def five(low: float = USUAL) -> list[Stroke]:
    return [
        way((215, 140), (205, 260), (300, 245), (355, 310), (320, 400), (190, 410), low=low),
        way((215, 140), (370, 138), low=low),
    ]


def one(low: float = USUAL) -> list[Stroke]:
    return [way((280, 130), (280, 430), low=low)]


def two_ones(low: float = USUAL) -> list[Stroke]:
    """A number: eleven."""
    return [way((170, 130), (170, 430), low=low), way((400, 130), (400, 430), low=low)]


def cross(low: float = USUAL) -> list[Stroke]:
    """No digit."""
    return [way((150, 150), (410, 410), low=low), way((410, 150), (150, 410), low=low)]


def hooked_one(low: float = USUAL) -> list[Stroke]:
    """A one, or a seven: a short hook over a stem."""
    return [way((215, 175), (310, 130), (290, 430), low=low)]


DRAWINGS = {
    "seven": seven,
    "barred seven": barred_seven,
    "four": four,
    "five": five,
    "one": one,
    "two ones": two_ones,
    "cross": cross,
    "hooked one": hooked_one,
}
