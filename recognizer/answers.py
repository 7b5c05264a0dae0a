"""A prediction in words and figures for people: the page and its script say the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.models import DIGITS, Prediction

Verdict = Prediction.Verdict

SURE = (
    gettext_lazy("A zero."),
    gettext_lazy("A one."),
    gettext_lazy("A two."),
    gettext_lazy("A three."),
    gettext_lazy("A four."),
    gettext_lazy("A five."),
    gettext_lazy("A six."),
    gettext_lazy("A seven."),
    gettext_lazy("An eight."),
    gettext_lazy("A nine."),
)
PERHAPS = (
    gettext_lazy("a zero"),
    gettext_lazy("a one"),
    gettext_lazy("a two"),
    gettext_lazy("a three"),
    gettext_lazy("a four"),
    gettext_lazy("a five"),
    gettext_lazy("a six"),
    gettext_lazy("a seven"),
    gettext_lazy("an eight"),
    gettext_lazy("a nine"),
)
HEADLINES = {
    Verdict.UNSURE: gettext_lazy("Perhaps {first}, or {second}."),
    Verdict.SEVERAL: gettext_lazy("I see {number} digits."),
    Verdict.NOT_A_DIGIT: gettext_lazy("I see no digit in this."),
    Verdict.BLANK: gettext_lazy("Nothing on the paper yet."),
}
MARKS = {  # one word and one icon for each: colour alone says nothing
    Verdict.DIGIT: gettext_lazy("Sure"),
    Verdict.UNSURE: gettext_lazy("Not sure"),
    Verdict.SEVERAL: gettext_lazy("Several"),
    Verdict.NOT_A_DIGIT: gettext_lazy("Not a digit"),
    Verdict.BLANK: gettext_lazy("Blank"),
}
TIPS = {
    Verdict.DIGIT: "",
    Verdict.UNSURE: gettext_lazy("A clearer stroke would settle it."),
    Verdict.SEVERAL: gettext_lazy("I read one at a time. Send just one of them."),
    Verdict.NOT_A_DIGIT: gettext_lazy("Try one digit, large, in the middle."),
    Verdict.BLANK: gettext_lazy("Draw one digit, then press “Read it”."),
}
ICONS = {
    Verdict.DIGIT: "check",
    Verdict.UNSURE: "tilde",
    Verdict.SEVERAL: "copies",
    Verdict.NOT_A_DIGIT: "cross",
    Verdict.BLANK: "sheet",
}


@dataclass(frozen=True)
class Bar:
    """One of the ten: a digit, its share in percent, and whether it is a candidate."""

    digit: int
    percent: float
    is_candidate: bool


@dataclass(frozen=True)
class Box:
    """A part of the picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def of(cls, left: int, top: int, right: int, bottom: int) -> Box:
        return cls(left, top, right - left, bottom - top)

    def square(self, margin: float = 0.12) -> Box:
        """The square around it, with a margin as a share of its longer side."""
        side = round(max(self.width, self.height) * (1 + 2 * margin))
        left = self.left + (self.width - side) // 2
        return Box(left, self.top + (self.height - side) // 2, side, side)


NO_BARS = [Bar(digit, 0.0, is_candidate=False) for digit in DIGITS]


@dataclass(frozen=True)
class Answer:
    """What a page says of a prediction."""

    prediction: Prediction
    headline: str
    mark: str
    tip: str
    icon: str
    candidates: list[int]
    bars: list[Bar]

    @classmethod
    def to(cls, prediction: Prediction) -> Answer:
        verdict = Verdict(prediction.verdict)
        ranking = sorted(DIGITS, key=lambda digit: -prediction.probabilities[digit])
        candidates = ranking[: {Verdict.DIGIT: 1, Verdict.UNSURE: 2}.get(verdict, 0)]
        return cls(
            prediction=prediction,
            headline=_headline(verdict, candidates, prediction),
            mark=str(MARKS[verdict]),
            tip=str(TIPS[verdict]),
            icon=ICONS[verdict],
            candidates=candidates,
            bars=[
                Bar(digit, percent(share), digit in candidates)
                for digit, share in enumerate(prediction.probabilities)
            ],
        )

    @property
    def picture_size(self) -> list[int]:
        """Width and height of the stored picture, in pixels; empty where the receipt has none."""
        size: list[int] = self.prediction.submission.receipt.get("picture_size", [])
        return size

    @property
    def boxes(self) -> list[Box]:
        """Where digits were found in the picture."""
        receipt = self.prediction.submission.receipt
        return [Box.of(*corners) for corners in receipt.get("boxes", [])]

    @property
    def crop(self) -> Box | None:
        """A square around the part of the picture that became the digit."""
        corners = self.prediction.submission.receipt.get("crop_box")
        return Box.of(*corners).square() if corners else None

    @property
    def latency(self) -> int:
        return math.ceil(self.prediction.latency_ms)

    @property
    def percent(self) -> float:
        return percent(self.prediction.confidence)


def percent(share: float) -> float:
    """Round down to a tenth: what is 99.97 % sure is not called certain."""
    return math.floor(share * 1000 + 1e-9) / 10


def words() -> dict[str, Any]:
    """Give the page's script the same words; its own for what only it can meet."""
    return {
        "sure": [str(text) for text in SURE],
        "perhaps": [str(text) for text in PERHAPS],
        "headlines": {str(verdict): str(text) for verdict, text in HEADLINES.items()},
        "marks": {str(verdict): str(text) for verdict, text in MARKS.items()},
        "tips": {str(verdict): str(text) for verdict, text in TIPS.items()},
        "icons": {str(verdict): icon for verdict, icon in ICONS.items()},
        "facts": _("Model {number} · {latency} ms"),
        "page": _("Its own page"),
        "several": _("I see several digits."),
        "problems": {
            "error": _("That did not work"),
            "offline": _("You are offline"),
            "no_active_version": _("No model is at work"),
            "too_many_requests": _("A moment, please"),
        },
        "offline": _("Your drawing is still here. I will read it when the connection is back."),
        "unexpected": _("Something broke on the way. Please try again in a while."),
        "thanks": _("Thank you. You say it was {digit}; a person will look at it."),
        "not_an_image": _("I read pictures: PNG, JPEG, WebP, GIF or BMP."),
    }


def _headline(verdict: Verdict, candidates: list[int], prediction: Prediction) -> str:
    if verdict == Verdict.DIGIT:
        return str(SURE[candidates[0]])
    number = prediction.submission.receipt.get("num_glyphs")
    if verdict == Verdict.SEVERAL and not number:
        return _("I see several digits.")
    first, second = ([*candidates, 0, 0])[:2]
    return HEADLINES[verdict].format(first=PERHAPS[first], second=PERHAPS[second], number=number)
