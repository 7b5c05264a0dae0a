"""What a visitor sent: looked through, taken along, deleted."""

from __future__ import annotations

import uuid

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from recognizer import deletion, limits, problems, takeout
from recognizer.answers import Answer
from recognizer.doors import door
from recognizer.history import FilterForm
from recognizer.models import Submission
from recognizer.visitors import Visitor

PER_PAGE = 24  # divides by the 2, 3, 4 and 6 columns of the history


@door("GET")
def history(request: HttpRequest) -> HttpResponseBase:
    visitor = Visitor.of(request)
    filters = FilterForm(request.GET)
    own = filters.among(Submission.objects.of_visitor(visitor.key))
    own = own.with_served_prediction().defer("strokes", "digit")
    page = Paginator(own, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "answers": [Answer.to(submission.served) for submission in page if submission.served],
        "filters": filters,
        "is_deleted": "deleted" in request.GET,
    }
    return visitor.remember(render(request, "recognizer/history.html", context))


@door("GET")
def export(request: HttpRequest) -> HttpResponseBase:
    """Give the visitor all that they sent, as one zip."""
    visitor = Visitor.of(request)
    limits.count(request, visitor)
    own = Submission.objects.of_visitor(visitor.key)
    if not own.exists():
        raise Http404
    response = StreamingHttpResponse(takeout.pieces(own), content_type="application/zip")
    name = takeout.name_of(timezone.now())
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@door("GET", "POST")
def delete(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    """Ask whether to delete one reading of the visitor's own; do it where they say so."""
    visitor = Visitor.of(request)
    if request.method == "POST":
        limits.count(request, visitor)
    own = Submission.objects.of_visitor(visitor.key).filter(pk=submission_id)
    if request.method != "POST":
        return render(request, "recognizer/delete.html", {"submission": get_object_or_404(own)})
    num_deleted = deletion.delete(own)
    if not num_deleted:
        raise Http404
    if problems.wants_json(request):
        return visitor.forget_pictures(JsonResponse({"deleted": num_deleted}))
    return visitor.forget_pictures(redirect(reverse("history") + "?deleted"))


@door("GET", "POST")
def delete_all(request: HttpRequest) -> HttpResponseBase:
    """Ask whether to delete all that the visitor sent; do it, and forget who they are."""
    visitor = Visitor.of(request)
    own = Submission.objects.of_visitor(visitor.key)
    if request.method != "POST":
        return render(request, "recognizer/delete.html", {"num": own.count()})
    limits.count(request, visitor)
    num_deleted = deletion.delete(own)
    if problems.wants_json(request):
        return visitor.forget(JsonResponse({"deleted": num_deleted}))
    return visitor.forget(redirect("all_deleted"))


@door("GET")
def all_deleted(request: HttpRequest) -> HttpResponseBase:
    """Say so. The visitor gets no key here: that comes with the next page that needs one."""
    return render(request, "recognizer/all_deleted.html")
