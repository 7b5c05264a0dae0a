"""From image bytes or a data URL to a digit and its receipt. No Django, no TensorFlow.

Only what is exported here is the door; the modules are its steps:
decode → ink (on a sheet, where there is one) → lines → glyphs → layout.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.decode import Picture, decode, digit_png, to_png
from recognizer.imaging.errors import (
    BlankImage,
    ImageTooLarge,
    UnreadableImage,
    UnsupportedFormat,
)
from recognizer.imaging.glyphs import Box, Glyphs, find_glyphs
from recognizer.imaging.ink import Ink, find_ink, stroke_mask
from recognizer.imaging.layout import Laid, lay_out
from recognizer.imaging.lines import remove_lines

__all__ = [
    "BlankImage",
    "ImageTooLarge",
    "Picture",
    "Receipt",
    "UnreadableImage",
    "UnsupportedFormat",
    "decode",
    "digit_png",
    "preprocessing_hash",
    "to_digit",
    "to_png",
]

# One thread: a picture is small, and a web worker has its own core and no more.
cv2.setNumThreads(1)


@dataclass(frozen=True)
class Receipt:
    """How a drawing became a digit. Boxes are (left, top, right, bottom) in the picture's pixels.

    Attributes:
        format: The file's format, by its signature.
        original_size, picture_size, working_size: Width and height in the file, of the picture
            that is stored, and of the scale that the steps worked at.
        is_composited: Whether transparent pixels were laid on a background.
        polarity: `dark_on_light` or `light_on_dark`.
        threshold: The least darkness against the paper that was taken for ink, 0 to 1.
        crop_box: The digit's box.
        scale: The digit's pixels for one of the picture's.
        shift: How far (x, y) the centre of mass was moved to the centre, in the digit's pixels.
        stroke_width: The stroke's mean width as drawn, in the digit's pixels.
        num_glyphs, boxes: How many digit-like glyphs there are, and where, from left to right.
        num_lines, num_edges, num_specks: How many were removed.
    """

    format: str
    original_size: tuple[int, int]
    picture_size: tuple[int, int]
    working_size: tuple[int, int]
    is_composited: bool
    polarity: str
    threshold: float
    crop_box: Box
    scale: float
    shift: tuple[float, float]
    stroke_width: float
    num_glyphs: int
    boxes: list[Box]
    num_lines: int
    num_edges: int
    num_specks: int

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON can hold it."""
        return asdict(self)


def to_digit(picture: Picture) -> tuple[NDArray[np.uint8], Receipt]:
    """Find the digit on a picture and lay it out as MNIST does.

    Args:
        picture: What `decode` gave.

    Returns:
        The digit, `uint8 (28, 28)`, 0 paper … 255 ink, and how it came about.

    Raises:
        BlankImage: There is no ink on it.
    """
    ink = find_ink(picture.pixels)
    without_lines, num_lines = remove_lines(ink.candidates)
    mask = stroke_mask(ink.darkness, without_lines)
    glyphs = find_glyphs(mask, ink.darkness, ink.threshold)
    laid = lay_out(ink.darkness, glyphs.mask, glyphs.box)
    return laid.digit, _receipt(picture, ink, glyphs, laid, num_lines)


@cache
def preprocessing_hash() -> str:
    """Give the SHA-256 over this package's sources: it changes when digits may."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _receipt(picture: Picture, ink: Ink, glyphs: Glyphs, laid: Laid, num_lines: int) -> Receipt:
    height, width = picture.pixels.shape[:2]
    working_height, working_width = ink.candidates.shape
    ratio = max(width, height) / max(working_width, working_height)
    return Receipt(
        format=picture.format,
        original_size=picture.original_size,
        picture_size=(width, height),
        working_size=(working_width, working_height),
        is_composited=picture.is_composited,
        polarity=ink.polarity,
        threshold=round(ink.threshold, 4),
        crop_box=_scaled(glyphs.box, ratio),
        scale=round(laid.scale / ratio, 5),
        shift=(round(laid.shift[0], 2), round(laid.shift[1], 2)),
        stroke_width=round(laid.stroke_width, 2),
        num_glyphs=len(glyphs.boxes),
        boxes=[_scaled(box, ratio) for box in glyphs.boxes],
        num_lines=num_lines,
        num_edges=glyphs.num_edges,
        num_specks=glyphs.num_specks,
    )


def _scaled(box: Box, ratio: float) -> Box:
    left, top, right, bottom = (round(side * ratio) for side in box)
    return left, top, right, bottom
