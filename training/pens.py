"""From the strokes that the page recorded to digits, drawn with each of the page's pens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer import imaging, pen
from training import twins
from training.pictures import LEAST_OVERLAP, overlap

# A pen's width by the digit's longest side: the page's fine pen (a radius of 7.5 of 560 px,
# static/site/js/pad.js) on a digit of 60 % of the paper, its broad one (21.25) there, and on one of
# 40 %. Of the medium pen imaging makes the same digit as of the fine one, since it thickens both.
WIDTHS = (0.045, 0.125, 0.19)
# The least cosine at 14 × 14 px of a submission's digit and the likest of its strokes' renderings.
# 0012-split-by-visitor.md has the figures.
LEAST_LIKENESS = 0.9
# The paper's side, and the digit's on it, in pixels: half of what the page sends.
_PAPER, _DIGIT = 280, 168


def digits_of(
    strokes: Sequence[Mapping[str, Any]], digit: NDArray[np.uint8]
) -> list[NDArray[np.uint8]]:
    """Draw a submission's strokes with each pen, where they are of the picture that was labelled.

    A program may send other strokes than it drew, or such whose y goes upwards.

    Args:
        strokes: As the page recorded them and `recognizer.forms` keeps them.
        digit: `uint8 (28, 28)`: what the reviewer saw, as it was laid out.

    Returns:
        As `drawn` gives them; none where the likest of them is less like the digit than
        `LEAST_LIKENESS`.
    """
    found = list(drawn(strokes))
    if not found:
        return []
    likest = twins.likenesses(digit[None], np.stack(found)).max()
    return found if likest >= LEAST_LIKENESS else []


def drawn(strokes: Sequence[Mapping[str, Any]]) -> Iterator[NDArray[np.uint8]]:
    """Draw strokes with each pen, and find the digit as for a visitor's drawing.

    Args:
        strokes: As the page recorded them and `recognizer.forms` keeps them.

    Yields:
        `uint8 (28, 28)` for each of `WIDTHS`, less those on which imaging took something else than
        what was drawn: a piece, where strokes do not meet. None where something was erased: what
        an eraser of its own width leaves of a broader pen is not what its visitor saw.
    """
    if any(map(pen.is_eraser, strokes)):
        return
    ways = _fitted(strokes)
    for width in WIDTHS if ways else ():
        ink = pen.ink_of([_stroke(way, width * _DIGIT) for way in ways], _PAPER)
        left, top, across, down = cv2.boundingRect(ink)
        pixels = np.repeat(255 - ink[..., None], 3, axis=2)
        try:
            digit, receipt = imaging.to_digit(imaging.Picture(pixels, "PNG", (_PAPER, _PAPER)))
        except imaging.BlankImage:
            continue
        if overlap((left, top, left + across, top + down), receipt.crop_box) >= LEAST_OVERLAP:
            yield digit


def _fitted(strokes: Sequence[Mapping[str, Any]]) -> list[NDArray[np.float64]]:
    """Move and scale strokes to the middle of the paper: `float64 (N, 2)` each, in pixels."""
    ways = [_points(stroke) for stroke in strokes if stroke["points"]]
    if not ways:
        return []
    low, high = np.concatenate(ways).min(0), np.concatenate(ways).max(0)
    scale = _DIGIT / max(float((high - low).max()), 1.0)
    return [(points - (low + high) / 2) * scale + _PAPER / 2 for points in ways]


def _points(stroke: Mapping[str, Any]) -> NDArray[np.float64]:
    return np.array([(point["x"], point["y"]) for point in stroke["points"]], np.float64)


def _stroke(way: NDArray[np.float64], width: float) -> dict[str, Any]:
    """Give a way a pen of one width."""
    points = [{"x": x, "y": y, "pressure": 0.0} for x, y in way.tolist()]
    return {"minWidth": width / 2, "maxWidth": width / 2, "points": points}
