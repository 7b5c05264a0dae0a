"""Stored drawings, with their digit, their source and their review."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.indexes import list_index, list_indexes
from recognizer.models.labels import DIGIT_LABELS, Label
from recognizer.models.predictions import Prediction
from recognizer.models.versions import ModelVersion


def drawing_path(submission: Submission, filename: str) -> str:
    """Spread drawings over 256 folders by the submission's id."""
    return f"drawings/{submission.id.hex[:2]}/{submission.id}.png"


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def of_visitor(self, key: str) -> SubmissionQuerySet:
        """The visitor's own; nobody's where the key is empty."""
        return self.filter(visitor_key=key) if key else self.none()

    def reviewed(self) -> SubmissionQuerySet:
        """All of them have a time of review, which the index of the few asks for."""
        state = Submission.ReviewState.REVIEWED
        return self.filter(review_state=state, reviewed_at__isnull=False)

    def unreviewed(self) -> SubmissionQuerySet:
        return self.exclude(review_state=Submission.ReviewState.REVIEWED)

    def labelled_digits(self) -> SubmissionQuerySet:
        """Those that a reviewer labelled with one of the ten digits."""
        return self.filter(label__in=DIGIT_LABELS)

    def with_served_prediction(self) -> SubmissionQuerySet:
        """Fetch each one's served prediction and its version along. Queries: 1 more."""
        served = Prediction.objects.served().with_version()
        return self.prefetch_related(
            models.Prefetch("predictions", queryset=served, to_attr="served_predictions")
        )


_SUBMISSION_FILTERS = {
    "review": "review_state",
    "label": "label",
    "source": "source",
    "verdict": "served_verdict",
    "digit": "served_digit",
    "confidence": "served_confidence",
    "version": "served_version",
}


class Submission(models.Model):
    """A stored drawing, with its digit, its source and its review."""

    class Source(models.TextChoices):
        DRAWN = "drawn", _("drawn")
        UPLOADED = "uploaded", _("uploaded")
        API = "api", _("API")

    class ReviewState(models.TextChoices):
        PENDING = "pending", _("not reviewed")
        REVIEWED = "reviewed", _("reviewed")
        SECOND_LOOK = "second_look", _("needs a second look")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    image = models.ImageField(_("image"), upload_to=drawing_path)
    digit = models.BinaryField(_("digit"), max_length=784)  # uint8 (28, 28), row by row
    receipt = models.JSONField(_("receipt"), default=dict)
    strokes = models.JSONField(_("strokes"), null=True, blank=True)
    visitor_key = models.CharField(_("visitor"), max_length=32, blank=True)
    claim = models.PositiveSmallIntegerField(_("claim"), null=True, blank=True)
    label = models.CharField(_("label"), max_length=12, choices=Label, blank=True)
    review_state = models.CharField(
        _("review"), max_length=12, choices=ReviewState, default=ReviewState.PENDING
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reviewed by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    created_at = models.DateTimeField(_("date"), default=timezone.now, editable=False)
    # What `note_served` copied from the served prediction, None where there is none: only in one
    # table can an index hold both what a list filters by and what it is sorted by.
    served_version = models.ForeignKey(
        ModelVersion,
        verbose_name=_("version"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,  # it leads two indexes below
    )
    served_verdict = models.CharField(  # noqa: DJ001  (as the others)
        _("verdict"), max_length=12, null=True, editable=False
    )
    served_digit = models.PositiveSmallIntegerField(_("digit read"), null=True, editable=False)
    served_confidence = models.FloatField(_("confidence"), null=True, editable=False)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["visitor_key", "-created_at"], name="submission_of_visitor"),
            *list_indexes("submission", _SUBMISSION_FILTERS),
            # The few that were decided on, which SQLite does not know to be few.
            list_index(
                "submission_decided",
                "review_state",
                filters=_SUBMISSION_FILTERS,
                condition=~Q(review_state="pending"),
            ),
            # The few that were reviewed, for how often a version was right.
            models.Index(
                fields=["served_version", "created_at", "review_state", "label", "served_digit"],
                condition=Q(reviewed_at__isnull=False),
                name="submission_reviewed",
            ),
            models.Index(fields=["reviewed_at"], name="submission_by_reviewed_at"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(claim__isnull=True) | Q(claim__lte=9), name="claim_is_a_digit"
            ),
            models.CheckConstraint(
                condition=~Q(review_state="reviewed")
                | (~Q(label="") & Q(reviewed_at__isnull=False)),
                name="reviewed_submissions_have_a_label",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        return reverse("reading", args=[self.id])

    @property
    def served(self) -> Prediction | None:
        """What the visitor was given. Queries: 0 after `with_served_prediction`, else 1."""
        if hasattr(self, "served_predictions"):
            return next(iter(self.served_predictions), None)
        return self.predictions.served().select_related("version").first()

    def note_served(self, prediction: Prediction) -> None:
        """Copy from what the visitor is given that which lists look for. Does not save."""
        self.served_version_id = prediction.version_id
        self.served_verdict = prediction.verdict
        self.served_digit = prediction.digit
        self.served_confidence = prediction.confidence

    def review(self, *, label: str, by: Any) -> None:
        """Set what a reviewer decided; an empty label takes the decision back. Does not save."""
        self.label = label
        self.review_state = self.ReviewState.REVIEWED if label else self.ReviewState.PENDING
        self.reviewed_by = by if label else None
        self.reviewed_at = timezone.now() if label else None

    def ask_second_look(self) -> None:
        """Put it back before the reviewers; what was decided stays until they do. Does not save."""
        self.review_state = self.ReviewState.SECOND_LOOK
