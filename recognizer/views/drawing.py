"""The first page, and what is drawn on it: read, explained, and kept."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from recognizer import api, limits, live, problems, scripts
from recognizer.answers import NO_BARS
from recognizer.doors import door
from recognizer.forms import ReadForm, UploadForm
from recognizer.models import ModelVersion
from recognizer.problems import Problem
from recognizer.reasons import Reasons
from recognizer.recognition import look, recognize
from recognizer.views.showing import reasons_of
from recognizer.visitors import Visitor, is_browser
from recognizer.why import explain_drawing
from recognizer.words import EMPTY, EMPTY_TIP, words

# Of static/site/examples/, whose SOURCE.md says where they are from. What a title promises, the
# shipped model says: test_examples.py.
EXAMPLES = (
    ("seven.png", _("A seven with a bar")),
    ("four.png", _("An open four")),
    ("slate.png", _("Chalk on a slate")),
    ("two.png", _("A curly two")),
    ("photo.jpg", _("A photo of squared paper")),
    ("unsure.png", _("A one, or a seven?")),
    ("several.png", _("Three digits")),
    ("letter.png", _("A letter")),
)


def show_page(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    """Show the first page, with what went wrong where the answer would be."""
    context = {
        "form": UploadForm(),
        "words": words(),
        "empty": EMPTY,
        "empty_tip": EMPTY_TIP,
        "scripts": scripts.first_page(),
        "bars": NO_BARS,
        "examples": EXAMPLES,
        "has_active_version": ModelVersion.objects.active().exists(),
    }
    if problem:
        return problems.answer(request, problem, "recognizer/index.html", **context)
    return render(request, "recognizer/index.html", context)


@door("GET")
def index(request: HttpRequest) -> HttpResponseBase:
    return Visitor.of(request).remember(show_page(request))


@door("POST", page=show_page)
def upload(request: HttpRequest) -> HttpResponseBase:
    visitor = Visitor.of(request)
    limits.count(request, visitor)
    form = problems.checked(UploadForm(*api.fields_of(request)))
    prediction = recognize(**form.drawing(is_browser=is_browser(request)), visitor_key=visitor.key)
    if earlier := form.cleaned_data["replaces"]:
        live.drop_earlier(earlier, visitor_key=visitor.key)
    url = prediction.submission.get_absolute_url()
    response = (
        JsonResponse(api.reading(prediction)) if problems.wants_json(request) else redirect(url)
    )
    # A program that keeps cookies can look at its reading with this one. It goes to no other
    # address, so the program's next upload comes without a cookie again and needs no token.
    return visitor.remember(response, path=None if is_browser(request) else url)


@door("POST", page=problems.answer_in_json)
def read(request: HttpRequest) -> HttpResponseBase:
    """Read a drawing while it grows; nothing is stored."""
    limits.count_live(request, Visitor.of(request))
    form = problems.checked(ReadForm(*api.fields_of(request)))
    seen = look(**form.drawing(is_browser=is_browser(request)))
    return JsonResponse(api.live_reading(seen.prediction))


def show_no_reasons(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Show what went wrong where the reasons would be: a part of a page."""
    return problems.answer(request, problem, "recognizer/_why.html")


@door("POST", page=show_no_reasons)
def why(request: HttpRequest) -> HttpResponseBase:
    """Say what the reading of a drawing rests on; nothing is stored."""
    limits.count_why(request, Visitor.of(request))
    form = problems.checked(ReadForm(*api.fields_of(request)))
    found = explain_drawing(**form.drawing(is_browser=is_browser(request)))
    return reasons_of(request, Reasons.of(found))
