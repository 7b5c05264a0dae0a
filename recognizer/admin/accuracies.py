"""What versions read rightly in the field, of the digits that were audited: chosen by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from recognizer import aggregates
from recognizer.admin.charts import Chart
from recognizer.admin.marks import number, percent
from recognizer.models import ModelVersion

# So many versions' intervals can be told apart on a phone.
MAX_VERSIONS = 8


@dataclass(frozen=True)
class Accuracy:
    """What a version read rightly of the audited digits, and how sure that is."""

    name: str
    num: int
    num_right: int

    @property
    def share(self) -> float:
        return self.num_right / self.num

    @property
    def interval(self) -> tuple[float, float]:
        return aggregates.wilson(self.num_right, self.num)

    @property
    def row(self) -> list[str]:
        low, high = (percent(end, 1) for end in self.interval)
        counts = [number(self.num), number(self.num_right)]
        return [self.name, *counts, percent(self.share, 1), f"{low} – {high}"]


def charts() -> list[Chart]:
    """Chart the newest versions' accuracies, whenever it was they served. Queries: 1.

    Returns:
        The chart; none where nothing was audited yet.
    """
    found = _found()
    return [_chart(found)] if found else []


def rows() -> list[list[str]]:
    """Give the same as a table: version, audited, rightly, accuracy, interval. Queries: 1."""
    return [one.row for one in _found()]


def _found() -> list[Accuracy]:
    versions: list[Any] = list(ModelVersion.objects.with_num_audited()[:MAX_VERSIONS])
    return [Accuracy(str(one), one.num_audited, one.num_right) for one in versions]


def _chart(found: list[Accuracy]) -> Chart:
    return Chart(
        name="accuracies",
        title=_("Accuracy in the field"),
        says=_(
            "In all its time, %(version)s read %(share)s of %(num)s audited digits rightly. Only "
            "what was chosen by chance counts: what is labelled for another reason is harder, or "
            "easier, than what people send."
        )
        % {
            "version": found[0].name,
            "share": percent(found[0].share, 1),
            "num": number(found[0].num),
        },
        kind="intervals",
        unit="share",
        labels=[one.name for one in found],
        series=_series(found),
        head=[_("Version"), _("Audited"), _("Rightly"), _("Accuracy"), _("95-percent interval")],
        rows=[one.row for one in found],
    )


def _series(found: list[Accuracy]) -> list[dict[str, Any]]:
    return [
        {
            "name": _("95-percent interval"),
            "values": [list(one.interval) for one in found],
            "color": "--chart-fill",
        },
        {
            "name": _("read rightly"),
            "values": [one.share for one in found],
            "color": "--body-loud-color",
        },
    ]
