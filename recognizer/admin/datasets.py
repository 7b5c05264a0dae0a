"""The page on which ticked submissions become a data set, as a .zip to take along."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer import exporting
from recognizer.admin import marks
from recognizer.models import DIGIT_LABELS, Label, Submission

logger = logging.getLogger(__name__)

# What one request can bear: in all formats some 7 s.
MOST_ROWS = 5_000
# A drawn digit has some 3 KB; a photo may have a thousand times that. So many bytes take 1.3 s to
# be written, hashed and packed, and are on the disk twice for a moment.
MOST_BYTES = 256 << 20


class DatasetForm(forms.Form):
    """Which labels, and which formats."""

    formats = forms.MultipleChoiceField(
        label=gettext_lazy("Formats"),
        choices=[
            ("png", gettext_lazy("pictures as PNG, and labels.csv")),
            ("idx", gettext_lazy("digits as IDX, as MNIST has them")),
            ("npz", gettext_lazy("digits as .npz, for NumPy")),
            ("jsonl", gettext_lazy("JSON lines, with receipts, strokes and readings")),
        ],
        initial=list(exporting.FORMATS),
        widget=forms.CheckboxSelectMultiple,
    )
    labels = forms.ChoiceField(
        label=gettext_lazy("Labels"),
        choices=[
            ("digits", gettext_lazy("the ten digits")),
            ("all", gettext_lazy("also what is no digit, several, or a bad image")),
        ],
        initial="digits",
        widget=forms.RadioSelect,
    )

    def selection(self, among: QuerySet[Submission]) -> exporting.Selection:
        """Give what is asked for; the form must be valid."""
        is_all = self.cleaned_data["labels"] == "all"
        return exporting.Selection(labels=Label.values if is_all else DIGIT_LABELS, among=among)


def page(model_admin: Any, request: HttpRequest, chosen: QuerySet[Submission]) -> HttpResponseBase:
    """Ask what the data set is to hold, or give it as a .zip.

    Queries: 2 for the page; those of `exporting.export` for the .zip.
    """
    num = _num_labelled(chosen)
    is_asked = "labels" in request.POST
    form = DatasetForm(request.POST if is_asked else None)
    if is_asked and num <= MOST_ROWS and form.is_valid():
        try:
            return _download(request, form, chosen)
        except exporting.NothingToExport:
            form.add_error("labels", _("None of them was reviewed and has such a label."))
        except exporting.TooLarge:
            words = _(
                "That is more than %(most)s MiB, which is too much for a page. Choose fewer "
                "submissions or formats, or run on the host: "
                "manage.py export_dataset --output dataset.zip"
            )
            form.add_error("formats", words % {"most": marks.number(MOST_BYTES >> 20)})
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Export the labelled ones"),
        "opts": model_admin.opts,
        "form": form,
        "num": num,
        "num_words": marks.number(num),
        "is_too_much": num > MOST_ROWS,
        "most": marks.number(MOST_ROWS),
        "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "select_across": request.POST.get("select_across", "0"),
    }
    return TemplateResponse(request, "admin/recognizer/submission/export.html", context)


def _num_labelled(chosen: QuerySet[Submission]) -> int:
    """Count what may be exported, as far as it matters. Queries: 1."""
    rows = exporting.Selection(labels=Label.values, among=chosen).rows()
    return rows.order_by()[: MOST_ROWS + 1].count()


def _download(
    request: HttpRequest, form: DatasetForm, chosen: QuerySet[Submission]
) -> FileResponse:
    """Make the .zip in a folder that is gone by the time it is sent."""
    name = f"digits-{timezone.now():%Y-%m-%d}.zip"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / name
        manifest = exporting.export(
            form.selection(chosen),
            output=output,
            formats=form.cleaned_data["formats"],
            most_bytes=MOST_BYTES,
        )
        file = output.open("rb")
    logger.info("%s exported %d submissions", request.user.get_username(), manifest["num"])
    return FileResponse(file, as_attachment=True, filename=name)
