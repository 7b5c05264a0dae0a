"""The forms by which reviewers set labels: a row of the list, a submission's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminRadioSelect
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer import review
from recognizer.models import Label, Submission

State = Submission.ReviewState


class LabelSelect(forms.Select):
    """Writes its options itself: by a template each, those of a list take half of its time."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = str(value or "")
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (key, mark_safe(" selected") if key == chosen else "", words)
                for key, words in self.choices
            ),
        )
        attributes = flatatt(self.build_attrs(self.attrs, {"name": name} | (attrs or {})))
        return format_html("<select{}>{}</select>", attributes, options)


class LabelForm(forms.ModelForm):  # type: ignore[type-arg]
    """Sets a label, unless somebody else has set another since the page was shown."""

    label = forms.ChoiceField(
        label=gettext_lazy("Label"),
        choices=[("", "–"), *Label.choices],
        required=False,
        show_hidden_initial=True,  # tells what the reviewer saw
        widget=LabelSelect,
    )

    class Meta:
        model = Submission
        fields = ("label",)

    def clean_label(self) -> str:
        stored: str = self.initial["label"]
        seen = self.data.get(self.add_initial_prefix("label"), "")
        chosen: str = self.cleaned_data["label"]
        if chosen == seen:
            return stored  # not touched, whatever others did meanwhile
        if stored not in {seen, chosen}:
            raise ValidationError(review.meanwhile(self.instance))
        return chosen

    def apply(self, *, by: Any) -> None:
        """Set who and when on the submission where something was decided. Does not save."""
        if "label" in self.changed_data:
            self.instance.review(label=self.cleaned_data["label"], by=by)

    def decision_words(self) -> str:
        return review.Decision.on(self.instance).words_since(self.before)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = review.Decision.on(self.instance)
        self.initial.setdefault("label", self.instance.label)


class ReviewForm(LabelForm):
    """The same on a submission's page: all labels in sight, and the wish for a second look."""

    needs_second_look = forms.BooleanField(
        label=gettext_lazy("Needs a second look"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["needs_second_look"] = self.instance.review_state == State.SECOND_LOOK
        if "label" in self.fields:
            choices = [("", _("no label yet")), *Label.choices]
            self.fields["label"].widget = AdminRadioSelect({"class": "labels"}, choices)

    def apply(self, *, by: Any) -> None:
        if self.changed_data:
            self.instance.review(label=self.cleaned_data["label"], by=by)
        is_second_look_given = self.changed_data == ["label"]
        if self.cleaned_data["needs_second_look"] and not is_second_look_given:
            self.instance.ask_second_look()
