"""Why a drawing was read as it was: what would be read without each of its parts. Stores nothing.

Of several strokes each is left out in turn; of one stroke, of a scribble and of a picture, small
squares of the digit are. All that is left is read in one batch. Source: occlusion (Zeiler and
Fergus 2014, "Visualizing and understanding convolutional networks").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recognizer import imaging, pen
from recognizer.imaging.layout import CENTRE, SIDE
from recognizer.imaging.segmentation import way_named
from recognizer.models import Prediction, Submission
from recognizer.recognition import Look, Reading, look, read_as, read_digits

Kind = Literal["strokes", "occlusion"]
Verdict = Prediction.Verdict
Box = tuple[float, float, float, float]  # left, top, right, bottom

# A digit has one to four. Strokes that follow each other go together where there are more than the
# most: what is left without each is drawn and searched, 8 ms where they cross, and all is to take
# 50 (`make bench`).
MOST_STROKES, NUM_GROUPS = 4, 3
# Of more, and of what the pen takes long to draw, squares are left out: without each group 60
# strokes take 25 ms.
MOST_GROUPED = 12
# The squares' side and distance, in the digit's pixels: twice as wide as its stroke. Without one of
# them 35 % of 150 sure digits of MNIST are read surely as another one; with 7 px 64 % are, and
# nearly each place would decide, with 4 px apart 15 %.
SQUARE, STEP = 5, 3
# Squares with less ink than so many full pixels are left out: nothing is there.
LEAST_INK = 2


class SeveralDigits(Exception):
    """There is more than one digit: why each was read is a question of its own."""


@dataclass(frozen=True)
class Part:
    """What was left out, and what is read without it.

    Attributes:
        weight: By how much the probability of the digit that was read falls without it, -1 to 1;
            less than 0 where it speaks against that digit.
        without: What is read without it.
        width: Of the stroke, or of the square, in the picture's pixels.
        path: The stroke's way, or those of the strokes that go together, as SVG; else empty.
        box: The square, in the picture's pixels; None where it is a stroke.
        num_strokes: How many strokes it is; 0 where it is a square.
    """

    weight: float
    without: Reading
    width: float
    path: str = ""
    box: Box | None = None
    num_strokes: int = 0


@dataclass(frozen=True)
class Why:
    """What a reading rests on.

    Attributes:
        kind: Whether strokes were left out, or squares of the digit.
        prediction: The reading that is explained.
        picture_size: Width and height of the picture over which the parts lie, in its pixels.
        parts: What was left out in turn; some of the picture at least.
        strongest: Which of them the sentence speaks of; None where nothing has any weight.
        is_decisive: Whether without it another thing would be read, or of what is not sure, surely.
    """

    kind: Kind
    prediction: Prediction
    picture_size: tuple[int, int]
    parts: list[Part]
    strongest: int | None
    is_decisive: bool


def explain(seen: Look, strokes: Sequence[pen.Stroke] | None = None) -> Why:
    """Find what a reading rests on.

    Args:
        seen: The reading, as `look` gave it.
        strokes: What its picture was drawn from; None where that is not known.

    Raises:
        imaging.BlankImage: Nothing was read.
        SeveralDigits: Several digits were read.
    """
    if seen.segmentation is None:
        raise imaging.BlankImage("Expected a digit to explain, but the picture is blank.")
    if seen.prediction.is_number or seen.prediction.verdict == Verdict.SEVERAL:
        raise SeveralDigits("Expected one digit to explain, but several were read.")
    parts = list(_without_strokes(seen, strokes)) if strokes and _is_cheap(strokes) else []
    kind: Kind = "strokes" if len(parts) > 1 else "occlusion"
    if kind == "occlusion":
        parts = list(_without_squares(seen, seen.segmentation))
    strongest, is_decisive = _strongest(parts, seen.prediction)
    height, width = seen.picture.pixels.shape[:2]
    return Why(kind, seen.prediction, (width, height), parts, strongest, is_decisive)


def explain_drawing(
    *, drawing: bytes | str | None, strokes: list[dict[str, Any]] | None, source: str
) -> Why:
    """Read a drawing with the active version, and find what that rests on.

    Strokes that came with a picture are left out where what they draw reads as the picture does: a
    program may send others.

    Args:
        drawing, strokes, source: As for `look`.

    Raises:
        imaging.UnreadableImage, imaging.BlankImage, SeveralDigits: There is nothing to explain.
        recognition.NoActiveVersion: There is nothing to read it with.

    Queries: 1, or 2 where there are a picture and strokes.
    """
    seen = look(drawing=drawing, strokes=strokes, source=source)
    if drawing is None:
        return explain(seen, strokes)
    height, width = seen.picture.pixels.shape[:2]
    if strokes and width == height and _is_cheap(strokes):
        drawn = look(strokes=strokes, source=source)
        if drawn.prediction.is_shown_as(seen.prediction):
            return explain(drawn, strokes)
    return explain(seen)


def explain_stored(submission: Submission) -> Why:
    """The same for a stored picture.

    Raises:
        FileNotFoundError: The picture is gone.
        imaging.BlankImage, SeveralDigits, recognition.NoActiveVersion: As above.

    Queries: 1, or 2 where there are strokes.
    """
    with submission.image.open("rb") as file:
        png: bytes = file.read()
    return explain_drawing(drawing=png, strokes=submission.strokes, source=submission.source)


def _is_cheap(strokes: Sequence[pen.Stroke]) -> bool:
    """Tell whether it takes little time to leave strokes out; of a scribble it does not."""
    return len(strokes) <= MOST_GROUPED and not pen.is_scribble(strokes)


def _without_strokes(seen: Look, strokes: Sequence[pen.Stroke]) -> Iterator[Part]:
    """Leave each stroke out that can be seen, or each group of them; what erases stays."""
    groups = _groups(strokes)
    pictures = [
        pen.draw([stroke for place, stroke in enumerate(strokes) if place not in group])
        for group in groups
    ]
    is_seen = [not np.array_equal(one.pixels, seen.picture.pixels) for one in pictures]
    groups = [group for group, shows in zip(groups, is_seen, strict=True) if shows]
    if len(groups) < 2:
        return
    pictures = [picture for picture, shows in zip(pictures, is_seen, strict=True) if shows]
    segmentation = seen.prediction.submission.receipt["segmentation"]
    readings = read_as(pictures, segmentation, seen.loaded)
    for group, without in zip(groups, readings, strict=True):
        own = [strokes[place] for place in group]
        yield Part(
            weight=_weight(seen.prediction, without),
            without=without,
            width=round(float(np.mean([pen.width_of(stroke) for stroke in own])), 1),
            path=" ".join(map(pen.path_of, own)),
            num_strokes=len(own),
        )


def _groups(strokes: Sequence[pen.Stroke]) -> list[list[int]]:
    """Number the strokes that leave ink; of more than the most, in groups of one length."""
    inked = [
        place
        for place, stroke in enumerate(strokes)
        if stroke["points"] and not pen.is_eraser(stroke)
    ]
    if len(inked) <= MOST_STROKES:
        return [[place] for place in inked]
    lengths = np.cumsum([len(strokes[place]["points"]) for place in inked])
    groups: list[list[int]] = [[] for _ in range(NUM_GROUPS)]
    for place, length in zip(inked, lengths.tolist(), strict=True):
        groups[min(length * NUM_GROUPS // (lengths[-1] + 1), NUM_GROUPS - 1)].append(place)
    return [group for group in groups if group]


def _without_squares(seen: Look, segmentation: imaging.Segmentation) -> Iterator[Part]:
    """Leave squares of the digit's ink out, where they are."""
    digit = segmentation.digit
    corners = [
        (left, top)
        for top in range(0, SIDE - SQUARE + 1, STEP)
        for left in range(0, SIDE - SQUARE + 1, STEP)
        if digit[top : top + SQUARE, left : left + SQUARE].sum() >= LEAST_INK * 255
    ]
    readings = read_digits(_occluded(digit, corners), seen.loaded)
    for (left, top), without in zip(corners, readings, strict=True):
        square = (left, top, left + SQUARE, top + SQUARE)
        box = in_picture(square, seen.prediction.submission.receipt)
        yield Part(
            weight=_weight(seen.prediction, without),
            without=without,
            width=round(box[2] - box[0], 1),
            box=box,
        )


