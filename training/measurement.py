"""What a reader makes of a suite: the figures of each set, of all together, and the misses.

No database and no model is known here: `measure` takes a function that reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer import imaging
from training import corruptions, evaluation
from training.datasets import Images
from training.suite import ALL_CORRUPTIONS, NamedSet, NotHere, Pictures, Suite, limited, pictures_of

DIGIT, UNSURE, SEVERAL = "digit", "unsure", "several"
# A picture that is no image that we read; the others are the words of a reading.
UNREADABLE = "unreadable"
REFUSALS = ("not_a_digit", "blank", UNREADABLE)
VERDICTS = (DIGIT, UNSURE, SEVERAL, *REFUSALS)
# What may be said of a picture without a digit. `several` reads digits into it.
REJECTIONS = (UNSURE, *REFUSALS)

# What all photos and drawings together are held to: a key of `together`, whether it is the least or
# the most, and the goal.
TOGETHER_GOALS = (
    ("ece", "most", 0.02),
    ("refused", "most", 0.015),
    ("auroc", "least", 0.99),
    ("rejected", "least", 0.97),
)
NUM_CONFUSIONS = 3


@dataclass(frozen=True)
class Answer:
    """What a reader says of one picture.

    Attributes:
        verdict: One of `VERDICTS`.
        digit: The likeliest digit, 0 to 9, whatever the verdict; None where nothing was read.
        confidence: Its probability, 0 to 1; 0 where nothing was read.
        probabilities: Ten, by digit, 0 to 1.
    """

    verdict: str
    digit: int | None = None
    confidence: float = 0.0
    probabilities: Sequence[float] = (0.0,) * 10


# Digits that are laid out already go to the engine as they are, `uint8 (N, 28, 28)`; image files,
# by their paths or their bytes, go the way of a visitor's picture. An answer each, in their order.
Reader = Callable[[Images | Sequence[Path] | Sequence[bytes]], Iterable[Answer]]


@dataclass(frozen=True)
class Miss:
    """A picture that was not answered as it should be.

    `label` is its digit, or what is known of it where it has none; `drawing` is a path, or a PNG;
    `corruption` is how it was made worse, empty where it was not.
    """

    label: str
    answer: Answer
    drawing: Path | bytes
    corruption: str = ""


@dataclass(frozen=True)
class Row:
    """What was measured of one set.

    Attributes:
        set: What was measured.
        figures: What JSON can hold; empty where the set's data is not here.
        missing: Why the set was not measured; empty where it was.
        labels: Each picture's digit, `int (N,)`; -1 for all that is none.
        answers: Each picture's answer, N of them.
        misses: The worst first.
        is_real: Whether these are photos and drawings as people send them, and not digits that are
            laid out already or were made worse by a program.
    """

    set: NamedSet
    figures: dict[str, Any] = field(default_factory=dict)
    missing: str = ""
    labels: NDArray[np.int_] = field(default_factory=lambda: np.zeros(0, int))
    answers: list[Answer] = field(default_factory=list)
    misses: list[Miss] = field(default_factory=list)
    is_real: bool = False

    @property
    def is_met(self) -> bool | None:
        """Whether its goals are met; None where it has none, or was not measured."""
        met: bool | None = self.figures.get("is_met")
        return met


# --- Measuring ----------------------------------------------------------------------------------


def run(suite: Suite, reader: Reader) -> Iterator[Row]:
    """Measure a suite's sets, one after the other.

    Args:
        suite: What `read` gave.
        reader: What reads.

    Raises:
        DataUnavailable: A set's data is here, and is damaged.
        InvalidSuite: A set is asked for what its data has not.
    """
    for one in suite.sets:
        yield measure(one, reader)


def measure(one: NamedSet, reader: Reader) -> Row:
    """Measure one set; where its data is not here, say so instead.

    Raises:
        DataUnavailable, InvalidSuite: As `run`.
    """
    try:
        pictures, numbers = limited(pictures_of(one), one.limit)
    except NotHere as error:
        return Row(one, missing=str(error))
    if one.kind == "nondigits":
        return _measured_nondigits(one, pictures, reader)
    if not one.corruption:
        return _measured_digits(one, [("", pictures)], reader)
    names = corruptions.CORRUPTIONS if one.corruption == ALL_CORRUPTIONS else (one.corruption,)
    return _measured_digits(one, _corrupted(pictures, numbers, names), reader)


def _corrupted(
    pictures: Pictures, numbers: list[int], names: Iterable[str]
) -> Iterator[tuple[str, Pictures]]:
    assert pictures.digits is not None  # noqa: S101  (for the type checker: `pictures_of` has looked)
    for name in names:
        corrupted = corruptions.corrupt(pictures.digits, name, numbers)
        yield name, replace(pictures, digits=corrupted)


def _measured_digits(one: NamedSet, parts: Iterable[tuple[str, Pictures]], reader: Reader) -> Row:
    """Measure digits: one part, or one of each corruption, all of a size."""
    answers: list[Answer] = []
    labels: list[int] = []
    misses: list[Miss] = []
    accuracies: dict[str, float | None] = {}
    num_skipped = 0
    is_real = False
    for name, pictures in parts:
        drawings = _drawings(one, pictures)
        found = list(reader(drawings))
        truth = [int(label) for label in pictures.names]
        answers += found
        labels += truth
        misses += _misses(pictures, found, drawings, corruption=name)
        num_skipped = pictures.num_skipped
        is_real = pictures.digits is None
        accuracies[name] = _share(a.digit == t for a, t in zip(found, truth, strict=True))
    figures = _figures(np.array(labels), answers)
    if one.corruption:
        figures["parts"] = accuracies
    misses.sort(key=_badness)
    return Row(
        one,
        figures | {"num_skipped": num_skipped, "num_misses": len(misses)} | _goals(one, figures),
        labels=np.array(labels),
        answers=answers,
        misses=misses,
        is_real=is_real,
    )


def _drawings(one: NamedSet, pictures: Pictures) -> Images | list[Path] | list[bytes]:
    if pictures.digits is None:
        return pictures.files
    if (one.through or ("imaging" if one.corruption else "engine")) == "engine":
        return pictures.digits
    return [imaging.digit_png(digit) for digit in pictures.digits]


def _figures(labels: NDArray[np.int_], answers: list[Answer]) -> dict[str, Any]:
    """Measure answers against digits, `int (N,)`. What was not read counts as wrong."""
    digits = np.array([-1 if answer.digit is None else answer.digit for answer in answers])
    is_right, is_read = digits == labels, digits >= 0
    is_answered = np.array([answer.verdict == DIGIT for answer in answers])
    wrong = Counter(
        (int(label), int(digit))
        for label, digit in zip(labels, digits, strict=True)
        if label != digit >= 0
    )
    return {
        "num": len(answers),
        "accuracy": _share(is_right),
        "accuracy_answered": _share(is_right[is_answered]),
        "ece": _ece(labels[is_read], [a for a in answers if a.digit is not None]),
        "confusions": [[*pair, count] for pair, count in wrong.most_common(NUM_CONFUSIONS)],
        **_verdicts(answers),
    }


def _ece(labels: NDArray[np.int_], answers: list[Answer]) -> float | None:
    if not answers:
        return None
    probabilities = np.array([answer.probabilities for answer in answers])
    return round(evaluation.calibration_error(labels.astype(np.uint8), probabilities), 6)


def _measured_nondigits(one: NamedSet, pictures: Pictures, reader: Reader) -> Row:
    answers = list(reader(pictures.files))
    misses = [
        Miss(name or "none", answer, file)
        for name, answer, file in zip(pictures.names, answers, pictures.files, strict=True)
        if answer.verdict not in REJECTIONS
    ]
    read_as = Counter((miss.label, miss.answer.digit) for miss in misses)
    figures = {
        "num": len(answers),
        "rejected": _share(answer.verdict in REJECTIONS for answer in answers),
        "confusions": [[*pair, count] for pair, count in read_as.most_common(NUM_CONFUSIONS)],
        **_verdicts(answers),
        "num_skipped": pictures.num_skipped,
        "num_misses": len(misses),
    }
    misses.sort(key=_badness)
    return Row(
        one,
        figures | _goals(one, figures),
        labels=np.full(len(answers), -1),
        answers=answers,
        misses=misses,
        is_real=True,
    )


def _goals(one: NamedSet, figures: dict[str, Any]) -> dict[str, Any]:
    score = figures["rejected" if one.kind == "nondigits" else "accuracy"]
    met = []
    if one.goal is not None:
        met.append(score >= one.goal)
    if one.max_ece is not None:
        met.append(figures["ece"] is not None and figures["ece"] <= one.max_ece)
    return {
        "score": score,
        "goal": one.goal,
        "max_ece": one.max_ece,
        "is_met": all(met) if met else None,
    }


def _misses(
    pictures: Pictures,
    answers: list[Answer],
    drawings: Images | list[Path] | list[bytes],
    *,
    corruption: str,
) -> Iterator[Miss]:
    """Give the digits that were read wrongly, or not answered with their digit."""
    for place, (name, answer) in enumerate(zip(pictures.names, answers, strict=True)):
        if answer.digit == int(name) and answer.verdict in (DIGIT, UNSURE):
            continue
        drawing = drawings[place]
        if not isinstance(drawing, Path | bytes):
            drawing = imaging.digit_png(drawing)
        yield Miss(name, answer, drawing, corruption.replace("_", " "))


def _badness(miss: Miss) -> tuple[bool, float]:
    """Sort what was answered wrongly before what was refused; of those the surest first."""
    is_wrong = miss.answer.digit is not None and str(miss.answer.digit) != miss.label
    return not is_wrong, -miss.answer.confidence


def _verdicts(answers: list[Answer]) -> dict[str, Any]:
    """Count the verdicts, and give the shares that are spoken of."""
    counts = Counter(answer.verdict for answer in answers)
    return {
        "answered": round(counts[DIGIT] / len(answers), 6),
        "unsure": round(counts[UNSURE] / len(answers), 6),
        "several": round(counts[SEVERAL] / len(answers), 6),
        "refused": round(sum(counts[word] for word in REFUSALS) / len(answers), 6),
        "verdicts": {verdict: counts[verdict] for verdict in VERDICTS},
    }


def _share(is_so: Iterable[Any]) -> float | None:
    values = np.fromiter(is_so, bool)
    return round(float(values.mean()), 6) if len(values) else None


# --- All of them together -----------------------------------------------------------------------


def together(rows: Sequence[Row]) -> dict[str, Any]:
    """Measure all photos and drawings of digits at once, against all that is no digit.

    Args:
        rows: What `run` gave.

    Returns:
        What JSON can hold; empty where no photos or drawings of digits were here: as a row's
        figures, and with non-digits `num_nondigits`, `rejected` (their share that is not read as a
        digit), and `auroc` (digits against non-digits, by confidence); `goals`, a list of `figure`,
        `value`, `bound` (`least` or `most`), `goal` and `is_met`.
    """
    digits = [row for row in rows if row.is_real and row.set.kind == "digits"]
    if not digits:
        return {}
    answers = [answer for row in digits for answer in row.answers]
    found = _figures(np.concatenate([row.labels for row in digits]), answers)
    others = [a for row in rows if row.set.kind == "nondigits" for a in row.answers]
    if others:
        found |= {
            "num_nondigits": len(others),
            "rejected": _share(answer.verdict in REJECTIONS for answer in others),
            "auroc": round(evaluation.auroc(_confidences(answers), _confidences(others)), 6),
        }
    return found | {"goals": list(_goals_together(found))}


def _goals_together(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for figure, bound, goal in TOGETHER_GOALS:
        value = found.get(figure)
        if value is not None:
            is_met = value >= goal if bound == "least" else value <= goal
            yield {
                "figure": figure,
                "value": value,
                "bound": bound,
                "goal": goal,
                "is_met": is_met,
            }


def _confidences(answers: list[Answer]) -> NDArray[np.float64]:
    return np.array([answer.confidence for answer in answers])


def summary(suite: Suite, rows: Sequence[Row]) -> dict[str, Any]:
    """Give all figures as JSON can hold them: `suite`, `sets`, `together` and `is_met`."""
    whole = together(rows)
    met = [row.is_met for row in rows] + [goal["is_met"] for goal in whole.get("goals", ())]
    return {
        "suite": suite.name,
        "is_met": False not in met,
        "sets": [_as_json(row) for row in rows],
        "together": whole,
    }


def _as_json(row: Row) -> dict[str, Any]:
    """Give a row's figures and what its set is; of a path only its last part, as it may be ours."""
    one = row.set
    return {
        "name": one.name,
        "kind": one.kind,
        "data": one.builtin or (one.path.name if one.path else ""),
        "is_here": not row.missing,
        "missing": "not here" if row.missing else "",
        "limit": one.limit,
        "corruption": one.corruption,
        "goal": one.goal,
    } | row.figures
