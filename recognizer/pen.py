"""From strokes to the picture that is read: what a page's canvas shows, drawn here. No Django.

Not one of imaging's steps: those begin with a picture, whoever made it. So `preprocessing_hash`,
which tells whether stored pictures still give the same digits, does not change with the pen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging import Picture

Stroke = Mapping[str, Any]
Ink = NDArray[np.uint8]  # (side, side), 0 paper … 255 ink

# The paper's side, in the strokes' own unit and in pixels: 20 times what the model sees.
PAPER_SIDE = 560
# The radius of the page's middle pen: 11 of 448 px (static/site/js/pad.js). An eighth of a digit's
# height of 60 % of the paper, the share that a pen has in MNIST.
USUAL_RADIUS = 11 / 448 * PAPER_SIDE

# What a receipt says instead of a file's format.
_FORMAT = "STROKES"
# How far a curve may be from the lines that are drawn in its place, and a line's radius from where
# it begins to where it ends, in pixels: nobody sees so little.
_FLATNESS, _LEAST_WIDENING, _MOST_LINES = 0.1, 1.0, 16
# Drawn at four times the size, without OpenCV's own smoothing, and averaged down: that is quicker
# than its smooth lines, which are 1.4 to 2.5 px too wide. Over 200 chance lines the radius is then
# right to 0.05 ± 0.08 px, and the place to 0.01 ± 0.04 px.
_FINE = 4
# A scribble that would take too long so is drawn at a quarter of the size, each curve as one line,
# and enlarged: a digit's 28 px a side can be seen all the same.
_COARSE, _MOST_MICROSECONDS = 1 / 4, 10_000
# What a line takes by itself, for each pixel of its edges, and for each pixel that it covers: of
# 1,000 lines of each of four lengths and six widths.
_A_LINE, _AN_EDGE, _A_PIXEL = 1.5, 1 / 40, 1 / 2000
# Fractions of a pixel that OpenCV draws to, as bits.
_SHIFT = 4


def draw(strokes: Sequence[Stroke]) -> Picture:
    """Draw strokes in black on white paper, as the page shows them.

    Args:
        strokes: As the page records them and `recognizer.forms` keeps them, on a paper of
            `PAPER_SIDE`: x to the right, y down. What is off the paper is not seen.

    Returns:
        A picture of `PAPER_SIDE` pixels a side, in at most some tens of milliseconds.
    """
    paper = 255 - ink_of(strokes)
    pixels = np.asarray(cv2.cvtColor(paper, cv2.COLOR_GRAY2RGB), np.uint8)
    return Picture(pixels, _FORMAT, (PAPER_SIDE, PAPER_SIDE))


def ink_of(strokes: Sequence[Stroke], side: int = PAPER_SIDE) -> Ink:
    """Draw strokes one after the other; erasing takes away what was drawn before.

    Args:
        strokes: As for `draw`.
        side: The paper's, in the strokes' unit and in pixels.

    Returns:
        `uint8 (side, side)`, 0 paper … 255 ink, in between at edges.
    """
    ways = [_way(stroke) for stroke in strokes]
    if _is_quick(ways):
        scale: float = _FINE
    else:
        scale, ways = _COARSE, [_points(stroke) for stroke in strokes]
    ink = np.zeros((side, side), np.uint8)
    left, top, right, bottom = _window(ways, side)
    width, height = right - left, bottom - top
    if width < 1 or height < 1:
        return ink
    large = np.zeros((round(height * scale), round(width * scale)), np.uint8)
    for stroke, way in zip(strokes, ways, strict=True):
        _draw(large, (way - (left, top, 0)) * scale, 0 if is_eraser(stroke) else 255)
    ink[top:bottom, left:right] = _resized(large, width, height)
    return ink


def is_scribble(strokes: Sequence[Stroke]) -> bool:
    """Tell whether strokes are so much work that they are drawn at the coarse scale."""
    return not _is_quick([_way(stroke) for stroke in strokes])


def is_eraser(stroke: Stroke) -> bool:
    """Tell whether a stroke takes ink away."""
    return bool(stroke.get("compositeOperation") == "destination-out")


def path_of(stroke: Stroke) -> str:
    """Write the curve that a stroke is as an SVG path, to a tenth of a pixel; a dot has no length.

    Args:
        stroke: One with a point or more.
    """
    points = _points(stroke)[:, :2]
    middles = (points[:-1] + points[1:]) / 2
    first, last = _pair(points[0]), _pair(points[-1])
    if len(points) == 1:
        return f"M{first}h0"
    curves = "".join(
        f"Q{_pair(control)} {_pair(end)}"
        for control, end in zip(points[1:-1], middles[1:], strict=True)
    )
    return f"M{first}L{_pair(middles[0])}{curves}L{last}"


def width_of(stroke: Stroke) -> float:
    """Give a stroke's mean width."""
    return float(2 * _points(stroke)[:, 2].mean())


