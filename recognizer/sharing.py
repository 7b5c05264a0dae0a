"""Readings that their visitor shows to others: the links, and what is behind one."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse

from recognizer import api
from recognizer.models import Prediction, Share, SubmissionQuerySet

# Nothing of it is kept or passed on: once a link is taken back, there is nothing to see.
HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
# What a program that has only the link gets to know of a reading.
SHOWN = (
    *("verdict", "digit", "digits", "confidence", "probabilities", "parts", "advice"),
    *("model_version", "latency_ms", "created_at"),
)


def share(submissions: SubmissionQuerySet) -> Share:
    """Make the link to a submission, or give the one that it has.

    Args:
        submissions: One submission, of whoever asks.

    Raises:
        Submission.DoesNotExist: It is not theirs, or deleted.

    Queries: 2 where there is a link, 3 where one is made; and the transaction's.
    """
    with transaction.atomic():
        submission = submissions.select_for_update().only("pk").get()  # it is not deleted meanwhile
        return Share.objects.get_or_create(submission=submission)[0]


def unshare(submissions: SubmissionQuerySet) -> int:
    """Take the links to these submissions back; give how many there were. Queries: 1."""
    return Share.objects.filter(submission__in=submissions.order_by()).delete()[0]


def shared(token: str) -> Prediction:
    """Give the reading behind a link, with its submission and version.

    Raises:
        Prediction.DoesNotExist: There is no such link, or no longer.

    Queries: 1.
    """
    served = Prediction.objects.served().with_version().select_related("submission")
    return served.get(submission__share__token=token)


def shown(prediction: Prediction, url: str) -> dict[str, Any]:
    """Give a program what the page of a link shows: no id, no claim, nothing of the visitor's."""
    known = api.reading(prediction)
    return {name: known[name] for name in SHOWN} | {"url": url}


def unkept(response: HttpResponse) -> HttpResponse:
    """Have a page or a picture behind a link kept by nobody, and its address told to nobody."""
    for name, value in HEADERS.items():
        response[name] = value
    return response
