"""Finds a light sheet of paper on a darker table, so that the ink is sought on the sheet."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Sheets are large and solid; light strokes on a dark ground are not. The fattest zeros of MNIST
# have a circle of half their shorter side in them, its fattest ones a side of a fifth of the
# picture.
_LEAST_SIDE = 0.35  # the shorter side, of the picture's longest
# The largest circle in it, of the shorter side, with the area, of the convex hull's: a blank sheet
# has both; a digit in the middle leaves room for a smaller circle only, but takes little area away.
_BLANK_SHEET, _WRITTEN_SHEET = (0.6, 0.85), (0.25, 0.94)
# So much of the picture is taken off all around for the sheet's own edge and shadow.
_RIM = 0.03
# The least step from the rim within to the one beyond, as a share: our shades fall by 0.08 at
# most, our sheets' edges by 0.72 at least.
_STEP = 0.25


def find_sheet(grey: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Find a light sheet on a darker table.

    Args:
        grey: `uint8 (h, w)`.

    Returns:
        `uint8 (h, w)`, 1 well inside the sheet; None where there is none.

    Source: the threshold of Otsu 1979.
    """
    _, light = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    num, labels, stats, _ = cv2.connectedComponentsWithStats(light, connectivity=4)
    if num < 2:
        return None
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    piece = (labels == largest).astype(np.uint8)
    hull = np.zeros_like(piece)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.asarray(cv2.findNonZero(piece))), (1,))
    if not _is_solid(piece, hull):
        return None
    rim = max(3, round(2 * _RIM * max(grey.shape)) | 1)
    brush = np.ones((rim, rim), np.uint8)
    inside = np.asarray(cv2.erode(hull, brush), np.uint8)
    return inside if _has_edge(grey, hull - inside, cv2.dilate(hull, brush) - hull) else None


def _has_edge(grey: NDArray[np.uint8], inner: NDArray[np.uint8], outer: NDArray[np.uint8]) -> bool:
    """Tell a sheet from the lighter end of shade: the light steps down at its edge."""
    if not outer.any():
        return False
    return cv2.mean(grey, outer)[0] < (1 - _STEP) * cv2.mean(grey, inner)[0]


def _is_solid(piece: NDArray[np.uint8], hull: NDArray[np.uint8]) -> bool:
    _, (width, height), _ = cv2.minAreaRect(np.asarray(cv2.findNonZero(hull)))
    short = min(width, height)
    if short < _LEAST_SIDE * max(piece.shape):
        return False
    circle = 2 * float(cv2.distanceTransform(piece, cv2.DIST_L2, 3).max())
    solid = int(piece.sum()) / int(hull.sum())
    return any(
        circle > least_circle * short and solid > least_solid
        for least_circle, least_solid in (_BLANK_SHEET, _WRITTEN_SHEET)
    )
