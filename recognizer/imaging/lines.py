"""Takes straight lines across the picture out of its ink: ruled paper, grids, boxes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.glyphs import fills

Mask = NDArray[np.uint8]

# Lines are sought up to 0.1 (6°) aslant: people hold phones about that straight.
_STEEPEST = 0.1
# A line is followed over the whole picture in this many parts …
_NUM_PARTS = 6
# … each of which it covers at least so far: ink fails on rough paper, a digit ends before.
_PART_COVERED = 0.55
_COVERED = 0.8
# What is thicker than this share of the picture is an edge or a fat stroke, not a line.
_THICKEST = 0.12
# One digit has at most this many straight strokes over its whole box: a 1 with its base.
_MOST_STROKES = 2
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
    without, num_across = _without_horizontal(mask)
    turned, num_down = _without_horizontal(np.ascontiguousarray(without.T))
    num_lines = num_across + num_down
    if 0 < num_lines <= _MOST_STROKES and _is_cropped(mask):
        return mask, 0
    return np.ascontiguousarray(turned.T), num_lines


def _is_cropped(mask: Mask) -> bool:
    """Tell a picture cropped to its digit, where a stem or a bar runs from side to side."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, width, height, area = max(stats[1:].tolist(), key=lambda stat: stat[4])
    box = (left, top, left + width, top + height)
    return fills(box, mask.shape) and area > _CROPPED_SHARE * int(mask.sum())


def _without_horizontal(mask: Mask) -> tuple[Mask, int]:
    if mask.any(axis=0).mean() < _COVERED:
        return mask, 0
    lines = _horizontal_lines(mask)
    num, labels = cv2.connectedComponents(lines, connectivity=8)
    for label in range(1, num):
        line = labels == label
        thickness = int(mask[line].sum() / mask.shape[1]) + 1
        if thickness <= _THICKEST * mask.shape[0] + 2:
            mask = mask & (1 - _removable(mask, line, thickness))
    return mask, num - 1


def _horizontal_lines(mask: Mask) -> Mask:
    """Mark each straight way from side to side that is ink nearly all along."""
    height, width = mask.shape
    thick = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    # One step moves the line's ends by 1.5 px, which the thickening bridges.
    num_slopes = 2 * round(_STEEPEST * width / 2 / 1.5) + 1
    lines = np.zeros_like(mask)
    for slope in np.linspace(-_STEEPEST, _STEEPEST, num_slopes):
        shear = np.array([[1, 0, 0], [slope, 1, -slope * (width - 1) / 2]])
        level = cv2.warpAffine(
            thick, shear, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        )
        parts = cv2.resize(level * 255, (_NUM_PARTS, height), interpolation=cv2.INTER_AREA) / 255
        is_line = (parts.min(axis=1) > _PART_COVERED) & (parts.mean(axis=1) > _COVERED)
        if is_line.any():
            rows = np.repeat(is_line.astype(np.uint8)[:, np.newaxis], width, axis=1)
            back = cv2.warpAffine(rows, shear, (width, height), flags=cv2.INTER_NEAREST)
            lines |= np.asarray(back, np.uint8)
    return lines


def _removable(mask: Mask, line: NDArray[np.bool_], thickness: int) -> Mask:
    """Keep what goes on well beyond the line, above or below: it crosses it."""
    near = cv2.dilate(line.astype(np.uint8), np.ones((3, 1), np.uint8))
    tall = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2 * thickness + 2, 1), np.uint8))
    return mask & np.asarray(near, np.uint8) & (1 - np.asarray(tall, np.uint8))
