"""Activations: the page that asks for the reason, and the list of who, when, why, from, to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recognizer import registry
from recognizer.admin import figures, marks, replays
from recognizer.models import Activation, ModelVersion


class ActivationForm(forms.Form):
    """Asks why a version shall serve; asks twice where it breaks more than it mends."""

    required_css_class = "required"

    reason = forms.CharField(
        label=_("Why"),
        max_length=2000,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("It is kept with the activation, for those who ask later what served and why."),
    )
    is_sure = forms.BooleanField(
        label=_("Let it serve although it breaks more than it mends"), required=False
    )

    def activate(self, version: ModelVersion, *, user: Any) -> Activation | None:
        """Activate the version; where it is refused, say so in the form and give None."""
        try:
            return registry.activate(
                version=version,
                user=user,
                reason=self.cleaned_data["reason"],
                force=self.cleaned_data["is_sure"],
            )
        except registry.BreaksMore:
            self.add_error(
                "is_sure", _("Tick this too: more labelled digits are broken than mended.")
            )
        except registry.ActivationRefused as refusal:
            self.add_error(None, str(refusal))
        return None


class RollbackForm(forms.Form):
    """Asks why the version before shall serve again, and lets it."""

    reason = forms.CharField(label=_("Why"), max_length=2000)

    def roll_back(self, *, user: Any) -> Activation | None:
        """Roll back; where there is nothing to roll back to, say so in the form and give None."""
        try:
            return registry.roll_back(user=user, reason=self.cleaned_data["reason"])
        except registry.ActivationRefused as refusal:
            self.add_error(None, str(refusal))
            return None


def comparison(candidate: ModelVersion) -> dict[str, Any]:
    """Lay a candidate beside the active version. Queries: 1, 2 more for the replay."""
    active = ModelVersion.objects.active().first()
    return {
        "candidate": candidate,
        "active": active,
        "figures": figures.compare(figures.FIGURES, candidate, active),
        "recalls": figures.compare(figures.RECALLS, candidate, active),
        "replay": replays.asked_for(candidate, active),
    }


@admin.register(Activation)
class ActivationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = (
        "activated_at",
        "to_version",
        "from_version",
        "activated_by",
        "reason",
        "readings",
        "right",
    )
    list_display_links = None
    list_select_related = ("version", "replaced", "activated_by")
    list_per_page = 25
    date_hierarchy = "activated_at"
    search_fields = ("reason", "version__name")
    search_help_text = _("Words of the reason, or a version's name.")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fields = (
        *("activated_at", "to_version", "from_version", "activated_by", "reason"),
        *("readings", "right"),
    )
    readonly_fields = ("to_version", "from_version", "readings", "right")

    @admin.display(description=_("to"), ordering="version__number")
    def to_version(self, activation: Activation) -> str:
        if activation.version.is_active:
            return marks.version(activation.version, is_marked=True)
        return marks.version(activation.version)

    @admin.display(description=_("from"), ordering="replaced__number")
    def from_version(self, activation: Activation) -> str:
        if not activation.replaced:
            return marks.NOTHING
        return marks.headless(_("in place of")) + marks.version(activation.replaced)

    @admin.display(description=_("readings in its time"), ordering="num_served")
    def readings(self, activation: Activation) -> str:
        if activation.num_served is None:
            return marks.NOTHING
        return marks.counted(marks.number(activation.num_served), gettext("readings"))

    @admin.display(description=_("right, of those audited"))
    def right(self, activation: Activation) -> str:
        """Give the share of its time's audited readings that were right, and of how many."""
        if not activation.num_audited:
            return marks.NOTHING
        share = marks.percent((activation.num_right or 0) / activation.num_audited, 1)
        return format_html(
            "{} <small>{}</small>",
            share,
            _("of %(num)s") % {"num": marks.number(activation.num_audited)},
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
