"""What to try where a reading is not sure: one piece of advice, and why this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from recognizer.models import DIGITS, Prediction, Submission

Verdict = Prediction.Verdict

# The thresholds are for readings that are not sure already, and name the likeliest cause. Each is
# about the end of what is read surely: 545 such readings of our real photos by the shipped model.

# A digit's longer side, as a share of the picture's: 95 % are above 0.35.
SMALL = 0.3
# The stroke's width in the digit's pixels: half of the 1.9 to which imaging thickens thinner ones.
# Some are read all the same, but what was hardly there cannot be thickened truly.
THIN = 0.95
# The least darkness that is surely ink. It is 0.045 in good light and grows with the noise of a
# dark photo: 90 % are below, and all that we darkened to a seventh of their light are above.
NOISY = 0.085
# Specks, and lines and edges together, that were taken away from around the digit: 90 % have fewer.
SPECKLED, RULED = 24, 7


class Advice(TextChoices):
    """One word for programs, and the words for people."""

    DRAW_LARGER = "draw_larger", _("It is small. Draw it larger, so that it fills the paper.")
    COME_CLOSER = "come_closer", _("It is small in this picture. Come closer, or crop it.")
    BROADER_PEN = "broader_pen", _("The line is very thin. A broader pen would help.")
    MORE_LIGHT = "more_light", _("The picture is dark or grainy. More light would help.")
    PLAIN_PAPER = "plain_paper", _("There is much around it. Plain paper would help.")
    DARK_ON_LIGHT = (
        "dark_on_light",
        _("I took it for light ink on a dark ground. Dark ink on light paper is read best."),
    )
    CLEARER_STROKE = "clearer_stroke", _("A clearer stroke would settle it.")
    CLOSED_LOOP = "closed_loop", _("A nine has a closed loop, a four an open top.")
    BAR_ON_SEVEN = "bar_on_seven", _("A short bar through a seven would settle it.")
    OPEN_LEFT = "open_left", _("A three is open on its left, an eight is closed.")
    ROUND_BELLY = (
        "round_belly",
        _("Closing the six’s loop, or opening the five, would settle it."),
    )
    ONE_DIGIT = (
        "one_digit",
        _("Try one digit, 0 to 9, large and in the middle. Letters I cannot read."),
    )
    ONE_AT_A_TIME = "one_at_a_time", _("Sent one at a time, they are read best of all.")
    UNCLEAR_PART = (
        "unclear_part",
        _("I am not sure of the {digit}. On its own it is read best."),
    )


# What tells two digits apart that are often mistaken for each other.
_TELLING = {
    frozenset({4, 9}): Advice.CLOSED_LOOP,
    frozenset({1, 7}): Advice.BAR_ON_SEVEN,
    frozenset({3, 8}): Advice.OPEN_LEFT,
    frozenset({5, 6}): Advice.ROUND_BELLY,
}


def advise(prediction: Prediction) -> Advice | None:
    """Say what would help; None where the reading is sure. The submission must be at hand."""
    if prediction.is_number:
        return Advice.UNCLEAR_PART if unclear_part(prediction.parts) else Advice.ONE_AT_A_TIME
    submission = prediction.submission
    cause = _cause(submission.receipt, is_drawn=submission.source == Submission.Source.DRAWN)
    match prediction.verdict:
        case Verdict.SEVERAL:  # of before there were parts
            return Advice.ONE_AT_A_TIME
        case Verdict.UNSURE:
            likeliest = frozenset(ranking(prediction)[:2])
            return cause or _TELLING.get(likeliest, Advice.CLEARER_STROKE)
        case Verdict.NOT_A_DIGIT:
            return cause or Advice.ONE_DIGIT
    return None


def unclear_part(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Give the least sure of several digits; None where all are sure."""
    least = min(parts, key=lambda part: part["confidence"], default=None)
    return least if least and is_doubtful(least) else None


def is_doubtful(part: Mapping[str, Any]) -> bool:
    """Tell whether one of several digits was unsure, by the version that read it."""
    return bool(part.get("verdict", Verdict.DIGIT) != Verdict.DIGIT)  # older rows do not say


def ranking(prediction: Prediction) -> list[int]:
    """List the ten digits, the likeliest first."""
    return sorted(DIGITS, key=lambda digit: -prediction.probabilities[digit])


def _cause(receipt: Mapping[str, Any], *, is_drawn: bool) -> Advice | None:
    """Find why it may be unsure: what most often is the matter comes first."""
    if _share(receipt) < SMALL:
        return Advice.DRAW_LARGER if is_drawn else Advice.COME_CLOSER
    if receipt.get("stroke_width", THIN) < THIN:
        return Advice.BROADER_PEN
    if is_drawn:  # a canvas has its own light and paper
        return None
    if receipt.get("threshold", 0.0) >= NOISY:
        return Advice.MORE_LIGHT
    num_around = receipt.get("num_lines", 0) + receipt.get("num_edges", 0)
    if receipt.get("num_specks", 0) >= SPECKLED or num_around >= RULED:
        return Advice.PLAIN_PAPER
    return Advice.DARK_ON_LIGHT if receipt.get("polarity") == "light_on_dark" else None


def _share(receipt: Mapping[str, Any]) -> float:
    """The longer side of the digit as a share of the picture's; 1 where it is not known."""
    if not receipt.get("crop_box") or not receipt.get("picture_size"):
        return 1.0
    left, top, right, bottom = receipt["crop_box"]
    share: float = max(right - left, bottom - top) / max(receipt["picture_size"])
    return share
