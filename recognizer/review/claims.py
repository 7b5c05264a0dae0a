"""Visitors' claims: never a label by themselves, but where another version reads the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, QuerySet

from recognizer.batches import batched
from recognizer.models import LabelChange, Prediction, Submission, Way
from recognizer.review.decisions import decide

# Of one visitor, whoever they are: one who claims nonsense spoils no more than these.
CLAIMS_PER_VISITOR = 5
BATCH = 1_000


@dataclass(frozen=True)
class Accepted:
    """What became of claims that were to be accepted.

    Attributes:
        num: Accepted as labels.
        num_unsupported: No other version than the one that served reads what was claimed.
        num_over: The visitor's share was used up.
    """

    num: int = 0
    num_unsupported: int = 0
    num_over: int = 0


def accept_claims(
    submissions: QuerySet[Submission], *, by: Any, per_visitor: int = CLAIMS_PER_VISITOR
) -> Accepted:
    """Label pending submissions with what their visitors claim, where another version reads that.

    Args:
        submissions: Which ones; without a claim, or decided, they are passed over.
        by: The reviewer who does so.
        per_visitor: How many of one visitor's claims are accepted, earlier ones counted.

    Queries: 1, and for each 1,000 2 and those of `decide`.
    """
    pending = submissions.filter(claim__isnull=False, review_state=Submission.ReviewState.PENDING)
    claimed: list[_Claimed] = list(
        pending.order_by("created_at", "pk").values_list("pk", "visitor_key", "claim")
    )
    found = [_accept(batch, by, per_visitor) for batch in batched(claimed, BATCH)]
    return Accepted(*map(sum, zip(*map(astuple, found), strict=True)))


_Claimed = tuple[UUID, str, Any]  # its id, whose it is, the digit


def _accept(claimed: list[_Claimed], by: Any, per_visitor: int) -> Accepted:
    supported = _supported([pk for pk, _visitor, _claim in claimed])
    used = _used({visitor for _pk, visitor, _claim in claimed})
    chosen: dict[UUID, int] = {}
    num_unsupported = num_over = 0
    for pk, visitor, claim in claimed:
        if pk not in supported:
            num_unsupported += 1
        elif used[visitor] >= per_visitor:
            num_over += 1
        else:
            used[visitor] += 1
            chosen[pk] = claim

    def change(submission: Submission) -> None:
        if submission.review_state == Submission.ReviewState.PENDING:  # still, once it is locked
            submission.review(label=str(chosen[submission.pk]), by=by)

    num = decide(Submission.objects.filter(pk__in=chosen), by=by, change=change, way=Way.CLAIM)
    return Accepted(num, num_unsupported, num_over)


def _supported(ids: list[UUID]) -> set[UUID]:
    """Give those whose claim another version than the serving one reads, surely. Queries: 1."""
    others = Prediction.objects.exclude(role=Prediction.Role.SERVED).filter(
        submission__in=ids, digit=F("submission__claim"), verdict=Prediction.Verdict.DIGIT
    )
    others = others.exclude(version=F("submission__served_version"))
    return set(others.values_list("submission", flat=True))


def _used(visitors: set[str]) -> Counter[str]:
    """Count the claims of each visitor that were accepted. Queries: 1."""
    accepted = LabelChange.objects.filter(way=Way.CLAIM, submission__visitor_key__in=visitors)
    counted = accepted.values_list("submission__visitor_key").annotate(num=Count("pk")).order_by()
    return Counter(dict(counted))
