"""From image bytes or a data URL to a digit and its receipt. No Django, no TensorFlow.

Only what is exported here is the door; the modules are its steps:
decode → segmentation: scale, grey, polarity, light and threshold (`ink`, on a sheet where there is
one: `sheets`) → boxes (`frames`) and `lines` removed → strokes by hysteresis → `glyphs` → `layout`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

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
from recognizer.imaging.explaining import Step, contact_sheet, explain
from recognizer.imaging.segmentation import (
    Receipt,
    Segmentation,
    alternatives,
    may_mislead,
    segment,
)

__all__ = [
    "BlankImage",
    "ImageTooLarge",
    "Picture",
    "Receipt",
    "Segmentation",
    "Step",
    "UnreadableImage",
    "UnsupportedFormat",
    "alternatives",
    "contact_sheet",
    "decode",
    "digit_png",
    "explain",
    "may_mislead",
    "preprocessing_hash",
    "segment",
    "to_digit",
    "to_png",
]

# One thread: a picture is small, and a web worker has its own core and no more.
cv2.setNumThreads(1)

# glibc returns what is freed at the heap's end to the system, and each step gets it back page by
# page: a fifth of the time. The largest block ever freed teaches it to keep twice as much
# (mallopt(3), M_MMAP_THRESHOLD); this one is never touched, and so costs no memory itself.
np.empty(4 << 20, np.uint8)


def to_digit(picture: Picture) -> tuple[NDArray[np.uint8], Receipt]:
    """Find the digit on a picture, by the usual way of segmenting, and lay it out as MNIST does.

    Args:
        picture: What `decode` gave.

    Returns:
        The digit, `uint8 (28, 28)`, 0 paper … 255 ink, and how it came about.

    Raises:
        BlankImage: There is no ink on it.
    """
    first = segment(picture)
    return first.digit, first.receipt


@cache
def preprocessing_hash() -> str:
    """Give the SHA-256 over this package's sources: it changes when digits may."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
