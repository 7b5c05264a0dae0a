"""Who reviews what: the history of each label, and what a reviewer has before them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.labels import Label
from recognizer.models.submissions import Submission


class Way(models.TextChoices):
    """Where a reviewer was when they decided."""

    UNCERTAIN = "uncertain", _("review: uncertain")
    AUDIT = "audit", _("review: audit")
    SECOND_LOOK = "second_look", _("review: second look")
    SUSPECT = "suspect", _("review: suspect labels")
    PAGE = "page", _("its page")
    LIST = "list", _("the list")
    CLAIM = "claim", _("a visitor's claim, accepted")
    UNDO = "undo", _("undone")
    IMPORT = "import", _("import")


class LabelChange(models.Model):
    """One decision of a reviewer about one submission: who, when, where, before and after."""

    submission = models.ForeignKey(
        Submission,
        verbose_name=_("submission"),
        on_delete=models.CASCADE,
        related_name="label_changes",
    )
    changed_at = models.DateTimeField(_("when"), default=timezone.now)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,  # it leads an index below
    )
    way = models.CharField(_("where"), max_length=12, choices=Way)
    label_before = models.CharField(_("label before"), max_length=12, choices=Label, blank=True)
    label_after = models.CharField(_("label after"), max_length=12, choices=Label, blank=True)
    state_before = models.CharField(
        _("review before"), max_length=12, choices=Submission.ReviewState
    )
    state_after = models.CharField(_("review after"), max_length=12, choices=Submission.ReviewState)
    # When the reviewer took it back: it counts for nothing any more.
    undone_at = models.DateTimeField(_("undone"), null=True, editable=False)
    # What undoing gives back.
    reviewed_by_before = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reviewed by, before"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    reviewed_at_before = models.DateTimeField(_("reviewed at, before"), null=True)
    audited_at_before = models.DateTimeField(_("audited at, before"), null=True)
    suspicion_before = models.FloatField(_("suspicion before"), null=True)
    # Whether it is the label that another reviewer gave; None where nobody else had given one.
    agrees = models.BooleanField(_("agrees with another reviewer"), null=True)

    class Meta:
        verbose_name = _("label change")
        verbose_name_plural = _("label changes")
        ordering = ["-changed_at", "-pk"]
        indexes = [
            models.Index(
                fields=["changed_by", "changed_at", "way", "undone_at", "agrees"],
                name="change_by_reviewer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.label_before or '–'} → {self.label_after or '–'}"


class Lease(models.Model):
    """A submission that a reviewer has before them: nobody else gets it until then."""

    submission = models.OneToOneField(
        Submission,
        verbose_name=_("submission"),
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="lease",
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reviewer"),
        on_delete=models.CASCADE,
        related_name="+",
    )
    until = models.DateTimeField(_("until"), db_index=True)

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return f"{self.submission_id} until {self.until:%H:%M:%S}"
