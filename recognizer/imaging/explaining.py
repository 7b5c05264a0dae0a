"""Shows what each step of the segmentation gave, in pictures: the steps themselves tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.decode import Picture, png
from recognizer.imaging.errors import BlankImage
from recognizer.imaging.glyphs import Glyphs
from recognizer.imaging.ink import Ink
from recognizer.imaging.layout import Laid
from recognizer.imaging.segmentation import USUAL, segment, way_named

Pixels = NDArray[np.uint8]

# One step on a contact sheet, and the room for the captions above it: six fit a screen.
_CELL, _CAPTION = 170, 34
_MARGIN = 4
_RED, _BLUE = (214, 40, 57), (40, 90, 214)


@dataclass(frozen=True)
class Step:
    """What one step gave.

    Attributes:
        name: The step.
        caption: What it decided.
        pixels: `uint8 (h, w, 3)`, RGB.
    """

    name: str
    caption: str
    pixels: Pixels


def explain(picture: Picture, segmentation: str = USUAL.name) -> list[Step]:
    """Segment a picture and show each step; where it is blank, those up to the last.

    Args:
        picture: What `decode` gave.
        segmentation: The way, as a receipt names it.
    """
    height, width = picture.pixels.shape[:2]
    steps = [Step("picture", f"{picture.format} {width} x {height}", picture.pixels)]

    def watch(step: str, seen: Any) -> None:
        steps.append(_SHOWN[step](seen, steps[1].pixels if len(steps) > 1 else picture.pixels))

    try:
        segment(picture, way_named(segmentation), watch)
    except BlankImage:
        steps.append(Step("blank", "nothing is left", np.full((28, 28, 3), 255, np.uint8)))
    return steps


def contact_sheet(*rows: Sequence[Step], titles: Sequence[str] = ()) -> bytes:
    """Draw the steps of one picture in a row, of several in a row each.

    Args:
        rows: What `explain` gave for each picture.
        titles: A line above each row; none where there are none.

    Returns:
        A PNG file.
    """
    lines = [_row(row) for row in rows]
    if titles:
        lines = [
            np.vstack((_text(title, line.shape[1]), line))
            for title, line in zip(titles, lines, strict=True)
        ]
    width = max(line.shape[1] for line in lines)
    return png(np.vstack([_padded(line, line.shape[0], width) for line in lines]))


def _grey(grey: Pixels, _: Pixels) -> Step:
    return Step("grey", f"{grey.shape[1]} x {grey.shape[0]}", _rgb(grey))


def _ink(ink: Ink, _: Pixels) -> Step:
    dark = (255 - ink.darkness * 255).astype(np.uint8)
    shown = np.where(ink.candidates[..., np.newaxis] > 0, _rgb(dark), np.uint8(255))
    return Step("ink", f"{ink.polarity}, over {ink.threshold:.3f}", shown)


def _lines(removed: tuple[Pixels, int, int], _: Pixels) -> Step:
    without_lines, num_frames, num_lines = removed
    caption = f"without {num_frames} boxes, {num_lines} lines"
    return Step("lines removed", caption, _rgb(255 - 255 * without_lines))


def _strokes(mask: Pixels, _: Pixels) -> Step:
    return Step("strokes", "by hysteresis", _rgb(255 - 255 * mask))


def _glyphs(glyphs: Glyphs, grey: Pixels) -> Step:
    shown = grey.copy()
    line = max(1, max(shown.shape) // 120)
    for place, glyph in enumerate(glyphs.found):
        colour = _RED if place == glyphs.chosen else _BLUE
        shown[glyphs.mask_of(glyph) > 0] = colour
        cv2.rectangle(shown, glyph.box[:2], glyph.box[2:], colour, line)
    left_out = f"{glyphs.num_edges} edges, {glyphs.num_specks} specks"
    return Step("glyphs", f"{len(glyphs.found)}; - {left_out}", shown)


def _digits(laid: Sequence[Laid], _: Pixels) -> Step:
    widths = ", ".join(f"{one.stroke_width:.1f}" for one in laid)
    return Step("digit", f"stroke {widths} px", _rgb(np.hstack([one.digit for one in laid])))


_SHOWN: dict[str, Callable[[Any, Pixels], Step]] = {
    "grey": _grey,
    "ink": _ink,
    "lines": _lines,
    "strokes": _strokes,
    "glyphs": _glyphs,
    "digits": _digits,
}


def _row(steps: Sequence[Step]) -> Pixels:
    return np.hstack(list(_cells(steps)))


def _cells(steps: Sequence[Step]) -> Iterator[Pixels]:
    for step in steps:
        height, width = step.pixels.shape[:2]
        ratio = (_CELL - 2 * _MARGIN) / max(height, width)
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_NEAREST
        shown = np.asarray(cv2.resize(step.pixels, size, interpolation=method), np.uint8)
        framed = cv2.copyMakeBorder(shown, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(200,) * 3)
        cell = _padded(np.asarray(framed, np.uint8), _CELL, _CELL)
        yield np.vstack((_text(step.name, _CELL), _text(step.caption, _CELL), cell))


def _text(text: str, width: int) -> Pixels:
    """Write one line; OpenCV's letters are ASCII's only."""
    line = np.full((_CAPTION // 2, width, 3), 255, np.uint8)
    plain = text.encode("ascii", "replace").decode()
    cv2.putText(
        line, plain, (_MARGIN, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (40,) * 3, 1, cv2.LINE_AA
    )
    return line


def _padded(pixels: Pixels, height: int, width: int) -> Pixels:
    padded = np.full((height, width, 3), 255, np.uint8)
    padded[: pixels.shape[0], : pixels.shape[1]] = pixels
    return padded


def _rgb(grey: NDArray[np.uint8]) -> Pixels:
    return np.repeat(grey[..., np.newaxis], 3, axis=2).astype(np.uint8, copy=False)
