"""Takes straight lines across the picture out of its ink: ruled paper, grids, boxes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.boxes import fills

Mask = NDArray[np.uint8]

# Lines are sought up to 0.13 (7°) aslant: people hold phones about that straight.
_STEEPEST = 0.13
# Lines are sought on a mask of this size and removed from the whole one.
_COARSEST = 160
# A line is followed over the whole picture in this many parts …
_NUM_PARTS = 6
# … each of which it covers at least so far: ink fails on rough paper, a digit ends before.
_PART_COVERED = 0.55
_COVERED = 0.8
# What is thicker than this share of the picture is an edge or a fat stroke, not a line.
_THICKEST = 0.12
# … and so is, but within the outer sixths, what is thicker than this for the other lines.
_EVEN, _OUTER = 1.6, 1 / 6
# What is left within half a line's thickness and so many pixels of it is its own rim.
_RIM = 2
# One digit has at most this many straight strokes over its whole box: a 1 with its base.
MOST_STROKES = 2
# A picture so much wider than high, with upright lines only, is a number.
_NUMBER = 1.3
# A cropped digit is nearly all of the ink.
_CROPPED_SHARE = 0.85


def remove_lines(mask: Mask) -> tuple[Mask, int]:
    """Take away lines that run from side to side; strokes that cross them stay.

    Only where the ink is about as thick as the line it goes: what is thicker is a stroke across.
    Source: projections of the sheared picture (Postl 1986, skew detection), and the removal by run
    length of form-processing systems (Yu and Jain 1996, "A generic system for form dropout").

    Args:
        mask: `uint8 (h, w)`, 1 where there may be ink.

    Returns:
        The same without lines, and how many lines there were.
    """
    left_over, num_across = _without_horizontal(mask)
    left_over, num_down = _without_horizontal(turned(left_over))
    num_lines = num_across + num_down
    if num_across == 0 and mask.shape[1] > _NUMBER * mask.shape[0]:
        return mask, 0  # a number cropped to its height: its stems run from top to bottom
    is_stem = (num_across, num_down) == (0, 1)
    if 0 < num_lines <= MOST_STROKES and _is_cropped(mask, is_stem=is_stem):
        return mask, 0
    return (without_rests(mask, turned(left_over)) if num_lines else mask), num_lines


def turned(mask: Mask) -> Mask:
    """Let columns be rows: what is done along rows then goes along columns."""
    return np.asarray(cv2.transpose(mask), np.uint8)


def _is_cropped(mask: Mask, *, is_stem: bool) -> bool:
    """Tell a picture cropped to its digit, where a stem or a bar runs from side to side.

    A stem that is all of the ink is a 1 that was cropped above and below.
    """
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, width, height, area = max(stats[1:].tolist(), key=lambda stat: stat[4])
    box = (left, top, left + width, top + height)
    return (is_stem or fills(box, mask.shape)) and area > _CROPPED_SHARE * int(mask.sum())


def _without_horizontal(mask: Mask) -> tuple[Mask, int]:
    if not _reaches_across(mask):
        return mask, 0
    lines, num_lines = horizontal_lines(mask)
    return without(mask, lines), num_lines


def _reaches_across(mask: Mask) -> bool:
    """Tell whether there is ink enough for a line in all parts of the width."""
    columns = mask.max(axis=0)[np.newaxis] * 255  # (1, w)
    parts = cv2.resize(columns, (_NUM_PARTS, 1), interpolation=cv2.INTER_AREA) / 255
    return bool(parts.min() > _PART_COVERED and parts.mean() > _COVERED)


def without(mask: Mask, lines: Mask, *, outer: float = _OUTER) -> Mask:
    """Take what is marked as a horizontal line out of the ink, but for the strokes across it.

    Args:
        mask: `uint8 (h, w)`, 1 where there is ink.
        lines: `uint8 (h, w)`, 1 where lines run.
        outer: The share of the height above and below in which lines may differ in thickness.
    """
    num, labels, _, centres = cv2.connectedComponentsWithStats(
        lines, connectivity=8, ltype=cv2.CV_16U
    )
    if num < 2:
        return mask
    ink = np.bincount(labels[mask.view(np.bool_)], minlength=num) / mask.shape[1]
    thickness = ink.astype(int) + 1  # (num,)
    is_even = thickness <= _EVEN * np.median(thickness[1:]) + 1
    is_outer = np.abs(centres[:, 1] / mask.shape[0] - 0.5) > 0.5 - outer
    is_line = (thickness <= _THICKEST * mask.shape[0] + 2) & (is_even | is_outer)
    is_line[0] = False
    widths = np.where(is_line, thickness, 0).astype(np.uint16)[labels]  # (h, w)
    for thick in np.unique(thickness[is_line]):
        marked = (widths == thick).astype(np.uint8)
        mask = mask & (1 - _removable(mask, marked, int(thick)))
    return mask


def without_rests(mask: Mask, left_over: Mask) -> Mask:
    """Leave out what lies wholly along the lines that were taken away: their own ragged rims.

    Args:
        mask: `uint8 (h, w)`, 1 where there was ink.
        left_over: The same without lines.
    """
    gone = mask & (1 - left_over)
    half_line = float(cv2.distanceTransform(gone, cv2.DIST_L2, 3).max())
    reach = 2 * (round(half_line) + _RIM) + 1
    near = cv2.dilate(gone, np.ones((reach, reach), np.uint8))
    num, labels = cv2.connectedComponents(left_over, connectivity=8, ltype=cv2.CV_16U)
    goes_on = np.zeros(num, np.uint8)
    goes_on[labels[near == 0]] = 1
    goes_on[0] = 0
    return np.asarray(goes_on[labels], np.uint8)


def horizontal_lines(mask: Mask, leeway: float = 0) -> tuple[Mask, int]:
    """Mark each straight way from side to side that is ink nearly all along.

    Args:
        mask: `uint8 (h, w)`, 1 where there may be ink.
        leeway: By how much less the first and the last part may be covered.

    Returns:
        `uint8 (h, w)`, 1 where lines run, and how many there are.
    """
    height, width = mask.shape
    thick = 255 * _coarse(np.asarray(cv2.dilate(mask, np.ones((3, 1), np.uint8)), np.uint8))
    rows, columns = thick.shape
    # One step moves the line's ends by 1.5 px, which the thickening bridges.
    num_slopes = 2 * round(_STEEPEST * columns / 2 / 1.5) + 1
    covered = _PART_COVERED * 255
    lines = np.zeros_like(thick)
    for slope in np.linspace(-_STEEPEST, _STEEPEST, num_slopes):
        shear = np.array([[1, 0, 0], [slope, 1, -slope * (columns - 1) / 2]])
        level = cv2.warpAffine(
            thick, shear, (columns, rows), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        )
        parts = cv2.resize(level, (_NUM_PARTS, rows), interpolation=cv2.INTER_AREA)
        is_line = cv2.reduce(parts, 1, cv2.REDUCE_AVG).ravel() > (_COVERED - leeway / 3) * 255
        if is_line.any():
            is_line &= cv2.reduce(parts[:, 1:-1].copy(), 1, cv2.REDUCE_MIN).ravel() > covered
            is_line &= np.minimum(parts[:, 0], parts[:, -1]) > covered - leeway * 255
        if is_line.any():
            across = np.repeat(is_line.astype(np.uint8)[:, np.newaxis], columns, axis=1)
            back = cv2.warpAffine(across, shear, (columns, rows), flags=cv2.INTER_NEAREST)
            lines |= np.asarray(back, np.uint8)
    num_lines = cv2.connectedComponents(lines, connectivity=8)[0] - 1
    full = cv2.resize(lines, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(full, np.uint8), num_lines


def _coarse(mask: Mask) -> Mask:
    """Shrink to `_COARSEST` a side, keeping all ink: finding lines there costs an eighth."""
    ratio = _COARSEST / max(mask.shape)
    if ratio >= 1:
        return mask
    size = (max(1, round(mask.shape[1] * ratio)), max(1, round(mask.shape[0] * ratio)))
    return (cv2.resize(mask * 255, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)


def _removable(mask: Mask, line: Mask, thickness: int) -> Mask:
    """Keep what goes on well beyond the line, above or below: it crosses it."""
    near = cv2.dilate(line, np.ones((3, 1), np.uint8))
    tall = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2 * thickness + 2, 1), np.uint8))
    return mask & np.asarray(near, np.uint8) & (1 - np.asarray(tall, np.uint8))
