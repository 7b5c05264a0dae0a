"""From a map of ink to the digit's own pieces: not the page's edge, lines, shadows or specks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.boxes import Box, fills, inked_window, least_gap, window_of
from recognizer.imaging.errors import BlankImage

# A piece is part of the page's edge when so much of its own size lies on the picture's border …
_EDGE_CONTACT = 0.5
# … and it is rather an area than a stroke: so much of its box is ink;
_SOLID, _THIN = 0.5, 0.08
# or when at least so little of it does, and nearly all of its ink is in a band along the border;
_LEAST_CONTACT, _HUGGING, _BAND = 0.05, 0.75, 0.12
# which is narrow for its own size too;
_OWN_BAND = 0.3
# or when nearly all of it does.
_WHOLE_CONTACT = 0.9
# What ends so near the border, as a share of the longest side, is cut by it.
_CUT_MARGIN = 0.005
# Specks: less ink than this share of the largest piece's, or lower than this share of the picture.
_SPECK_AREA = 0.01
_SPECK_SIDE = 0.02

# Rests of grids have less than this share of the ink's own darkness.
_FAINT_BESIDE = 0.3

# The smallest glyph, as a share of the longest side: a digit of 15 px on a canvas of 280.
_SMALLEST = 0.05
# Below this share it has to be darker than grain; and as dark as on a canvas if it is cut, since
# on photos that is a rest of something else.
_SMALL, _SMALL_DARKNESS, _CUT_DARKNESS = 0.15, 2.5, 10.0
# A rest of a line, or a dash, is so much wider than high; the widest digit of MNIST is 1.9.
_FLATTEST = 3.0
# The mean of a stroke over the threshold: the upper threshold of the hysteresis.
_FAINT_DARKNESS = 1.25
# Pieces belong together across gaps up to this share of the larger one's size.
_JOINED_GAP = 0.12
# Two that are both as high as digits only when so much of the narrower is over the other's width:
# the halves of a 4 are; slanted digits beside each other overlap less.
_JOINED_OVERLAP = 0.4
# … and when the smaller is not much fainter than the larger, as shadows beside strokes are.
_JOINED_DARKNESS = 0.4
# A piece as high as this share of the tallest can be a digit of its own.
_DIGIT_HEIGHT = 0.55


@dataclass(frozen=True)
class Piece:
    """A connected component of ink; `is_cut` when it ends at the picture's border."""

    label: int
    box: Box
    area: int
    darkness: float
    is_cut: bool

    @property
    def size(self) -> int:
        """The longer side of the box, in pixels."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    @property
    def height(self) -> int:
        """The height of the box, in pixels."""
        return self.box[3] - self.box[1]


@dataclass(frozen=True)
class Glyph:
    """Pieces that are one character: their labels, and the box around them."""

    labels: tuple[int, ...]
    box: Box


@dataclass(frozen=True)
class Glyphs:
    """The digits' own ink, and what was taken away from it.

    Attributes:
        labels: `uint16 (h, w)`, which piece each pixel of ink belongs to; 0 is paper.
        found: The digit-like glyphs, from left to right.
        chosen: Which of them is the one that is meant.
        num_edges, num_specks: How many of each were removed.
    """

    labels: NDArray[np.uint16]
    found: list[Glyph]
    chosen: int
    num_edges: int
    num_specks: int

    def mask_of(self, glyph: Glyph) -> NDArray[np.uint8]:
        """Give `uint8 (h, w)`, 1 where this glyph's ink is."""
        window = window_of(glyph.box)
        mask = np.zeros(self.labels.shape, np.uint8)
        own = self.labels[window]
        mask[window] = np.logical_or.reduce([own == label for label in glyph.labels])
        return mask


