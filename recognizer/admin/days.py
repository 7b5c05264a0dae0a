"""The last days as the charts show them: what was counted on each, and what was activated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from recognizer import aggregates
from recognizer.aggregates import Counts
from recognizer.models import Activation, DayCount, ModelVersion


@dataclass(frozen=True)
class Days:
    """The days of a period, counted; the activations on each where they may be seen."""

    days: list[date]
    counts: dict[date, Counts]
    activated: dict[date, list[ModelVersion]]

    @cached_property
    def total(self) -> Counts:
        total = Counts()
        for one in self.counts.values():
            total.merge(one)
        return total

    @property
    def labels(self) -> list[str]:
        return [day.isoformat() for day in self.days]

    @property
    def marks(self) -> list[dict[str, Any]]:
        return [
            {
                "at": place,
                "name": ", ".join(map(str, self.activated[day])),
                "short": ", ".join(f"v{version.number}" for version in self.activated[day]),
            }
            for place, day in enumerate(self.days)
            if day in self.activated
        ]

    def each(self) -> Iterator[Counts]:
        for day in self.days:
            yield self.counts.get(day) or Counts()

    def table(self, head: Sequence[Any], rows: Iterable[Sequence[str]]) -> dict[str, Any]:
        """Lay rows, one a day, as a table: the newest first, with what was activated."""
        shown = [
            [date_format(day), *row, ", ".join(map(str, self.activated.get(day, [])))]
            for day, row in zip(self.days, rows, strict=True)
        ]
        width = None if self.activated else -1
        return {
            "head": [_("Day"), *map(str, head), _("Activated")][:width],
            "rows": [row[:width] for row in reversed(shown)],
        }


def last(num_days: int, *, sees_versions: bool) -> Days:
    """Add up the versions' counts of each day. Queries: 1 or 2."""
    today = aggregates.today()
    first = today - timedelta(days=num_days - 1)
    counts: dict[date, Counts] = {}
    for row in DayCount.objects.filter(day__gte=first, day__lte=today).order_by():
        counts.setdefault(row.day_id, Counts()).add(row)
    return Days(
        days=[first + timedelta(days=place) for place in range(num_days)],
        counts=counts,
        activated=_activated(first) if sees_versions else {},
    )


def _activated(first: date) -> dict[date, list[ModelVersion]]:
    """Give the versions that were activated since a day, each once a day. Queries: 1."""
    found: dict[date, list[ModelVersion]] = {}
    since = Activation.objects.filter(activated_at__gte=aggregates.begin_of(first))
    for one in since.select_related("version").order_by("activated_at"):
        day = aggregates.day_of(one.activated_at)
        versions = found.setdefault(day, [])
        if one.version not in versions:
            versions.append(one.version)
    return found
