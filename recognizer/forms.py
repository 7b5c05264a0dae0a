"""The forms of the site: what visitors and programs send → drawings, strokes and digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Div, Field, Layout, Submit
from django import forms
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse_lazy
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from recognizer import pen
from recognizer.models import DIGITS, Submission

# What the file picker offers; imaging decides by the file's own first bytes.
IMAGE_TYPES = "image/png,image/jpeg,image/webp,image/gif,image/bmp"

# A careful digit is 1–5 strokes of 20–150 points. Ten times that is a scribble that we still keep.
MAX_STROKES = 200
MAX_POINTS = 10_000
# In CSS pixels; larger than any screen that one draws on.
MAX_COORDINATE = 10_000.0
POINT_BOUNDS = {
    "x": (-MAX_COORDINATE, MAX_COORDINATE),
    "y": (-MAX_COORDINATE, MAX_COORDINATE),
    "pressure": (0.0, 1.0),
    "time": (0.0, 1e14),  # milliseconds
}
PEN_OPERATIONS = {"source-over": "source-over", "destination-out": "destination-out"}  # pen, eraser


@dataclass(frozen=True)
class Drawing:
    """What came in.

    Attributes:
        content: The bytes of an image file, or a data URL.
        is_file: It came as a file, not as a data URL from a canvas.
    """

    content: bytes | str
    is_file: bool


class DrawingInput(forms.FileInput):
    """A file input that takes a data URL under its name too, as a canvas gives it."""

    def value_from_datadict(
        self, data: Mapping[str, Any], files: MultiValueDict[str, Any], name: str
    ) -> list[Any]:
        texts = data.getlist(name) if isinstance(data, MultiValueDict) else [data.get(name)]
        return [*files.getlist(name), *(text for text in texts if text not in ("", None))]


class DrawingField(forms.FileField):
    """One image, as a file or as a data URL → `Drawing`; None where there is none.

    Whether there must be one, the form says: strokes may come in its place.
    """

    widget = DrawingInput
    default_error_messages = {
        "missing_image": _(
            "No picture arrived. Expected: one image, in the field “image”, or the pen’s way, in "
            "the field “strokes”."
        ),
        "several_images": _("Several pictures arrived. Send them one at a time."),
        "empty_file": _("That file is empty. Pick another one."),
        "bad_data_url": _(
            "The field “image” holds no picture. Expected: a file, or a base64 data URL, "
            "“data:image/png;base64,…”."
        ),
    }

    def clean(self, data: Any, initial: Any = None) -> Drawing | None:
        if not data:
            return None
        if len(data) > 1:
            raise self.error("several_images")
        [given] = data
        if isinstance(given, UploadedFile):
            return Drawing(self._bytes_of_file(given), is_file=True)
        if not isinstance(given, str) or given.lstrip()[:5].lower() != "data:":
            raise self.error("bad_data_url")
        return Drawing(given, is_file=False)

    def _bytes_of_file(self, file: File[bytes]) -> bytes:
        content: bytes = file.read()
        if not content:
            raise self.error("empty_file")
        return content

    def error(self, code: str) -> forms.ValidationError:
        return forms.ValidationError(self.error_messages[code], code=code)


class StrokesField(forms.JSONField):
    """The pen's way, stroke by stroke (docs/decisions/0015); only what we know of it is kept.

    Strokes that do not say how wide they are, as a program may send them, have the usual pen.
    """

    default_error_messages = {
        "invalid": _("The strokes are not JSON."),
        "bad_strokes": _(
            "The strokes are not as expected: a list of strokes, each with its “points” of x and y."
        ),
        "too_many_strokes": _("There are too many strokes for one digit. Clear and draw it again."),
    }

    def run_validators(self, value: Any) -> None:
        """Look for no null characters, as texts are: what is kept has none, and it takes long."""

    def clean(self, value: Any) -> list[dict[str, Any]] | None:
        try:
            strokes = super().clean(value)
        except (RecursionError, ValueError) as error:  # too deep; a number of too many digits
            raise self._error("invalid") from error
        if not strokes:
            return None
        try:
            return self._known_parts(strokes)
        except (TypeError, KeyError, ValueError, OverflowError, AttributeError) as error:
            raise self._error("bad_strokes") from error

    def _known_parts(self, strokes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not isinstance(strokes, list):
            raise self._error("bad_strokes")
        num_points = sum(len(stroke["points"]) for stroke in strokes)
        if len(strokes) > MAX_STROKES or num_points > MAX_POINTS:
            raise self._error("too_many_strokes")
        return [_stroke(stroke) for stroke in strokes]

    def _error(self, code: str) -> forms.ValidationError:
        return forms.ValidationError(self.error_messages[code], code=code)


class ReadForm(forms.Form):
    """One drawing to be read: an image, or strokes alone, which are drawn here."""

    image = DrawingField(label=_("A picture of one digit"))
    strokes = StrokesField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        if not self.errors and not any(map(self.cleaned_data.get, ("image", "strokes"))):
            self.add_error("image", DrawingField().error("missing_image"))
        return self.cleaned_data

    def drawing(self, *, is_browser: bool) -> dict[str, Any]:
        """Give what `look` and `recognize` ask for; the form must be valid."""
        image: Drawing | None = self.cleaned_data["image"]
        is_file = image is not None and image.is_file
        source = Submission.Source.UPLOADED if is_file else Submission.Source.DRAWN
        return {
            "drawing": image.content if image else None,
            "source": source if is_browser else Submission.Source.API,
            "strokes": None if is_file else self.cleaned_data["strokes"],
        }


class UploadForm(ReadForm):
    """One drawing to be read and kept, in place of what was kept of it before it went on."""

    replaces = forms.UUIDField(
        required=False,
        widget=forms.HiddenInput,
        error_messages={
            "invalid": _("The field “replaces” holds no id. Expected: a UUID, or nothing.")
        },
    )

    @property
    def helper(self) -> FormHelper:
        """The form on the page: a picker; without JavaScript a button beside it."""
        helper = FormHelper()
        helper.form_id = "upload"
        helper.form_class = "upload"
        helper.form_action = reverse_lazy("upload")
        helper.layout = Layout(
            Div(
                Field("image", accept=IMAGE_TYPES, wrapper_class="upload-field"),
                Submit("", _("Read it"), css_class="upload-send"),
                HTML("{% include 'recognizer/_upload_ways.html' %}"),
                css_class="upload-row",
            )
        )
        return helper


class ClaimForm(forms.Form):
    """What the visitor says it was: `yes` (the digit that was read) or one of the ten."""

    claim = forms.ChoiceField(
        choices=[("yes", _("yes")), *((str(digit), str(digit)) for digit in DIGITS)],
        error_messages={
            "required": _("Say which digit it was: “yes”, or 0 to 9."),
            "invalid_choice": _("Say which digit it was: “yes”, or 0 to 9."),
        },
    )

    def digit(self, *, read: int | None) -> int | None:
        """Give the digit that is claimed; the form must be valid."""
        claim: str = self.cleaned_data["claim"]
        return read if claim == "yes" else int(claim)


def _number(value: Any, low: float, high: float) -> float:
    if type(value) in (int, float) and low <= value <= high:
        return round(float(value), 3)
    raise ValueError(f"Expected a number of {low} to {high}; received {value!r:.40}.")


def _stroke(stroke: dict[str, Any]) -> dict[str, Any]:
    widest = _number(stroke.get("maxWidth", pen.USUAL_RADIUS), 0, 1000)
    return {
        "minWidth": _number(stroke.get("minWidth", widest), 0, 1000),
        "maxWidth": widest,
        "dotSize": _number(stroke.get("dotSize", 0.0), 0, 1000),
        "compositeOperation": PEN_OPERATIONS[stroke.get("compositeOperation", "source-over")],
        "points": _points(stroke["points"]),
    }


def _points(points: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Check all points of a stroke at once: hundreds come with each look at a drawing."""
    given = [(p["x"], p["y"], p.get("pressure", 0.0), p.get("time", 0.0)) for p in points]
    if not {type(value) for point in given for value in point} <= {int, float}:
        raise ValueError("Expected numbers as coordinates, pressure and time.")
    values = np.array(given, np.float64).reshape(-1, len(POINT_BOUNDS))
    lowest, highest = np.array(list(POINT_BOUNDS.values())).T
    if not ((values >= lowest) & (values <= highest)).all():  # NaN is neither
        raise ValueError(f"Expected x, y, pressure and time within {POINT_BOUNDS}.")
    return [dict(zip(POINT_BOUNDS, point, strict=True)) for point in values.round(3).tolist()]
