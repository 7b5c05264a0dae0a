"""The list of predictions as a table to take along: CSV, JSON, XLSX, by django-import-export."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from import_export.admin import ExportMixin
from import_export.fields import Field
from import_export.formats.base_formats import CSV, JSON, XLSX
from import_export.forms import ExportForm
from import_export.resources import ModelResource
from import_export.widgets import Widget

from recognizer.admin import marks
from recognizer.models import DIGITS, Prediction

# A table is made in memory and in one request: as XLSX so many take 6 s and 95 MB, as CSV 2.5 s.
MOST_ROWS = 10_000


# With these a spreadsheet takes a cell for a formula. Source: OWASP, "CSV Injection".
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class AsItIs(Widget):
    """Gives numbers as numbers, whatever the format; all else as text, and never as a formula."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        if value is None or isinstance(value, int | float):
            return value
        is_moment = isinstance(value, datetime)
        text = value.isoformat(timespec="milliseconds") if is_moment else str(value)
        return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class Probability(Field):
    """How likely one of the ten digits is."""

    def __init__(self, digit: int) -> None:
        super().__init__(attribute="probabilities", column_name=f"p{digit}", widget=AsItIs())
        self.digit = digit

    def get_value(self, instance: Prediction, **kwargs: Any) -> float:
        return float(instance.probabilities[self.digit])


def _column(attribute: str, name: str = "") -> Field:
    return Field(attribute=attribute, column_name=name or attribute, widget=AsItIs())


class PredictionTable(ModelResource):
    """The columns. None of them holds what somebody typed."""

    id = _column("pk", "id")
    submission = _column("submission_id", "submission")
    role = _column("role")
    version = _column("version__number", "version")
    verdict = _column("verdict")
    digit = _column("digit")
    digits = _column("digits")
    confidence = _column("confidence")
    p0, p1, p2, p3, p4 = (Probability(digit) for digit in DIGITS[:5])
    p5, p6, p7, p8, p9 = (Probability(digit) for digit in DIGITS[5:])
    agrees = _column("agrees")
    latency_ms = _column("latency_ms")
    label = _column("submission__label", "label")
    source = _column("submission__source", "source")
    created_at = _column("created_at")

    class Meta:
        model = Prediction
        fields = (
            *("id", "submission", "role", "version", "verdict", "digit", "digits", "confidence"),
            *(f"p{digit}" for digit in DIGITS),
            *("agrees", "latency_ms", "label", "source", "created_at"),
        )
        export_order = fields


class _TooLong(Exception):
    """The list has more predictions than a table may have."""


class TableMixin(ExportMixin):
    """Gives the list, as it is filtered and sorted, as a table. Nothing is taken in."""

    resource_classes = [PredictionTable]
    export_formats = [CSV, JSON, XLSX]
    export_form_class = ExportForm
    import_export_change_list_template = "admin/recognizer/prediction/change_list.html"
    export_template_name = "admin/recognizer/prediction/export.html"

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        rows: QuerySet[Prediction] = super().get_export_queryset(request)
        if rows[: MOST_ROWS + 1].count() > MOST_ROWS:
            raise _TooLong
        heavy = ("digit", "receipt", "strokes")
        with_submission = rows.select_related("submission")
        return with_submission.defer(*(f"submission__{name}" for name in heavy))

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """Show the form, or give the table; say so where it would be too large. Queries: 1 more.

        Raises:
            PermissionDenied: They may not take predictions along.
        """
        the_list = reverse("admin:recognizer_prediction_changelist")
        try:
            shown: HttpResponse = super().export_action(request)
        except IncorrectLookupParameters:
            return redirect(f"{the_list}?{ERROR_FLAG}=1")
        except _TooLong:
            words = _(
                "A table has at most %(most)s predictions, and the list has more. "
                "Narrow it by its filters or its dates, and export it part by part."
            )
            words %= {"most": marks.number(MOST_ROWS)}
            self.message_user(request, words, messages.WARNING)
            return redirect(f"{the_list}?{request.GET.urlencode()}")
        return shown

    def get_export_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {"columns": PredictionTable.Meta.fields}
