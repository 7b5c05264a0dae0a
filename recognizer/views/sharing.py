"""Links to one reading: made and taken back by its visitor, and what they show."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from recognizer import imaging, problems, sharing
from recognizer.doors import door
from recognizer.models import Prediction, Submission
from recognizer.views.showing import own_submission, private_png, reading_context, stored_image


@door("POST")
def share(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    try:
        link = sharing.share(own_submission(request, submission_id))
    except Submission.DoesNotExist as error:
        raise Http404 from error
    if problems.wants_json(request):
        return JsonResponse({"url": request.build_absolute_uri(link.get_absolute_url())})
    return redirect(reverse("reading", args=[submission_id]) + "#share-link")


@door("POST")
def unshare(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    """Take the link back; where there is none, that is as good."""
    own = own_submission(request, submission_id)
    if not own.exists():
        raise Http404
    sharing.unshare(own)
    if problems.wants_json(request):
        return JsonResponse({"url": None})
    return redirect(reverse("reading", args=[submission_id]) + "#share")


@door("GET")
def shared(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show one reading to whoever has its link."""
    prediction = _shared_prediction(token)
    if problems.wants_json(request):
        url = request.build_absolute_uri(request.path)
        return sharing.unkept(JsonResponse(sharing.shown(prediction, url)))
    context = {
        **reading_context(prediction),
        "image_url": reverse("shared_image", args=[token]),
        "digit_url": reverse("shared_digit", args=[token]),
    }
    return sharing.unkept(render(request, "recognizer/shared.html", context))


@door("GET")
def shared_image(request: HttpRequest, token: str) -> HttpResponseBase:
    return sharing.unkept(private_png(stored_image(_shared_prediction(token).submission)))


@door("GET")
def shared_digit(request: HttpRequest, token: str) -> HttpResponseBase:
    png = imaging.digit_png(bytes(_shared_prediction(token).submission.digit))
    return sharing.unkept(private_png(png))


def _shared_prediction(token: str) -> Prediction:
    try:
        return sharing.shared(token)
    except Prediction.DoesNotExist as error:
        raise problems.no_shared_reading() from error
