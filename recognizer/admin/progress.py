"""How far the review is: by reviewer, in the field, and what was taken for what."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from recognizer import aggregates
from recognizer.admin import accuracies, dates, figures, marks
from recognizer.models import (
    DIGIT_LABELS,
    Label,
    LabelChange,
    ModelVersion,
    Prediction,
    Submission,
    Way,
)

Verdict = Prediction.Verdict
Row = dict[str, Any]

WEEK = timedelta(days=7)
STANDS = Q(undone_at__isnull=True) & ~Q(way=Way.UNDO)
KINDS = (
    (gettext_lazy("a digit"), DIGIT_LABELS),
    (Label.NOT_A_DIGIT.label, [Label.NOT_A_DIGIT.value]),
    (Label.SEVERAL.label, [Label.SEVERAL.value]),
    (Label.BAD_IMAGE.label, [Label.BAD_IMAGE.value]),
)
VERDICTS = (Verdict.DIGIT, Verdict.UNSURE, Verdict.NOT_A_DIGIT, Verdict.SEVERAL)


def today(user: Any) -> int:
    """Count a reviewer's decisions of today, without those taken back. Queries: 1."""
    return LabelChange.objects.filter(
        STANDS, changed_by=user, changed_at__gte=dates.midnight()
    ).count()


def of_all(version: int | None) -> dict[str, Any]:
    """Gather the progress page: of all versions' readings, or of one's.

    Queries: 5.
    """
    versions = list(ModelVersion.objects.only("number", "name", "is_active"))
    chosen = next((one for one in versions if one.pk == version), None)
    counted = _counted(chosen)
    return {
        "reviewers": reviewers(),
        "accuracies": accuracies.rows(),
        "versions": versions,
        "chosen": chosen,
        "confusion": _confusion(counted, chosen),
        "verdicts": [verdict.label for verdict in VERDICTS],
        "kinds": _kinds(counted, chosen),
        "num_labelled": sum(counted.values()),
    }


def reviewers() -> list[Row]:
    """Give what each reviewer has decided, and how often as somebody else had. Queries: 2."""
    since_today, since_week = (
        Q(changed_at__gte=dates.midnight()),
        Q(changed_at__gte=timezone.now() - WEEK),
    )
    counted: Any = (
        LabelChange.objects.exclude(changed_by=None)
        .values("changed_by")
        .annotate(
            num=Count("pk", filter=STANDS),
            num_today=Count("pk", filter=STANDS & since_today),
            num_week=Count("pk", filter=STANDS & since_week),
            num_compared=Count("agrees"),
            num_agreed=Count("pk", filter=Q(agrees=True)),
        )
        .order_by()
    )
    names = {user.pk: str(user) for user in get_user_model().objects.filter(is_staff=True)}
    rows = [_reviewer(names.get(one["changed_by"], marks.NOTHING), one) for one in counted]
    return sorted(rows, key=lambda row: (-row["num"], row["name"]))


def _reviewer(name: str, counted: Row) -> Row:
    num, agreed = counted["num_compared"], counted["num_agreed"]
    interval = ""
    if num:
        low, high = (marks.percent(end, 0) for end in aggregates.wilson(agreed, num))
        interval = f"{low} – {high}"
    return {
        "name": name,
        "num": counted["num"],
        "num_today": marks.number(counted["num_today"]),
        "num_week": marks.number(counted["num_week"]),
        "num_all": marks.number(counted["num"]),
        "num_compared": marks.number(num),
        "agreement": marks.percent(agreed / num if num else None, 1),
        "interval": interval,
    }


# --- What was taken for what ----------------------------------------------------------------------

Counted = dict[tuple[str, str, str], int]


def _counted(version: ModelVersion | None) -> Counted:
    """Count what was labelled, by label, digit read and verdict. Queries: 1."""
    rows = Submission.objects.reviewed()
    if version:
        rows = rows.filter(served_version=version)
    columns = ("label", "served_digit", "served_verdict")
    counted = rows.values_list(*columns).annotate(num=Count("pk")).order_by()
    return {(label, str(digit), verdict): num for label, digit, verdict, num in counted}


def _confusion(counted: Counted, version: ModelVersion | None) -> list[list[Row]]:
    """Lay the ten labels against the ten digits read; each cell opens its images."""
    counts: Counter[tuple[str, str]] = Counter()
    for (label, read, _verdict), num in counted.items():
        counts[label, read] += num
    return figures.confusion(
        counts, lambda label, read: _url(version, label__exact=label, digit=read)
    )


def _kinds(counted: Counted, version: ModelVersion | None) -> list[Row]:
    """Lay what reviewers saw against the verdicts."""
    return [
        {
            "name": name,
            "cells": [
                {
                    "count": sum(
                        num
                        for (label, _digit, said), num in counted.items()
                        if label in labels and said == verdict
                    ),
                    "url": _url(version, label__in=",".join(labels), verdict=verdict.value),
                }
                for verdict in VERDICTS
            ],
        }
        for name, labels in KINDS
    ]


def _url(version: ModelVersion | None, **wanted: Any) -> str:
    state = {"review_state__exact": Submission.ReviewState.REVIEWED.value}
    of = {"version": version.pk} if version else {}
    changelist = reverse("admin:recognizer_submission_changelist")
    return f"{changelist}?{urlencode(wanted | of | state)}"
