"""Filters and search of the lists of submissions and predictions, each of which an index helps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db import connections
from django.db.models import F, Func, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from recognizer import review
from recognizer.models import CLAIM_CONTRADICTS, DIGITS, ModelVersion, Prediction, Submission

Choices = Iterable[tuple[str, Any]]

# From less than 50 % (nothing recognised) to practically sure; confidences, 0 to 1.
CONFIDENCE_RANGES = {
    "0-50": (_("below 50 %"), 0.0, 0.5),
    "50-80": (_("50 to 80 %"), 0.5, 0.8),
    "80-95": (_("80 to 95 %"), 0.8, 0.95),
    "95-99": (_("95 to 99 %"), 0.95, 0.99),
    "99-100": (_("99 % and more"), 0.99, 1.01),
}

# Rows that SQLite finds and sorts in 20 ms, and counts in 10.
COMMON = 100_000
BEGINNING = r"[0-9a-f]{3,32}"  # of an id or a key, without hyphens


class _ReadingFilter(admin.SimpleListFilter):
    """Filters by a field of a reading, where the list's admin has it: at `reading_prefix`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        *_rest, model_admin = args
        self.field = f"{model_admin.reading_prefix}{self.parameter_name}"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value, field = str(self.value()), self.field
        if value not in {str(key) for key, _name in self.lookup_choices}:
            return queryset
        if connections[queryset.db].vendor == "sqlite" and (
            _is_in_a_lane(request) or self.are_many(queryset.model, value)
        ):
            # With a plus before it, no index has it: SQLite would take this filter's own, whose
            # rows do not tell the lane, and are to be sorted by date.
            field = f"{self.parameter_name}_by_date"
            plus = Func(F(self.field), template="+%(expressions)s")
            queryset = queryset.alias(**{field: plus})
        return queryset.filter(self.wanted(field, value))

    def wanted(self, field: str, value: str) -> Q:
        return Q(**{field: value})

    def are_many(self, model: type[Any], value: str) -> bool:
        """Tell whether so many rows are wanted that one looks for them by date."""
        return False


def _is_in_a_lane(request: HttpRequest) -> bool:
    """Tell whether a lane is looked at, whose index finds the rows: it has them all by date."""
    lane = request.GET.get(LaneFilter.parameter_name)
    return lane in {*review.Lane.values, LaneFilter.AUDITED}


class VerdictFilter(_ReadingFilter):
    title = _("verdict")
    parameter_name = "verdict"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [c for c in Prediction.Verdict.choices if c[0] != Prediction.Verdict.BLANK]


class ReadDigitFilter(_ReadingFilter):
    title = _("digit read")
    parameter_name = "digit"
    template = "admin/recognizer/filter_row.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(str(digit), str(digit)) for digit in DIGITS]


class VersionFilter(_ReadingFilter):
    title = _("version")
    parameter_name = "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(str(v.pk), str(v)) for v in ModelVersion.objects.only("number", "name")]


class ConfidenceFilter(_ReadingFilter):
    title = _("confidence")
    parameter_name = "confidence"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(key, name) for key, (name, _low, _high) in CONFIDENCE_RANGES.items()]

    def wanted(self, field: str, value: str) -> Q:
        _name, low, high = CONFIDENCE_RANGES[value]
        return Q(**{f"{field}__gte": low, f"{field}__lt": high})

    def are_many(self, model: type[Any], value: str) -> bool:
        """Tell it by the rows of the range. Queries: 1.

        Where there are few, and another filter leaves none of them, all dates would be looked
        through: 0.2 s for a million rows.
        """
        rows = model.objects.filter(self.wanted(self.field, value)).order_by()
        return bool(rows[: COMMON + 1].count() > COMMON)


class ReviewFilter(admin.ChoicesFieldListFilter):
    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """Say of all but the pending that they are not, as the index of those few has it."""
        pending = Submission.ReviewState.PENDING
        if self.lookup_val and pending not in self.lookup_val:
            queryset = queryset.exclude(review_state=pending)
        return super().queryset(request, queryset)


class LaneFilter(admin.SimpleListFilter):
    """What waits in a lane of review, or was audited."""

    title = _("lane")
    parameter_name = "lane"
    AUDITED = "audited"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [*review.Lane.choices, (self.AUDITED, _("Audited"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Submission]
    ) -> QuerySet[Submission]:
        if self.value() == self.AUDITED:
            return queryset.filter(audited_at__isnull=False)
        lane = next((one for one in review.Lane if one.value == self.value()), None)
        return queryset.filter(review.is_in(lane)) if lane else queryset


class ClaimFilter(admin.SimpleListFilter):
    """What visitors said it was, beside what was read."""

    title = _("claim")
    parameter_name = "claim"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [
            ("other", _("claim ≠ reading")),
            ("same", _("claim = reading")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Submission]
    ) -> QuerySet[Submission]:
        if self.value() not in {"other", "same"}:
            return queryset
        claimed = queryset.filter(claim__isnull=False)
        if self.value() == "other":
            return claimed.filter(CLAIM_CONTRADICTS)
        return claimed.exclude(CLAIM_CONTRADICTS)


class LabelFilter(admin.ChoicesFieldListFilter):
    template = "admin/recognizer/filter_row.html"


def search(queryset: QuerySet[Submission], term: str) -> QuerySet[Submission]:
    """Find submissions by the beginning of the id or of the visitor's key, or by a version's name.

    A beginning is a range, which an index finds; of one or two characters it would be thousands of
    rows, which nobody looks for. Queries: 1.
    """
    versions = list(ModelVersion.objects.filter(name__icontains=term).values_list("pk", flat=True))
    wanted = Q(served_version__in=versions) if versions else Q(pk__in=[])
    start = term.replace("-", "").lower()
    if re.fullmatch(BEGINNING, start):
        wanted |= ids_from(start, "pk")
        wanted |= Q(visitor_key__gte=start, visitor_key__lte=start.ljust(32, "f"))
    return queryset.filter(wanted)


def ids_from(start: str, field: str) -> Q:
    """Give the condition that an id begins with 1 to 32 hexadecimal digits."""
    low, high = (UUID(start.ljust(32, fill)) for fill in "0f")
    return Q(**{f"{field}__gte": low, f"{field}__lte": high})
