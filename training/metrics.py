"""What a run's model reads rightly: by part, by source and by people; and where it is unsure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from training import evaluation
from training.datasets import NO_DIGIT, Digits, Labels
from training.lessons import Lessons
from training.recipe import Recipe
from training.reviewed import Side

# Where nothing was learnt of what is no digit: below it no digit is likelier than all the others
# together.
REJECT_BELOW = 0.5


def thresholds(recipe: Recipe, labels: Labels, on_digits: Any, on_others: Any) -> dict[str, float]:
    """Choose where a reading stops being sure, and where it is of no digit.

    Args:
        recipe: Which says how many digits that may cost.
        labels: `uint8 (N,)`, of validation's digits.
        on_digits: `float (N, 10)`, calibrated.
        on_others: `float (M, 10)`, of what is no digit; M may be 0.
    """
    if not len(on_others):
        unsure_below = evaluation.unsure_threshold(labels, on_digits)
        return {"unsure_below": unsure_below, "reject_below": REJECT_BELOW}
    reject_below = evaluation.reject_threshold(on_digits, recipe.false_refusal_rate)
    unsure_below = evaluation.reject_threshold(on_digits, recipe.false_doubt_rate)
    return {"unsure_below": unsure_below, "reject_below": reject_below}


def measured(
    lessons: Lessons, answers: Any, limits: dict[str, float], *, read: Callable[[Digits], Any]
) -> dict[str, Any]:
    """Give a passport's figures.

    Args:
        lessons: What the run learnt from and chose by.
        answers: `float (N, 10)`, of all that validates.
        limits: As `thresholds` gives them.
        read: Reads other digits, each part once: `float (N, 10)`.
    """
    labels = lessons.validation.labels
    on_digits, on_others = answers[labels != NO_DIGIT], answers[labels == NO_DIGIT]
    own = lessons.data.validation.labels
    return {
        "validation": evaluation.figures(own, answers[: len(own)]),
        "test": evaluation.figures(lessons.data.test.labels, read(lessons.data.test)),
        "sources": _by_source(lessons, answers, limits),
        **_on_reviewed(lessons, answers, limits, read),
        **({"no_digits": _no_digits(on_digits, on_others, limits)} if len(on_others) else {}),
    }


def _by_source(
    lessons: Lessons, answers: Any, limits: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Measure each source's validation part: accuracy of digits, refused of what is none."""
    start, found = len(lessons.data.validation), {}
    for pool in lessons.pools:
        labels = pool.validation.labels
        own = answers[start : start + len(labels)]
        start += len(labels)
        found[pool.name] = {
            "num": len(labels),
            "is_digits": pool.is_digits,
            "unsure_or_refused": _share_below(own, limits["unsure_below"]),
            "refused": _share_below(own, limits["reject_below"]),
        } | (
            {"accuracy": round(float((own.argmax(1) == labels).mean()), 6)}
            if pool.is_digits
            else {}
        )
    return found


def _on_reviewed(
    lessons: Lessons, answers: Any, limits: dict[str, float], read: Callable[[Digits], Any]
) -> dict[str, Any]:
    """Measure on the people of validation, and on the field test; nothing where there are none."""
    if not lessons.reviewed:
        return {}
    validation, field_test = lessons.reviewed.validation, lessons.reviewed.field_test
    found = {}
    if _has_digits(validation):
        own = answers[-len(validation) :]  # the last of what validates
        found["reviewed_validation"] = _of_side(validation, own, limits)
    if _has_digits(field_test):
        found["field_test"] = _of_side(field_test, read(field_test.digits), limits)
    return found


def _has_digits(side: Side) -> bool:
    return bool((side.digits.labels != NO_DIGIT).any())


def _of_side(side: Side, answers: Any, limits: dict[str, float]) -> dict[str, Any]:
    """Measure people's digits, 1 or more, and what of theirs is none."""
    labels = side.digits.labels
    on_digits, on_others = answers[labels != NO_DIGIT], answers[labels == NO_DIGIT]
    return evaluation.figures(labels[labels != NO_DIGIT], on_digits) | {
        "num_people": side.num_people,
        "no_digits": _no_digits(on_digits, on_others, limits) if len(on_others) else {},
        "unsure_or_refused": _share_below(on_digits, limits["unsure_below"]),
    }


def _no_digits(on_digits: Any, on_others: Any, limits: dict[str, float]) -> dict[str, float]:
    """Measure how well confidence tells digits from what is none."""
    unsure_below, reject_below = limits["unsure_below"], limits["reject_below"]
    return {
        "num": len(on_others),
        "auroc": round(evaluation.auroc(on_digits.max(1), on_others.max(1)), 6),
        "unsure_or_refused": _share_below(on_others, unsure_below),
        "refused": _share_below(on_others, reject_below),
        "digits_unsure_or_refused": _share_below(on_digits, unsure_below),
        "digits_refused": _share_below(on_digits, reject_below),
    }


def _share_below(answers: Any, threshold: float) -> float:
    return round(evaluation.refused_share(answers, threshold), 6) if len(answers) else 0.0
