"""Which reviewed submissions are learnt from, and which measure: by who sent them, and their twins.

No database: rows come as `Labelled`. Why it is done so: docs/decisions/0012-split-by-visitor.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.people import number_of, part_of
from training import pens, twins
from training.datasets import NO_DIGIT, Digits
from training.reviewed import PARTS, Reviewed, Side

# What is no digit is learnt from only where it is broader than this share of its height: an upright
# bar is a one to who does not know what it was meant for. 0005-sources-and-doubt.md.
_NARROWEST = 0.35


class NothingReviewed(ValueError):
    """There is no reviewed submission to learn from; the message says what to do."""


@dataclass(frozen=True)
class Labelled:
    """A submission, as a reviewer labelled it.

    Attributes:
        digit: `uint8 (28, 28)`, 0 paper … 255 ink.
        strokes: As the page recorded them; none where it was not drawn there.
        label: 0 to 9, or `NO_DIGIT`.
        person: Whose it is: a visitor's key, or the submission's own id where nobody is known.
    """

    digit: NDArray[np.uint8]
    strokes: Sequence[Mapping[str, Any]]
    label: int
    person: str


def gather(labelled: Iterable[Labelled]) -> Reviewed:
    """Split submissions by who sent them, so that no part has a person or a picture of another.

    A person's side follows from a hash alone, and so never moves. Of near-duplicates by people of
    two parts, the field test keeps its own, then validation: the others are left out.

    Args:
        labelled: Submissions, in the order of their dates; held one at a time.

    Raises:
        NothingReviewed: There is none, or none that may be learnt from.
    """
    heaps = {part: _Heap() for part in PARTS}
    for number, one in enumerate(labelled):
        person = number_of(one.person)
        part = part_of(person)
        if part != "field_test" and one.label == NO_DIGIT and _is_bar(one.digit):
            continue
        heaps[part].add(one, person, number, with_pens=part == "train")
    _refuse_nothing(heaps)
    train, validation, field_test = (heaps[part].side() for part in PARTS)
    apart = _apart(train, validation, field_test)
    _refuse_only_twins(apart)
    return apart


@dataclass
class _Heap:
    """What one part has so far."""

    images: list[NDArray[np.uint8]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    submissions: list[int] = field(default_factory=list)

    def add(self, one: Labelled, person: int, number: int, *, with_pens: bool) -> None:
        # A broad pen fills what tells an a from a 9: what is no digit stays as it was sent.
        is_drawn = with_pens and one.label != NO_DIGIT
        drawn = pens.digits_of(one.strokes, one.digit) if is_drawn else []
        for image in (one.digit, *drawn):
            self.images.append(image)
            self.labels.append(one.label)
            self.people.append(person)
            self.submissions.append(number)

    def side(self) -> Side:
        images = np.array(self.images, np.uint8).reshape(-1, 28, 28)
        return Side(
            Digits(images, np.array(self.labels, np.uint8)),
            np.array(self.people, np.uint64),
            np.array(self.submissions, np.int32),
        )


def _apart(train: Side, validation: Side, field_test: Side) -> Reviewed:
    """Count a picture once in what is measured by, and leave its twins out of the other parts."""
    validation, field_test = (
        side.without(twins.repeating(side.digits.images)) for side in (validation, field_test)
    )
    learnt = np.concatenate([train.digits.images, validation.digits.images])
    was_seen = twins.having_twins(field_test.digits.images, learnt)
    apart = Reviewed(train, validation, field_test, was_seen)
    apart = apart.apart_from(field_test.digits.images)
    return apart.leaving(train=apart.train.without_twins_of(apart.validation.digits.images))


def _refuse_nothing(heaps: Mapping[str, _Heap]) -> None:
    if heaps["train"].labels:
        return
    num = {part: len(heap.labels) for part, heap in heaps.items()}
    if not any(num.values()):
        raise NothingReviewed(
            "Expected reviewed submissions to learn from, found none. Label some in the admin "
            "(Submissions), or leave out --with-reviewed."
        )
    raise NothingReviewed(
        f"Expected reviewed submissions to learn from, found {num['field_test']} of people whose "
        f"digits are kept for the field test and {num['validation']} for validation. Label more, "
        "of other people, or leave out --with-reviewed."
    )


def _refuse_only_twins(reviewed: Reviewed) -> None:
    if not len(reviewed.train):
        raise NothingReviewed(
            f"Expected reviewed submissions to learn from, found {reviewed.num_twins} of which "
            "people whose digits are kept for measuring sent the same picture. Label more, or "
            "leave out --with-reviewed."
        )


def _is_bar(digit: NDArray[np.uint8]) -> bool:
    """Tell whether what is no digit may be read as a one."""
    rows, columns = np.nonzero(digit > 127)
    return not len(rows) or bool(np.ptp(columns) + 1 < _NARROWEST * (np.ptp(rows) + 1))
