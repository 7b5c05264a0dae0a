"""What views have in common: whose a reading is, and how it and its pictures are given."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from recognizer import limits, problems
from recognizer.answers import Answer
from recognizer.models import Prediction, Submission, SubmissionQuerySet
from recognizer.reasons import Reasons
from recognizer.visitors import Visitor
from recognizer.words import words

MAY_SEE_ANY = ("recognizer.view_submission", "recognizer.change_submission")

# The bytes at these addresses never change.
IMAGE_CACHE_CONTROL = "private, max-age=31536000, immutable"


def visible_prediction(request: HttpRequest, submission_id: uuid.UUID) -> Prediction:
    """Find a reading that this visitor may see: their own; any, for staff who see it in the admin.

    There, who may change a submission may look at it too.
    """
    readings = Prediction.objects.served().select_related("submission", "version")
    own = readings.filter(
        submission=submission_id, submission__visitor_key=Visitor.of(request).key
    ).first()
    if own:
        return own
    if not any(map(request.user.has_perm, MAY_SEE_ANY)):
        raise Http404
    return get_object_or_404(readings, submission=submission_id)


def own_submission(request: HttpRequest, submission_id: uuid.UUID) -> SubmissionQuerySet:
    """Count the request, and give the visitor's own submission of this id, or none."""
    visitor = Visitor.of(request)
    limits.count(request, visitor)
    return Submission.objects.of_visitor(visitor.key).filter(pk=submission_id)


def reading_context(prediction: Prediction) -> dict[str, Any]:
    """What a reading's own page and a shared one have in common."""
    answer = Answer.to(prediction)
    submission = prediction.submission
    return {"answer": answer, "bars": answer.bars, "submission": submission, "words": words()}


def stored_image(submission: Submission) -> bytes:
    try:
        with submission.image.open("rb") as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    return content


def private_png(png: bytes, cache_control: str = IMAGE_CACHE_CONTROL) -> HttpResponse:
    response = HttpResponse(png, content_type="image/png")
    response["Cache-Control"] = cache_control
    response["X-Content-Type-Options"] = "nosniff"
    return response


def reasons_of(request: HttpRequest, reasons: Reasons) -> HttpResponse:
    if problems.wants_json(request):
        return JsonResponse(reasons.as_json())
    return render(request, "recognizer/_why.html", {"reasons": reasons})
