"""The sequence of steps from a picture to its digits, and the few ways in which it can be run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.imaging.boxes import Box
from recognizer.imaging.decode import Picture
from recognizer.imaging.errors import BlankImage
from recognizer.imaging.frames import remove_frames
from recognizer.imaging.glyphs import Glyph, Glyphs, find_glyphs
from recognizer.imaging.ink import (
    Ink,
    find_ink,
    lightness_of_ink,
    separability,
    stroke_mask,
    to_grey,
    to_working_scale,
)
from recognizer.imaging.layout import SIDE, Laid, lay_out, stroke_width
from recognizer.imaging.lines import MOST_STROKES, remove_lines

# What looks on while a picture is segmented: the step's name, and what it gave.
Watch = Callable[[str, Any], None]


@dataclass(frozen=True)
class Way:
    """One way of segmenting: its name in receipts, and where it leaves the usual way.

    Attributes:
        is_inverted: The ink is on the other side of the paper than it seems.
        keeps_lines: What runs from side to side is a stroke, not a line of the page.
        is_whole: All glyphs are pieces of one digit.
        is_laid_out: The picture is a digit as MNIST lays it out: nothing is sought on it.
            Inverted, its ink is not the sparser side but the other.
    """

    name: str
    is_inverted: bool = False
    keeps_lines: bool = False
    is_whole: bool = False
    is_laid_out: bool = False


USUAL = Way("usual")
WITH_LINES = Way("with_lines", keeps_lines=True)
INVERTED = Way("inverted", is_inverted=True)
WHOLE = Way("whole", is_whole=True)
AS_IT_IS = Way("as_it_is", is_laid_out=True)
AS_IT_IS_INVERTED = Way("as_it_is_inverted", is_inverted=True, is_laid_out=True)
WAYS = {way.name: way for way in (USUAL, WITH_LINES, INVERTED, WHOLE, AS_IT_IS, AS_IT_IS_INVERTED)}

# Pictures of at most so many pixels a side may be digits of 28 px already, under noise, haze or
# lines that no step takes away.
_LARGEST_LAID_OUT = 32
# What the usual way finds blank, and still is in two tones: Otsu's separability. Digits under broad
# stripes have 0.93 and more, even shade 0.76 and less, noise 0.7.
_TWO_TONES = 0.9


@dataclass(frozen=True)
class Receipt:
    """How a drawing became a digit. Boxes are (left, top, right, bottom) in the picture's pixels.

    Attributes:
        format: The file's format, by its signature.
        original_size, picture_size, working_size: Width and height in the file, of the picture
            that is stored, and of the scale that the steps worked at.
        is_composited: Whether transparent pixels were laid on a background.
        polarity: `dark_on_light` or `light_on_dark`.
        is_polarity_doubtful: Whether much is lighter and much is darker than the paper.
        threshold: The least darkness against the paper that was taken for ink, 0 to 1.
        crop_box: The digit's box.
        scale: The digit's pixels for one of the picture's.
        shift: How far (x, y) the centre of mass was moved to the centre, in the digit's pixels.
        stroke_width: The stroke's mean width as drawn, in the digit's pixels.
        num_glyphs, boxes: How many digit-like glyphs there are, and where, from left to right.
        num_lines, num_frames, num_edges, num_specks: How many were removed.
        segmentation: The way it was segmented; `usual`, or the alternative that read best.
        num_segmentations: How many were read.
    """

    format: str
    original_size: tuple[int, int]
    picture_size: tuple[int, int]
    working_size: tuple[int, int]
    is_composited: bool
    polarity: str
    is_polarity_doubtful: bool
    threshold: float
    crop_box: Box
    scale: float
    shift: tuple[float, float]
    stroke_width: float
    num_glyphs: int
    boxes: list[Box]
    num_lines: int
    num_frames: int
    num_edges: int
    num_specks: int
    segmentation: str
    num_segmentations: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON can hold it."""
        return dict(vars(self))


@dataclass(frozen=True)
class Segmentation:
    """The digits that one way of segmenting finds on a picture.

    Attributes:
        digits: `uint8 (N, 28, 28)`, 0 paper … 255 ink, one a glyph, from left to right.
        chosen: Which of them is the one that is meant, where one is: large, dark, in the middle.
        receipt: How they came about; its `boxes` are theirs.
    """

    digits: NDArray[np.uint8]
    chosen: int
    receipt: Receipt

    @property
    def digit(self) -> NDArray[np.uint8]:
        """The chosen one, `uint8 (28, 28)`."""
        return np.asarray(self.digits[self.chosen])


def segment(
    picture: Picture, way: Way = USUAL, watch: Watch = lambda step, seen: None
) -> Segmentation:
    """Find the digits on a picture and lay each out as MNIST does.

    Args:
        picture: What `decode` gave.
        way: How to segment it.
        watch: Is told what each step gave.

    Raises:
        BlankImage: There is no ink on it.
    """
    if way.is_laid_out:
        return _as_it_is(picture, way, watch)
    grey = to_working_scale(to_grey(picture.pixels))
    watch("grey", grey)
    ink = find_ink(grey, is_inverted=way.is_inverted)
    watch("ink", ink)
    without_lines, num_frames = remove_frames(ink.candidates)
    num_lines = 0
    if not way.keeps_lines:
        without_lines, num_lines = remove_lines(without_lines)
    watch("lines", (without_lines, num_frames, num_lines))
    mask = stroke_mask(ink.darkness, without_lines)
    watch("strokes", mask)
    glyphs = find_glyphs(mask, ink.darkness, ink.threshold, is_whole=way.is_whole)
    watch("glyphs", glyphs)
    laid = [lay_out(ink.darkness, glyphs.mask_of(glyph), glyph.box) for glyph in glyphs.found]
    watch("digits", laid)
    receipt = _receipt(picture, way, ink, glyphs, laid[glyphs.chosen], num_frames, num_lines)
    return Segmentation(np.stack([one.digit for one in laid]), glyphs.chosen, receipt)


