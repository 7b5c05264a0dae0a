"""The counts behind the dashboard: kept day by day by a task, so that no page counts the rows."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from itertools import accumulate
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, CharField, Count, ExpressionWrapper, Max, Min, Q
from django.db.models.functions import Cast, TruncDate
from django.utils import timezone

from recognizer.models import (
    DIGIT_LABELS,
    CountedDay,
    DayCount,
    ModelVersion,
    Prediction,
    Submission,
)

NUM_CONFIDENCES = 20  # bins of 5 %
# Each latency bin ends 4 % above where it begins: the middle of one is at most 2 % off.
LATENCY_RATIO = 1.04
SHORTEST_MS, LONGEST_MS = 0.05, 600_000.0  # a LiteRT reading alone takes 0.2 ms
# A row is written somewhat later than the time it carries.
MAY_BE_LATE = timedelta(minutes=1)
# Whatever else changed, as a review that was taken back, is counted within a day.
RECOUNTED_AFTER = timedelta(days=1)
# What one run of the task may take: it comes again within the minute, and goes on.
BUDGET_S = 20.0
ROWS_AT_ONCE = 5_000

# Of a prediction: its submission was chosen by chance and is labelled with a digit, and that is the
# one that was read.
IS_AUDITED = Q(
    submission__review_state="reviewed",
    submission__audited_at__isnull=False,
    submission__label__in=DIGIT_LABELS,
)
IS_RIGHT = Q(submission__label=Cast("digit", CharField()))

Verdict = Prediction.Verdict


# --- Counting -------------------------------------------------------------------------------------


def refresh(budget_s: float = BUDGET_S) -> int:
    """Count the days anew that may have changed, today first. Gives how many were counted.

    A day is read without a lock and written in a transaction of a few rows, so that visitors are
    not held up. What the budget leaves is counted by the next run.

    Args:
        budget_s: Seconds after which no further day is begun.

    Queries: 3, and 9 a day.
    """
    deadline = time.monotonic() + budget_s
    num_counted = 0
    for day in _stale_days(timezone.now()):
        count_day(day)
        num_counted += 1
        if time.monotonic() > deadline:
            break
    return num_counted


def settle(before: datetime) -> None:
    """Count the days up to a moment once more where they changed since: their rows are about to go.

    Queries: 3, and 9 for each such day.
    """
    last = day_of(before)
    for day in _stale_days(timezone.now()):
        if day <= last:
            count_day(day)


def count_day(day: date) -> None:
    """Count what each version served on a day of the site's time zone, and keep it.

    Of a past day of which fewer readings are left than were counted, some were deleted: what was
    counted stays, though audits go on among those that are left.

    Queries: 9, or 10 where something stays; one of them over the day's predictions, by index.
    """
    counted_at = timezone.now()
    counted = _counted(day)
    with transaction.atomic():
        CountedDay.objects.get_or_create(day=day, defaults={"counted_at": counted_at})
        row = CountedDay.objects.select_for_update().get(day=day)  # one worker at a time
        stays = _with_fewer_left(row, counted)
        row.counts.exclude(version__in=stays).delete()
        _take_audits(stays, counted)
        DayCount.objects.bulk_create(
            DayCount(
                day=row,
                version_id=version,
                verdicts=one.verdicts,
                confidences=one.confidences,
                latencies=one.latencies,
                num_audited=one.num_audited,
                num_right=one.num_right,
                num_shadowed=one.num_shadowed,
                num_agreed=one.num_agreed,
            )
            for version, one in counted.items()
            if version not in stays
        )
        row.counted_at = counted_at
        row.save()


def _with_fewer_left(row: CountedDay, counted: Mapping[int, Counts]) -> dict[int, DayCount]:
    """Give the counts of a past day of which some readings were deleted since, by version.

    Of today nothing is purged; where a visitor deletes theirs, its count follows. Queries: 0 or 1.
    """
    if row.day >= today():
        return {}
    return {
        one.version_id: one
        for one in row.counts.all()
        if _has_fewer(counted.get(one.version_id, Counts()), one)
    }


def _take_audits(stays: Mapping[int, DayCount], counted: Mapping[int, Counts]) -> None:
    """Take what was audited since into counts that stay, unless fewer of those are left too.

    Queries: 0 or 1.
    """
    for version, one in stays.items():
        now = counted.get(version, Counts())
        if now.num_audited >= one.num_audited:
            one.num_audited, one.num_right = now.num_audited, now.num_right
    DayCount.objects.bulk_update(stays.values(), ["num_audited", "num_right"])


def _has_fewer(now: Counts, before: DayCount) -> bool:
    return now.num < sum(before.verdicts.values()) or now.num_shadowed < before.num_shadowed


@dataclass
class Counts:
    """Readings, counted: by verdict, by bin of confidence and of latency, and those audited."""

    verdicts: Counter[str] = field(default_factory=Counter)
    confidences: Counter[int] = field(default_factory=Counter)
    latencies: Counter[int] = field(default_factory=Counter)
    num_audited: int = 0
    num_right: int = 0
    num_shadowed: int = 0
    num_agreed: int = 0

    @property
    def num(self) -> int:
        return self.verdicts.total()

    def add_reading(self, verdict: str, confidence: float, latency_ms: float) -> None:
        self.verdicts[verdict] += 1
        if verdict != Verdict.BLANK:  # nothing was read that one could be sure of
            self.confidences[confidence_bin(confidence)] += 1
        self.latencies[latency_bin(latency_ms)] += 1

    def add_audit(self, *, is_right: bool) -> None:
        self.num_audited += 1
        self.num_right += is_right

    def add(self, row: DayCount) -> None:
        self.verdicts.update(row.verdicts)
        self.confidences.update({int(place): num for place, num in row.confidences.items()})
        self.latencies.update({int(place): num for place, num in row.latencies.items()})
        self.num_audited += row.num_audited
        self.num_right += row.num_right
        self.num_shadowed += row.num_shadowed
        self.num_agreed += row.num_agreed

    def merge(self, other: Counts) -> None:
        self.verdicts.update(other.verdicts)
        self.confidences.update(other.confidences)
        self.latencies.update(other.latencies)
        self.num_audited += other.num_audited
        self.num_right += other.num_right
        self.num_shadowed += other.num_shadowed
        self.num_agreed += other.num_agreed


def _counted(day: date) -> dict[int, Counts]:
    """Count a day's readings by version: served ones, and a shadow's. Queries: 3."""
    versions = list(ModelVersion.objects.values_list("pk", flat=True))
    counted: dict[int, Counts] = {}
    for version, *reading, is_audited, is_right in _readings_on(day, versions):
        counts = counted.setdefault(version, Counts())
        counts.add_reading(*reading)
        if is_audited:
            counts.add_audit(is_right=bool(is_right))  # NULL where nothing was read
    for version, num_shadowed, num_agreed in _shadowed_on(day, versions):
        counts = counted.setdefault(version, Counts())
        counts.num_shadowed, counts.num_agreed = num_shadowed, num_agreed
    return counted


def _shadowed_on(day: date, versions: list[int]) -> Iterator[tuple[int, int, int]]:
    """Give for each shadow how many it read, and how often it said what the active one said."""
    rows = Prediction.objects.filter(
        role=Prediction.Role.SHADOW,
        version__in=versions,
        created_at__gte=begin_of(day),
        created_at__lt=begin_of(day + timedelta(days=1)),
    )
    counted = rows.order_by().values("version").annotate(num=Count("pk"), agreed=_NUM_AGREEING)
    yield from counted.values_list("version", "num", "agreed")


_NUM_AGREEING = Count("pk", filter=Q(agrees=True))


def _readings_on(day: date, versions: list[int]) -> Iterator[tuple[Any, ...]]:
    """Give the version, verdict, confidence and latency of each, and whether audited and right.

    The versions are named so that the index over version, role and time is taken. Without them
    SQLite takes one over the role, which is the same in every row: 47 s a day at a million rows.
    """
    rows = (
        Prediction.objects.served()
        .filter(
            version__in=versions,
            created_at__gte=begin_of(day),
            created_at__lt=begin_of(day + timedelta(days=1)),
        )
        .annotate(is_audited=_as_boolean(IS_AUDITED), is_right=_as_boolean(IS_RIGHT))
        .order_by()
    )
    columns = ("version_id", "verdict", "confidence", "latency_ms", "is_audited", "is_right")
    return rows.values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE)


def _as_boolean(condition: Q) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(condition, output_field=BooleanField())


def begin_of(day: date) -> datetime:
    """Give the moment at which a day of the site's time zone begins."""
    return datetime(day.year, day.month, day.day, tzinfo=site_zone())


