"""Submissions: the list, with its filters, labels and actions, and the page of one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recognizer import deletion, imaging, review
from recognizer.admin import claims, datasets, filters, items, marks, reviewing, trees
from recognizer.admin.labelling import LabelForm, ReviewForm
from recognizer.admin.lists import LongListAdmin
from recognizer.admin.predictions import PredictionInline
from recognizer.batches import batched
from recognizer.models import Label, Prediction, Submission, Way

# In seconds: long enough to look at it again and again; after a release it may look different.
STEPS_MAX_AGE = 300
LABEL_ACTION = "label_as_"


@admin.register(Submission)
class SubmissionAdmin(LongListAdmin):
    list_display = ("drawing", "read", "reading", "label", "review", "received")
    list_display_links = ("drawing", "read")
    list_editable = ("label",)
    list_filter = (
        filters.LaneFilter,
        ("review_state", filters.ReviewFilter),
        filters.VerdictFilter,
        filters.ReadDigitFilter,
        ("label", filters.LabelFilter),
        filters.ConfidenceFilter,
        "source",
        filters.VersionFilter,
        filters.ClaimFilter,
    )
    search_fields = ("id",)  # shows the box; filters.search says what it finds
    search_help_text = gettext_lazy(
        "The beginning of an id or of a visitor's key, of three characters at least, or a version's"
        " name."
    )
    date_hierarchy = "created_at"
    heavy_fields = ("digit", "receipt", "strokes")
    reading_prefix = "served_"
    actions = ("agree", "ask_second_look", "accept_claims", "take_label_back", "export")
    inlines = (PredictionInline,)
    fieldsets = (
        (
            gettext_lazy("Review"),
            {"fields": ("label", "needs_second_look", ("reviewed_by", "reviewed_at"))},
        ),
        (
            gettext_lazy("Submission"),
            {"fields": ("id", "created_at", "source", "num_strokes", "claim", "visitor_key")},
        ),
    )
    readonly_fields = (
        "reviewed_by",
        "reviewed_at",
        "id",
        "created_at",
        "source",
        "num_strokes",
        "claim",
        "visitor_key",
        "review",
    )
    change_list_template = "admin/recognizer/submission/change_list.html"
    change_form_template = "admin/recognizer/submission/change_form.html"

    # --- The list ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        return Submission.objects.with_served_prediction()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Submission], search_term: str
    ) -> tuple[QuerySet[Submission], bool]:
        term = search_term.strip()
        return (filters.search(queryset, term) if term else queryset), False

    @admin.display(description=gettext_lazy("drawing"))
    def drawing(self, submission: Submission) -> str:
        return marks.thumbnail(submission.pk)

    @admin.display(description=gettext_lazy("read"), ordering="served_digit")
    def read(self, submission: Submission) -> str:
        return marks.numeral(submission.served)

    @admin.display(description=gettext_lazy("confidence"), ordering="served_confidence")
    def reading(self, submission: Submission) -> str:
        return marks.reading(submission.served) if submission.served else ""

    @admin.display(description=gettext_lazy("review"), ordering="review_state")
    def review(self, submission: Submission) -> str:
        return format_html("{}{}", marks.review_state(submission), marks.claim(submission))

    @admin.display(description=gettext_lazy("received"), ordering="created_at")
    def received(self, submission: Submission) -> str:
        return marks.received(submission)

    # --- Labelling ---

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return LabelForm

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        return super().get_form(request, obj, change, form=ReviewForm, **kwargs)

    def save_model(self, request: HttpRequest, obj: Submission, form: Any, change: bool) -> None:
        form.apply(by=request.user)
        if form.decision_words():  # else whoever had decided so keeps it
            obj.save(update_fields=review.FIELDS)
            way = Way.PAGE if isinstance(form, ReviewForm) else Way.LIST
            review.note([(obj, form.before)], by=request.user, way=way)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        return form.decision_words() or []

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Add an action for each label to the stock ones."""
        actions: dict[str, Any] = super().get_actions(request)
        if "agree" not in actions:
            return actions
        last = {  # out of the labels' way
            name: actions.pop(name) for name in ("export", "delete_selected") if name in actions
        }
        for label in Label:
            words = _("Label as %(label)s") % {"label": label.label}
            name = LABEL_ACTION + label.value
            actions[name] = (partial(_label_as, label=label), name, words)
        return actions | last

    @admin.action(description=gettext_lazy("Agree with the reading"), permissions=["change"])
    def agree(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        def change(submission: Submission) -> None:
            if submission.served and (label := submission.served.agreed_label):
                submission.review(label=label, by=request.user)

        self.decide(request, queryset, change)

    @admin.action(description=gettext_lazy("Ask for a second look"), permissions=["change"])
    def ask_second_look(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        self.decide(request, queryset, Submission.ask_second_look)

    @admin.action(
        description=gettext_lazy("Accept the visitors’ claims that another version reads too"),
        permissions=["change"],
    )
    def accept_claims(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        found = review.accept_claims(queryset, by=request.user)
        level = messages.SUCCESS if found.num else messages.WARNING
        self.message_user(request, claims.words(found), level)

    @admin.action(description=gettext_lazy("Take the label back"), permissions=["change"])
    def take_label_back(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        self.decide(request, queryset, lambda s: s.review(label="", by=request.user))

    @admin.action(description=gettext_lazy("Export the labelled ones…"), permissions=["change"])
    def export(self, request: HttpRequest, queryset: QuerySet[Submission]) -> HttpResponseBase:
        return datasets.page(self, request, queryset)

    def decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Submission],
        change: Callable[[Submission], None],
    ) -> None:
        """Decide the ticked submissions, and say how many changed."""
        changed = review.decide(queryset, by=request.user, change=change, way=Way.LIST)
        words = ngettext("%(num)d submission changed.", "%(num)d submissions changed.", changed)
        level = messages.SUCCESS if changed else messages.WARNING
        self.message_user(request, words % {"num": changed}, level)

    # --- Its page ---

    def get_fieldsets(self, request: HttpRequest, obj: Submission | None = None) -> Any:
        if self.has_change_permission(request, obj):
            return self.fieldsets
        review = ("label", "review", ("reviewed_by", "reviewed_at"))
        return ((_("Review"), {"fields": review}), *self.fieldsets[1:])

    @admin.display(description=gettext_lazy("strokes"))
    def num_strokes(self, submission: Submission) -> str:
        return marks.NOTHING if submission.strokes is None else str(len(submission.strokes))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        served = context["original"].served
        context["changes"] = context["original"].label_changes.select_related("changed_by")
        context["receipt"] = trees.rows_of(context["original"].receipt)
        if served:
            context |= {
                "served": served,
                "numeral": marks.numeral(served),
                "verdict": marks.verdict(served),
                "bars": items.bars(served),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        steps = path(
            "<uuid:submission_id>/steps.png",
            self.admin_site.admin_view(self.steps, cacheable=True),
            name="recognizer_submission_steps",
        )
        return [steps, *reviewing.urls(self), *super().get_urls()]

    def steps(self, request: HttpRequest, submission_id: UUID) -> HttpResponse:
        """Show how the drawing became a digit, or digits: made when it is looked at, not kept."""
        submission = get_object_or_404(Submission, pk=submission_id)
        if not self.has_view_permission(request, submission):
            raise PermissionDenied
        try:
            with submission.image.open("rb") as file:
                picture = imaging.decode(file.read())
            steps = imaging.explain(picture, submission.receipt.get("segmentation", "usual"))
        except (OSError, ValueError, imaging.UnreadableImage):
            return _in_words(_("The drawing’s file is gone or broken: there is nothing to show."))
        response = HttpResponse(imaging.contact_sheet(steps), content_type="image/png")
        response["Cache-Control"] = f"private, max-age={STEPS_MAX_AGE}"
        response["X-Content-Type-Options"] = "nosniff"
        return response

    # --- Adding and deleting ---

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Predictions go with their submission, though nobody may delete one alone."""
        found, counts, needed, protected = super().get_deleted_objects(objs, request)
        alone = Prediction._meta.verbose_name  # noqa: SLF001  (public, but for its name)
        return found, counts, needed - {alone}, protected

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Submission) -> None:
        self.delete_queryset(request, Submission.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        """Delete rows, and their files once the rows are gone for good."""
        ids = list(queryset.values_list("pk", flat=True))
        for some in batched(ids, deletion.BATCH):
            deletion.delete_batch(Submission.objects.filter(pk__in=some))


def _label_as(
    model_admin: SubmissionAdmin,
    request: HttpRequest,
    queryset: QuerySet[Submission],
    *,
    label: Label,
) -> None:
    model_admin.decide(request, queryset, lambda s: s.review(label=label, by=request.user))


def _in_words(text: str) -> HttpResponse:
    response = HttpResponse(text, status=404, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "private, no-store"
    return response
