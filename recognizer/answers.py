"""A prediction in words and figures for people, as a page shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format

from recognizer.advice import advise, is_doubtful, ranking, unclear_part
from recognizer.models import DIGITS, Prediction
from recognizer.words import (
    BLANK_TIP,
    HEADLINES,
    ICONS,
    LABEL_SIZE,
    LIKELY_FROM,
    MANY_HEADLINES,
    MARKS,
    MOST_LISTED,
    NUMBER_HEADLINES,
    NUMBERS,
    PERHAPS,
    SURE,
    SURENESS,
    THANKS,
)

Verdict = Prediction.Verdict


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

    @property
    def middle(self) -> float:
        return self.left + self.width / 2

    def cut_out(self, margin: float = 0.08) -> Box:
        """What is cut out of the picture around it: little, so that no neighbour is seen."""
        room = round(max(self.width, self.height) * margin)
        return Box(self.left - room, self.top - room, self.width + 2 * room, self.height + 2 * room)

    def square(self, margin: float = 0.12) -> Box:
        """The square around it, with a margin as a share of its longer side."""
        side = round(max(self.width, self.height) * (1 + 2 * margin))
        left = self.left + (self.width - side) // 2
        return Box(left, self.top + (self.height - side) // 2, side, side)


NO_BARS = [Bar(digit, 0.0, is_candidate=False) for digit in DIGITS]


@dataclass(frozen=True)
class Part:
    """One of several digits; `is_doubtful` when it is not sure.

    `above` and `below` are where its digit and its figure are written over the picture.
    """

    digit: int
    percent: float
    is_doubtful: bool
    box: Box
    above: float
    below: float

    @property
    def whole_percent(self) -> int:
        return int(self.percent)

    @classmethod
    def of(cls, part: dict[str, Any], picture_size: list[int]) -> Part:
        confidence, box = part["confidence"], Box.of(*part["box"])
        width, height = picture_size or (0, 0)
        room = LABEL_SIZE * max(width, height)
        return cls(
            digit=part["digit"],
            percent=percent(confidence),
            is_doubtful=is_doubtful(part),
            box=box,
            above=round(max(box.top - room, room), 1),
            below=round(min(box.top + box.height + room, height - room), 1),
        )


@dataclass(frozen=True)
class Answer:
    """What a page says of a prediction."""

    prediction: Prediction
    headline: str
    mark: str
    sureness: str
    tip: str
    icon: str
    candidates: list[int]
    bars: list[Bar]
    parts: list[Part]  # of several digits only

    @classmethod
    def to(cls, prediction: Prediction) -> Answer:
        verdict = Verdict(prediction.verdict)
        candidates = ranking(prediction)[: {Verdict.DIGIT: 1, Verdict.UNSURE: 2}.get(verdict, 0)]
        return cls(
            prediction=prediction,
            headline=_headline(verdict, candidates, prediction),
            mark=str(MARKS[verdict]),
            sureness=_sureness(verdict, prediction),
            tip=_tip(verdict, prediction),
            icon=ICONS[verdict],
            candidates=candidates,
            bars=[
                Bar(digit, percent(share), digit in candidates)
                for digit, share in enumerate(prediction.probabilities)
            ],
            parts=[
                Part.of(part, prediction.submission.receipt.get("picture_size", []))
                for part in _parts(prediction)
            ],
        )

    @property
    def numerals(self) -> list[str]:
        """What stands large: the digit, both candidates, or the number; nothing where none is."""
        if self.parts:
            return [self.prediction.digits]
        return [str(digit) for digit in self.candidates]

    @property
    def in_short(self) -> str:
        """What stands for it in a list."""
        mark = "?" if self.prediction.verdict == Verdict.UNSURE else ""
        return self.numerals[0] + mark if self.numerals else "–"

    @property
    def picture_size(self) -> list[int]:
        """Width and height of the stored picture, in pixels; empty where the receipt has none."""
        size: list[int] = self.prediction.submission.receipt.get("picture_size", [])
        return size

    @property
    def label_size(self) -> float:
        """The size of what is written over the picture, in its pixels."""
        return round(LABEL_SIZE * max(self.picture_size, default=0), 1)

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
    def thanks(self) -> str:
        """What the visitor is told of what they said it was."""
        return str(THANKS).format(digit=self.prediction.submission.claim)

    @property
    def latency(self) -> int:
        return math.ceil(self.prediction.latency_ms)


def percent(share: float) -> float:
    """Round down to a tenth: what is 99.97 % sure is not called certain."""
    return math.floor(share * 1000 + 1e-9) / 10


def figure(share: float) -> str:
    """Write a share for a sentence, as 99.9 %; no line ends before the sign."""
    return f"{number_format(percent(share), 1)}\N{NO-BREAK SPACE}%"


def _headline(verdict: Verdict, candidates: list[int], prediction: Prediction) -> str:
    if prediction.is_number or verdict == Verdict.SEVERAL:
        return _number_words(verdict, prediction)
    if verdict == Verdict.DIGIT:
        return str(SURE[candidates[0]])
    first, second = (PERHAPS[digit] for digit in [*candidates, 0, 0][:2])
    return HEADLINES[verdict].format(first=first, second=second)


def _number_words(verdict: Verdict, prediction: Prediction) -> str:
    """Count several digits, and name them; a row of before there were parts has the count alone."""
    num = len(prediction.parts) or prediction.submission.receipt.get("num_glyphs", 0)
    if not num:
        return str(HEADLINES[Verdict.SEVERAL])
    is_listed = prediction.parts and num <= MOST_LISTED
    number = str(NUMBERS[num]) if num < len(NUMBERS) else str(num)
    sentence = (NUMBER_HEADLINES if is_listed else MANY_HEADLINES)[verdict]
    return str(sentence).format(number=number, digits=", ".join(prediction.digits))


def _sureness(verdict: Verdict, prediction: Prediction) -> str:
    confidences = [part["confidence"] for part in _parts(prediction)]
    if verdict == Verdict.BLANK or (verdict == Verdict.SEVERAL and not confidences):
        return ""
    likeliest = ranking(prediction)[0]
    share = min(confidences, default=prediction.probabilities[likeliest])
    if confidences:
        verdict = Verdict.SEVERAL  # "at least", surely read or not
    if verdict == Verdict.NOT_A_DIGIT and share < LIKELY_FROM:
        return ""
    return str(SURENESS[verdict]).format(percent=figure(share), digit=PERHAPS[likeliest])


def _tip(verdict: Verdict, prediction: Prediction) -> str:
    if verdict == Verdict.BLANK:
        return str(BLANK_TIP)
    advice = advise(prediction)
    unclear = unclear_part(prediction.parts)
    digit = unclear["digit"] if unclear else ""
    return str(advice.label).format(digit=digit) if advice else ""


def _parts(prediction: Prediction) -> list[dict[str, Any]]:
    return prediction.parts if prediction.is_number else []
