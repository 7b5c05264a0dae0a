"""The pages of the site and the answers to programs. What is done is done in recognition.py."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from recognizer import (
    api,
    deletion,
    imaging,
    limits,
    live,
    offline,
    problems,
    scripts,
    sharing,
    steps,
    takeout,
)
from recognizer.about import standing
from recognizer.answers import NO_BARS, Answer
from recognizer.doors import door
from recognizer.forms import ClaimForm, ReadForm, UploadForm
from recognizer.history import FilterForm
from recognizer.models import ModelVersion, Prediction, Share, Submission, SubmissionQuerySet
from recognizer.problems import Problem
from recognizer.reasons import Reasons
from recognizer.recognition import NoActiveVersion, active_engine, look, recognize
from recognizer.visitors import Visitor, is_browser
from recognizer.why import explain_drawing, explain_stored
from recognizer.words import EMPTY, EMPTY_TIP, words

PER_PAGE = 24  # divides by the 2, 3, 4 and 6 columns of the history

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

MAY_SEE_ANY = ("recognizer.view_submission", "recognizer.change_submission")

# The bytes at these addresses never change.
IMAGE_CACHE_CONTROL = "private, max-age=31536000, immutable"
# Steps are drawn anew, by the release that runs.
STEP_CACHE_CONTROL = "private, max-age=3600"


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
    form = UploadForm(*api.fields_of(request))
    if not form.is_valid():
        raise Problem.of_form(form)
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
    form = ReadForm(*api.fields_of(request))
    if not form.is_valid():
        raise Problem.of_form(form)
    seen = look(**form.drawing(is_browser=is_browser(request)))
    return JsonResponse(api.live_reading(seen.prediction))


def show_no_reasons(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Show what went wrong where the reasons would be: a part of a page."""
    return problems.answer(request, problem, "recognizer/_why.html")


@door("POST", page=show_no_reasons)
def why(request: HttpRequest) -> HttpResponseBase:
    """Say what the reading of a drawing rests on; nothing is stored."""
    limits.count_live(request, Visitor.of(request))
    form = ReadForm(*api.fields_of(request))
    if not form.is_valid():
        raise Problem.of_form(form)
    found = explain_drawing(**form.drawing(is_browser=is_browser(request)))
    return _reasons(request, Reasons.of(found))