def _pair(point: NDArray[np.float64]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _points(stroke: Stroke) -> NDArray[np.float64]:
    """Give `float64 (N, 3)`: x, y and the radius there."""
    low, high = float(stroke["minWidth"]), float(stroke["maxWidth"])
    return np.array(
        [
            (point["x"], point["y"], low + (high - low) * point["pressure"])
            for point in stroke["points"]
        ],
        np.float64,
    ).reshape(-1, 3)


def _way(stroke: Stroke) -> NDArray[np.float64]:
    """Follow the curve: straight to the middle of the first two points, from middle to middle
    with the point between as a control point, straight to the last one.

    Returns:
        `float64 (N, 3)`: x, y and the radius there, which runs linearly from middle to middle.
    """
    points = _points(stroke)
    if len(points) < 2:
        return points
    middles = (points[:-1] + points[1:]) / 2
    starts, ends = np.vstack([points[:1], middles]), np.vstack([middles, points[-1:]])
    controls = (starts + ends) / 2
    controls[1:-1, :2] = points[1:-1, :2]
    share = np.linspace(0, 1, _num_lines(starts, controls, ends) + 1)[1:, np.newaxis]  # (num, 1)
    starts, controls, ends = (array[:, np.newaxis] for array in (starts, controls, ends))
    curves = (1 - share) ** 2 * starts + 2 * share * (1 - share) * controls + share**2 * ends
    return np.vstack([points[:1], curves.reshape(-1, 3)])


def _num_lines(
    starts: NDArray[np.float64], controls: NDArray[np.float64], ends: NDArray[np.float64]
) -> int:
    """Choose how many lines stand for each curve: it is flat, and each is of about one width."""
    bends = ((starts + ends) / 2 - controls)[:, :2] / 2  # from a chord's middle to its curve
    bent = np.sqrt(float(np.hypot(*bends.T).max()) / _FLATNESS)
    widened = float(np.abs(ends - starts)[:, 2].max()) / _LEAST_WIDENING
    return min(max(int(np.ceil(max(bent, widened))), 1), _MOST_LINES)


def _is_quick(ways: Sequence[NDArray[np.float64]]) -> bool:
    return sum(map(_microseconds, ways)) <= _MOST_MICROSECONDS


def _microseconds(way: NDArray[np.float64]) -> float:
    """Estimate how long it takes to draw a way at the fine scale; no line leaves the paper."""
    lengths = np.minimum(np.hypot(*np.diff(way[:, :2], axis=0).T), PAPER_SIDE)
    widths = np.minimum(2 * way[:-1, 2], PAPER_SIDE)
    return float((_A_LINE + lengths * _AN_EDGE + (lengths + widths) * widths * _A_PIXEL).sum())


def _draw(ink: Ink, way: NDArray[np.float64], value: int) -> None:
    """Draw a way with round ends, what is equally thick at once."""
    if not len(way):
        return
    if len(way) == 1:
        way = np.repeat(way, 2, axis=0)
    # OpenCV's pixels have their middles at whole numbers, a canvas's their corners.
    where = np.round((way[:, :2] - 0.5) * (1 << _SHIFT)).astype(np.int32)
    # Of a thickness that is even, it draws one pixel more: of one that is not, two.
    thick = 2 * np.round((way[:-1, 2] + way[1:, 2] - 1) / 2).astype(np.int32)
    changes = np.flatnonzero(np.diff(thick)) + 1
    starts, ends = [0, *changes.tolist()], [*changes.tolist(), len(thick)]
    runs: dict[int, list[NDArray[np.int32]]] = {}
    for start, end in zip(starts, ends, strict=True):
        runs.setdefault(int(thick[start]), []).append(where[start : end + 1])
    for width, lines in runs.items():
        cv2.polylines(ink, lines, False, value, max(width, 1), cv2.LINE_8, shift=_SHIFT)


def _window(ways: Sequence[NDArray[np.float64]], side: int) -> tuple[int, int, int, int]:
    """Give the part of the paper that can have ink: left, top, right, bottom.

    Its sides are where the coarse scale has whole pixels too. Most digits fill a third of it.
    """
    ends = [(way[:, :2] - way[:, 2:], way[:, :2] + way[:, 2:]) for way in ways if len(way)]
    if not ends:
        return (0, 0, 0, 0)
    grid = round(1 / _COARSE)
    low = np.floor(np.concatenate([low for low, _ in ends]).min(axis=0) / grid - 1) * grid
    high = np.ceil(np.concatenate([high for _, high in ends]).max(axis=0) / grid + 1) * grid
    left, top, right, bottom = np.clip(np.concatenate([low, high]), 0, side).astype(int).tolist()
    return left, top, right, bottom


def _resized(ink: Ink, width: int, height: int) -> Ink:
    """Average down by halves, which is quickest, or enlarge."""
    while ink.shape[1] > width:
        half = (ink.shape[1] // 2, ink.shape[0] // 2)
        ink = np.asarray(cv2.resize(ink, half, interpolation=cv2.INTER_AREA), np.uint8)
    if ink.shape[1] < width:
        ink = np.asarray(cv2.resize(ink, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    return ink
