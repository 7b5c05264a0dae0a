"""Predictions: their list, and their rows on a submission's page. Nobody changes them."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy

from recognizer.admin import filters, marks
from recognizer.admin.lists import LongListAdmin
from recognizer.admin.tables import TableMixin
from recognizer.models import Prediction


class _Readings:
    """The columns of readings, for whoever may see submissions; read-only."""

    @admin.display(description=gettext_lazy("version"))
    def in_version(self, prediction: Prediction) -> str:
        return marks.version(prediction.version)

    @admin.display(description=gettext_lazy("digit"), ordering="digit")
    def read(self, prediction: Prediction) -> str:
        return marks.numeral(prediction)

    @admin.display(description=gettext_lazy("verdict"), ordering="verdict")
    def verdict_mark(self, prediction: Prediction) -> str:
        return marks.verdict(prediction)

    @admin.display(description=gettext_lazy("confidence"), ordering="confidence")
    def sure(self, prediction: Prediction) -> str:
        return marks.confidence(prediction.confidence)

    @admin.display(description=gettext_lazy("latency"), ordering="latency_ms")
    def latency(self, prediction: Prediction) -> str:
        return f"{marks.number(prediction.latency_ms, 1)} ms"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = request.user
        return any(user.has_perm(f"recognizer.{can}_submission") for can in ("view", "change"))


class PredictionInline(_Readings, admin.TabularInline):  # type: ignore[type-arg]
    """All readings of a submission."""

    model = Prediction
    fields = ("role", "in_version", "read", "verdict_mark", "sure", "latency", "created_at")
    readonly_fields = fields
    extra = 0
    ordering = ("role", "-created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        return Prediction.objects.with_version().order_by(*self.ordering)


@admin.register(Prediction)
class PredictionAdmin(TableMixin, _Readings, LongListAdmin):
    """All readings of all submissions; each leads to its submission, which has a page."""

    list_display = (
        *("drawing", "read", "verdict_mark", "sure", "in_version"),
        *("role_word", "latency", "received"),
    )
    list_display_links = None
    list_filter = (
        filters.VerdictFilter,
        filters.ReadDigitFilter,
        filters.ConfidenceFilter,
        "role",
        filters.VersionFilter,
    )
    search_fields = ("submission__id",)  # shows the box
    search_help_text = gettext_lazy(
        "The beginning of a submission's id, of three characters at least."
    )
    date_hierarchy = "created_at"
    heavy_fields = ("probabilities",)
    reading_prefix = ""
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        return Prediction.objects.with_version()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Prediction], search_term: str
    ) -> tuple[QuerySet[Prediction], bool]:
        start = search_term.strip().replace("-", "").lower()
        if not start:
            return queryset, False
        if not re.fullmatch(filters.BEGINNING, start):
            return queryset.none(), False
        return queryset.filter(filters.ids_from(start, "submission")), False

    @admin.display(description=gettext_lazy("drawing"))
    def drawing(self, prediction: Prediction) -> str:
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:recognizer_submission_change", args=[prediction.submission_id]),
            marks.thumbnail(prediction.submission_id),
        )

    @admin.display(description=gettext_lazy("role"))
    def role_word(self, prediction: Prediction) -> str:
        return prediction.get_role_display()

    @admin.display(description=gettext_lazy("date"), ordering="created_at")
    def received(self, prediction: Prediction) -> str:
        moment = localtime(prediction.created_at)
        day, time = (date_format(moment, name) for name in ("DATE_FORMAT", "TIME_FORMAT"))
        return format_html("{}<small>{}</small>", day, time)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Go to the submission's page, which shows the prediction among all that was read there."""
        prediction = get_object_or_404(Prediction, pk=object_id)
        return redirect("admin:recognizer_submission_change", prediction.submission_id)
