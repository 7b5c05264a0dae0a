"""Stored drawings, with their digit, their source and their review."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.indexes import BY_DATE, list_index, list_indexes
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

    def unlabelled(self) -> SubmissionQuerySet:
        return self.filter(label="")

    def received_before(self, moment: datetime) -> SubmissionQuerySet:
        return self.filter(created_at__lt=moment)

    def audited(self) -> SubmissionQuerySet:
        """Those that were reviewed from the audit lane: chosen by chance, whatever was read."""
        state = Submission.ReviewState.REVIEWED
        return self.filter(review_state=state, audited_at__isnull=False)

    def with_served_prediction(self) -> SubmissionQuerySet:
        """Fetch each one's served prediction and its version along. Queries: 1 more."""
        served = Prediction.objects.served().with_version()
        return self.prefetch_related(
            models.Prefetch("predictions", queryset=served, to_attr="served_predictions")
        )


# A visitor says another digit than was read, or a digit where none or several were read.
CLAIM_CONTRADICTS = Q(claim__isnull=False) & (
    ~Q(claim=F("served_digit")) | Q(served_verdict__in=["not_a_digit", "several"])
)
# Each point of doubt beside the reading's own is worth more than any of that: 0 to 1.
_POINT, _NO_POINT = Value(1.0), Value(0.0)
_DOUBT = Case(
    When(
        Q(review_state="pending", is_audit=False)
        & (
            Q(served_verdict__in=["unsure", "not_a_digit"])
            | Q(shadow_disagrees=True)
            | CLAIM_CONTRADICTS
        ),
        then=Value(1.0)
        - F("served_confidence")
        + Case(When(shadow_disagrees=True, then=_POINT), default=_NO_POINT)
        + Case(When(CLAIM_CONTRADICTS, then=_POINT), default=_NO_POINT),
    ),
    default=None,
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
        IMPORTED = "imported", _("imported")

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
    # Of the bytes as they came, which are not kept; of strokes alone, of their JSON, keys in order,
    # without spaces. Empty for what came before it was noted.
    drawing_sha256 = models.CharField(
        _("SHA-256 of the drawing"), max_length=64, blank=True, editable=False
    )
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
    shadow_disagrees = models.BooleanField(_("the shadow disagrees"), default=False, editable=False)
    # Chosen by chance when it was stored: these alone tell how often a version is right.
    is_audit = models.BooleanField(_("to be audited"), default=False, editable=False)
    # When a reviewer had it from the audit lane. What is labelled elsewhere was chosen for what it
    # is, and is audited all the same.
    audited_at = models.DateTimeField(_("audited at"), null=True, editable=False)
    # How much a reviewer's look is worth, 0 to 3; None where the reading is sure and nobody
    # contradicts it, where it was looked at, and where the audit does.
    doubt = models.GeneratedField(
        expression=_DOUBT,
        output_field=models.FloatField(_("doubt"), null=True),
        db_persist=True,
        verbose_name=_("doubt"),
    )
    # Of a label that the newest version contradicts: by how much it holds another one likelier,
    # 0 to 1, as `recognizer.suspects` found it; None where it does not, and once it was looked at.
    suspicion = models.FloatField(_("suspicion"), null=True, editable=False)

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
            # The few that were reviewed, for what was taken for what.
            models.Index(
                fields=[
                    *("served_version", "created_at", "review_state"),
                    *("label", "served_digit", "served_verdict"),
                ],
                condition=Q(reviewed_at__isnull=False),
                name="submission_reviewed",
            ),
            # Of those the audited ones, for how often a version was right.
            models.Index(
                fields=["served_version", "created_at", "review_state", "label", "served_digit"],
                condition=Q(audited_at__isnull=False),
                name="submission_audited",
            ),
            list_index(
                "submission_audited_by_date",
                filters=_SUBMISSION_FILTERS,
                condition=Q(audited_at__isnull=False),
            ),
            # Those that a reviewer gets next, one index a lane.
            models.Index(
                fields=["-doubt", *BY_DATE],
                condition=Q(doubt__isnull=False),
                name="submission_in_doubt",
            ),
            list_index(
                "submission_doubt_by_date",
                filters=_SUBMISSION_FILTERS,
                condition=Q(doubt__isnull=False),
            ),
            list_index(
                "submission_to_audit",
                filters=_SUBMISSION_FILTERS,
                condition=Q(is_audit=True, audited_at__isnull=True),
            ),
            models.Index(
                fields=["-suspicion", *BY_DATE],
                condition=Q(suspicion__isnull=False),
                name="submission_suspect",
            ),
            # The few of which a visitor said what they are.
            list_index(
                "submission_claimed",
                filters=_SUBMISSION_FILTERS | {"claim": "claim"},
                condition=Q(claim__isnull=False),
            ),
            models.Index(
                fields=["drawing_sha256"],
                condition=~Q(drawing_sha256=""),
                name="submission_by_drawing",
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
        self.suspicion = None
        if not label:
            self.audited_at = None

    def ask_second_look(self) -> None:
        """Put it back before the reviewers; what was decided stays until they do. Does not save."""
        self.review_state = self.ReviewState.SECOND_LOOK
