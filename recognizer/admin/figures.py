"""The figures of versions as people compare them; what training did not measure is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recognizer.admin import marks
from recognizer.admin.marks import NOTHING, bar, number, percent
from recognizer.models import DIGIT_LABELS, DIGITS, ModelVersion

# How dark a cell of the confusion matrix is, by the share of its row: single mistakes must show.
HEAT_STEPS = (0.0, 0.002, 0.01, 0.05, 0.5)

SETS = (("test", _("Test digits")), ("validation", _("Validation digits")))


@dataclass(frozen=True)
class Figure:
    """One number of a version: how it is found and written, and which way is better."""

    name: str | Promise
    of: Callable[[ModelVersion], float | None]
    text: Callable[[float], str]
    is_more_better: bool | None = None

    def compare(self, candidate: ModelVersion, active: ModelVersion | None) -> dict[str, Any]:
        ours, theirs = self.of(candidate), self.of(active) if active else None
        return {
            "name": self.name,
            "candidate": self.written(ours),
            "active": self.written(theirs),
            "difference": self._difference(ours, theirs),
        }

    def best(self, values: Sequence[float | None]) -> float | None:
        """Give the best of some versions' values; None where none is better than another."""
        known = [value for value in values if value is not None]
        if self.is_more_better is None or len(set(known)) < 2:
            return None
        return max(known) if self.is_more_better else min(known)

    def written(self, value: float | None) -> str:
        return NOTHING if value is None else self.text(value)

    def _difference(self, ours: float | None, theirs: float | None) -> str:
        if ours is None or theirs is None or self.is_more_better is None:
            return ""
        if ours == theirs:
            return "same"
        return "better" if (ours > theirs) == self.is_more_better else "worse"


def measured(version: ModelVersion, name: str, on: str = "test") -> float | None:
    """Look up a figure of training on one set; None where it was not measured."""
    value: float | None = version.metrics.get(on, {}).get(name)
    return value


def recall(version: ModelVersion, digit: int) -> float | None:
    """Look up the share of one digit's test images that was read rightly."""
    shares = version.metrics.get("test", {}).get("recall") or [None] * 10
    return shares[digit]  # type: ignore[no-any-return]  # JSON


def _worst_recall(version: ModelVersion) -> float | None:
    return min((r for d in DIGITS if (r := recall(version, d)) is not None), default=None)


FIGURES = (
    Figure(_("Accuracy on test digits"), partial(measured, name="accuracy"), percent, True),
    Figure(
        _("Accuracy on validation digits"),
        partial(measured, name="accuracy", on="validation"),
        percent,
        True,
    ),
    Figure(_("Recall of its worst digit"), _worst_recall, percent, True),
    Figure(_("Calibration error (ECE)"), partial(measured, name="ece"), percent, False),
    Figure(
        _("Negative log-likelihood"),
        partial(measured, name="nll"),
        partial(number, decimals=4),
        False,
    ),
    Figure(
        _("Accuracy on the 20 probe digits"),
        lambda version: version.passport.get("probe_accuracy"),
        partial(percent, decimals=0),
        True,
    ),
    Figure(
        _("Accuracy on the sample"),
        lambda version: version.passport.get("sample_accuracy"),
        percent,
        True,
    ),
    Figure(
        _("Latency in ms, where it was checked"),
        lambda version: version.passport.get("latency_ms"),
        partial(number, decimals=2),
        False,
    ),
    Figure(_("Test digits"), partial(measured, name="num"), number),
    Figure(_("Parameters"), lambda version: version.num_parameters, number),
    Figure(_("File size"), lambda version: version.size_bytes, filesizeformat),
)
RECALLS = tuple(Figure(str(digit), partial(recall, digit=digit), percent, True) for digit in DIGITS)


def compare(
    figures: tuple[Figure, ...], candidate: ModelVersion, active: ModelVersion | None
) -> list[dict[str, Any]]:
    """Lay figures of two versions side by side, leaving out what neither has."""
    rows = (figure.compare(candidate, active) for figure in figures)
    return [row for row in rows if {row["candidate"], row["active"]} != {NOTHING}]


def facts(version: Any) -> list[tuple[str | Promise, str]]:
    """Give what one wants to know at once of a version, which has its `num_readings` at hand."""
    return [
        (_("serves"), marks.active(version)),
        (_("status"), marks.status(version)),
        (_("test accuracy"), percent(version.test_accuracy)),
        (_("parameters"), number(version.num_parameters)),
        (_("size"), filesizeformat(version.size_bytes)),
        (_("readings"), number(version.num_readings)),
    ]


def layer(found: dict[str, Any]) -> dict[str, str]:
    """Write one layer of a version, as vetting found it."""
    shape = found["output_shape"] or []
    return {
        "name": found["name"],
        "kind": found["kind"],
        "shape": " × ".join(str(side) for side in shape[1:]) or NOTHING,
        "parameters": number(found["num_parameters"]),
    }


def measurements(version: ModelVersion) -> Iterator[dict[str, Any]]:
    """Give what was measured on each set of digits: its figures, recalls and confusion matrix."""
    for key, name in SETS:
        if found := version.metrics.get(key):
            yield {
                "name": name,
                "num": number(found["num"]) if "num" in found else "",
                "accuracy": percent(found.get("accuracy")),
                "ece": percent(found.get("ece")),
                "nll": number(found["nll"], 4) if "nll" in found else NOTHING,
                "recalls": _recalls(found.get("recall") or []),
                "confusion": [_confusion_row(row) for row in found.get("confusion") or []],
            }


def _recalls(shares: list[float | None]) -> list[dict[str, Any]]:
    return [{"text": percent(share), "bar": bar(share or 0, 48)} for share in shares]


def _confusion_row(counts: list[int]) -> list[dict[str, Any]]:
    total = sum(counts) or 1
    return [{"count": count, "heat": heat(count / total)} for count in counts]


def heat(share: float) -> int:
    """Tell how dark a cell of a confusion matrix is, by its share of the row."""
    return sum(share > step for step in HEAT_STEPS)


def confusion(
    counts: Mapping[tuple[str, str], int], url: Callable[[str, str], str]
) -> list[list[dict[str, Any]]]:
    """Lay the ten labels, as rows, against the ten digits read.

    Args:
        counts: How many submissions have a label and were read so, by both.
        url: Gives where those of a label and a digit read are listed.
    """
    matrix = []
    for label in DIGIT_LABELS:
        cells = _confusion_row([counts.get((label, read), 0) for read in DIGIT_LABELS])
        matrix.append(
            [
                cell | {"url": url(label, read)}
                for read, cell in zip(DIGIT_LABELS, cells, strict=True)
            ]
        )
    return matrix
