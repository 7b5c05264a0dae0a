"""The dates above a list, from its first row's to its last one's: two looks into an index.

The admin's own ask which years, months or days have rows, and for that all rows are read.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from recognizer import aggregates

PARTS = ("year", "month", "day")
Choice = tuple[int, ...]  # (), (2026,), (2026, 11) or (2026, 11, 24)


def midnight() -> datetime:
    """Give the moment at which today began on the site."""
    return aggregates.begin_of(aggregates.today())


def hierarchy(changelist: ChangeList) -> dict[str, Any]:
    """Offer the years, a year's months or a month's days, and the way back.

    A date between the first and the last is offered whether or not there are rows of it.

    Args:
        changelist: A list that has a `date_hierarchy`.

    Returns:
        What admin/date_hierarchy.html shows.

    Queries: 2, whatever the filters.
    """
    field = changelist.date_hierarchy
    moments = changelist.root_queryset.order_by(field).values_list(field, flat=True)
    first, last = moments.first(), moments.last()
    if first is None or last is None:
        return {"show": False}
    asked = tuple(_asked(changelist))
    ends = [tuple(localdate(moment).timetuple()[:3]) for moment in (first, last)]
    choices = _finer(asked or _shared(*ends), *ends)
    return {
        "show": True,
        "back": _link(changelist, asked[:-1]) if asked else None,
        "choices": [_link(changelist, choice) for choice in choices] or [{"title": _title(asked)}],
    }


def _asked(changelist: ChangeList) -> Iterator[int]:
    for part in PARTS:
        value = changelist.params.get(f"{changelist.date_hierarchy}__{part}")
        if value is None:
            return
        yield int(value)


def _shared(first: Choice, last: Choice) -> Choice:
    """Give the year, or the year and the month, that all rows are of: nobody need choose it."""
    return next((first[:num] for num in (2, 1) if first[:num] == last[:num]), ())


def _finer(chosen: Choice, first: Choice, last: Choice) -> list[Choice]:
    """Give a choice's parts, from the first to the last: a year's months, a month's days."""
    parts = {0: range(first[0], last[0] + 1), 1: range(1, 13)}
    if len(chosen) == 2:
        parts[2] = range(1, monthrange(chosen[0], chosen[1])[1] + 1)
    choices = [(*chosen, part) for part in parts.get(len(chosen), ())]
    size = len(chosen) + 1
    return [choice for choice in choices if first[:size] <= choice <= last[:size]]


def _link(changelist: ChangeList, choice: Choice) -> dict[str, Any]:
    field = changelist.date_hierarchy
    query = {f"{field}__{part}": value for part, value in zip(PARTS, choice, strict=False)}
    return {"link": changelist.get_query_string(query, [f"{field}__"]), "title": _title(choice)}


def _title(choice: Choice) -> str:
    if not choice:
        return _("All dates")
    if len(choice) == 1:
        return str(choice[0])
    formats = {2: "YEAR_MONTH_FORMAT", 3: "MONTH_DAY_FORMAT"}
    return capfirst(date_format(date(*(*choice, 1)[:3]), formats[len(choice)]))
