"""What is done with a version in the admin, each step a page or a button: check, compare,
activate, roll back, shadow, retire, download."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import slugify
from django.utils.translation import gettext as _

from recognizer import imaging, registry, replay, tasks
from recognizer.admin import buttons, checks, comparing
from recognizer.admin.activations import ActivationForm, RollbackForm, comparison
from recognizer.models import Activation, ModelVersion

TEMPLATES = "admin/recognizer/modelversion"
PAGE = "admin:recognizer_modelversion_change"
ACTIVATE = "recognizer.activate_modelversion"
DOWNLOAD = "recognizer.download_modelversion"
MIN_COMPARED, MAX_COMPARED = 2, 4
# What a step raises that is not taken.
REFUSALS = (checks.NothingToCheck, registry.ActivationRefused, registry.InUse)

if TYPE_CHECKING:  # Django's own class takes no parameter at run time
    Admin = ModelAdmin[ModelVersion]

View = Callable[..., HttpResponseBase]


def urls(admin: Admin) -> list[URLPattern]:
    """Give the addresses of the steps, each behind the admin's login."""

    def step(route: str, name: str, view: View) -> URLPattern:
        def bound(request: HttpRequest, **named: Any) -> HttpResponseBase:
            return view(admin, request, **named)

        wrapped = admin.admin_site.admin_view(bound)
        return path(route, wrapped, name=f"recognizer_modelversion_{name}")

    button = partial(buttons.button, admin, refusals=REFUSALS)
    return [
        step("<int:pk>/activate/", "activate", activate),
        step("<int:pk>/download/", "download", download),
        step("roll-back/", "roll_back", roll_back),
        step("compare/", "compare", compare),
        step("sample/<int:row>.png", "sample", sample),
        button("check", _check, "recognizer.add_modelversion"),
        button("shadow", _shadow, ACTIVATE),
        button("end-shadow", _end_shadow, ACTIVATE),
        button("retire", _retire, ACTIVATE),
        button("bring-back", _bring_back, ACTIVATE),
    ]


def steps_of(version: ModelVersion, request: HttpRequest) -> dict[str, bool]:
    """Tell which steps this user may take with a version as it is now."""
    Status, has = ModelVersion.Status, request.user.has_perm  # noqa: N806  (a class)
    is_idle = version.may_serve and not version.is_active and has(ACTIVATE)
    return {
        "check": has("recognizer.add_modelversion") and checks.may_start(version),
        "activate": is_idle,
        "shadow": is_idle and not version.is_shadow,
        "end_shadow": is_idle and version.is_shadow,
        "retire": is_idle and not version.is_shadow,
        "bring_back": version.status == Status.RETIRED and has(ACTIVATE),
        "download": has(DOWNLOAD),
    }


# --- Pages ----------------------------------------------------------------------------------------


def activate(admin: Admin, request: HttpRequest, pk: int) -> HttpResponse:
    version = get_object_or_404(ModelVersion, pk=pk)
    buttons.require(admin, request, ACTIVATE)
    form = ActivationForm(request.POST or None)
    is_asked = request.method == "POST" and form.is_valid()
    if is_asked and (activation := form.activate(version, user=request.user)):
        return _activated(admin, request, activation)
    context = {
        **_context(admin, request, _("Activate %(version)s") % {"version": version}),
        **comparison(version),
        "form": form,
    }
    return TemplateResponse(request, f"{TEMPLATES}/activate.html", context)


def roll_back(admin: Admin, request: HttpRequest) -> HttpResponse:
    buttons.require(admin, request, ACTIVATE)
    form = RollbackForm(request.POST or None)
    is_asked = request.method == "POST" and form.is_valid()
    if is_asked and (activation := form.roll_back(user=request.user)):
        return _activated(admin, request, activation)
    context = {
        **_context(admin, request, _("Roll back")),
        "form": form,
        "last": Activation.objects.select_related("version", "replaced").first(),
    }
    return TemplateResponse(request, f"{TEMPLATES}/roll_back.html", context)


