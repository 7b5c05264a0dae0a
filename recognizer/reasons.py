"""What a reading rests on: in words, and as programs get it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.answers import Answer, figure
from recognizer.marks import Mark, marks_of
from recognizer.models import Prediction
from recognizer.recognition import Reading
from recognizer.why import Part, Why
from recognizer.words import PERHAPS

Verdict = Prediction.Verdict

# The sentences, by what was left out and by what is read then.
STROKE = {
    "digit": gettext_lazy("Without the marked stroke I would read {digit}."),
    "surely": gettext_lazy("Without the marked stroke I would read {digit}, surely."),
    "unsure": gettext_lazy("Without the marked stroke I would not be sure any more."),
    "several": gettext_lazy("Without the marked stroke I would see several digits."),
    "nothing": gettext_lazy("Without the marked stroke I would see no digit."),
    "undecided": gettext_lazy("No single stroke decides it."),
    "unsettled": gettext_lazy("No single stroke would settle it."),
}
PART = {
    "digit": gettext_lazy("Without the marked part I would read {digit}."),
    "surely": gettext_lazy("Without the marked part I would read {digit}, surely."),
    "unsure": gettext_lazy("Without the marked part I would not be sure any more."),
    "several": gettext_lazy("Without the marked part I would see several digits."),
    "nothing": gettext_lazy("Without the marked part I would see no digit."),
    "undecided": gettext_lazy("No single part decides it."),
    "unsettled": gettext_lazy("No single part would settle it."),
}
# What is read without a part, in a few words.
READINGS = {
    Verdict.DIGIT: gettext_lazy("{digit}, {percent}"),
    Verdict.UNSURE: gettext_lazy("perhaps {digit}, {percent}"),
    Verdict.SEVERAL: gettext_lazy("several digits"),
    Verdict.NOT_A_DIGIT: gettext_lazy("no digit"),
    Verdict.BLANK: gettext_lazy("nothing"),
}
# Where a part is, by thirds of the digit: down, then across.
PLACES = (
    (gettext_lazy("top left"), gettext_lazy("top"), gettext_lazy("top right")),
    (gettext_lazy("left"), gettext_lazy("middle"), gettext_lazy("right")),
    (gettext_lazy("bottom left"), gettext_lazy("bottom"), gettext_lazy("bottom right")),
)

# Squares that are told in words: the heaviest of so many places.
MOST_TOLD = 5


@dataclass(frozen=True)
class Told:
    """A part in words."""

    name: str
    words: str
    is_strongest: bool


@dataclass(frozen=True)
class Reasons:
    """What a page shows of a `Why`."""

    why: Why
    sentence: str
    marks: list[Mark]
    told: list[Told]

    @classmethod
    def of(cls, why: Why, stored: Prediction | None = None) -> Reasons:
        """Say it in words.

        Args:
            why: What was found.
            stored: What was read when the picture came; another version may read now.
        """
        return cls(why, _sentence(why, stored), list(marks_of(why)), list(_told(why)))

    @property
    def digit(self) -> str:
        """The digit that parts speak for or against, as "a seven"."""
        return str(PERHAPS[self.why.prediction.digit or 0])

    @property
    def has_against(self) -> bool:
        return any(part.weight < 0 for part in self.why.parts)

    @property
    def is_marked(self) -> bool:
        return self.why.strongest is not None

    def as_json(self) -> dict[str, Any]:
        """Give it as programs get it."""
        prediction = self.why.prediction
        return {
            "kind": self.why.kind,
            "verdict": prediction.verdict,
            "digit": prediction.digit,
            "confidence": prediction.confidence,
            "picture_size": self.why.picture_size,
            "parts": [
                _part_as_json(part, is_strongest=place == self.why.strongest)
                for place, part in enumerate(self.why.parts)
            ],
            "sentence": self.sentence,
        }


def _part_as_json(part: Part, *, is_strongest: bool) -> dict[str, Any]:
    where = {"path": part.path} if part.box is None else {"box": part.box}
    without = part.without
    return where | {
        "width": part.width,
        "weight": part.weight,
        "is_strongest": is_strongest,
        "without": {
            "verdict": without.verdict,
            "digit": without.digit,
            "confidence": without.confidence,
        },
    }


def _sentence(why: Why, stored: Prediction | None) -> str:
    sentences = STROKE if _is_of_strokes(why) else PART
    is_sure = why.prediction.verdict == Verdict.DIGIT
    if why.strongest is None or not why.is_decisive:
        return _by_whom(why, stored) + str(sentences["undecided" if is_sure else "unsettled"])
    without = why.parts[why.strongest].without
    match without.verdict:
        case Verdict.DIGIT:
            name = "digit" if is_sure else "surely"
        case Verdict.UNSURE:
            name = "unsure"
        case Verdict.SEVERAL:
            name = "several"
        case _:
            name = "nothing"
    digit = PERHAPS[without.digit or 0]
    return _by_whom(why, stored) + str(sentences[name]).format(digit=digit)


def _by_whom(why: Why, stored: Prediction | None) -> str:
    """Begin with what is read now, where that is another thing than was read then."""
    now = why.prediction
    if stored is None or now.is_shown_as(stored):
        return ""
    return (
        _("The model that reads now says: {headline}").format(headline=Answer.to(now).headline)
        + " "
    )


def _is_of_strokes(why: Why) -> bool:
    """Whether each part is one stroke, so that it can be called one."""
    return all(part.num_strokes == 1 for part in why.parts)


def _told(why: Why) -> Iterator[Told]:
    """Tell each stroke in its order; of the squares the heaviest, one a place."""
    places = list(range(len(why.parts)))
    if why.kind == "occlusion":
        places.sort(key=lambda place: (place != why.strongest, -abs(why.parts[place].weight)))
    told: dict[str, Told] = {}
    for place in places:
        name = _name(why, place)
        words = _words(why.parts[place], why.prediction)
        told.setdefault(name, Told(name, words, is_strongest=place == why.strongest))
    yield from list(told.values())[: MOST_TOLD if why.kind == "occlusion" else None]


def _name(why: Why, place: int) -> str:
    box = why.parts[place].box
    if box is not None:
        return str(_place(why, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
    text = _("Stroke {number} of {total}") if _is_of_strokes(why) else _("Part {number} of {total}")
    return text.format(number=place + 1, total=len(why.parts))


def _place(why: Why, x: float, y: float) -> Any:
    """Name the third of the digit, down and across, in which a point of its picture is."""
    left, top, right, bottom = why.prediction.submission.receipt["crop_box"]
    across = min(max(int(3 * (x - left) / max(right - left, 1)), 0), 2)
    down = min(max(int(3 * (y - top) / max(bottom - top, 1)), 0), 2)
    return PLACES[down][across]


def _words(part: Part, whole: Prediction) -> str:
    sentence = (
        _("speaks against {digit}; without it: {reading}")
        if part.weight < 0
        else _("speaks for {digit}; without it: {reading}")
    )
    return sentence.format(digit=PERHAPS[whole.digit or 0], reading=_reading(part.without))


def _reading(reading: Reading) -> str:
    words = str(READINGS[Verdict(reading.verdict)])
    return words.format(digit=PERHAPS[reading.digit or 0], percent=figure(reading.confidence))