@door("GET", page=show_no_reasons)
def reading_why(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    limits.count_live(request, Visitor.of(request))
    prediction = _visible_prediction(request, submission_id)
    try:
        found = explain_stored(prediction.submission)
    except FileNotFoundError as error:
        raise Http404 from error
    return _reasons(request, Reasons.of(found, stored=prediction))


@door("GET")
def reading_steps(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    submission = _visible_prediction(request, submission_id).submission
    return render(request, "recognizer/_steps.html", {"steps": _steps_of(submission)})


@door("GET")
def reading_step(request: HttpRequest, submission_id: uuid.UUID, name: str) -> HttpResponseBase:
    limits.count_live(request, Visitor.of(request))
    submission = _visible_prediction(request, submission_id).submission
    try:
        return _private_png(steps.png_of(submission, name), STEP_CACHE_CONTROL)
    except (steps.NoSuchStep, FileNotFoundError) as error:
        raise Http404 from error


@door("GET")
def reading(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    prediction = _visible_prediction(request, submission_id)
    if problems.wants_json(request):
        return JsonResponse(api.reading_with_details(prediction))
    submission = prediction.submission
    is_owner = submission.visitor_key == Visitor.of(request).key
    share = Share.objects.filter(submission=submission).first() if is_owner else None
    context = {
        **_reading_context(prediction),
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
    limits.count_live(request, Visitor.of(request))
    try:
        return {"reasons": Reasons.of(explain_stored(submission), stored=prediction)}
    except problems.FORESEEN as error:
        return {"no_reasons": Problem.of(error)}
    except FileNotFoundError as error:
        raise Http404 from error


@door("GET")
def image(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    return _private_png(_stored_image(_visible_prediction(request, submission_id).submission))


@door("GET")
def digit(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    submission = _visible_prediction(request, submission_id).submission
    return _private_png(imaging.digit_png(bytes(submission.digit)))


@door("POST")
def claim(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    visitor = Visitor.of(request)
    limits.count(request, visitor)
    own = Submission.objects.of_visitor(visitor.key)
    submission = get_object_or_404(own, pk=submission_id)
    form = ClaimForm(api.fields_of(request)[0])
    if not form.is_valid():
        raise Problem.of_form(form)
    served = submission.served
    submission.claim = form.digit(read=served.digit if served else None)
    if not own.filter(pk=submission_id).update(claim=submission.claim):
        raise Http404  # deleted meanwhile
    if problems.wants_json(request):
        return JsonResponse({"claim": submission.claim})
    return redirect(submission.get_absolute_url() + "#claim")


@door("POST")
def share(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    try:
        link = sharing.share(_own(request, submission_id))
    except Submission.DoesNotExist as error:
        raise Http404 from error
    if problems.wants_json(request):
        return JsonResponse({"url": request.build_absolute_uri(link.get_absolute_url())})
    return redirect(reverse("reading", args=[submission_id]) + "#share-link")


@door("POST")
def unshare(request: HttpRequest, submission_id: uuid.UUID) -> HttpResponseBase:
    """Take the link back; where there is none, that is as good."""
    own = _own(request, submission_id)
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
        **_reading_context(prediction),
        "image_url": reverse("shared_image", args=[token]),
        "digit_url": reverse("shared_digit", args=[token]),
    }
    return sharing.unkept(render(request, "recognizer/shared.html", context))


@door("GET")
def shared_image(request: HttpRequest, token: str) -> HttpResponseBase:
    return sharing.unkept(_private_png(_stored_image(_shared_prediction(token).submission)))


@door("GET")
def shared_digit(request: HttpRequest, token: str) -> HttpResponseBase:
    png = imaging.digit_png(bytes(_shared_prediction(token).submission.digit))
    return sharing.unkept(_private_png(png))


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


@door("GET")
def about(request: HttpRequest) -> HttpResponseBase:
    context = {
        "standing": standing(),
        "retention_days": settings.RETENTION_DAYS,
        "keeps_labelled": settings.RETENTION_KEEP_LABELLED,
    }
    return render(request, "recognizer/about.html", context)


@csrf_exempt
def language(request: HttpRequest) -> HttpResponseBase:
    """Change the language of the pages.

    Without a token: a page of somebody else's could do no more than change the words. So no page
    needs one for its footer, and a shared one, whose address is told to nobody, can change it too.
    """
    return set_language(request)


@door("GET")
def service_worker(request: HttpRequest) -> HttpResponseBase:
    return HttpResponse(offline.worker(request), content_type="text/javascript; charset=utf-8")


@door("GET")
def offline_page(request: HttpRequest) -> HttpResponseBase:
    return HttpResponse(offline.page(request))


@door("GET")
def manifest(request: HttpRequest) -> HttpResponseBase:
    kind = "application/manifest+json"
    return render(request, "recognizer/manifest.webmanifest", content_type=kind)


@door("GET")
def health(request: HttpRequest) -> HttpResponseBase:
    try:
        serving = active_engine().version_id
    except NoActiveVersion:
        return JsonResponse({"status": "unavailable"}, status=503)
    concerned = ModelVersion.objects.filter(Q(pk=serving) | Q(is_active=True))
    versions = {version.pk: version for version in concerned.only("number", "status")}
    answer: dict[str, Any] = {"status": "ok", "version": versions.pop(serving).number}
    for active in versions.values():  # the last good one serves, until the active one does
        if active.status == ModelVersion.Status.BROKEN:
            answer |= {"status": "degraded", "failing": active.number}
    return JsonResponse(answer)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.answer(request, Problem.of(exception))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.answer(request, Problem.named("forbidden"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problems.answer(request, Problem.named("csrf"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.answer(request, Problem.named("not_found"))


def server_error(request: HttpRequest) -> HttpResponse:
    return problems.answer(request, Problem.named("server_error"))


def _visible_prediction(request: HttpRequest, submission_id: uuid.UUID) -> Prediction:
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


def _shared_prediction(token: str) -> Prediction:
    try:
        return sharing.shared(token)
    except Prediction.DoesNotExist as error:
        raise problems.no_shared_reading() from error


def _own(request: HttpRequest, submission_id: uuid.UUID) -> SubmissionQuerySet:
    """Count the request, and give the visitor's own submission of this id, or none."""
    visitor = Visitor.of(request)
    limits.count(request, visitor)
    return Submission.objects.of_visitor(visitor.key).filter(pk=submission_id)


def _reading_context(prediction: Prediction) -> dict[str, Any]:
    """What a reading's own page and a shared one have in common."""
    answer = Answer.to(prediction)
    submission = prediction.submission
    return {"answer": answer, "bars": answer.bars, "submission": submission, "words": words()}


def _stored_image(submission: Submission) -> bytes:
    try:
        with submission.image.open("rb") as file:
            content: bytes = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    return content


def _steps_of(submission: Submission) -> list[steps.ShownStep]:
    def url_of(name: str) -> str:
        return reverse("reading_step", args=[submission.pk, name])

    return steps.steps_of(submission, url_of)


def _reasons(request: HttpRequest, reasons: Reasons) -> HttpResponse:
    if problems.wants_json(request):
        return JsonResponse(reasons.as_json())
    return render(request, "recognizer/_why.html", {"reasons": reasons})


def _private_png(png: bytes, cache_control: str = IMAGE_CACHE_CONTROL) -> HttpResponse:
    response = HttpResponse(png, content_type="image/png")
    response["Cache-Control"] = cache_control
    response["X-Content-Type-Options"] = "nosniff"
    return response