def find_glyphs(
    mask: NDArray[np.uint8],
    darkness: NDArray[np.float32],
    threshold: float,
    *,
    is_whole: bool = False,
) -> Glyphs:
    """Group the ink into glyphs and choose the one that is meant.

    Args:
        mask: `uint8 (h, w)`, 1 where there is ink.
        darkness: `float32 (h, w)`, 0 paper … 1 black.
        threshold: The least darkness that was taken for ink.
        is_whole: Whether all digit-like glyphs are taken for one.

    Raises:
        BlankImage: There are only lines, edges and specks.
    """
    labels, pieces = pieces_of(mask, darkness)
    inner = [piece for piece in pieces if not is_edge(piece, labels)]
    kept = without_specks(inner, mask.shape)
    groups = [pieces for pieces in group(kept) if is_writing(pieces, mask.shape, threshold)]
    if not groups:
        raise BlankImage(
            "Expected a digit, but there are only lines, edges or specks. Draw one digit."
        )
    chosen = max(groups, key=lambda pieces: weight(pieces, mask.shape))
    found = [pieces for pieces in groups if is_digit_like(pieces, chosen)]
    if is_whole:
        found = [chosen] = [[piece for pieces in found for piece in pieces]]
    found.sort(key=box_of)
    return Glyphs(
        labels,
        [Glyph(tuple(piece.label for piece in pieces), box_of(pieces)) for pieces in found],
        chosen=found.index(chosen),
        num_edges=len(pieces) - len(inner),
        num_specks=len(inner) - len(kept),
    )


def pieces_of(
    mask: NDArray[np.uint8], darkness: NDArray[np.float32]
) -> tuple[NDArray[np.uint16], list[Piece]]:
    """Give the connected pieces of ink, and the map of their labels `uint16 (h, w)`.

    16 bits are enough (480 × 480 pixels hold at most 57,600 pieces) and three times as fast.
    """
    inked = inked_window(mask)
    own = mask[inked]
    num, found, stats, _ = cv2.connectedComponentsWithStats(own, connectivity=8, ltype=cv2.CV_16U)
    is_ink = own.view(np.bool_)
    sums = np.bincount(found[is_ink], darkness[inked][is_ink], num)
    stats[:, :2] += (inked[1].start, inked[0].start)
    pieces = []
    for label in range(1, num):
        left, top, width, height, area = (int(value) for value in stats[label])
        box = (left, top, left + width, top + height)
        pieces.append(Piece(label, box, area, float(sums[label]) / area, _is_cut(box, mask.shape)))
    labels = np.zeros(mask.shape, np.uint16)
    labels[inked] = found
    return labels, pieces


def is_edge(piece: Piece, labels: NDArray[np.uint16]) -> bool:
    """Tell the page's edge, a finger's shadow or a box's rest: it lies along the border.

    So does the bar of a 5 that touches it, but most of a digit's ink leads away from there.
    """
    if not piece.is_cut:
        return False
    sides = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    contacts = [int((side == piece.label).sum()) / piece.size for side in sides]
    num_long = sum(contact > _EDGE_CONTACT for contact in contacts)
    if fills(piece.box, labels.shape):  # cropped to it, or thin rests of lines all around
        return num_long > 1 or surrounds(piece, labels)
    if num_long > 2 or max(contacts) > _WHOLE_CONTACT:
        return True
    if max(contacts) < _LEAST_CONTACT:
        return False
    return hugs_border(piece, labels) or (num_long > 0 and is_solid(piece))


def hugs_border(piece: Piece, labels: NDArray[np.uint16]) -> bool:
    """Tell whether nearly all of a piece lies in a band along one side, or two that meet."""
    left, top, right, bottom = piece.box
    height, width = labels.shape
    band = max(1, round(min(_BAND * max(labels.shape), _OWN_BAND * piece.size)))
    y, x = np.nonzero(labels[top:bottom, left:right] == piece.label)
    x, y = x + left, y + top
    upright, level = (x < band, x >= width - band), (y < band, y >= height - band)
    return any(float((one | other).mean()) > _HUGGING for one in upright for other in level)


def surrounds(piece: Piece, labels: NDArray[np.uint16]) -> bool:
    """Tell thin rests of lines all around: little of the box is ink, and that near the border."""
    left, top, right, bottom = piece.box
    band = max(1, round(_BAND * max(labels.shape)))
    inside = int((labels[band:-band, band:-band] == piece.label).sum())
    is_thin = piece.area < _THIN * (right - left) * (bottom - top)
    return is_thin and inside < (1 - _HUGGING) * piece.area


def is_solid(piece: Piece) -> bool:
    """Tell an area from a stroke."""
    left, top, right, bottom = piece.box
    return piece.area > _SOLID * (right - left) * (bottom - top)


