"""Labels that people set: one by one in a form, many at once by an action; all in the history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.widgets import AdminRadioSelect
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer.models import Label, Submission

State = Submission.ReviewState

FIELDS = ("label", "review_state", "reviewed_by", "reviewed_at")
# Submissions that an action decides in one transaction: some 50 ms, for which others wait to write.
BATCH = 200


@dataclass(frozen=True)
class Decision:
    """What reviewers have said of a submission."""

    label: str
    review_state: str

    @classmethod
    def on(cls, submission: Submission) -> Decision:
        return cls(submission.label, submission.review_state)

    def words_since(self, before: Decision) -> str:
        """Say for the history what was decided; empty where nothing was."""
        words = [self._label_words(before)]
        if self.review_state == State.SECOND_LOOK != before.review_state:
            words.append(_("Asked for a second look."))
        return " ".join(filter(None, words))

    def _label_words(self, before: Decision) -> str:
        ours, theirs = (Label(d.label).label if d.label else "" for d in (self, before))
        if ours == theirs:
            is_confirmed = self.review_state == State.REVIEWED != before.review_state
            return _("Label “%(label)s” confirmed.") % {"label": ours} if is_confirmed else ""
        if not ours:
            return _("Label “%(label)s” taken back.") % {"label": theirs}
        if not theirs:
            return _("Labelled “%(label)s”.") % {"label": ours}
        return _("Labelled “%(label)s”, was “%(before)s”.") % {"label": ours, "before": theirs}


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
            raise ValidationError(
                _("Meanwhile %(user)s labelled it “%(label)s”. Look again."),
                params={"user": self.instance.reviewed_by, "label": self._display(stored)},
            )
        return chosen

    def apply(self, *, by: Any) -> None:
        """Set who and when on the submission where something was decided. Does not save."""
        if "label" in self.changed_data:
            self.instance.review(label=self.cleaned_data["label"], by=by)

    def decision_words(self) -> str:
        before = Decision(self.initial["label"], self.initial["review_state"])
        return Decision.on(self.instance).words_since(before)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("label", self.instance.label)
        self.initial["review_state"] = self.instance.review_state

    @staticmethod
    def _display(label: str) -> str:
        return str(Label(label).label) if label else "–"


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


def decide(
    submissions: QuerySet[Submission], *, by: Any, change: Callable[[Submission], None]
) -> int:
    """Let an action decide many submissions, and write each into the history.

    Args:
        submissions: Which ones.
        by: The reviewer.
        change: Reviews one submission, in memory; its served prediction is at hand.

    Returns:
        How many were changed: one that had this very decision keeps who made it, and when.

    Queries: 1, and for each 200 submissions 5 or more.
    """
    ids = list(submissions.values_list("pk", flat=True))
    return sum(
        _decide_batch(ids[start : start + BATCH], by, change) for start in range(0, len(ids), BATCH)
    )


@transaction.atomic
def _decide_batch(ids: list[UUID], by: Any, change: Callable[[Submission], None]) -> int:
    batch = Submission.objects.select_for_update().filter(pk__in=ids).with_served_prediction()
    changed: dict[str, list[Submission]] = defaultdict(list)
    for submission in batch.only(*FIELDS):
        before = Decision.on(submission)
        change(submission)
        if words := Decision.on(submission).words_since(before):
            changed[words].append(submission)
    Submission.objects.bulk_update([s for group in changed.values() for s in group], FIELDS)
    for words, group in changed.items():
        LogEntry.objects.log_actions(by.pk, group, CHANGE, words)
    return sum(map(len, changed.values()))
