"""The charts under the panel: each as a sentence, the data of its drawing, and a table of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer import aggregates
from recognizer.admin.days import Days
from recognizer.admin.marks import NOTHING, number, percent
from recognizer.aggregates import Counts
from recognizer.models import Prediction

Verdict = Prediction.Verdict

REFUSED = (Verdict.NOT_A_DIGIT, Verdict.BLANK)
# By verdict: the admin's variable of its colour, and the hatching that tells it without colour.
INKS = {
    Verdict.DIGIT: ("--chart-fill", ""),
    Verdict.SEVERAL: ("--several", "dots"),
    Verdict.UNSURE: ("--doubt", "rising"),
    Verdict.NOT_A_DIGIT: ("--no", "falling"),
    Verdict.BLANK: ("--blank", "hollow"),
}


@dataclass(frozen=True)
class Chart:
    """One figure of the page.

    Attributes:
        name: Its id on the page.
        title, says: What it shows, and what there is to see, in a sentence.
        kind: How static/admin_site/js/kinds.js draws it: `stack`, `lines`, `bars` or `intervals`.
        labels: Along its axis: ISO days, shares or names.
        series: Each {name, values, color, …}; a value is a number, None, or [low, high].
        marks: Activations in time: {at: index of the label, name, short}.
        unit: Of the values: `readings`, `share` (0 to 1), `ms` or `loss`.
        lowest: Where the axis of the values begins; None is at 0.
        head, rows: The table behind it, written out.
    """

    name: str
    title: str | Promise
    says: str
    kind: str
    unit: str
    labels: list[str]
    series: list[dict[str, Any]]
    head: list[str]
    rows: list[list[str]]
    is_wide: bool = False
    lowest: float | None = None
    marks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        """What its drawing needs, for JSON."""
        kept = ("kind", "unit", "labels", "series", "marks", "lowest")
        return {name: getattr(self, name) for name in kept} | {"words": {"all": _("All")}}

    @property
    def data_id(self) -> str:
        return f"{self.name}-data"


def of_days(of: Days) -> list[Chart]:
    """Chart what was read in a time: how it came out, how fast, and how surely."""
    return [_verdicts(of), _refusals(of), _latencies(of), _confidences(of)]


def _verdicts(of: Days) -> Chart:
    total = of.total
    return Chart(
        name="verdicts",
        title=gettext_lazy("Readings a day, by verdict"),
        says=_("%(num)s readings in %(days)s days; %(share)s were read as digits.")
        % {
            "num": number(total.num),
            "days": len(of.days),
            "share": percent(_share(total, Verdict.DIGIT, Verdict.SEVERAL), 1),
        },
        kind="stack",
        unit="readings",
        labels=of.labels,
        series=[_layer(of, verdict) for verdict in INKS],
        marks=of.marks,
        is_wide=True,
        **of.table(
            [*(verdict.label for verdict in INKS), _("All")],
            (
                [*(number(day.verdicts[verdict]) for verdict in INKS), number(day.num)]
                for day in of.each()
            ),
        ),
    )


def _layer(of: Days, verdict: Prediction.Verdict) -> dict[str, Any]:
    """Give one verdict's part of each day's bar."""
    color, hatching = INKS[verdict]
    return {
        "name": str(verdict.label),
        "values": [day.verdicts[verdict] for day in of.each()],
        "color": color,
        "hatching": hatching,
    }


def _refusals(of: Days) -> Chart:
    total = of.total
    shares = [(_share(day, *REFUSED), _share(day, Verdict.UNSURE)) for day in of.each()]
    names = (_("refused: not a digit, or blank"), _("unsure"))
    return Chart(
        name="refusals",
        title=gettext_lazy("Share refused"),
        says=_("%(refused)s were refused, and %(unsure)s read unsurely.")
        % {
            "refused": percent(_share(total, *REFUSED), 1),
            "unsure": percent(_share(total, Verdict.UNSURE), 1),
        },
        kind="lines",
        unit="share",
        labels=of.labels,
        series=_lines(names, zip(*shares, strict=True), ("--no", "--doubt")),
        marks=of.marks,
        **of.table(
            [_("Refused"), _("Unsure"), _("Readings")],
            (
                [percent(refused, 1), percent(unsure, 1), number(day.num)]
                for (refused, unsure), day in zip(shares, of.each(), strict=True)
            ),
        ),
    )


def _latencies(of: Days) -> Chart:
    total = of.total
    found = [_median_and_95th(day) for day in of.each()]
    median, highest = _median_and_95th(total)
    return Chart(
        name="latencies",
        title=gettext_lazy("Latency of a reading"),
        says=_("Half took %(median)s at most, 95 in 100 %(highest)s.")
        % {"median": _ms(median), "highest": _ms(highest)},
        kind="lines",
        unit="ms",
        labels=of.labels,
        series=_lines(
            (_("median"), _("95th percentile")),
            zip(*found, strict=True),
            ("--chart-fill", "--several"),
        ),
        marks=of.marks,
        **of.table(
            [_("Median"), _("95th percentile"), _("Readings")],
            (
                [_ms(median), _ms(highest), number(day.num)]
                for (median, highest), day in zip(found, of.each(), strict=True)
            ),
        ),
    )


def _confidences(of: Days) -> Chart:
    counts = of.total.confidences
    total = counts.total()
    num_bins = aggregates.NUM_CONFIDENCES
    step = 100 // num_bins
    labels = [
        f"{step * place}–{step * (place + 1)}\N{NO-BREAK SPACE}%" for place in range(num_bins)
    ]
    return Chart(
        name="confidences",
        title=gettext_lazy("Confidence"),
        says=_("%(share)s of the readings were in the surest twentieth, from 95 %% on.")
        % {"share": percent(counts[num_bins - 1] / total if total else None, 1)},
        kind="bars",
        unit="readings",
        labels=labels,
        series=[
            {
                "name": _("readings"),
                "values": [counts[place] for place in range(num_bins)],
                "color": "--chart-fill",
            }
        ],
        head=[_("Confidence"), _("Readings"), _("Share")],
        rows=[
            [label, number(counts[place]), percent(counts[place] / total if total else None, 1)]
            for place, label in enumerate(labels)
        ],
    )


def _lines(
    names: Iterable[str], values: Iterable[Sequence[float | None]], colors: Iterable[str]
) -> list[dict[str, Any]]:
    """Give lines, each with its colour; the drawing gives each a dash of its own."""
    return [
        {"name": name, "values": list(of), "color": color}
        for name, of, color in zip(names, values, colors, strict=True)
    ]


def _share(counts: Counts, *verdicts: str) -> float | None:
    """Give the share of some verdicts, 0 to 1; None where nothing was read."""
    wanted = sum(counts.verdicts[verdict] for verdict in verdicts)
    return wanted / counts.num if counts.num else None


def _median_and_95th(counts: Counts) -> tuple[float | None, float | None]:
    latencies = counts.latencies
    return (
        aggregates.latency_quantile(latencies, 0.5),
        aggregates.latency_quantile(latencies, 0.95),
    )


def _ms(latency_ms: float | None) -> str:
    """Write a latency with as many digits as its bin is worth."""
    if latency_ms is None:
        return NOTHING
    decimals = 2 if latency_ms < 1 else 1 if latency_ms < 100 else 0
    return f"{number(latency_ms, decimals)}\N{NO-BREAK SPACE}ms"
