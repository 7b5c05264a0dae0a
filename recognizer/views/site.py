"""The site itself: what it is, its languages, its files for browsers, its health."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.i18n import set_language

from recognizer import offline
from recognizer.about import standing
from recognizer.doors import door
from recognizer.models import ModelVersion
from recognizer.recognition import NoActiveVersion, active_engine


@door("GET")
def about(request: HttpRequest) -> HttpResponseBase:
    context = {
        "standing": standing(),
        "retention_days": settings.RETENTION_DAYS,
        "keeps_labelled": settings.RETENTION_KEEP_LABELLED,
    }
    return render(request, "recognizer/about.html", context)


@door("GET", "POST", needs_token=False)
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
