"""The lanes of review: in which order submissions come, and that two reviewers never get one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models import Lease, Submission

# Longer than anybody looks at four drawings; each decision renews what the reviewer holds.
LEASE_FOR = timedelta(minutes=5)
# How often it is looked again where others were quicker.
TRIES = 3


class Lane(models.TextChoices):
    """What a reviewer may work through. Its values are those of `Way` too."""

    UNCERTAIN = "uncertain", _("Uncertain")
    AUDIT = "audit", _("Audit")
    SECOND_LOOK = "second_look", _("Second look")
    SUSPECT = "suspect", _("Suspect labels")


_State = Submission.ReviewState

# What waits in each, in words that its index knows.
_CONDITIONS = {
    Lane.UNCERTAIN: Q(doubt__isnull=False),
    Lane.AUDIT: Q(is_audit=True, audited_at__isnull=True),
    Lane.SECOND_LOOK: ~Q(review_state=_State.PENDING) & Q(review_state=_State.SECOND_LOOK),
    Lane.SUSPECT: Q(suspicion__isnull=False),
}
# What comes first; the newest among equals. The audit goes by date alone, not by what was read, so
# that whatever part of it has been done tells the truth about its time.
_FIRST = {Lane.UNCERTAIN: ["-doubt"], Lane.SUSPECT: ["-suspicion"]}


def is_in(lane: Lane) -> Q:
    """Give the condition that a submission waits in a lane."""
    return _CONDITIONS[lane]


def waiting(lane: Lane) -> QuerySet[Submission]:
    """Give what waits in a lane, in its order; an index has it so."""
    order = [*_FIRST.get(lane, []), "-created_at", "-pk"]
    return Submission.objects.filter(is_in(lane)).order_by(*order)


def take(
    lane: Lane, *, reviewer: Any, num: int, without: Collection[UUID] = ()
) -> list[Submission]:
    """Give a reviewer the next ones of a lane, and lease them, so that nobody else gets them.

    Two who ask at once: on PostgreSQL each locks rows and skips what the other has locked; whoever
    came too late to see a lease sees it once the rows are locked. SQLite has one writer at a time.

    Args:
        lane: Which one.
        reviewer: The user.
        num: How many at most.
        without: What the reviewer has already, or has skipped.

    Returns:
        Them, in the lane's order, each with its served prediction and version at hand.

    Queries: 6; more where others were quicker.
    """
    ids: list[UUID] = []
    for _try in range(TRIES):
        few, gone = _take(lane, reviewer, num - len(ids), [*without, *ids])
        ids += few
        if not gone or len(ids) >= num:
            break
    found = Submission.objects.with_served_prediction().in_bulk(ids)
    return [found[one] for one in ids if one in found]


@transaction.atomic
def _take(
    lane: Lane, reviewer: Any, num: int, without: Collection[UUID]
) -> tuple[list[UUID], set[UUID]]:
    """Lease as many as are free; tell which of those that were found somebody else had taken."""
    leased = _of_others(reviewer)
    free = waiting(lane).exclude(Exists(leased.filter(submission=OuterRef("pk"))))
    locked = free.exclude(pk__in=without).select_for_update(skip_locked=True, of=("self",))
    ids = list(locked.values_list("pk", flat=True)[:num])
    gone = set(leased.filter(submission__in=ids).values_list("pk", flat=True))
    ours = [one for one in ids if one not in gone]
    lease(ours, reviewer=reviewer)
    return ours, gone


def _of_others(reviewer: Any) -> QuerySet[Lease]:
    return Lease.objects.filter(until__gt=timezone.now()).exclude(reviewer=reviewer)


def lease(ids: Collection[UUID], *, reviewer: Any) -> None:
    """Hold submissions for a reviewer, whoever held them. Queries: 1."""
    until = timezone.now() + LEASE_FOR
    Lease.objects.bulk_create(
        [Lease(submission_id=one, reviewer=reviewer, until=until) for one in ids],
        update_conflicts=True,
        unique_fields=["submission"],
        update_fields=["reviewer", "until"],
    )


def renew(ids: Collection[UUID], *, reviewer: Any) -> None:
    """Hold what a reviewer has before them for as long again, unless somebody else has it by now.

    Queries: 3.
    """
    there = Submission.objects.filter(pk__in=ids).values_list("pk", flat=True)
    taken = _of_others(reviewer).filter(submission__in=ids).values_list("pk", flat=True)
    lease(set(there) - set(taken), reviewer=reviewer)


def release(ids: Collection[UUID], *, reviewer: Any) -> None:
    """Let others have what a reviewer is done with. Queries: 1."""
    Lease.objects.filter(submission__in=ids, reviewer=reviewer).delete()
