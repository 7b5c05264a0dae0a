"""Boxes: left, top, right, bottom in pixels, right and bottom not included."""

from __future__ import annotations

Box = tuple[int, int, int, int]

# A digit fills a picture that was cropped to it, but for this share of the longest side.
_CROP_MARGIN = 0.08


def fills(box: Box, shape: tuple[int, ...]) -> bool:
    """Tell whether a box is nearly the whole picture, as after a crop to the digit."""
    gap = max(box[0], box[1], shape[1] - box[2], shape[0] - box[3])
    return gap <= _CROP_MARGIN * max(shape)


def least_gap(box: Box, shape: tuple[int, ...]) -> int:
    """Give how near a box comes to the picture's border."""
    return min(box[0], box[1], shape[1] - box[2], shape[0] - box[3])
