"""What the review page is told of a submission: pictures, reading, strokes, and why to look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from recognizer import review
from recognizer.admin import marks
from recognizer.models import DIGITS, Label, Prediction, Submission

Item = dict[str, Any]


def items(submissions: Sequence[Submission], lane: review.Lane) -> list[Item]:
    """Describe submissions for the page. Queries: 1, or 2 where any is labelled; 0 in the audit.

    The audit shows the reading alone: what else is known would draw the eye to some of them.
    """
    if lane == review.Lane.AUDIT:
        return [_item(submission) | {"facts": []} for submission in submissions]
    others = _other_readings(submissions)
    prefetch_related_objects(submissions, "reviewed_by")
    return [
        _item(submission) | {"facts": [*_facts(submission, others)]} for submission in submissions
    ]


def _other_readings(submissions: Sequence[Submission]) -> dict[UUID, list[Prediction]]:
    found: dict[UUID, list[Prediction]] = defaultdict(list)
    predictions = Prediction.objects.exclude(role=Prediction.Role.SERVED).with_version()
    for prediction in predictions.filter(submission__in=submissions).order_by("version__number"):
        found[prediction.submission_id].append(prediction)
    return found


def _item(submission: Submission) -> Item:
    served = submission.served
    agreed = served.agreed_label if served else ""
    return {
        "id": str(submission.pk),
        "image": reverse("image", args=[submission.pk]),
        "digit": reverse("digit", args=[submission.pk]),
        "page": reverse("admin:recognizer_submission_change", args=[submission.pk]),
        "strokes": submission.strokes,
        "read": served.digits if served else "",
        "verdict": marks.verdict(served) if served else "",
        "agreed": agreed,
        "agreed_word": str(Label(agreed).label) if agreed else "",
        "bars": bars(served) if served else [],
        "received": _received(submission),
        "seen": review.Decision.on(submission).revision,
    }


def _received(submission: Submission) -> str:
    when = date_format(localtime(submission.created_at), "DATETIME_FORMAT")
    version = f", {submission.served.version}" if submission.served else ""
    return f"{when}, {submission.get_source_display()}{version}"


def _facts(submission: Submission, others: dict[UUID, list[Prediction]]) -> Iterator[str]:
    """Say what speaks for a look: the visitor, other versions, what was decided before."""
    if submission.claim is not None:
        yield _("The visitor says it is a %(digit)s.") % {"digit": submission.claim}
    for one in others.get(submission.pk, []):
        yield _("%(version)s reads %(digits)s (%(verdict)s, %(share)s).") % {
            "version": one.version,
            "digits": one.digits or marks.NOTHING,
            "verdict": one.get_verdict_display(),
            "share": marks.percent(one.confidence, 1),
        }
    if submission.label:
        yield _("Labelled “%(label)s” by %(user)s.") % {
            "label": submission.get_label_display(),
            "user": submission.reviewed_by or marks.NOTHING,
        }
    if submission.review_state == Submission.ReviewState.SECOND_LOOK:
        yield _("Somebody asks for a second look.")


def bars(served: Prediction) -> list[dict[str, Any]]:
    """Show how likely each of the ten is; of several digits how sure each one is."""
    if served.is_number:
        return [_bar(part["digit"], part["confidence"]) for part in served.parts]
    return [
        _bar(digit, served.probabilities[digit], is_best=digit == served.digit) for digit in DIGITS
    ]


def _bar(digit: int, share: float, *, is_best: bool = False) -> dict[str, Any]:
    text = marks.percent(share, 1)
    return {"digit": digit, "bar": marks.bar(share, 160), "text": text, "is_best": is_best}
