"""Review, one submission after the other: the page, and what its script asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from recognizer import review
from recognizer.admin import counts, progress
from recognizer.admin.items import items
from recognizer.models import DIGIT_LABELS, Label, Submission
from recognizer.review import Lane

TEMPLATES = "admin/recognizer/submission"
# The one that is looked at, and the next three, whose pictures are loaded beforehand.
ITEMS = 4
# What a reviewer has skipped is not shown to them again while they are logged in.
SKIPPED, MAX_SKIPPED = "review_skipped", 500

# What stands above each lane.
ABOUT = {
    Lane.UNCERTAIN: gettext_lazy(
        "Read unsurely or as no digit, read otherwise by the shadow, or contradicted by the "
        "visitor: the most doubtful first."
    ),
    Lane.AUDIT: gettext_lazy(
        "Chosen by chance when they came, whatever was read. From these alone the accuracy in the "
        "field is counted: skip none that you can read."
    ),
    Lane.SECOND_LOOK: gettext_lazy("Somebody asks for a second look at these."),
    Lane.SUSPECT: gettext_lazy(
        "Labels that the newest version contradicts with confidence: the plainest first."
    ),
}

if TYPE_CHECKING:  # Django's own class takes no parameter at run time
    Admin = ModelAdmin[Submission]

View = Callable[..., HttpResponse]
May = Callable[[HttpRequest], bool]
Only = Callable[[View], View]  # lets a view be asked by one method alone


def urls(admin: Admin) -> list[URLPattern]:
    """Give the addresses, each behind the admin's login: who may change submissions reviews."""

    def at(
        route: str, name: str, only: Only, view: View, may: May = admin.has_change_permission
    ) -> URLPattern:
        answer = only(partial(view, admin))

        def bound(request: HttpRequest) -> HttpResponse:
            if not may(request):
                raise PermissionDenied
            return answer(request)

        wrapped = admin.admin_site.admin_view(bound)
        return path(route, wrapped, name=f"recognizer_submission_{name}")

    return [
        at("review/", "review", require_GET, page),
        at(
            "review/progress/",
            "review_progress",
            require_GET,
            show_progress,
            admin.has_view_permission,
        ),
        at("review/next/", "review_next", require_POST, more),
        at("review/decide/", "review_decide", require_POST, decide),
        at("review/undo/", "review_undo", require_POST, undo),
        at("review/skip/", "review_skip", require_POST, skip),
    ]


# --- The pages ------------------------------------------------------------------------------------


def page(admin: Admin, request: HttpRequest) -> HttpResponse:
    """Show what a lane holds next; the first lane that holds anything, where none is named."""
    waiting = {lane: counts.count_in_order(review.waiting(lane)) for lane in Lane}
    lane = _asked_lane(request) or next((one for one in Lane if waiting[one]), Lane.UNCERTAIN)
    here = reverse("admin:recognizer_submission_review")
    context = {
        "lanes": [
            {
                "name": one.label,
                "num": waiting[one],
                "url": f"{here}?lane={one.value}",
                "is_here": one == lane,
            }
            for one in Lane
        ],
        "about": ABOUT[lane],
        "today": progress.today(request.user),
        "digits": DIGIT_LABELS,
        "keys": KEYS,
        "data": {
            "lane": lane.value,
            "items": _take(request, lane, ()),
            "urls": {
                name: reverse(f"admin:recognizer_submission_review_{name}")
                for name in ("next", "decide", "undo", "skip")
            },
            "labels": {label.value: str(label.label) for label in Label},
            "words": {name: str(words) for name, words in SAID.items()},
        },
    }
    return _show(admin, request, "review.html", _("Review"), context)


def show_progress(admin: Admin, request: HttpRequest) -> HttpResponse:
    version = request.GET.get("version", "")
    context = progress.of_all(int(version) if version.isdecimal() else None)
    return _show(admin, request, "progress.html", _("Progress of the review"), context)


def _show(
    admin: Admin, request: HttpRequest, template: str, title: str, context: dict[str, Any]
) -> HttpResponse:
    common = admin.admin_site.each_context(request) | {"opts": admin.opts, "title": title}
    response = TemplateResponse(request, f"{TEMPLATES}/{template}", common | context)
    response["Cache-Control"] = "private, no-store"  # going back asks for what is next now
    return response


def _asked_lane(request: HttpRequest) -> Lane | None:
    asked = request.GET.get("lane", "")
    return Lane(asked) if asked in Lane.values else None


