"""Takes drawn boxes out of the ink, also where digits touch them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.boxes import Box, inked_window, window_of
from recognizer.imaging.lines import Mask, horizontal_lines, turned, without, without_rests

# The least side of a box, of the picture's longest: a digit in a smaller one would be too small.
_SMALLEST = 0.25
# The convex hull of a box is nearly all of its rectangle, aslant and in perspective too; that of
# a round 0 is π/4. The squarest ones of mouse and pen have 0.94: then the sides decide.
_LEAST_HULL = 0.9
# A box that is open somewhere has no hole; it has little ink for its size, unlike a fat digit.
_MOST_INK = 0.35
# Strokes across the sides leave it most of its piece; the lines of a grid go on far beyond a cell.
_LEAST_SHARE = 0.6
# How far beyond the hole its sides may lie, as a share of the hole.
_SIDE = 0.08
# Its sides are in the outer quarters, three of them at least. What has more lines is a grid.
_OUTER, _LEAST_SIDES, _MOST_LINES = 1 / 4, 3, 6
# At the corners of a box that is 5° aslant so much of a side's first and last sixth is missing;
# allowed only where there is no box without, since strokes along the sides would pass for them.
_LEEWAY = 0.25
# Pieces wholly within this share of the width or height along a side belong to it.
_SIDE_BAND = 0.15
# What is taller than this for its width, with nothing in it, is a 0 of straight strokes.
_NARROW = 1.3


def remove_frames(mask: Mask) -> tuple[Mask, int]:
    """Take the straight sides of boxes away; strokes that cross them stay.

    Source: forms are freed of their boxes so (Yu and Jain 1996, "A generic system for form
    dropout"); a box is known by its hole, which strokes across its sides do not change.

    Args:
        mask: `uint8 (h, w)`, 1 where there may be ink.

    Returns:
        The same without boxes, and how many there were.
    """
    least_side = round(_SMALLEST * max(mask.shape))
    mask = mask.copy()
    own = mask[inked_window(mask)]  # a view: what is taken from it is taken from the mask
    if min(own.shape) < least_side:
        return mask, 0
    _, labels, stats, _ = cv2.connectedComponentsWithStats(own, connectivity=8, ltype=cv2.CV_16U)
    is_large = np.minimum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= least_side
    num_frames = 0
    for label in np.flatnonzero(is_large[1:]) + 1:
        left, top, width, height, _ = (int(value) for value in stats[label])
        window = window_of((left, top, left + width, top + height))
        piece = (labels[window] == label).astype(np.uint8)
        rest = without_frame(piece, least_side)
        if rest is not None:
            own[window] = np.where(piece > 0, rest, own[window])
            num_frames += 1
    return mask, num_frames


def without_frame(piece: Mask, least_side: int) -> Mask | None:
    """Take the straight sides off a piece that is a box; None where it is none.

    Args:
        piece: `uint8 (h, w)`, one connected piece, cropped to its box.
        least_side: The least width and height of a box.
    """
    frame = _frame_of(piece, least_side)
    if frame is None:
        return None
    left, top, right, bottom = frame
    if min((right - left) / piece.shape[1], (bottom - top) / piece.shape[0]) < _LEAST_SHARE:
        return None
    window = window_of(frame)
    own = np.ascontiguousarray(piece[window])
    sides = _sides_of(own)
    if sides is None:
        return None
    across, down = sides
    left_over = without(own, across, outer=0)
    left_over = turned(without(turned(left_over), down, outer=0))
    left_over = _without_sides(without_rests(own, left_over))
    is_narrow = own.shape[0] > _NARROW * own.shape[1]
    if is_narrow and not left_over.any():
        return None
    rest = piece.copy()
    rest[window] = left_over
    return rest


def _without_sides(left_over: Mask) -> Mask:
    """Leave out what lies wholly where sides are: the fourth one, which was not straight enough."""
    height, width = left_over.shape
    x, y = round(width * _SIDE_BAND), round(height * _SIDE_BAND)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left_over, connectivity=8)
    left, top = stats[:, 0], stats[:, 1]
    right, bottom = left + stats[:, 2], top + stats[:, 3]
    is_side = (right <= x) | (left >= width - x) | (bottom <= y) | (top >= height - y)
    keeps = (~is_side).astype(np.uint8)
    keeps[0] = 0
    return np.asarray(keeps[labels], np.uint8)


def _frame_of(piece: Mask, least_side: int) -> Box | None:
    """Give the box around the sides, by the holes in them, or where they are open by their hull."""
    found, tree = cv2.findContours(piece, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    contours = [np.asarray(points, np.int32) for points in found]
    holes = [points for points, (*_, parent) in zip(contours, tree[0], strict=True) if parent >= 0]
    whole = (0, 0, piece.shape[1], piece.shape[0])
    if holes:
        left, top, width, height = cv2.boundingRect(np.concatenate(holes))
        if min(width, height) >= least_side and _is_rectangular(np.concatenate(holes)):
            x, y = round(width * _SIDE) + 2, round(height * _SIDE) + 2
            right, bottom = min(left + width + x, whole[2]), min(top + height + y, whole[3])
            return max(left - x, 0), max(top - y, 0), right, bottom
    is_open = piece.mean() < _MOST_INK and _is_rectangular(max(contours, key=len))
    return whole if is_open else None


def _is_rectangular(points: NDArray[np.int32]) -> bool:
    _, (width, height), _ = cv2.minAreaRect(points)
    return bool(cv2.contourArea(cv2.convexHull(points)) >= _LEAST_HULL * width * height)


def _sides_of(own: Mask) -> tuple[Mask, Mask] | None:
    """Mark the sides that lie and those that stand, turned; None where it is no box."""
    upright = turned(own)
    for leeway in (0, _LEEWAY):
        across, num_across = horizontal_lines(own, leeway)
        down, num_down = horizontal_lines(upright, leeway)
        if num_across + num_down > _MOST_LINES:
            return None
        if sum(_outer_sides(across)) + sum(_outer_sides(down)) >= _LEAST_SIDES:
            return across, down
    return None


def _outer_sides(lines: Mask) -> tuple[bool, bool]:
    """Keep the lines near the top and the bottom, and tell whether there are any."""
    outer = max(1, round(lines.shape[0] * _OUTER))
    lines[outer:-outer] = 0
    return bool(lines[:outer].any()), bool(lines[-outer:].any())
