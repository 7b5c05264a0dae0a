"""Two versions over the same labelled digits."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.versions import ModelVersion


class Replay(models.Model):
    """Two versions over the same labelled digits: what the candidate mends, and what it breaks."""

    candidate = models.ForeignKey(
        ModelVersion,
        verbose_name=_("candidate"),
        on_delete=models.CASCADE,
        related_name="replays",
    )
    baseline = models.ForeignKey(
        ModelVersion,
        verbose_name=_("compared with"),
        on_delete=models.CASCADE,
        related_name="replays_against",
    )
    # Which labels there were: another review, and it has to be run again.
    labels = models.CharField(_("labels"), max_length=64)
    # What recognizer.replay.Outcome holds; None while it runs.
    outcome = models.JSONField(_("outcome"), null=True)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("replay")
        verbose_name_plural = _("replays")
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "baseline", "labels"], name="one_replay_of_the_same_labels"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.candidate} / {self.baseline}"

    @property
    def is_finished(self) -> bool:
        return self.outcome is not None

    @property
    def breaks_more(self) -> bool:
        """Whether the candidate reads more digits wrongly that were read rightly, than mends."""
        return self._difference() < 0

    @property
    def mends_more(self) -> bool:
        return self._difference() > 0

    def _difference(self) -> int:
        outcome = self.outcome or {"num_fixed": 0, "num_broken": 0}
        return int(outcome["num_fixed"]) - int(outcome["num_broken"])
