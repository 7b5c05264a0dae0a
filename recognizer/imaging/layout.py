"""From the digit's own ink to 28 × 28 pixels, laid out as MNIST lays them out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.boxes import Box, window_of

# LeCun, Cortes, Burges: digits are fitted into 20 × 20 px, their aspect kept, and placed so that
# the centre of mass is the centre of 28 × 28: by whole pixels, at the middle of pixel 14 from 0
# (the mean over the training digits is 14.00 in both directions).
SIDE, FITTED, CENTRE = 28, 20, 14.5

# Shares of the nearby darkest ink between which a stroke's edge rises. Of four pairs tried this one
# read most small crops (97.9 %, with (0.3, 0.7) 96.4 %) and left MNIST's own digits as they are.
_SOFT_EDGE = (0.2, 0.6)

# Mean stroke width of MNIST's training digits by `stroke_width` at 20 px: 2.6, and 90 % of them
# are between these two. Thinner strokes are thickened, fatter ones thinned.
THINNEST, FATTEST = 1.9, 4.2


@dataclass(frozen=True)
class Laid:
    """A digit, and how it was laid out.

    Attributes:
        digit: `uint8 (28, 28)`, 0 paper … 255 ink.
        scale: Pixels of the digit for one pixel of the working picture.
        shift: By how many pixels (x, y) the centre of mass was moved to the centre.
        stroke_width: The stroke's mean width at 20 px scale, as drawn.
    """

    digit: NDArray[np.uint8]
    scale: float
    shift: tuple[float, float]
    stroke_width: float


def lay_out(darkness: NDArray[np.float32], mask: NDArray[np.uint8], box: Box) -> Laid:
    """Crop, normalise the stroke, scale to 20 px and centre by mass.

    Args:
        darkness: `float32 (h, w)`, 0 paper … 1 black.
        mask: `uint8 (h, w)`, 1 where the digit's ink is.
        box: Left, top, right, bottom of that ink.
    """
    left, top, right, bottom = box
    scale = FITTED / max(right - left, bottom - top)
    ink = own_ink(darkness, mask, box, margin=max(2, round(4 / scale)))
    width = stroke_width(ink > 0.5) * scale
    digit, scale, shift = place(with_stroke(ink, width, scale))
    return Laid(digit, scale, shift, width)


def own_ink(
    darkness: NDArray[np.float32], mask: NDArray[np.uint8], box: Box, margin: int
) -> NDArray[np.float32]:
    """Crop the digit and even its ink out: full inside, half at the stroke's edge, none outside.

    The edge is where the ink is half as dark as the darkest nearby, so that a stroke has its true
    width where the pen pressed hard and where it did not.
    """
    window = window_of(box)
    own = darkness[window] * cv2.dilate(mask[window], np.ones((3, 3), np.uint8))
    edges = (margin, margin, margin, margin)
    own = np.asarray(cv2.copyMakeBorder(own, *edges, cv2.BORDER_CONSTANT), np.float32)
    side = max(3, round(stroke_width(own > 0)) | 1)
    darkest = cv2.blur(cv2.dilate(own, np.ones((side, side), np.uint8)), (side, side))
    own /= np.maximum(darkest, 1e-3)  # in place: new arrays cost more than the arithmetic
    own -= _SOFT_EDGE[0]
    own /= _SOFT_EDGE[1] - _SOFT_EDGE[0]
    return np.clip(own, 0, 1, out=own)


def stroke_width(solid: NDArray[np.bool_]) -> float:
    """Measure the mean stroke width: four times the mean distance to the stroke's edge."""
    distances = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 3)  # 0 outside
    area = np.count_nonzero(solid)
    return float(4 * distances.sum() / area - 1) if area else 1.0


def with_stroke(ink: NDArray[np.float32], width: float, scale: float) -> NDArray[np.float32]:
    """Thicken strokes that would vanish at 20 px, thin those that would run together."""
    excess = (min(max(width, THINNEST), FATTEST) - width) / scale
    side = 2 * round(abs(excess) / 2) + 1
    if side < 3:
        return ink
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    morph = cv2.dilate if excess > 0 else cv2.erode
    changed = morph(ink, brush).astype(np.float32, copy=False)
    is_whole = (
        cv2.connectedComponents((changed > 0.5).astype(np.uint8))[0]
        <= cv2.connectedComponents((ink > 0.5).astype(np.uint8))[0]
    )
    return changed if changed.max() > 0.5 and is_whole else ink


def place(ink: NDArray[np.float32]) -> tuple[NDArray[np.uint8], float, tuple[float, float]]:
    """Fit the ink into 20 × 20 px and move it by whole pixels, as MNIST's makers did.

    Returns:
        The digit, the scale, and the shift (x, y) from the box's middle to the centre of mass.
    """
    fitted, scale = _fitted(ink)
    height, width = fitted.shape
    x, y = _centre_of_mass(fitted)
    left, top = _clamped(round(CENTRE - x), width), _clamped(round(CENTRE - y), height)
    digit = np.zeros((SIDE, SIDE), np.uint8)
    digit[top : top + height, left : left + width] = (fitted * 255).round().clip(0, 255)
    return digit, scale, (left + width / 2 - CENTRE, top + height / 2 - CENTRE)


def _fitted(ink: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Crop to the half-dark edge, and average what is under each pixel of the 20 × 20."""
    solid = ink > 0.5
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = FITTED / max(ink.shape)
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(ink, size, interpolation=method).astype(np.float32, copy=False), scale


def _clamped(start: int, length: int) -> int:
    """Keep a lopsided digit inside the picture."""
    return min(max(start, 0), SIDE - length)


def _centre_of_mass(ink: NDArray[np.float32]) -> tuple[float, float]:
    height, width = ink.shape
    across, down = ink.sum(axis=0), ink.sum(axis=1)
    x = across @ (np.arange(width) + 0.5) / across.sum()
    y = down @ (np.arange(height) + 0.5) / down.sum()
    return float(x), float(y)
