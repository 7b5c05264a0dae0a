"""What each activation served until the next one, counted by a task, so that no page has to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce

from recognizer.aggregates import begin_of, day_of, today
from recognizer.models import Activation, DayCount, Prediction, Submission

# Later than any reading: until when the last activation's time goes.
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)

_IS_RIGHT = Q(label=Cast("served_digit", models.CharField()))
_IN_ITS_TIME = Q(created_at__gte=OuterRef("activated_at"), created_at__lt=OuterRef("until"))


def count() -> int:
    """Count anew what each activation served until the next; give how many had changed.

    Of the days that may have been purged, it goes by their counts, which stay; of the others by
    their rows. Where still less is found than before, rows were deleted: what was counted stays,
    though audits go on among those that are left.

    Queries: 2, and 1 over the readings, by index; 1 for each that has changed.
    """
    first = _first_whole_day()
    activations = list(_counted(begin_of(first)).order_by("pk"))
    purged = _served_before(first, activations)
    num_changed = 0
    names = ("num_served", "num_audited", "num_right")
    for one in activations:
        rows = (one.served_now, one.audited_now, one.right_now)
        found = _with_deleted(one, *map(sum, zip(rows, purged[one.pk], strict=True)))
        if found != (one.num_served, one.num_audited, one.num_right):
            # Only the counts, by id: whoever activates meanwhile writes another row.
            values = dict(zip(names, found, strict=True))
            num_changed += Activation.objects.filter(pk=one.pk).update(**values)
    return num_changed


def _with_deleted(
    activation: Activation, served: int, audited: int, right: int
) -> tuple[int, int, int]:
    """Give what is found of an activation, or what was counted of it where that is more."""
    if audited < (activation.num_audited or 0):
        audited, right = activation.num_audited or 0, activation.num_right or 0
    return max(served, activation.num_served or 0), audited, right


def _first_whole_day() -> date:
    """Give the first day from which on nothing can have been purged. Queries: 1.

    A purge takes all that is unlabelled up to some moment, and never of today: what came after the
    day of the oldest unlabelled one is there.
    """
    oldest = Submission.objects.unlabelled().aggregate(at=Min("created_at"))["at"]
    if oldest is None:
        return today()
    return min(day_of(oldest) + timedelta(days=1), today())


def _served_before(first: date, activations: Sequence[Any]) -> dict[int, list[int]]:
    """Sum what was served on the days before a day: served, audited and right, by activation.

    Queries: 1, and 6 or more for each of these days on which a version was activated twice.
    """
    sums = {one.pk: [0, 0, 0] for one in activations}
    columns = ("day", "version", "verdicts", "num_audited", "num_right")
    for row in DayCount.objects.filter(day__lt=first).only(*columns).order_by():
        owners = [
            one
            for one in activations
            if one.version_id == row.version_id
            and day_of(one.activated_at) <= row.day_id <= day_of(one.until)
        ]
        whole = (sum(row.verdicts.values()), row.num_audited, row.num_right)
        for one in owners:
            # The day's counts are by version; of two activations of the same, its rows tell.
            served = whole if len(owners) == 1 else _served_on(row.day_id, one)
            sums[one.pk] = [*map(sum, zip(sums[one.pk], served, strict=True))]
    return sums


def _served_on(day: date, activation: Any) -> tuple[int, int, int]:
    """Count the rows of one day that an activation served: served, audited, right. Queries: 3."""
    in_its_time = Q(
        created_at__gte=max(activation.activated_at, begin_of(day)),
        created_at__lt=min(activation.until, begin_of(day + timedelta(days=1))),
    )
    served, audited, right = _rows(in_its_time, activation.version_id)
    return served.count(), audited.count(), right.count()


def _rows(in_its_time: Q, version: Any) -> tuple[QuerySet[Any], QuerySet[Any], QuerySet[Any]]:
    """Give what a version served in a time, what of it was audited as a digit, and rightly read."""
    served = Prediction.objects.served().filter(in_its_time, version=version)
    audited = Submission.objects.audited().labelled_digits()
    audited = audited.filter(in_its_time, served_version=version)
    return served, audited, audited.filter(_IS_RIGHT)


def _counted(since: datetime) -> QuerySet[Any]:
    """Annotate what each served until the next one, counted: 0.3 s at a million readings.

    `served_now` readings; `audited_now` of them that were audited and labelled with a digit;
    `right_now` of those; all of them from a moment on.
    """
    later = Activation.objects.filter(activated_at__gt=OuterRef("activated_at"))
    until = later.order_by("activated_at").values("activated_at")[:1]
    in_its_time = _IN_ITS_TIME & Q(created_at__gte=since)
    served, audited, right = _rows(in_its_time, OuterRef("version"))
    return Activation.objects.annotate(
        until=Coalesce(Subquery(until), Value(END_OF_TIME), output_field=models.DateTimeField()),
        served_now=_num_of(served),
        audited_now=_num_of(audited),
        right_now=_num_of(right),
    )


def _num_of(rows: QuerySet[Any]) -> Subquery:
    """Count rows of another table that name a row of the query; an index alone has them.

    Not by `Count`, which would group them first: half the time again.
    """
    num = models.Func(models.F("pk"), function="COUNT", output_field=models.IntegerField())
    return Subquery(rows.order_by().annotate(num=num).values("num"))
