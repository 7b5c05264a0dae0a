"""How a picture became a digit, step by step: what a page shows of it, with a sentence each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from recognizer import imaging
from recognizer.imaging.segmentation import way_named
from recognizer.models import Submission

# Each step's name in addresses, and as `imaging.explain` calls it.
NAMES = {
    "picture": "picture",
    "grey": "grey",
    "ink": "ink",
    "lines": "lines removed",
    "strokes": "strokes",
    "glyphs": "glyphs",
    "digit": "digit",
}
# What is taken for a digit as it is has no other steps.
_AS_IT_IS = ("picture", "grey", "digit")

TITLES = {
    "picture": gettext_lazy("The picture"),
    "grey": gettext_lazy("In grey"),
    "ink": gettext_lazy("Its ink"),
    "lines": gettext_lazy("Without lines and boxes"),
    "strokes": gettext_lazy("Its strokes"),
    "glyphs": gettext_lazy("The digit, found"),
    "digit": gettext_lazy("What the model saw"),
}


LINES = ngettext_lazy("%(num)d line", "%(num)d lines", "num")
BOXES = ngettext_lazy("%(num)d box", "%(num)d boxes", "num")
EDGES = ngettext_lazy("%(num)d edge of the picture", "%(num)d edges of the picture", "num")
SPECKS = ngettext_lazy("%(num)d speck", "%(num)d specks", "num")


@dataclass(frozen=True)
class ShownStep:
    """One step: its address, what it is, and what it decided."""

    name: str
    url: str
    title: str
    caption: str


class NoSuchStep(LookupError):
    """The picture went no such step."""


def steps_of(submission: Submission, url_of: Callable[[str], str]) -> list[ShownStep]:
    """List the steps that a stored picture went. Makes none of their pictures.

    Args:
        submission: Whose receipt tells; rows of long ago tell less.
        url_of: Gives the address of a step's picture: of the reading's page, or another one.
    """
    receipt = submission.receipt
    return [
        ShownStep(name, url_of(name), str(TITLES[name]), CAPTIONS[name](receipt))
        for name in names_of(receipt)
    ]


def names_of(receipt: Mapping[str, Any]) -> list[str]:
    """Name the steps of the way that was taken."""
    return list(_AS_IT_IS if _is_as_it_is(receipt) else NAMES)


def _is_as_it_is(receipt: Mapping[str, Any]) -> bool:
    return way_named(receipt.get("segmentation", "")).is_laid_out


def png_of(submission: Submission, name: str) -> bytes:
    """Take the stored picture's steps once more, and give one of them as PNG.

    Args:
        submission: Whose picture.
        name: One of its steps, as `names_of` gives them.

    Raises:
        NoSuchStep: It is none of them, or the picture gets no further in this release.
        FileNotFoundError: The picture is gone.
    """
    receipt = submission.receipt
    if name not in names_of(receipt):
        raise NoSuchStep(f"Expected one of {', '.join(names_of(receipt))}; received {name!r:.40}.")
    with submission.image.open("rb") as file:
        picture = imaging.decode(file.read())
    for step in imaging.explain(picture, receipt.get("segmentation", "")):
        if step.name == NAMES[name]:
            return imaging.to_png(imaging.Picture(step.pixels, "PNG", picture.original_size))
    raise NoSuchStep(f"The picture has no step {name!r} any more.")


def _picture(receipt: Mapping[str, Any]) -> str:
    size, original = receipt.get("picture_size"), receipt.get("original_size")
    if not size:
        return _("As it came.")
    if original and list(original) != list(size):
        sentence = _("{size} points, made smaller from {original}.")
        text = sentence.format(size=_size(size), original=_size(original))
    else:
        text = _("{size} points.").format(size=_size(size))
    if receipt.get("is_composited"):
        text += " " + _("Where it was see-through, a plain ground was laid under it.")
    return text


def _grey(receipt: Mapping[str, Any]) -> str:
    size = receipt.get("working_size")
    if _is_as_it_is(receipt) or not size:
        return _("Colours are gone, contrast is left.")
    return _("{size} points: what the next steps work at.").format(size=_size(size))


def _ink(receipt: Mapping[str, Any]) -> str:
    is_light = receipt.get("polarity") == "light_on_dark"
    if "threshold" not in receipt:
        return _("What is darker or lighter than the ground around it.")
    sentence = (
        _("Ink: light on dark, lighter than the ground by {percent} and more.")
        if is_light
        else _("Ink: dark on light, darker than the paper by {percent} and more.")
    )
    figure = number_format(100 * receipt["threshold"], 1)
    return sentence.format(percent=f"{figure}\N{NO-BREAK SPACE}%")


def _lines(receipt: Mapping[str, Any]) -> str:
    if "num_lines" not in receipt:
        return _("What is left where lines and boxes are taken away.")
    taken = _counted(receipt, [("num_lines", LINES), ("num_frames", BOXES)])
    if not taken:
        return _("No lines and no boxes were there to take away.")
    return _("Taken away: {what}.").format(what=taken)


def _strokes(receipt: Mapping[str, Any]) -> str:
    return _("What is left, with the faint ends of each stroke.")


def _glyphs(receipt: Mapping[str, Any]) -> str:
    if "num_glyphs" not in receipt:
        return _("What was taken for a digit.")
    num = receipt["num_glyphs"]
    found = ngettext("{num} digit found.", "{num} digits found.", num).format(num=num)
    left_out = _counted(receipt, [("num_edges", EDGES), ("num_specks", SPECKS)])
    if not left_out:
        return found
    return found + " " + _("Left out: {what}.").format(what=left_out)


def _digit(receipt: Mapping[str, Any]) -> str:
    if "shift" not in receipt or "stroke_width" not in receipt:
        return _("28 × 28 points.")
    moved = _moved(*receipt["shift"])
    width = number_format(receipt["stroke_width"], 1)
    sentence = _("28 × 28 points, {moved}; the pen is {width} of them wide.")
    return sentence.format(moved=moved, width=width)


CAPTIONS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "picture": _picture,
    "grey": _grey,
    "ink": _ink,
    "lines": _lines,
    "strokes": _strokes,
    "glyphs": _glyphs,
    "digit": _digit,
}


def _counted(receipt: Mapping[str, Any], counts: Sequence[tuple[str, Any]]) -> str:
    """List what there was of each kind, as "4 lines, 1 box"; empty where there was nothing."""
    return ", ".join(
        words % {"num": receipt[name]} for name, words in counts if receipt.get(name, 0)
    )


def _size(size: Sequence[int]) -> str:
    return f"{size[0]} × {size[1]}"


def _moved(across: float, down: float) -> str:
    """Say how far the centre of mass was moved, of the digit's pixels."""
    ways = [
        (across, gettext_lazy("{num} to the right"), gettext_lazy("{num} to the left")),
        (down, gettext_lazy("{num} down"), gettext_lazy("{num} up")),
    ]
    moves = [
        str(forward if by > 0 else back).format(num=number_format(abs(by), 0 if by % 1 == 0 else 1))
        for by, forward, back in ways
        if abs(by) >= 0.1
    ]
    if not moves:
        return _("already in the middle")
    return _("moved {ways}").format(ways=_(" and ").join(moves))
