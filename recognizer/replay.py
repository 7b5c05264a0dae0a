"""Two versions read the same labelled digits: what one mends and what it breaks. Changes no row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer import engine, people
from recognizer.models import Submission

sample = engine.sample
BATCH = 500
# Of either kind, so many are kept to be looked at; all are counted.
MAX_KEPT = 200

Digits = NDArray[np.uint8]  # (N, 28, 28)


@dataclass(frozen=True)
class Changed:
    """One digit that only one of the two reads rightly.

    Attributes:
        label: What it is, 0 to 9.
        candidate, baseline: What each reads.
        candidate_confidence, baseline_confidence: How sure each is, 0 to 1.
        submission: Its id; empty for a digit of the sample.
        row: In the sample, from 0; None for a submission.
    """

    label: int
    candidate: int
    baseline: int
    candidate_confidence: float
    baseline_confidence: float
    submission: str = ""
    row: int | None = None


@dataclass
class Outcome:
    """How two versions read the same digits.

    Attributes:
        num_submissions, num_sample: How many were read, of either kind.
        is_field_test: Whether of the submissions only those of the field test were read: one of
            the two may have learnt from the others.
        both_right, both_wrong: What both read alike.
        num_fixed, num_broken: What only the candidate reads rightly, and only the baseline.
        fixed, broken: Those, `MAX_KEPT` of each at most: submissions first, the surest first.
    """

    num_submissions: int = 0
    num_sample: int = 0
    is_field_test: bool = False
    both_right: int = 0
    both_wrong: int = 0
    num_fixed: int = 0
    num_broken: int = 0
    fixed: list[Changed] = field(default_factory=list)
    broken: list[Changed] = field(default_factory=list)

    @property
    def p_value(self) -> float:
        return mcnemar(self.num_fixed, self.num_broken)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"p_value": self.p_value}


def run(
    candidate: engine.Loaded, baseline: engine.Loaded, *, only_field_test: bool = False
) -> Outcome:
    """Let both read every submission that is labelled with a digit, and the sample.

    Args:
        candidate: The version that may serve next.
        baseline: The one that serves.
        only_field_test: Whether to leave out the submissions of people whom a version may learn
            from.

    Queries: 1, whose rows are fetched in batches.
    """
    outcome = Outcome(is_field_test=only_field_test)
    for digits, labels, names in _batches(only_field_test=only_field_test):
        ours, theirs = candidate.engine.probabilities(digits), baseline.engine.probabilities(digits)
        _count(outcome, labels, names, ours, theirs)
    for changed in (outcome.fixed, outcome.broken):
        changed.sort(key=lambda one: (not one.submission, -_confidence_of_wrong(one)))
        del changed[MAX_KEPT:]
    return outcome


def mcnemar(num_fixed: int, num_broken: int) -> float:
    """Give McNemar's exact two-sided p-value, 0 to 1: how likely chance alone tells so much apart.

    Source: McNemar (1947), in its exact, binomial form.
    """
    num = num_fixed + num_broken
    tail = sum(comb(num, few) for few in range(min(num_fixed, num_broken) + 1))
    return min(1.0, float(2 * tail / 2**num))


_Name = str | int  # of a submission, or a row of the sample


def _batches(*, only_field_test: bool) -> Iterator[tuple[Digits, NDArray[np.uint8], list[_Name]]]:
    labelled = Submission.objects.reviewed().labelled_digits().order_by("pk")
    labelled = labelled.only("pk", "digit", "label", "source", "visitor_key")
    rows: list[tuple[Any, Any, str]] = []
    for one in labelled.iterator(BATCH):
        if only_field_test and not people.is_in_field_test(one):
            continue
        rows.append((one.pk, one.digit, one.label))
        if len(rows) == BATCH:
            yield _arrays(rows)
            rows = []
    if rows:
        yield _arrays(rows)
    digits, labels = sample()
    for start in range(0, len(digits), BATCH):
        some = slice(start, start + BATCH)
        yield digits[some], labels[some], list(range(start, start + len(digits[some])))


def _arrays(
    rows: list[tuple[Any, Any, str]],
) -> tuple[Digits, NDArray[np.uint8], list[_Name]]:
    pixels = b"".join(bytes(digit) for _, digit, _ in rows)
    digits = np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28)
    labels = np.array([int(label) for *_, label in rows], np.uint8)
    return digits, labels, [str(pk) for pk, *_ in rows]


def _count(
    outcome: Outcome,
    labels: NDArray[np.uint8],
    names: list[_Name],
    ours: NDArray[np.float32],
    theirs: NDArray[np.float32],
) -> None:
    we, they = ours.argmax(axis=1) == labels, theirs.argmax(axis=1) == labels
    outcome.both_right += int((we & they).sum())
    outcome.both_wrong += int((~we & ~they).sum())
    outcome.num_fixed += int((we & ~they).sum())
    outcome.num_broken += int((~we & they).sum())
    if isinstance(names[0], str):
        outcome.num_submissions += len(names)
    else:
        outcome.num_sample += len(names)
    for row in np.flatnonzero(we != they):
        name = names[row]
        changed = Changed(
            label=int(labels[row]),
            candidate=int(ours[row].argmax()),
            baseline=int(theirs[row].argmax()),
            candidate_confidence=round(float(ours[row].max()), 4),
            baseline_confidence=round(float(theirs[row].max()), 4),
            submission=name if isinstance(name, str) else "",
            row=name if isinstance(name, int) else None,
        )
        (outcome.fixed if we[row] else outcome.broken).append(changed)


def _confidence_of_wrong(changed: Changed) -> float:
    """How sure the one was that was wrong: the worst mistakes come first."""
    if changed.candidate == changed.label:
        return changed.baseline_confidence
    return changed.candidate_confidence
