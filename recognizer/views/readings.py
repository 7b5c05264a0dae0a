"""A reading's own page, its pictures, reasons and steps, and what the visitor says of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from recognizer import api, imaging, limits, problems, steps
from recognizer.doors import door
from recognizer.forms import ClaimForm
from recognizer.models import Prediction, Share, Submission
from recognizer.problems import Problem
from recognizer.reasons import Reasons
from recognizer.views.drawing import show_no_reasons
from recognizer.views.showing import (
    own_submission,
    private_png,
    reading_context,
    reasons_of,
    stored_image,
    visible_prediction,
)
from recognizer.visitors import Visitor
from recognizer.why import explain_stored

# Steps are drawn anew, by the release that runs.
STEP_CACHE_CONTROL = "private, max-age=3600"


@door("GET")
def reading(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    prediction = visible_prediction(request, submission_id)
    if problems.wants_json(request):
        return JsonResponse(api.reading_with_details(prediction))
    submission = prediction.submission
    is_owner = submission.visitor_key == Visitor.of(request).key
    share = Share.objects.filter(submission=submission).first() if is_owner else None
    context = {
        **reading_context(prediction),
        "image_url": reverse("image", args=[submission.id]),
        "digit_url": reverse("digit", args=[submission.id]),
        "is_owner": is_owner,
        "is_asked_here": True,
        **_asked(request, prediction),
        "share_url": request.build_absolute_uri(share.get_absolute_url()) if share else "",
    }
    return render(request, "recognizer/reading.html", context)


def _asked(request: HttpRequest, prediction: Prediction) -> dict[str, Any]:
    """What is asked of a reading without script: why, or the steps."""
    submission = prediction.submission
    if "steps" in request.GET:
        return {"steps": _steps_of(submission)}
    if "why" not in request.GET:
        return {}
    limits.count_why(request, Visitor.of(request))
    try:
        return {"reasons": Reasons.of(explain_stored(submission), stored=prediction)}
    except problems.FORESEEN as error:
        return {"no_reasons": Problem.of(error)}
    except FileNotFoundError as error:
        raise Http404 from error


@door("GET")
def image(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    return private_png(stored_image(visible_prediction(request, submission_id).submission))


@door("GET")
def digit(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    submission = visible_prediction(request, submission_id).submission
    return private_png(imaging.digit_png(bytes(submission.digit)))


@door("GET", page=show_no_reasons)
def reading_why(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    limits.count_why(request, Visitor.of(request))
    prediction = visible_prediction(request, submission_id)
    try:
        found = explain_stored(prediction.submission)
    except FileNotFoundError as error:
        raise Http404 from error
    return reasons_of(request, Reasons.of(found, stored=prediction))


@door("GET")
def reading_steps(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    submission = visible_prediction(request, submission_id).submission
    return render(request, "recognizer/_steps.html", {"steps": _steps_of(submission)})


@door("GET")
def reading_step(request: HttpRequest, submission_id: uuid.UUID, name: str) -> HttpResponseBase:
    limits.count_live(request, Visitor.of(request))
    submission = visible_prediction(request, submission_id).submission
    try:
        return private_png(steps.png_of(submission, name), STEP_CACHE_CONTROL)
    except (steps.NoSuchStep, FileNotFoundError) as error:
        raise Http404 from error


def _steps_of(submission: Submission) -> list[steps.ShownStep]:
    def url_of(name: str) -> str:
        return reverse("reading_step", args=[submission.pk, name])

    return steps.steps_of(submission, url_of)


@door("POST")
def claim(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    own = own_submission(request, submission_id)
    submission = get_object_or_404(own)
    form = problems.checked(ClaimForm(api.fields_of(request)[0]))
    served = submission.served
    submission.claim = form.digit(read=served.digit if served else None)
    if not own.update(claim=submission.claim):
        raise Http404  # deleted meanwhile
    if problems.wants_json(request):
        return JsonResponse({"claim": submission.claim})
    return redirect(submission.get_absolute_url() + "#claim")