KEYS = (
    ("0 – 9", gettext_lazy("it is this digit")),
    ("Enter", gettext_lazy("agree with the reading")),
    ("n", gettext_lazy("not a digit")),
    ("s", gettext_lazy("several digits")),
    ("b", gettext_lazy("bad image: nobody can tell")),
    ("u", gettext_lazy("undo the last decision")),
    ("→", gettext_lazy("skip")),
    ("p", gettext_lazy("play the strokes")),
    ("?", gettext_lazy("these keys")),
)

# What the script says; {names} are filled in there.
SAID = {
    "labelled": gettext_lazy("Labelled “{label}”."),
    "skipped": gettext_lazy("Skipped."),
    "undone": gettext_lazy("Undone."),
    "nothing_to_undo": gettext_lazy("Nothing to undo."),
    "cannot_agree": gettext_lazy("Nothing was read here that one could agree with."),
    "agree": gettext_lazy("Agree: {label}"),
    "unsaved": gettext_lazy("Not saved yet; it is tried again in a moment."),
    "signed_out": gettext_lazy(
        "You are logged out, or as somebody else. Log in again in another window: what you decide "
        "here waits until then."
    ),
    "look": gettext_lazy("Look at it"),
    "no_strokes": gettext_lazy("It was not drawn here: there are no strokes to play."),
}


# --- What the script asks for ---------------------------------------------------------------------


class LaneForm(forms.Form):
    """A lane, and the ids of what the page holds of it."""

    lane = forms.ChoiceField(choices=Lane)
    have = forms.CharField(required=False, max_length=40 * 50)

    def clean_have(self) -> list[UUID]:
        try:
            return [UUID(one) for one in self.cleaned_data["have"].split(",") if one]
        except ValueError as error:
            raise forms.ValidationError(_("Expected ids, with commas between them.")) from error


class ItemForm(LaneForm):
    id = forms.UUIDField()


class DecisionForm(ItemForm):
    """A label, and what the reviewer saw before they gave it."""

    label = forms.ChoiceField(choices=Label)
    seen = forms.CharField(max_length=80, strip=False)


class UndoForm(forms.Form):
    change = forms.IntegerField(min_value=1)


def more(admin: Admin, request: HttpRequest) -> HttpResponse:
    form = LaneForm(request.POST)
    return _items(request, form) if form.is_valid() else _refused(form)


def decide(admin: Admin, request: HttpRequest) -> HttpResponse:
    """Label one, and give what comes after those that the page holds."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _refused(form)
    said = form.cleaned_data
    try:
        change = review.decide_one(
            said["id"],
            lane=Lane(said["lane"]),
            label=said["label"],
            seen=said["seen"],
            by=request.user,
        )
    except review.DecidedMeanwhile as error:
        return _items(request, form, status=409, problem=str(error))
    except Submission.DoesNotExist:
        return _items(request, form, status=404, problem=_("Meanwhile it was deleted."))
    return _items(request, form, change=change.pk)


def undo(admin: Admin, request: HttpRequest) -> HttpResponse:
    """Take the reviewer's last decision back; the page shows what it has of the submission."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _refused(form)
    try:
        undone = review.undo(form.cleaned_data["change"], by=request.user)
    except review.NothingToUndo as error:
        return JsonResponse({"problem": str(error)}, status=409)
    review.lease([undone.submission_id], reviewer=request.user)
    return JsonResponse({"change": undone.pk})


def skip(admin: Admin, request: HttpRequest) -> HttpResponse:
    """Let others have one, and give what comes after those that the page holds."""
    form = ItemForm(request.POST)
    if not form.is_valid():
        return _refused(form)
    skipped = [*request.session.get(SKIPPED, []), str(form.cleaned_data["id"])]
    request.session[SKIPPED] = skipped[-MAX_SKIPPED:]
    review.release([form.cleaned_data["id"]], reviewer=request.user)
    return _items(request, form)


def _items(request: HttpRequest, form: LaneForm, *, status: int = 200, **said: Any) -> HttpResponse:
    """Answer with what the page lacks of its lane, and hold for longer what it has."""
    have: list[UUID] = form.cleaned_data["have"]
    review.renew(have, reviewer=request.user)
    lacking = _take(request, Lane(form.cleaned_data["lane"]), have)
    return JsonResponse(said | {"items": lacking}, status=status)


def _take(request: HttpRequest, lane: Lane, have: Any) -> list[dict[str, Any]]:
    without = [*have, *map(UUID, request.session.get(SKIPPED, []))]
    num = max(0, ITEMS - len(have))
    return items(review.take(lane, reviewer=request.user, num=num, without=without), lane)


def _refused(form: forms.Form) -> HttpResponse:
    """Say what was wrong with what a script sent: none of ours sends it."""
    problem = " ".join(
        f"{name}: {said}" for name, errors in form.errors.items() for said in map(str, errors)
    )
    return JsonResponse({"problem": problem}, status=400)
