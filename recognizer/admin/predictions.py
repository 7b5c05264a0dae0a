"""Predictions, which are shown with their submission and have no list of their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from recognizer.admin import marks
from recognizer.models import Prediction


class PredictionInline(admin.TabularInline):  # type: ignore[type-arg]
    """All readings of a submission, read-only, for whoever may see the submission."""

    model = Prediction
    fields = ("role", "in_version", "read", "verdict_mark", "sure", "latency", "created_at")
    readonly_fields = fields
    extra = 0
    ordering = ("role", "-created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        return super().get_queryset(request).select_related("version")

    @admin.display(description=gettext_lazy("version"))
    def in_version(self, prediction: Prediction) -> str:
        return marks.version(prediction.version)

    @admin.display(description=gettext_lazy("digit"))
    def read(self, prediction: Prediction) -> str:
        return marks.numeral(prediction)

    @admin.display(description=gettext_lazy("verdict"))
    def verdict_mark(self, prediction: Prediction) -> str:
        return marks.verdict(prediction)

    @admin.display(description=gettext_lazy("confidence"))
    def sure(self, prediction: Prediction) -> str:
        return marks.confidence(prediction.confidence)

    @admin.display(description=gettext_lazy("latency"))
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
