"""Small pieces of HTML that lists and pages share: icon and word, bar and figure, thumbnail."""

from __future__ import annotations

from uuid import UUID

from django.templatetags.static import static
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from recognizer.models import ModelVersion, Prediction, Submission

NOTHING = "–"
BAR_PX = 64
THUMBNAIL_PX = 40

VERDICT_ICONS = {
    Prediction.Verdict.DIGIT: "check",
    Prediction.Verdict.UNSURE: "question",
    Prediction.Verdict.NOT_A_DIGIT: "cross",
    Prediction.Verdict.BLANK: "sheet",
    Prediction.Verdict.SEVERAL: "several",
}
REVIEW_ICONS = {
    Submission.ReviewState.PENDING: "clock",
    Submission.ReviewState.REVIEWED: "check",
    Submission.ReviewState.SECOND_LOOK: "eye",
}

STATUS_ICONS = {
    ModelVersion.Status.VETTING: "clock",
    ModelVersion.Status.READY: "check",
    ModelVersion.Status.REFUSED: "cross",
    ModelVersion.Status.BROKEN: "warning",
    ModelVersion.Status.RETIRED: "sheet",
}


def number(value: float, decimals: int = 0) -> str:
    return number_format(value, decimals, force_grouping=True)


def percent(share: float | None, decimals: int = 2) -> str:
    """Write a share of 0 to 1 in percent. What is not 1 is never rounded up to 100 %."""
    if share is None:
        return NOTHING
    shown = round(100 * share, decimals)
    if shown >= 100 and share < 1:
        shown = 100 - 10**-decimals
    return f"{number_format(shown, decimals)}\N{NO-BREAK SPACE}%"


def mark(kind: str, icon: str, word: str | Promise) -> SafeString:
    """Show an icon and its word, in the colour of the kind."""
    return format_html(
        '<span class="mark mark-{}"><svg width="14" height="14" aria-hidden="true">'
        '<use href="{}#{}"></use></svg>{}</span>',
        kind,
        static("admin_site/icons.svg"),
        icon,
        word,
    )


def verdict(prediction: Prediction) -> SafeString:
    kind = Prediction.Verdict(prediction.verdict)
    return mark(kind, VERDICT_ICONS[kind], prediction.get_verdict_display())


def review_state(submission: Submission) -> SafeString:
    state = Submission.ReviewState(submission.review_state)
    return mark(state, REVIEW_ICONS[state], submission.get_review_state_display())


def claim(submission: Submission) -> SafeString | str:
    """Tell what the visitor says it is, where they said so."""
    if submission.claim is None:
        return ""
    said = _("visitor: %(digit)s") % {"digit": submission.claim}
    return format_html('<small class="claim">{}</small>', said)


def active(version: ModelVersion) -> SafeString | str:
    """Mark the one that serves, and the one that reads behind it."""
    if version.is_shadow:
        return mark("shadow", "shadow", _("shadow"))
    return mark("active", "bolt", _("active")) if version.is_active else NOTHING


def counted(figure: str, what: str) -> SafeString:
    """Write a figure of a list, and what it counts."""
    return format_html("{} {}", figure, headless(what))


def headless(words: str | Promise) -> SafeString:
    """Say words that are shown only where the screen is too narrow for the list's column heads."""
    return format_html('<span class="headless">{} </span>', words)


def status(version: ModelVersion) -> SafeString:
    status = ModelVersion.Status(version.status)
    if status == ModelVersion.Status.READY and version.warning:
        return mark("warning", "warning", _("warning"))
    return mark(status, STATUS_ICONS[status], version.get_status_display())


def numeral(prediction: Prediction | None) -> SafeString:
    """Write what was read: the likeliest digit, or the number where there are several."""
    digits = prediction.digits if prediction else ""
    return format_html('<span class="numeral">{}</span>', digits or NOTHING)


def reading(prediction: Prediction) -> SafeString:
    return format_html("{}{}", confidence(prediction.confidence), verdict(prediction))


def confidence(share: float) -> SafeString:
    return format_html('<span class="confidence">{} {}</span>', bar(share), percent(share, 1))


def bar(share: float, width_px: int = BAR_PX) -> SafeString:
    """Draw a thin bar. Its figure is always beside it, so it says nothing to a screen reader."""
    return format_html(
        '<svg class="bar" width="{0}" height="6" viewBox="0 0 {0} 6" aria-hidden="true">'
        '<rect class="bar-track" width="{0}" height="6" rx="3"></rect>'
        '<rect class="bar-fill" width="{1}" height="6" rx="3"></rect></svg>',
        width_px,
        f"{share * width_px:.1f}",
    )


def received(submission: Submission) -> SafeString:
    """Tell when a submission came, from where, and what read it."""
    return format_html(
        "{}<small>{}{}</small>",
        date_format(localtime(submission.created_at), "DATETIME_FORMAT"),
        f"{submission.served.version}, " if submission.served else "",
        submission.get_source_display(),
    )


def thumbnail(submission_id: UUID) -> SafeString:
    return format_html(
        '<img class="thumbnail" src="{}" width="{}" height="{}" loading="lazy" alt="{}">',
        reverse("image", args=[submission_id]),
        THUMBNAIL_PX,
        THUMBNAIL_PX,
        _("Drawing of submission %(id)s") % {"id": str(submission_id)[:8]},
    )


def version(version: ModelVersion, *, is_marked: bool = False) -> SafeString:
    """Name a version, linked to its page; marked where it is said of the active one."""
    return format_html(
        '<a href="{}">{}</a> {}',
        reverse("admin:recognizer_modelversion_change", args=[version.pk]),
        version,
        active(version) if is_marked else "",
    )