def compare(admin: Admin, request: HttpRequest) -> HttpResponse:
    """Show the versions that the address numbers as `v` side by side."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    numbers = [int(number) for number in request.GET.getlist("v") if number.isdecimal()]
    versions = list(ModelVersion.objects.filter(number__in=numbers).order_by("number"))
    if not MIN_COMPARED <= len(versions) <= MAX_COMPARED:
        admin.message_user(request, _("Compare two to four versions."), messages.WARNING)
        return redirect("admin:recognizer_modelversion_changelist")
    names = ", ".join(f"v{version.number}" for version in versions)
    context = {
        **_context(admin, request, _("Compare %(versions)s") % {"versions": names}),
        **comparing.beside(versions),
    }
    return TemplateResponse(request, f"{TEMPLATES}/compare.html", context)


def download(admin: Admin, request: HttpRequest, pk: int) -> HttpResponseBase:
    """Give a version's Keras file; `?form=keras` gives the .keras form of a .h5 file."""
    version = get_object_or_404(ModelVersion, pk=pk)
    buttons.require(admin, request, DOWNLOAD)
    wanted = version.keras_file if request.GET.get("form") == "keras" else version.file
    if not wanted:
        raise Http404
    try:
        file = wanted.open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The file is no longer in storage.")) from error
    name = f"digitsite-v{version.number}-{slugify(version.name) or 'model'}"
    return FileResponse(
        file,
        as_attachment=True,
        filename=name + Path(str(wanted)).suffix,
        content_type="application/octet-stream",
    )


def sample(admin: Admin, request: HttpRequest, row: int) -> HttpResponse:
    """Give a digit of the sample, which replays show, as PNG."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    digits, _labels = replay.sample()
    if row >= len(digits):
        raise Http404
    return HttpResponse(imaging.digit_png(digits[row].tobytes()), content_type="image/png")


# --- Buttons --------------------------------------------------------------------------------------


def _check(version: ModelVersion) -> str:
    """Check a version once more that was refused, or whose check did not come to its end."""
    if not checks.may_start(version):
        words = _("Nothing to check: %(version)s is %(status)s.")
        named = {"version": version, "status": version.get_status_display()}
        raise checks.NothingToCheck(words % named)
    tasks.vet.enqueue(version.pk)
    return _("Being checked again: %(version)s.") % {"version": version}


def _shadow(version: ModelVersion) -> str:
    registry.shadow(version)
    words = _("From now on, %(version)s reads behind the active version whatever comes.")
    return words % {"version": version}


def _end_shadow(version: ModelVersion) -> str:
    registry.end_shadow(version)
    return _("No longer does %(version)s read behind the active version.") % {"version": version}


def _retire(version: ModelVersion) -> str:
    registry.retire(version)
    words = _("Retired: %(version)s stays with all that it read, and cannot be activated.")
    return words % {"version": version}


def _bring_back(version: ModelVersion) -> str:
    registry.bring_back(version)
    return _("Brought back: %(version)s can be activated again.") % {"version": version}


def _activated(admin: Admin, request: HttpRequest, activation: Activation) -> HttpResponse:
    """Write it into the history, say it, and go to the version's page."""
    version = activation.version
    words = _("Activated in place of %(replaced)s: %(reason)s") if activation.replaced else ""
    words = words or _("Activated: %(reason)s")
    named = {"replaced": activation.replaced, "reason": activation.reason}
    admin.log_change(request, version, words % named)
    said = _("From the next reading on, %(version)s serves.") % {"version": version}
    admin.message_user(request, said, messages.SUCCESS)
    return redirect(PAGE, version.pk)


def _context(admin: Admin, request: HttpRequest, title: str) -> dict[str, Any]:
    return {
        **admin.admin_site.each_context(request),
        "title": title,
        "opts": admin.opts,
        "media": admin.media,
    }
