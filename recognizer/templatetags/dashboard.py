"""The panel and the charts on top of the admin's first page, as tags, as the admin's `log` is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template
from django.db.models import Max
from django.utils import timezone

from recognizer.admin import accuracies, counts, dates, days, marks
from recognizer.admin import charts as drawn
from recognizer.models import CountedDay, ModelVersion, Submission

register = template.Library()

PERIODS = (7, 30, 90)  # days
USUAL_PERIOD = 30
# The worker counts each minute; what is older by some minutes, nobody counts.
FORGOTTEN_AFTER = timedelta(minutes=5)


@register.inclusion_tag("admin/recognizer/dashboard.html", takes_context=True)
def dashboard(context: dict[str, Any]) -> dict[str, Any]:
    """Show what serves, what came today and what waits, as far as the user may see it."""
    sees_versions, sees_submissions = _sees(context)
    return {
        "sees_versions": sees_versions,
        "sees_submissions": sees_submissions,
        "may_review": context["request"].user.has_perm("recognizer.change_submission"),
        **(_versions() if sees_versions else {}),
        **(_submissions() if sees_submissions else {}),
    }


@register.inclusion_tag("admin/recognizer/charts.html", takes_context=True)
def charts(context: dict[str, Any]) -> dict[str, Any]:
    """Show what was read from day to day, as far as the user may see it.

    Queries: 2, 2 more with versions. None of them touches submissions or predictions.
    """
    sees_versions, sees_submissions = _sees(context)
    if not sees_submissions:
        return {}
    num_days = _period(context["request"].GET.get("days", ""))
    last_days = days.last(num_days, sees_versions=sees_versions)
    field = accuracies.charts() if sees_versions else []
    has_any = last_days.total.num > 0 or bool(field)
    return {
        "sees_charts": True,
        "periods": PERIODS,
        "num_days": num_days,
        "charts": [*drawn.of_days(last_days), *field] if has_any else [],
        **_age(),
    }


def _period(asked: str) -> int:
    """Take a number of days out of the page's address; the usual one where it is none of ours."""
    return int(asked) if asked in map(str, PERIODS) else USUAL_PERIOD


def _age() -> dict[str, Any]:
    """Tell when the worker counted last. Queries: 1."""
    last = CountedDay.objects.aggregate(last=Max("counted_at"))["last"]
    return {
        "counted_at": last,
        "is_forgotten": last is None or timezone.now() - last > FORGOTTEN_AFTER,
        "is_old": last is not None and timezone.localdate(last) < timezone.localdate(),
    }


def _sees(context: dict[str, Any]) -> tuple[bool, bool]:
    """Tell whether the user may see versions, and submissions."""
    user = context["request"].user
    return (
        user.has_perm("recognizer.view_modelversion"),
        user.has_perm("recognizer.view_submission"),
    )


def _versions() -> dict[str, Any]:
    version = ModelVersion.objects.active().first()
    if version is None:
        return {"has_versions": ModelVersion.objects.exists()}
    return {
        "version": version,
        "mark": marks.active(version),
        "alert": marks.status(version) if version.status == version.Status.BROKEN else "",
        "accuracy": "" if version.test_accuracy is None else marks.percent(version.test_accuracy),
        "activation": version.activations.first(),
    }


def _submissions() -> dict[str, Any]:
    State = Submission.ReviewState  # noqa: N806  (a class)
    today = dates.midnight()
    of_state = Submission.objects.filter
    return {
        "today": today,
        "num_today": counts.words(Submission.objects.filter(created_at__gte=today)),
        "num_pending": counts.words(of_state(review_state=State.PENDING)),
        "num_second_look": counts.count(of_state(review_state=State.SECOND_LOOK)),
    }