def without_specks(pieces: list[Piece], shape: tuple[int, ...]) -> list[Piece]:
    """Leave out what is too small for any part of a digit, or too faint beside one."""
    if not pieces:
        return []
    darkest = max(pieces, key=lambda piece: piece.area * piece.darkness**2).darkness
    pieces = [piece for piece in pieces if piece.darkness >= _FAINT_BESIDE * darkest]
    least_area = _SPECK_AREA * max(piece.area * piece.darkness for piece in pieces)
    least_side = max(2.0, _SPECK_SIDE * max(shape))
    return [p for p in pieces if p.area * p.darkness >= least_area and p.size >= least_side]


def group(pieces: list[Piece]) -> list[list[Piece]]:
    """Join pieces that are close for their size: the bar of a 5, a broken stroke."""
    groups: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.size):
        near = [known for known in groups if _is_joined(piece, known)]
        groups = [known for known in groups if known not in near]
        groups.append([piece, *(other for known in near for other in known)])
    return groups


def is_writing(pieces: list[Piece], shape: tuple[int, ...], threshold: float) -> bool:
    """Tell writing from fibres and grain: it is not small, and not both faint and rather small."""
    left, top, right, bottom = box_of(pieces)
    size = max(right - left, bottom - top) / max(shape)
    darkness = max(piece.darkness for piece in pieces)
    least = _CUT_DARKNESS if any(piece.is_cut for piece in pieces) else _SMALL_DARKNESS
    if size < _SMALL and darkness < least * threshold:
        return False
    is_flat = right - left > _FLATTEST * (bottom - top)
    return size >= _SMALLEST and darkness > _FAINT_DARKNESS * threshold and not is_flat


def weight(pieces: list[Piece], shape: tuple[int, ...]) -> float:
    """Weigh a glyph: large, dark and near the middle is what is meant."""
    left, top, right, bottom = box_of(pieces)
    size = max(right - left, bottom - top)
    ink = sum(piece.area * piece.darkness for piece in pieces)
    off_x = abs((left + right) / shape[1] - 1)
    off_y = abs((top + bottom) / shape[0] - 1)
    return float(size * np.sqrt(ink) * (1.2 - max(off_x, off_y)))


def is_digit_like(pieces: list[Piece], chosen: list[Piece]) -> bool:
    """Tell whether a glyph could be a digit beside the chosen one: as high, and as dark."""
    if pieces is chosen:
        return True
    _, top, _, bottom = box_of(pieces)
    own = box_of(chosen)
    is_high = bottom - top > _DIGIT_HEIGHT * (own[3] - own[1])
    is_beside = _overlap(box_of(pieces), own) <= _JOINED_OVERLAP
    is_level = min(bottom, own[3]) - max(top, own[1]) > 0.5 * min(bottom - top, own[3] - own[1])
    is_dark = max(p.darkness for p in pieces) > 0.5 * max(p.darkness for p in chosen)
    return is_high and is_beside and is_level and is_dark


def box_of(pieces: list[Piece]) -> Box:
    """Give the box around all pieces."""
    lefts, tops, rights, bottoms = zip(*(piece.box for piece in pieces), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _is_cut(box: Box, shape: tuple[int, ...]) -> bool:
    return least_gap(box, shape) <= _CUT_MARGIN * max(shape)


def _is_joined(piece: Piece, known: list[Piece]) -> bool:
    largest: Piece = max(known, key=lambda other: other.size)
    if piece.is_cut != largest.is_cut:
        return False  # what leaves the picture is no part of a digit that does not
    if piece.darkness < _JOINED_DARKNESS * largest.darkness:
        return False
    gap = _gap(piece.box, box_of(known))
    if min(piece.height, largest.height) > _DIGIT_HEIGHT * largest.size:
        return gap == 0 and _overlap(piece.box, box_of(known)) > _JOINED_OVERLAP
    return gap <= _JOINED_GAP * max(largest.size, piece.size)


def _overlap(one: Box, other: Box) -> float:
    """Give how much of the narrower box is over or under the other, as a share."""
    common = min(one[2], other[2]) - max(one[0], other[0])
    return common / min(one[2] - one[0], other[2] - other[0])


def _gap(one: Box, other: Box) -> float:
    across = max(one[0] - other[2], other[0] - one[2], 0)
    down = max(one[1] - other[3], other[1] - one[3], 0)
    return float(np.hypot(across, down))