def _occluded(digit: NDArray[np.uint8], corners: Sequence[tuple[int, int]]) -> NDArray[np.uint8]:
    """Lay paper over a square at each corner: `uint8 (N, 28, 28)`."""
    occluded = np.repeat(digit[np.newaxis], len(corners), axis=0)
    for one, (left, top) in zip(occluded, corners, strict=True):
        one[top : top + SQUARE, left : left + SQUARE] = 0
    return occluded


def in_picture(square: tuple[int, int, int, int], receipt: Mapping[str, Any]) -> Box:
    """Find a part of the digit on the picture that it came from, as far as that has pixels.

    Args:
        square: Left, top, right, bottom in the digit's 28 × 28 pixels.
        receipt: How the picture became the digit; of this release, so that nothing is missing.

    Returns:
        Left, top, right, bottom in the picture's pixels, to a tenth.
    """
    left, top, right, bottom = receipt["crop_box"]
    width, height = receipt["picture_size"]
    is_laid_out = way_named(receipt["segmentation"]).is_laid_out  # nothing was moved
    centre = SIDE / 2 if is_laid_out else CENTRE
    across, down = (centre + shift for shift in receipt["shift"])
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    corners = (
        middle_x + (square[0] - across) / receipt["scale"],
        middle_y + (square[1] - down) / receipt["scale"],
        middle_x + (square[2] - across) / receipt["scale"],
        middle_y + (square[3] - down) / receipt["scale"],
    )
    bounds = (width, height, width, height)
    found = [round(min(max(at, 0), bound), 1) for at, bound in zip(corners, bounds, strict=True)]
    return (found[0], found[1], found[2], found[3])


def _weight(whole: Prediction, without: Reading) -> float:
    digit = whole.digit or 0
    share: float = whole.probabilities[digit]
    return round(share - without.probabilities[digit], 4)


def _strongest(parts: Sequence[Part], whole: Prediction) -> tuple[int | None, bool]:
    """Choose the part to speak of, and tell whether it decides.

    Of a sure reading it is the heaviest of those without which another thing would be read; of what
    is not sure, that without which a digit would be read most surely. Where there is none, it is
    the heaviest of all.
    """
    places = range(len(parts))

    def weight(place: int) -> float:
        return parts[place].weight

    if whole.verdict == Verdict.DIGIT:
        decisive = [place for place in places if _changes(parts[place].without, whole)]
        if decisive:
            return max(decisive, key=weight), True
    else:
        settling = [place for place in places if parts[place].without.verdict == Verdict.DIGIT]
        if settling:
            return max(settling, key=lambda place: parts[place].without.confidence), True
    heaviest = max(places, key=weight, default=None)
    has_weight = heaviest is not None and parts[heaviest].weight > 0
    return (heaviest if has_weight else None), False


def _changes(without: Reading, whole: Prediction) -> bool:
    return (without.verdict, without.digit) != (whole.verdict, whole.digit)
