"""What a reading rests on, as it lies over its picture: strokes and squares, as SVG has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recognizer.why import Part, Why

# The mark of the strongest stroke, and of the others, as a share of the stroke's own width.
STRONGEST_WIDTH, USUAL_WIDTH = 1.15, 0.6
# The faintest mark, so that a part without weight is seen to be one.
FAINTEST = 0.12


@dataclass(frozen=True)
class Mark:
    """A part as it lies over the picture; numbers are written as SVG reads them, in any language.

    Attributes:
        names: The classes: `is-for` or `is-against`, and `is-strongest`.
        width: Of the line: the stroke's mark, or around a square.
        path: Of strokes.
        x, y, across, down: Of a square.
        opacity: 0 to 1, by its weight beside the heaviest.
        dashes: For what speaks against it: not colour alone tells it.
    """

    names: str
    opacity: str
    width: str = ""
    path: str = ""
    x: str = ""
    y: str = ""
    across: str = ""
    down: str = ""
    dashes: str = ""


def marks_of(why: Why) -> Iterator[Mark]:
    """Mark the strongest last, so that it lies over the others."""
    heaviest = max((abs(part.weight) for part in why.parts), default=0.0) or 1.0
    places = sorted(range(len(why.parts)), key=lambda place: place == why.strongest)
    for place in places:
        part, is_strongest = why.parts[place], place == why.strongest
        share = max(abs(part.weight) / heaviest, FAINTEST)
        yield (_stroke_mark if part.box is None else _square_mark)(part, share, is_strongest)


def _stroke_mark(part: Part, share: float, is_strongest: bool) -> Mark:
    width = part.width * (STRONGEST_WIDTH if is_strongest else USUAL_WIDTH)
    return Mark(
        _names(part, is_strongest),
        opacity=f"{0.25 + 0.65 * share:.2f}",
        width=f"{width:.1f}",
        path=part.path,
        dashes=f"{width:.1f} {1.6 * width:.1f}" if part.weight < 0 else "",
    )


def _square_mark(part: Part, share: float, is_strongest: bool) -> Mark:
    left, top, right, bottom = part.box or (0.0, 0.0, 0.0, 0.0)
    return Mark(
        _names(part, is_strongest),
        opacity=f"{0.5 * share:.2f}",
        width=f"{part.width * (0.08 if is_strongest else 0):.1f}",
        x=f"{left:.1f}",
        y=f"{top:.1f}",
        across=f"{right - left:.1f}",
        down=f"{bottom - top:.1f}",
        dashes=f"{0.15 * part.width:.1f}" if part.weight < 0 else "",
    )


def _names(part: Part, is_strongest: bool) -> str:
    direction = "is-against" if part.weight < 0 else "is-for"
    return f"{direction} is-strongest" if is_strongest else direction
