"""The panel on top of the admin's first page, as a tag, as the admin's own `log` is."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from recognizer.admin import marks
from recognizer.models import ModelVersion, Submission

register = template.Library()


@register.inclusion_tag("admin/recognizer/dashboard.html", takes_context=True)
def dashboard(context: dict[str, Any]) -> dict[str, Any]:
    """Show what serves, what came today and what waits, as far as the user may see it."""
    user = context["request"].user
    sees_versions, sees_submissions = (
        user.has_perm(f"recognizer.view_{name}") for name in ("modelversion", "submission")
    )
    return {
        "sees_versions": sees_versions,
        "sees_submissions": sees_submissions,
        **(_versions() if sees_versions else {}),
        **(_submissions() if sees_submissions else {}),
    }


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
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    of_state = Submission.objects.filter
    return {
        "today": today,
        "num_today": marks.number(Submission.objects.filter(created_at__gte=today).count()),
        "num_pending": marks.number(of_state(review_state=State.PENDING).count()),
        "num_second_look": of_state(review_state=State.SECOND_LOOK).count(),
    }