def day_of(moment: datetime) -> date:
    """Give the day of the site's time zone on which a moment is."""
    return timezone.localdate(moment, timezone=site_zone())


def today() -> date:
    return day_of(timezone.now())


def site_zone() -> tzinfo:
    """Give TIME_ZONE, whatever zone the request at hand is shown in."""
    return timezone.get_default_timezone()


# --- Which days -----------------------------------------------------------------------------------


def _stale_days(now: datetime) -> list[date]:
    """Give the days to count: today, those that changed, those never counted, the oldest counts."""
    counted = dict(CountedDay.objects.values_list("day", "counted_at"))
    reviewed = _last_reviews(now)
    newest, *others = _days_with_readings()
    known = [day for day in others if day in counted]
    changed = [day for day in known if counted[day] < _changed_at(day, reviewed) + MAY_BE_LATE]
    due = {day for day in known if now - counted[day] > RECOUNTED_AFTER} - {*changed}
    return [
        newest,
        *changed,
        *(day for day in others if day not in counted),
        *sorted(due, key=counted.__getitem__),
    ]


def _days_with_readings() -> Iterator[date]:
    """Give today and each day before it, back to the first prediction. Queries: 1."""
    first = Prediction.objects.aggregate(first=Min("created_at"))["first"]
    day = today()
    yield day
    while first is not None and begin_of(day) > first:
        day -= timedelta(days=1)
        yield day


