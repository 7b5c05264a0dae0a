"""What a source puts on its pictures: the ink of one digit, or of what is none, drawn by lot."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training import alphabet, disturbances, nothing, shapes, strokes, typefaces
from training.datasets import NO_DIGIT, Digits
from training.strokes import Ink

Sketch = tuple[Ink, int]  # ink, and its digit or `NO_DIGIT`


def of_digit(digits: Digits, random: np.random.Generator) -> Sketch:
    """Take a digit of MNIST."""
    row = int(random.integers(len(digits)))
    return enlarged(digits.images[row]), int(digits.labels[row])


def of_disturbed_digit(digits: Digits, random: np.random.Generator) -> Sketch:
    """Take a digit of MNIST and make it hard to see, 28 × 28 px as it was."""
    row = int(random.integers(len(digits)))
    return disturbances.disturbed(digits.images[row], random), int(digits.labels[row])


def enlarged(digit: NDArray[np.uint8]) -> Ink:
    """Draw a digit of 28 × 28 px as it was before it was scaled down: smooth, at 140 px."""
    large = cv2.resize(digit, (224, 224), interpolation=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), 3.0)
    solid = np.clip((large.astype(np.float32) - 96) * 4, 0, 255)  # an edge of about 2 px
    return strokes.cropped(solid.astype(np.uint8))


def of_pen_strokes(
    written: list[tuple[int, list[NDArray[np.float64]]]], random: np.random.Generator
) -> Sketch:
    """Draw a digit along a pen's recorded way."""
    label, way = written[int(random.integers(len(written)))]
    return _inked(way, random), label


def of_shape(_: None, random: np.random.Generator) -> Sketch:
    """Write a digit in one of the shapes that people give it."""
    label = int(random.integers(10))
    return _inked(shapes.shaped(label, random), random), label


def of_letter(_: None, random: np.random.Generator) -> Sketch:
    """Write a letter as a hand forms it."""
    # A broad pen fills what tells an a from a 9 and an r from a 1.
    return _inked(alphabet.lettered(random), random, broadest=0.13), NO_DIGIT


def _inked(
    way: list[NDArray[np.float64]], random: np.random.Generator, broadest: float = 0.22
) -> Ink:
    """Bend a pen's way, and draw it with a pen of 0.02 to `broadest` of its size."""
    width = 130 * float(np.exp(random.uniform(np.log(0.02), np.log(broadest))))
    return strokes.drawn(strokes.bent(strokes.fitted(way), random), 130, max(1.0, width))


def of_type(choice: tuple[list[Path], str], random: np.random.Generator) -> Sketch:
    """Print one of these characters in one of these typefaces."""
    files, known = choice
    while True:
        character = known[int(random.integers(len(known)))]
        ink = typefaces.printed(files[int(random.integers(len(files)))], character, 160, random)
        if ink.size:
            return ink, int(character) if character.isascii() and character.isdigit() else NO_DIGIT


def of_character(files: list[Path], random: np.random.Generator) -> Sketch:
    """Print a letter or a sign of a typeface, or of a stroke typeface."""
    if random.random() < 0.5:
        return nothing.stroke_letter(random), NO_DIGIT
    ink, label = of_type((files, typefaces.LETTERS), random)
    return (nothing.waved(ink, random) if random.random() < 0.7 else ink), label


def of_scribble(digits: Digits, random: np.random.Generator) -> Sketch:
    """Scribble, spill a blot, or write two digits run together."""
    kind = random.random()
    if kind < 0.45:
        return nothing.scribble(random), NO_DIGIT
    if kind < 0.7:
        return nothing.blot(random), NO_DIGIT
    left, right = (of_digit(digits, random)[0] for _ in range(2))
    return nothing.run_together(left, right, random), NO_DIGIT
