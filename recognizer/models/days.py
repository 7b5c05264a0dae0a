"""Served readings, counted day by day."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from recognizer.models.versions import ModelVersion


class CountedDay(models.Model):
    """A day of the site's time zone whose served readings were counted, and when."""

    day = models.DateField(_("day"), primary_key=True)
    # When counting began: what came later is not in it.
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("counted day")
        verbose_name_plural = _("counted days")
        ordering = ["-day"]

    def __str__(self) -> str:
        return self.day.isoformat()


class DayCount(models.Model):
    """What one version served on one day, counted; `recognizer.aggregates` keeps it."""

    day = models.ForeignKey(
        CountedDay, verbose_name=_("day"), on_delete=models.CASCADE, related_name="counts"
    )
    version = models.ForeignKey(
        ModelVersion, verbose_name=_("version"), on_delete=models.CASCADE, related_name="counts"
    )
    verdicts = models.JSONField(_("readings by verdict"))  # {"digit": 12, …}
    # By bin, as the functions of `recognizer.aggregates` number them: {"19": 12, …}
    confidences = models.JSONField(_("readings by confidence"))
    latencies = models.JSONField(_("readings by latency"))
    num_audited = models.PositiveIntegerField(_("audited and labelled with a digit"))
    num_right = models.PositiveIntegerField(_("of those read rightly"))
    # What it read as the shadow, and how often it said what the active version said.
    num_shadowed = models.PositiveIntegerField(_("read as the shadow"), default=0)
    num_agreed = models.PositiveIntegerField(_("of those in agreement"), default=0)

    class Meta:
        verbose_name = _("day's count")
        verbose_name_plural = _("days' counts")
        ordering = ["-day", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["day", "version"], name="one_count_per_day_and_version")
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.day}"
