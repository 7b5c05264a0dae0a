"""Which submissions go into a data set, and which were asked for and do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from recognizer.models import DIGIT_LABELS, ModelVersion, Submission, SubmissionQuerySet


@dataclass(frozen=True)
class Selection:
    """Filters, all of which hold.

    Attributes:
        labels: What reviewers decided; one of these.
        since, until: When it came: at this moment or later, and before this one.
        sources: Where from; any where there are none.
        versions: Numbers of the versions that read it; any where there are none.
        is_audited: Only what was reviewed from the audit lane.
        among: Only these.
    """

    labels: Sequence[str] = field(default_factory=lambda: list(DIGIT_LABELS))
    since: datetime | None = None
    until: datetime | None = None
    sources: Sequence[str] = ()
    versions: Sequence[int] = ()
    is_audited: bool = False
    among: QuerySet[Submission] | None = None

    def rows(self) -> SubmissionQuerySet:
        """Give them, the oldest first; those that wait for a second look are not among them."""
        rows = self._whatever_label().reviewed().filter(label__in=self.labels)
        return rows.order_by("created_at", "pk")

    def left_out(self) -> dict[str, int]:
        """Count what has a label and is no part of it, by its label or as `second_look`.

        Queries: 2; 1 more where versions are named.
        """
        rows = self._whatever_label().exclude(label="").order_by()
        reviewed = rows.reviewed().exclude(label__in=self.labels)
        by_label = dict(reviewed.values_list("label").annotate(num=Count("pk")))
        waiting = rows.unreviewed().count()
        return dict(sorted(by_label.items())) | ({"second_look": waiting} if waiting else {})

    def as_dict(self) -> dict[str, Any]:
        """Say it for the manifest."""
        return {
            "labels": list(self.labels),
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "sources": list(self.sources),
            "versions": list(self.versions),
            "lane": "audit" if self.is_audited else None,
            "chosen_by_hand": self.among is not None,
        }

    def _whatever_label(self) -> SubmissionQuerySet:
        rows = Submission.objects.audited() if self.is_audited else Submission.objects.all()
        if self.among is not None:
            rows = rows.filter(pk__in=self.among.order_by().values("pk"))
        if self.since:
            rows = rows.filter(created_at__gte=self.since)
        if self.until:
            rows = rows.received_before(self.until)
        if self.sources:
            rows = rows.filter(source__in=self.sources)
        if self.versions:
            versions = ModelVersion.objects.filter(number__in=self.versions)
            rows = rows.filter(served_version__in=list(versions))
        return rows
