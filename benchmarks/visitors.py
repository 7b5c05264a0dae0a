"""Invented visitors who write as few people do: very slanted, thin, their sevens barred."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.drawings import encoded
from recognizer import imaging, recognition
from recognizer.models import Submission
from training import datasets, inks, shapes, strokes

# The paper as the page sends it, and what is written on it, in pixels.
PAPER, HEIGHT = 560, 260
# A fine pen's radius there: 6 of 448 (static/site/js/pad.js).
FINE = 7.5
# How they slant, as a tangent, and turn, in radians: 48° and 0° on average. The shipped model reads
# 99 % of digits that slant by 42°.
SLANT, TURN = (1.1, 0.08), (0.0, 0.04)
# Every other visitor uploads. Each has digits of the sample to themselves: a thirtieth of them.
UPLOADERS = 30
# Of drawn digits, less wide than they are in `shapes`.
SQUEEZE = 0.8
# The shapes of `shapes.SHAPES[7]` that have a bar.
BARRED = (1, 2, 3)


@dataclass(frozen=True)
class Sent:
    """What a visitor sends: a PNG, the strokes where it is drawn, and which digit it is."""

    png: bytes
    strokes: list[dict[str, Any]] | None
    label: int


@dataclass(frozen=True)
class Visitor:
    """One invented visitor, who draws all digits or uploads digits of the sample.

    Attributes:
        number: Counted from 0; all that is their own follows from it.
        slant, turn: How they lean their writing: a tangent, and radians.
        draws: Whether they draw on the page; else they upload pictures.
    """

    number: int
    slant: float
    turn: float
    draws: bool

    @classmethod
    def numbered(cls, number: int) -> Visitor:
        random = np.random.default_rng((1, number))
        slant, turn = random.normal(*SLANT), random.normal(*TURN)
        return cls(number, slant, turn, draws=number % 2 == 0)

    @property
    def key(self) -> str:
        """What their cookie would hold."""
        return hashlib.sha256(f"invented visitor {self.number}".encode()).hexdigest()[:32]

    def sends(self, num: int) -> Iterator[Sent]:
        """Write so many digits, 0 to 9 in turn."""
        random = np.random.default_rng((2, self.number))
        for place in range(num):
            label = place % 10
            yield self._draw(label, random) if self.draws else self._upload(label, place // 10)

    def _draw(self, label: int, random: np.random.Generator) -> Sent:
        """Draw a digit with the page's fine pen."""
        way = shapes.shaped(label, random)
        if label == 7:
            barred = shapes.SHAPES[7][int(random.choice(BARRED))]
            way = shapes.jittered(barred, random.uniform(0.45, 0.85), random)
        matrix = self._matrix @ np.diag([SQUEEZE, 1])
        leaning = [points @ matrix.T for points in strokes.fitted(way)]
        middle = PAPER / 2 + random.normal(0, 20, 2)
        placed = [points * HEIGHT + middle for points in strokes.fitted(leaning)]
        return Sent(encoded(_drawn(placed), "PNG"), [_recorded(points) for points in placed], label)

    def _upload(self, label: int, time: int) -> Sent:
        """Upload a picture: a digit of the sample's training part, leant and thinned."""
        digits = _sample()
        own = np.flatnonzero(digits.labels == label)[self.number // 2 % UPLOADERS :: UPLOADERS]
        ink = inks.enlarged(digits.images[own[time % len(own)]])
        middle = np.array(ink.shape[::-1]) / 2
        matrix = self._matrix * HEIGHT / max(ink.shape)
        moved = np.array([PAPER, PAPER]) / 2 - matrix @ middle
        leaning = cv2.warpAffine(ink, np.column_stack([matrix, moved]), (PAPER, PAPER))
        thin = cv2.erode(leaning, np.ones((7, 7), np.uint8))
        return Sent(encoded(Image.fromarray(255 - thin), "PNG"), None, label)

    @property
    def _matrix(self) -> NDArray[np.float64]:
        """Lean, then turn: x to the right, y downwards."""
        sine, cosine = np.sin(self.turn), np.cos(self.turn)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        return np.asarray(turn @ np.array([[1, -self.slant], [0, 1]]))


def store_labelled(num_visitors: int, each: int, reviewer: Any) -> list[Submission]:
    """Read what the first visitors send with the active version, and label it as what it is.

    Args:
        num_visitors: How many of them send.
        each: How many digits each sends.
        reviewer: The user who labels.

    Returns:
        The stored submissions, in the order in which they came.
    """
    stored = []
    for number in range(num_visitors):
        visitor = Visitor.numbered(number)
        for sent in visitor.sends(each):
            with suppress(imaging.BlankImage):  # as on the site: nothing is stored
                stored.append(_read_and_label(visitor, sent, reviewer))
    return stored


def _read_and_label(visitor: Visitor, sent: Sent, reviewer: Any) -> Submission:
    submission = recognition.recognize(
        drawing=sent.png,
        source="drawn" if visitor.draws else "uploaded",
        visitor_key=visitor.key,
        strokes=sent.strokes,
    ).submission
    submission.review(label=str(sent.label), by=reviewer)
    submission.save()
    return submission


def _drawn(way: list[NDArray[np.float64]]) -> Image.Image:
    image = Image.new("L", (PAPER, PAPER), 255)
    pen = ImageDraw.Draw(image)
    for points in way:
        line = [(float(x), float(y)) for x, y in points]
        pen.line(line, 0, round(2 * FINE), joint="curve")
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - FINE, y - FINE, x + FINE, y + FINE), 0)
    return image


def _recorded(points: NDArray[np.float64]) -> dict[str, Any]:
    """Write a stroke as the page records it."""
    return {
        "minWidth": 0.85 * FINE,
        "maxWidth": FINE,
        "dotSize": 0.0,
        "compositeOperation": "source-over",
        "points": [
            {"x": round(float(x), 3), "y": round(float(y), 3), "pressure": 0.5, "time": 0.0}
            for x, y in points
        ],
    }


@cache
def _sample() -> datasets.Digits:
    """Read the sample's training part, once: it takes 15 ms."""
    return datasets.load("sample", num_validation=200).train
