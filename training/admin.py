"""Training runs in the admin: the list, the form that asks for one, its page, and its two steps."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.admin import life, marks
from recognizer.admin.activations import comparison
from recognizer.admin.buttons import button
from training import standing, tasks
from training.forms import TrainingRunForm
from training.models import State, TrainingRun, Unfitting

TEMPLATES = "admin/training/trainingrun"
PAGE = "admin:training_trainingrun_change"
CHANGE = "training.change_trainingrun"
VIEW_VERSION = "recognizer.view_modelversion"


@admin.register(TrainingRun)
class TrainingRunAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("run", "state_mark", "called", "progress", "validation", "made", "asked_for")
    list_display_links = ("run",)
    list_filter = ("state", "preset")
    list_per_page = 25
    list_select_related = ("version", "created_by")
    search_fields = ("name", "notes", "folder")
    search_help_text = gettext_lazy("Words of the name or the notes, or the name of a run folder.")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fieldsets = (
        (
            gettext_lazy("What was asked for"),
            {
                "fields": (
                    *("preset", "data", "with_reviewed", "from_active", "name", "notes"),
                    *("created_by", "created_at", "folder"),
                )
            },
        ),
    )
    add_fieldsets = ((None, {"fields": TrainingRunForm.Meta.fields}),)
    change_form_template = f"{TEMPLATES}/change_form.html"
    add_form_template = f"{TEMPLATES}/add_form.html"
    change_list_template = f"{TEMPLATES}/change_list.html"

    # --- The list ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrainingRun]:
        """As the stock one; whoever looks marks the dead, so that all see the same."""
        TrainingRun.objects.mark_dead()
        return super().get_queryset(request)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.result_list = changelist.result_list.defer(
            *("log", "history", "version__passport", "version__metrics", "version__layers")
        )
        return changelist

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {
            "title": _("Training runs"),
            "is_empty": not TrainingRun.objects.exists(),
            **(extra_context or {}),
        }
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    @admin.display(description=gettext_lazy("run"), ordering="pk")
    def run(self, run: TrainingRun) -> str:
        return _("run %(number)s") % {"number": run.pk}

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_mark(self, run: TrainingRun) -> str:
        return standing.mark(run)

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def called(self, run: TrainingRun) -> str:
        return run.name or run.preset

    @admin.display(description=gettext_lazy("epochs"))
    def progress(self, run: TrainingRun) -> str:
        return standing.progress(run)

    @admin.display(description=gettext_lazy("on validation"), ordering="validation_accuracy")
    def validation(self, run: TrainingRun) -> str:
        if run.validation_accuracy is None:
            return marks.NOTHING
        return marks.counted(marks.percent(run.validation_accuracy), _("on validation"))

    @admin.display(description=gettext_lazy("version"), ordering="version__number")
    def made(self, run: TrainingRun) -> str:
        if run.version is None:
            return marks.NOTHING
        return marks.version(run.version, is_marked=run.version.is_active)

    @admin.display(description=gettext_lazy("asked for"), ordering="created_at")
    def asked_for(self, run: TrainingRun) -> str:
        date = date_format(localtime(run.created_at), "SHORT_DATE_FORMAT")
        return f"{date}, {run.created_by}" if run.created_by else date

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)  # one by one, and none that is under way
        return actions

    # --- Asking for one ---

    def get_fieldsets(self, request: HttpRequest, obj: TrainingRun | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        asking = {} if change else {"form": TrainingRunForm}
        return super().get_form(request, obj, change, **asking, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {"title": _("Train a new version")} | (extra_context or {})
        answer: HttpResponse = super().add_view(request, form_url, context)
        return answer

    def save_model(self, request: HttpRequest, obj: TrainingRun, form: Any, change: bool) -> None:
        obj.created_by = request.user  # type: ignore[assignment]  # whoever may add is no stranger
        super().save_model(request, obj, form, change)
        tasks.ask(obj)

    def response_add(
        self, request: HttpRequest, obj: TrainingRun, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to the run's page, which shows how far it is."""
        self.message_user(request, _("Queued: %(run)s.") % {"run": obj}, messages.SUCCESS)
        if not self.has_view_permission(request, obj):
            return redirect("admin:index")
        return redirect(PAGE, obj.pk)

    # --- Its page ---

    def get_urls(self) -> list[URLPattern]:
        return [
            button(self, "stop", _stop, CHANGE, refusals=(Unfitting,)),
            button(self, "resume", _resume, CHANGE, refusals=(Unfitting,)),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if run := context["original"]:
            may_step = request.user.has_perm(CHANGE)
            stands = standing.of(run)
            context |= {
                "title": str(run),
                "subtitle": None,  # it would say the same once more
                "standing": stands,
                "may_stop": may_step and run.state in {State.QUEUED, State.RUNNING},
                "may_resume": may_step and (run.is_broken_off or stands.is_lost),
                **(_beside_the_active(request, run) if run.version else {}),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Permissions ---

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a run is what was asked for; its steps ask for the permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_open = obj is not None and obj.is_open
        return not is_open and super().has_delete_permission(request, obj)


def _beside_the_active(request: HttpRequest, run: TrainingRun) -> dict[str, Any]:
    """Lay what the run has made beside the active version, for whoever may see versions."""
    version = run.version
    if version is None or not request.user.has_perm(VIEW_VERSION):
        return {}
    may_activate = life.steps_of(version, request)["activate"]
    beside = {"active": None} if version.is_active else {}  # not beside itself
    return {**comparison(version), **beside, "may_activate": may_activate}


# --- Buttons --------------------------------------------------------------------------------------


def _stop(run: TrainingRun) -> str:
    run.stop()
    return _("Asked to stop: %(run)s.") % {"run": run}


def _resume(run: TrainingRun) -> str:
    """Let a run wait for its turn again; one that waits, and has lost its task, gets another."""
    with transaction.atomic():
        if not tasks.is_lost(run):
            run.resume()
        tasks.ask(run)
    return _("Queued to go on: %(run)s.") % {"run": run}
