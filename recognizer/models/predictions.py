"""Stored readings of one submission by one model version."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.indexes import list_indexes
from recognizer.models.versions import ModelVersion


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def served(self) -> PredictionQuerySet:
        return self.filter(role=Prediction.Role.SERVED)

    def with_version(self) -> PredictionQuerySet:
        """Fetch each one's version along, but not all that is known of it: kilobytes a row."""
        known = ("layers", "metrics", "passport", "log", "notes")
        return self.select_related("version").defer(*(f"version__{name}" for name in known))

    def unsure(self) -> PredictionQuerySet:
        return self.filter(verdict=Prediction.Verdict.UNSURE)


class Prediction(models.Model):
    """A stored reading of one submission by one model version."""

    class Verdict(models.TextChoices):
        DIGIT = "digit", _("digit")
        UNSURE = "unsure", _("unsure")
        NOT_A_DIGIT = "not_a_digit", _("not a digit")
        BLANK = "blank", _("blank")
        SEVERAL = "several", _("several digits")

    class Role(models.TextChoices):
        SERVED = "served", _("served")
        SHADOW = "shadow", _("shadow")
        REPLAY = "replay", _("replay")

    submission = models.ForeignKey(
        "recognizer.Submission",
        verbose_name=_("submission"),
        on_delete=models.CASCADE,
        related_name="predictions",
    )
    version = models.ForeignKey(
        ModelVersion,
        verbose_name=_("version"),
        on_delete=models.PROTECT,
        related_name="predictions",
    )
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.SERVED)
    verdict = models.CharField(_("verdict"), max_length=12, choices=Verdict)
    digit = models.PositiveSmallIntegerField(_("digit"), null=True)
    confidence = models.FloatField(_("confidence"))  # 0 to 1
    probabilities = models.JSONField(_("probabilities"))  # ten of 0 to 1, by digit
    # The digits from left to right: each {digit, confidence, verdict, box}; a box is [left, top,
    # right, bottom] in the stored picture's pixels.
    parts = models.JSONField(_("parts"), default=list)
    latency_ms = models.FloatField(_("latency in ms"))
    # Of a shadow's: whether it says the same as the served one of the same submission.
    agrees = models.BooleanField(_("agrees"), null=True)
    created_at = models.DateTimeField(_("date"), default=timezone.now, editable=False)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        verbose_name = _("prediction")
        verbose_name_plural = _("predictions")
        ordering = ["-created_at", "-pk"]
        indexes = [
            *list_indexes(
                "prediction",
                {
                    "role": "role",
                    "verdict": "verdict",
                    "digit": "digit",
                    "confidence": "confidence",
                    "list_version": "version",
                },
                latency="latency_ms",
            ),
            models.Index(fields=["version", "role", "created_at"], name="prediction_by_version"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "version", "role"], name="one_prediction_per_version_and_role"
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=Q(role="served"), name="one_served_prediction"
            ),
            models.CheckConstraint(
                condition=Q(digit__isnull=True) | Q(digit__lte=9), name="prediction_is_a_digit"
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1),
                name="confidence_is_a_probability",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.digit if self.digit is not None else '–'} ({self.get_verdict_display()})"

    @property
    def digits(self) -> str:
        """What was read, as one writes it: "7", "407"; empty where it is blank."""
        if self.parts:  # rows of before there were parts have the likeliest digit alone
            return "".join(str(part["digit"]) for part in self.parts)
        return "" if self.digit is None else str(self.digit)

    def says_the_same_as(self, other: Prediction) -> bool:
        """Whether both read the same digits, surely or not, or both find none."""
        ours, theirs = (
            None if one.verdict in {self.Verdict.NOT_A_DIGIT, self.Verdict.BLANK} else one.digits
            for one in (self, other)
        )
        return ours == theirs

    def is_shown_as(self, other: Prediction) -> bool:
        """Whether a page says the same of both: the verdict, and the digits."""
        return (self.verdict, self.digits) == (other.verdict, other.digits)

    @property
    def is_number(self) -> bool:
        """Whether several digits were read, surely or not."""
        return len(self.parts) > 1

    @property
    def agreed_label(self) -> str:
        """The label of a reviewer who agrees with it; empty where there is none."""
        if self.is_number:
            return str(self.Verdict.SEVERAL)
        if self.verdict in {self.Verdict.NOT_A_DIGIT, self.Verdict.SEVERAL}:
            return str(self.verdict)
        return "" if self.digit is None else str(self.digit)