def _as_it_is(picture: Picture, way: Way, watch: Watch) -> Segmentation:
    """Take the whole picture for a digit that is laid out."""
    grey = to_grey(picture.pixels)
    watch("grey", grey)
    is_light = (lightness_of_ink(grey) > 0) != way.is_inverted
    light = grey if is_light else 255 - grey
    digit = np.asarray(cv2.resize(light, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
    ink = Ink(
        darkness=np.asarray(light / 255, np.float32),
        candidates=np.ones_like(grey),
        polarity="light_on_dark" if is_light else "dark_on_light",
        is_polarity_doubtful=True,
        threshold=0.0,
    )
    height, width = grey.shape
    whole = Glyph((1,), (0, 0, width, height))
    glyphs = Glyphs(np.ones_like(grey, np.uint16), [whole], 0, num_edges=0, num_specks=0)
    laid = Laid(digit, SIDE / max(height, width), (0.0, 0.0), stroke_width(np.pad(digit > 127, 1)))
    watch("digits", [laid])
    receipt = _receipt(picture, way, ink, glyphs, laid, num_frames=0, num_lines=0)
    return Segmentation(digit[np.newaxis], 0, receipt)


def way_named(name: str) -> Way:
    """Give the way of a receipt's `segmentation`; the usual one for names of other releases."""
    return WAYS.get(name, USUAL)


def alternatives(picture: Picture, first: Segmentation | None) -> list[Segmentation]:
    """Segment a picture in the other ways that can be right, where the usual one reads unsurely.

    Args:
        picture: What `decode` gave.
        first: What the usual way gave; None where it found the picture blank.

    Returns:
        Those that give other digits than the usual way.
    """
    known = [first] if first else []
    ways = _other_ways(first.receipt) if first else _ways_of_blanks(picture)
    for way in ways:
        try:
            other = segment(picture, way)
        except BlankImage:
            continue
        if not any(np.array_equal(other.digits, one.digits) for one in known):
            known.append(other)
    return known[1:] if first else known


def may_mislead(first: Segmentation) -> bool:
    """Tell whether what the usual way found can be read surely and still be the wrong thing.

    On a tiny picture, what is left of a digit under noise or bars may well look like another one.
    """
    receipt = first.receipt
    num_removed = receipt.num_lines + receipt.num_frames + receipt.num_edges
    is_disturbed = receipt.is_polarity_doubtful or num_removed > 0
    return is_disturbed and _may_be_laid_out(*receipt.picture_size)


def _ways_of_blanks(picture: Picture) -> tuple[Way, ...]:
    """Bars from side to side pass for paper or rests: then there is much contrast in a blank."""
    height, width = picture.pixels.shape[:2]
    if not _may_be_laid_out(width, height) or separability(to_grey(picture.pixels)) < _TWO_TONES:
        return ()
    return AS_IT_IS, AS_IT_IS_INVERTED


def _other_ways(receipt: Receipt) -> Iterator[Way]:
    """Name what may have gone wrong, by what the usual way met."""
    if receipt.num_glyphs > 1 and _is_narrow(receipt.boxes):
        yield WHOLE
    if 0 < receipt.num_lines <= MOST_STROKES:
        yield WITH_LINES
    if receipt.is_polarity_doubtful:
        yield INVERTED
    if _may_be_laid_out(*receipt.picture_size):
        yield AS_IT_IS
        if receipt.is_polarity_doubtful:
            yield AS_IT_IS_INVERTED


def _may_be_laid_out(width: int, height: int) -> bool:
    """Tell whether a picture is small and square, as a digit of a data set is."""
    return max(width, height) <= _LARGEST_LAID_OUT and abs(width - height) <= 1


def _is_narrow(boxes: list[Box]) -> bool:
    """Tell whether all glyphs together are no wider than high, as one broken digit is."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return bool(max(rights) - min(lefts) <= max(bottoms) - min(tops))


def _receipt(
    picture: Picture,
    way: Way,
    ink: Ink,
    glyphs: Glyphs,
    laid: Laid,
    num_frames: int,
    num_lines: int,
) -> Receipt:
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
        is_polarity_doubtful=ink.is_polarity_doubtful,
        threshold=round(ink.threshold, 4),
        crop_box=_scaled(glyphs.found[glyphs.chosen].box, ratio),
        scale=round(laid.scale / ratio, 5),
        shift=(round(laid.shift[0], 2), round(laid.shift[1], 2)),
        stroke_width=round(laid.stroke_width, 2),
        num_glyphs=len(glyphs.found),
        boxes=[_scaled(glyph.box, ratio) for glyph in glyphs.found],
        num_lines=num_lines,
        num_frames=num_frames,
        num_edges=glyphs.num_edges,
        num_specks=glyphs.num_specks,
        segmentation=way.name,
    )


def _scaled(box: Box, ratio: float) -> Box:
    left, top, right, bottom = (round(side * ratio) for side in box)
    return left, top, right, bottom
