"""From the digit's own ink to 28 × 28 pixels, laid out as MNIST lays them out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# LeCun, Cortes, Burges: digits are fitted into 20 × 20 px, their aspect kept, and placed so that
# the centre of mass is the centre of 28 × 28.
SIDE, FITTED = 28, 20

# Mean stroke width of MNIST's training digits by `stroke_width` at 20 px: 2.6, and 90 % of them
# are between these two. Thinner strokes are thickened, fatter ones thinned.
THINNEST, FATTEST = 2.0, 4.0


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


def lay_out(
    darkness: NDArray[np.float32], mask: NDArray[np.uint8], box: tuple[int, int, int, int]
) -> Laid:
    """Crop, normalise the stroke, scale to 20 px and centre by mass.

    Args:
        darkness: `float32 (h, w)`, 0 paper … 1 black.
        mask: `uint8 (h, w)`, 1 where the digit's ink is.
        box: Left, top, right, bottom of that ink.
    """
    left, top, right, bottom = box
    scale = FITTED / max(right - left, bottom - top)
    margin = max(2, round(4 / scale))
    ink = _crop(mask, box, margin).astype(np.float32)
    width = stroke_width(ink) * scale
    ink = with_stroke(ink, width, scale)
    digit, scale, shift = place(ink)
    return Laid(digit, scale, shift, width)


def stroke_width(ink: NDArray[np.float32]) -> float:
    """Measure the mean stroke width: four times the mean distance to the stroke's edge."""
    mask = (ink > 0.5).astype(np.uint8)
    distances = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    inside = distances[mask > 0]
    return float(4 * inside.mean() - 1) if inside.size else 1.0


def with_stroke(ink: NDArray[np.float32], width: float, scale: float) -> NDArray[np.float32]:
    """Thicken strokes that would vanish at 20 px, thin those that would run together."""
    excess = (min(max(width, THINNEST), FATTEST) - width) / scale
    side = 2 * round(abs(excess) / 2) + 1
    if side < 3:
        return ink
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    morph = cv2.dilate if excess > 0 else cv2.erode
    changed = morph(ink, brush).astype(np.float32, copy=False)
    return changed if changed.any() else ink


def place(ink: NDArray[np.float32]) -> tuple[NDArray[np.uint8], float, tuple[float, float]]:
    """Fit the ink into 20 × 20 px and put its centre of mass at the centre of 28 × 28."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = ink.shape
    scale = FITTED / max(height, width)
    moments = cv2.moments(ink)
    centre = (moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5)
    digit = _area_sampled(ink, scale, centre)
    shift = ((width / 2 - centre[0]) * scale, (height / 2 - centre[1]) * scale)
    return digit, scale, shift


def _area_sampled(
    ink: NDArray[np.float32], scale: float, centre: tuple[float, float]
) -> NDArray[np.uint8]:
    """Sample with the exact share of ink under each pixel, by four times finer steps."""
    fine = 4
    factor = scale * fine
    steps = SIDE * fine
    across = (steps / 2) - centre[0] * factor + factor / 2 - 0.5
    down = (steps / 2) - centre[1] * factor + factor / 2 - 0.5
    if factor < 1:
        size = (max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor)))
        fx, fy = size[0] / ink.shape[1], size[1] / ink.shape[0]
        ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        across = steps / 2 - centre[0] * fx
        down = steps / 2 - centre[1] * fy
        factor = 1.0
    to_canvas = np.array([[factor, 0, across], [0, factor, down]])
    canvas = cv2.warpAffine(ink, to_canvas, (steps, steps), flags=cv2.INTER_LINEAR)
    digit = cv2.resize(canvas, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return (digit * 255).round().clip(0, 255).astype(np.uint8)


def _crop(
    mask: NDArray[np.uint8], box: tuple[int, int, int, int], margin: int
) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    crop = np.ascontiguousarray(mask[top:bottom, left:right])
    return cv2.copyMakeBorder(crop, margin, margin, margin, margin, cv2.BORDER_CONSTANT).astype(
        np.uint8, copy=False
    )
