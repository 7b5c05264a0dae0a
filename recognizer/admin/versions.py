"""Model versions: the list, the form that registers one, its page, and its activation."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import CharField, F, Q, QuerySet, TextField
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.admin import checks, curves, figures, life, marks, suites, trees
from recognizer.admin.registration import RegistrationForm
from recognizer.models import ModelVersion


@admin.register(ModelVersion)
class ModelVersionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "version_number",
        "name",
        "state",
        "accuracy",
        "parameters",
        "readings",
        "registered",
    )
    list_display_links = ("version_number", "name")
    search_fields = ("name", "notes", "sha256")
    search_help_text = gettext_lazy("Words of the name or the notes, or a SHA-256.")
    list_filter = ("status",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = ("compare_selected", "activate_selected")
    # What a person may write. All else is what the file is, and stays as it was registered.
    fieldsets = ((None, {"fields": ("name", "notes")}),)
    add_fieldsets = ((None, {"fields": ("file", "name", "notes")}),)
    change_form_template = "admin/recognizer/modelversion/change_form.html"
    add_form_template = "admin/change_form.html"
    formfield_overrides = {TextField: {"widget": AdminTextareaWidget({"rows": 4})}}

    # --- The list ---

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.result_list = changelist.result_list.defer("passport", "metrics", "layers")
        return changelist

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return ModelVersion.objects.with_num_readings().annotate(
            by_accuracy=F("metrics__test__accuracy"),
            by_state=Concat("is_active", "status", output_field=CharField()),
        )

    @admin.display(description=gettext_lazy("version"), ordering="number")
    def version_number(self, version: ModelVersion) -> str:
        return f"v{version.number}"

    @admin.display(description=gettext_lazy("test accuracy"), ordering="by_accuracy")
    def accuracy(self, version: Any) -> str:
        if version.by_accuracy is None:
            return marks.NOTHING
        return marks.counted(marks.percent(float(version.by_accuracy)), _("of the test digits"))

    @admin.display(description=gettext_lazy("parameters"), ordering="num_parameters")
    def parameters(self, version: ModelVersion) -> str:
        return marks.counted(marks.number(version.num_parameters), _("parameters"))

    @admin.display(description=gettext_lazy("readings"), ordering="num_readings")
    def readings(self, version: Any) -> str:
        return marks.counted(marks.number(version.num_readings), _("readings"))

    @admin.display(description=gettext_lazy("state"), ordering="by_state")
    def state(self, version: ModelVersion) -> str:
        """Mark what it does now; where it neither serves nor shadows, or fails, what it is."""
        is_well = version.status == ModelVersion.Status.READY
        if is_well and (version.is_active or version.is_shadow):
            return marks.active(version)
        return marks.status(version)

    @admin.display(description=gettext_lazy("registered"), ordering="created_at")
    def registered(self, version: ModelVersion) -> str:
        return date_format(localtime(version.created_at), "SHORT_DATE_FORMAT")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may_activate = {"may_activate": self.has_activate_permission(request)}
        answer: HttpResponse = super().changelist_view(
            request, may_activate | (extra_context or {})
        )
        return answer

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)  # one by one, and never one that has served
        return actions

    @admin.action(description=gettext_lazy("Compare…"), permissions=["view"])
    def compare_selected(
        self, request: HttpRequest, queryset: QuerySet[ModelVersion]
    ) -> HttpResponse:
        numbers = queryset.order_by("number").values_list("number", flat=True)[
            : life.MAX_COMPARED + 1
        ]
        chosen = QueryDict(mutable=True)
        chosen.setlist("v", [str(number) for number in numbers])
        url = reverse("admin:recognizer_modelversion_compare")
        return redirect(f"{url}?{chosen.urlencode()}")

    @admin.action(description=gettext_lazy("Activate…"), permissions=["activate"])
    def activate_selected(
        self, request: HttpRequest, queryset: QuerySet[ModelVersion]
    ) -> HttpResponse | None:
        chosen = list(queryset.values_list("pk", flat=True)[:2])
        if len(chosen) == 1:
            return redirect("admin:recognizer_modelversion_activate", chosen[0])
        self.message_user(
            request, _("One version serves at a time: tick exactly one."), messages.WARNING
        )
        return None

    # --- Registering ---

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """As the stock view, without its transaction.

        Keeping a file of 50 MB takes its time, for which an open transaction would keep all others
        from writing.
        """
        context = {"title": _("Register a model version")} | (extra_context or {})
        return self._changeform_view(  # type: ignore[attr-defined, no-any-return]
            request, None, form_url, context
        )

    def get_fieldsets(self, request: HttpRequest, obj: ModelVersion | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if change:
            return super().get_form(request, obj, change, **kwargs)
        form: Any = super().get_form(request, obj, change, form=RegistrationForm, **kwargs)
        form.user = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:  # else the form has registered it
            obj.save(update_fields=form.changed_data)

    def response_add(
        self, request: HttpRequest, obj: ModelVersion, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to the version's page, which shows how far its check is."""
        said = _("Kept, and being checked: %(version)s.") % {"version": obj}
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:recognizer_modelversion_change", obj.pk)

    # --- Its page ---

    def get_urls(self) -> list[URLPattern]:
        return [*life.urls(self), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if version := context["original"]:
            context |= {
                "measurements": list(figures.measurements(version)),
                "suites": list(suites.measured(version)),
                "limits": version.metrics.get("card", {}).get("limits", []),
                "licences": suites.licences(version),
                "recipe": trees.rows_of(version.passport.get("recipe", {})),
                "passport": trees.rows_of(
                    {name: value for name, value in version.passport.items() if name != "recipe"}
                ),
                "activations": version.activations.select_related("replaced", "activated_by"),
                "facts": figures.facts(version),
                "layers": [figures.layer(found) for found in version.layers],
                "check": checks.of(version),
                "charts": curves.of_version(version),
                "may": life.steps_of(version, request),
                "show_delete": not version.is_in_use(),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Permissions ---

    def has_activate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(life.ACTIVATE)

    # --- Deleting ---

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        version = self.get_object(request, unquote(object_id))
        if version and self.has_delete_permission(request, version) and version.is_in_use():
            words = _("The version %(version)s stays: it serves, or has served.")
            self.message_user(request, words % {"version": version}, messages.ERROR)
            return redirect("admin:recognizer_modelversion_change", version.pk)
        response: HttpResponse = super().delete_view(request, object_id, extra_context)
        return response

    def delete_model(self, request: HttpRequest, obj: ModelVersion) -> None:
        names = [str(file) for file in (obj.file, obj.compiled, obj.keras_file) if file]
        obj.delete()
        transaction.on_commit(lambda: _delete_unused(names))


def _delete_unused(names: list[str]) -> None:
    """Remove files that no version has any more: named by their content, they may be shared."""
    for name in names:
        has_it = Q(file=name) | Q(compiled=name) | Q(keras_file=name)
        if not ModelVersion.objects.filter(has_it).exists():
            default_storage.delete(name)
