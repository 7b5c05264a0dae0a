"""What a visitor looks for among the readings of their own."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from recognizer.models import DIGIT_LABELS, Prediction, Submission, SubmissionQuerySet
from recognizer.words import MARKS

Verdict = Prediction.Verdict
Source = Submission.Source

# A blank is not stored, and no visitor imports.
VERDICTS = (Verdict.DIGIT, Verdict.UNSURE, Verdict.SEVERAL, Verdict.NOT_A_DIGIT)
SOURCES = (Source.DRAWN, Source.UPLOADED, Source.API)
# Of what is no digit at all the likeliest one is stored too: it is not "read as a 7".
NAMING_ONE = (Verdict.DIGIT, Verdict.UNSURE)


class FilterForm(forms.Form):
    """Which of the readings are shown. A value that it does not know asks for nothing."""

    verdict = forms.ChoiceField(
        label=_("How sure"),
        required=False,
        choices=[
            ("", pgettext_lazy("of a filter", "All")),
            *((verdict.value, MARKS[verdict]) for verdict in VERDICTS),
        ],
    )
    digit = forms.ChoiceField(
        label=_("Digit"),
        required=False,
        choices=[("", _("Any")), *((digit, digit) for digit in DIGIT_LABELS)],
    )
    source = forms.ChoiceField(
        label=_("How it came"),
        required=False,
        choices=[
            ("", pgettext_lazy("of a filter", "All")),
            *((source.value, source.label) for source in SOURCES),
        ],
    )

    @property
    def chosen(self) -> dict[str, str]:
        """What is asked for, by field: only what is."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def in_words(self) -> str:
        """What is asked for, as it stands after "3 readings:"; empty where nothing is."""
        chosen = self.chosen
        words = []
        if verdict := chosen.get("verdict"):
            words.append(str(MARKS[Verdict(verdict)]).lower())
        if digit := chosen.get("digit"):
            words.append(gettext("read as %(digit)s") % {"digit": digit})
        if source := chosen.get("source"):
            words.append(str(Source(source).label))
        return " · ".join(words)

    def among(self, own: SubmissionQuerySet) -> SubmissionQuerySet:
        """Choose from a visitor's own what is asked for."""
        chosen = self.chosen
        if verdict := chosen.get("verdict"):
            own = own.filter(served_verdict=verdict)
        if digit := chosen.get("digit"):
            own = own.filter(served_digit=int(digit), served_verdict__in=NAMING_ONE)
        if source := chosen.get("source"):
            own = own.filter(source=source)
        return own
