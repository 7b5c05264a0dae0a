"""Reviewed submissions as digits, in three parts that share no person: what a run keeps of them.

How they are split: `splitting`. No database.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import twins
from training.datasets import DigitData, Digits, Images

PARTS = ("train", "validation", "field_test")


@dataclass(frozen=True)
class Side:
    """The digits of one part.

    Attributes:
        digits: N of them; labels may be `NO_DIGIT`.
        people: `uint64 (N,)`: whose each is, as `number_of` gives it.
        submissions: `int32 (N,)`: of which submission it is; to learn from, some are drawn with
            several pens.
    """

    digits: Digits
    people: NDArray[np.uint64]
    submissions: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.digits)

    @property
    def num_people(self) -> int:
        return len(np.unique(self.people))

    @property
    def num_submissions(self) -> int:
        return len(np.unique(self.submissions))

    def without(self, rows: NDArray[np.bool_]) -> Side:
        """Leave out whole submissions, each of which has one of these rows, `bool (N,)`."""
        kept = np.flatnonzero(~np.isin(self.submissions, self.submissions[rows]))
        return Side(self.digits.take(kept), self.people[kept], self.submissions[kept])

    def without_twins_of(self, others: Images) -> Side:
        """Leave out whole submissions, each of which has a twin in others, `uint8 (M, 28, 28)`."""
        return self.without(twins.having_twins(self.digits.images, others))


@dataclass(frozen=True)
class Reviewed:
    """Reviewed submissions in three parts that share no person and no picture.

    Attributes:
        train: What is learnt from; where there are strokes, with each of the page's pens too.
        validation: What epochs, temperature and thresholds are chosen by.
        field_test: What is measured once, at the end.
        was_seen: `bool (N,)`: the digits of the field test of which somebody else sent a twin that
            an earlier version may have learnt from.
        num_twins: Submissions that were left out since another part has their twin.
    """

    train: Side
    validation: Side
    field_test: Side
    was_seen: NDArray[np.bool_]
    num_twins: int = 0

    @property
    def num_submissions(self) -> int:
        return sum(getattr(self, part).num_submissions for part in PARTS)

    @property
    def sha256(self) -> str:
        """The hash of all three parts."""
        parts = [getattr(self, part).digits.sha256 for part in PARTS]
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    def leaving(self, **parts: Any) -> Reviewed:
        """Replace parts by what their twins leave of them, and count what those take."""
        rest = replace(self, **parts)
        num_twins = self.num_twins + self.num_submissions - rest.num_submissions
        return replace(rest, num_twins=num_twins)

    def apart_from(self, others: Images) -> Reviewed:
        """Leave out of the two parts that a run learns and chooses by what has a twin in others.

        Args:
            others: `uint8 (M, 28, 28)`: other digits that the run is measured by.
        """
        return self.leaving(
            train=self.train.without_twins_of(others),
            validation=self.validation.without_twins_of(others),
        )

    def apart_from_data(self, data: DigitData) -> Reviewed:
        """Leave out what has a twin in another part of the run's other data.

        That data may be this site's own export, or have a visitor's picture for another reason.
        The field test gives way here: what the run learns from or chooses by cannot measure it.
        """
        apart = self.apart_from(data.test.images)
        known = np.concatenate([data.train.images, data.validation.images])
        is_known = twins.having_twins(apart.field_test.digits.images, known)
        return apart.leaving(
            train=apart.train.without_twins_of(data.validation.images),
            validation=apart.validation.without_twins_of(data.train.images),
            field_test=apart.field_test.without(is_known),
            was_seen=apart.was_seen[~is_known],
        )

    def unseen(self) -> Reviewed:
        """Leave out of the field test what an earlier version may have learnt from."""
        rest = self.field_test.without(self.was_seen)
        return replace(self, field_test=rest, was_seen=np.zeros(len(rest), bool))

    def facts(self) -> dict[str, Any]:
        """Give what a passport says of them."""
        return {
            "sha256": self.sha256,
            "field_test_sha256": self.field_test.digits.sha256,
            "num_twins_left_out": self.num_twins,
            **{
                part: {
                    "num": len(getattr(self, part)),
                    "num_submissions": getattr(self, part).num_submissions,
                    "num_people": getattr(self, part).num_people,
                }
                for part in PARTS
            },
        }


def write(path: Path, reviewed: Reviewed) -> None:
    """Keep them as one .npz file, whole or not at all."""
    arrays: dict[str, Any] = {
        "was_seen": reviewed.was_seen,
        "num_twins": reviewed.num_twins,
    }
    for part in PARTS:
        side: Side = getattr(reviewed, part)
        arrays |= {
            f"{part}/images": side.digits.images,
            f"{part}/labels": side.digits.labels,
            f"{part}/people": side.people,
            f"{part}/submissions": side.submissions,
        }
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    unfinished.replace(path)


def read(path: Path) -> Reviewed:
    """Read what `write` kept."""
    with np.load(path, allow_pickle=False) as arrays:
        train, validation, field_test = (
            Side(
                Digits(arrays[f"{part}/images"], arrays[f"{part}/labels"]),
                arrays[f"{part}/people"],
                arrays[f"{part}/submissions"],
            )
            for part in PARTS
        )
        num_twins = int(arrays["num_twins"])  # also where it was written as text
        return Reviewed(train, validation, field_test, arrays["was_seen"], num_twins)