def _changed_at(day: date, reviewed: Mapping[date, datetime]) -> datetime:
    """Tell when a day changed last: at its end, or by a review of what came on it."""
    end = begin_of(day + timedelta(days=1))
    return max(end, reviewed.get(day, end))


def _last_reviews(now: datetime) -> dict[date, datetime]:
    """Give the days whose submissions were lately reviewed, and when last. Queries: 1.

    Looks as far back as a day may be without being counted.
    """
    return dict(
        Submission.objects.filter(reviewed_at__gte=now - RECOUNTED_AFTER - MAY_BE_LATE)
        .values_list(TruncDate("created_at", tzinfo=site_zone()))
        .annotate(last=Max("reviewed_at"))
        .order_by()
    )


# --- Bins and intervals ---------------------------------------------------------------------------


def confidence_bin(confidence: float) -> int:
    """Give the bin of a confidence of 0 to 1: 0 is below 5 %, 19 from 95 % on."""
    return min(int(confidence * NUM_CONFIDENCES), NUM_CONFIDENCES - 1)


def latency_bin(latency_ms: float) -> int:
    """Give the bin of a latency: each is `LATENCY_RATIO` times as long as the one before."""
    bounded = min(max(latency_ms, SHORTEST_MS), LONGEST_MS)
    return int(math.log(bounded / SHORTEST_MS) / math.log(LATENCY_RATIO))


def latency_quantile(latencies: Mapping[int, int], share: float) -> float | None:
    """Give the latency in ms that this share of readings took at most; None where there are none.

    It is at most 2 % off: the middle of the bin in which it lies.
    """
    places = sorted(latencies)
    total = sum(latencies.values())
    if not total:
        return None
    nth = max(1, math.ceil(share * total))  # by the nearest rank
    sums = accumulate(latencies[place] for place in places)
    found = next(place for place, num in zip(places, sums, strict=True) if num >= nth)
    return SHORTEST_MS * float(LATENCY_RATIO ** (found + 0.5))


def wilson(num_right: int, num: int) -> tuple[float, float]:
    """Give the 95 % interval of a share that was found as `num_right` of `num`.

    Args:
        num_right: 0 to `num`.
        num: 1 or more.

    Returns:
        Its lower and upper end, 0 to 1.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    """
    z = 1.959964  # 97.5 % of the normal distribution lies below
    share = num_right / num
    middle = share + z**2 / (2 * num)
    half = z * math.sqrt(share * (1 - share) / num + z**2 / (4 * num**2))
    whole = 1 + z**2 / num
    # The share lies within, which rounding must not undo.
    return min(share, (middle - half) / whole), max(share, (middle + half) / whole)
