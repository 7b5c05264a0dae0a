"""Makes a source's pictures, in several processes, and sends each through our own imaging."""

from __future__ import annotations

import multiprocessing
import os
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer import imaging
from training import photos
from training.datasets import NO_DIGIT, DataUnavailable, Digits
from training.inks import Sketch

Shares = dict[str, float]  # kinds of pictures in photos.KINDS, or `as_is`, and how often each

# Of the digits that are asked for, as many again are made for validation.
VALIDATION_SHARE = 0.08
# Pictures that one process makes at a time; a source with fewer makes them in this process.
_CHUNK = 250
# Of the true box and the one that imaging cropped, the least common part. Below it imaging took
# something else for the ink, or a part of it: what it then sees has nothing to do with the label.
# Of an H whose strokes do not meet it takes a bar, which a network must not learn to be no digit.
LEAST_OVERLAP = 0.5


@dataclass(frozen=True)
class Maker:
    """Makes a source's pictures, each from its own seed, and sends them through imaging."""

    ink: Callable[..., Sketch] | None  # one of `inks`, and what it makes the ink of
    of: object
    shares: Shares
    seed: tuple[int, ...]

    def __call__(self, rows: range) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        made = [one for row in rows if (one := self._one(row)) is not None]
        images = np.array([digit for digit, _ in made], np.uint8).reshape(-1, 28, 28)
        return images, np.array([label for _, label in made], np.uint8)

    def _one(self, row: int) -> tuple[NDArray[np.uint8], int] | None:
        random = np.random.default_rng((*self.seed, row))
        if self.ink is None:
            shot, label = photos.empty(random), NO_DIGIT
        else:
            ink, label = self.ink(self.of, random)
            kind = random.choice(list(self.shares), p=list(self.shares.values()))
            if kind == "as_is":
                return ink, label
            shot = photos.KINDS[kind](ink, random)
        height, width = shot.pixels.shape[:2]
        try:
            digit, receipt = imaging.to_digit(imaging.Picture(shot.pixels, "PNG", (width, height)))
        except imaging.BlankImage:
            return None
        if shot.box and overlap(shot.box, receipt.crop_box) < LEAST_OVERLAP:
            return None
        if label == NO_DIGIT and _may_be_one(receipt.crop_box, is_written=self.ink is not None):
            return None
        return digit, label


def both(
    name: str,
    seed: int,
    num: int,
    ink: Callable[..., Sketch] | None,
    of: tuple[object, ...],
    shares: Shares,
) -> tuple[Digits, Digits]:
    """Make a part to learn from, and one for validation; some pictures are lost on the way.

    Args:
        name: The source's: its own randomness.
        seed: The run's; validation does not follow it, so that runs compare.
        num: How many to learn from; of them `VALIDATION_SHARE` again for validation.
        ink: One of `inks`; None where nothing is written.
        of: What it makes the ink of: for the first part, and for validation.
        shares: Kinds of pictures in `photos.KINDS`, or `as_is`, and how often each.
    """
    digits = []
    for part, one in enumerate(of):
        own_seed = (seed if part == 0 else 0, part, zlib.crc32(name.encode()))
        wanted = num if part == 0 else max(20, round(num * VALIDATION_SHARE))
        digits.append(_made(Maker(ink, one, shares, own_seed), wanted))
    return digits[0], digits[1]


def _made(maker: Maker, num: int) -> Digits:
    chunks = [range(start, min(start + _CHUNK, num)) for start in range(0, num, _CHUNK)]
    if len(chunks) < 3:
        made = [maker(chunk) for chunk in chunks]
    else:
        context = multiprocessing.get_context("spawn")  # a fork of TensorFlow's threads may hang
        with ProcessPoolExecutor(
            len(os.sched_getaffinity(0)), context, initializer=_begin, initargs=(maker,)
        ) as processes:
            made = list(processes.map(_work, chunks))
    images, labels = zip(*made, strict=True)
    return Digits(np.concatenate(images), np.concatenate(labels))


_maker: Maker


def _begin(maker: Maker) -> None:
    global _maker  # noqa: PLW0603  (a process's own: sent once, and not with each chunk)
    _maker = maker


def _work(rows: range) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    return _maker(rows)


def _may_be_one(box: tuple[int, int, int, int], *, is_written: bool) -> bool:
    """Tell whether what is no digit may look like a one: an upright bar.

    Where nothing is written, a crumb or a rest of a line may look like one at any slant.
    """
    narrowest = 0.35 if is_written else 1.2
    return box[2] - box[0] < narrowest * (box[3] - box[1])


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The intersection over the union of two boxes (left, top, right, bottom)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / max(sum(areas) - common, 1e-9)


def both_of_files(name: str, parts: tuple[list[Path], ...], num: int) -> tuple[Digits, Digits]:
    """Read pictures that are no digits; as often as it takes to have `num` of them."""
    digits = []
    for files in parts:
        images = []
        for file in files:
            try:
                images.append(imaging.to_digit(imaging.decode(file.read_bytes()))[0])
            except imaging.BlankImage:
                continue
        if not images:
            raise DataUnavailable(f"no pictures of {name} in its folder")
        digits.append(np.array(images, np.uint8))
    train = np.resize(digits[0], (num, 28, 28))  # repeated
    return (
        Digits(train, np.full(num, NO_DIGIT, np.uint8)),
        Digits(digits[1], np.full(len(digits[1]), NO_DIGIT, np.uint8)),
    )
