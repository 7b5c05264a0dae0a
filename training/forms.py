"""The form by which the admin asks for a training run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import (
    AdminRadioSelect,
    AdminTextareaWidget,
    AdminTextInputWidget,
)
from django.utils.translation import gettext_lazy as _

from training import processes
from training.models import Preset, TrainingRun

# What each preset is for; as training.recipe has them.
PRESETS = (
    (Preset.SMOKE, _("smoke: a minute, shows that everything works")),
    (
        Preset.STEP,
        _("step: some minutes, a small next step; meant for going on from the active version"),
    ),
    (Preset.QUICK, _("quick: at most ten minutes on two cores")),
    (Preset.BEST, _("best: at most two hours on two cores")),
)
# What `manage.py train --data` takes by name.
KNOWN_DATA = (
    ("", _("as the preset has it")),
    ("mnist", _("MNIST")),
    ("sample", _("the sample of 1,500 digits")),
)


class TrainingRunForm(forms.ModelForm):  # type: ignore[type-arg]
    """Asks for what `manage.py train` takes, as far as the admin offers it."""

    required_css_class = "required"

    class Meta:
        model = TrainingRun
        fields = ("preset", "data", "with_reviewed", "from_active", "name", "notes")
        help_texts = {
            "with_reviewed": _("It learns from what visitors drew and reviewers labelled, too."),
            "from_active": _("Its weights are the first ones, and are changed slowly."),
            "name": _("What to call the version. Its date and preset where it is empty."),
            "notes": _("What is worth knowing of it."),
        }
        widgets = {"name": AdminTextInputWidget, "notes": AdminTextareaWidget(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["preset"] = forms.ChoiceField(
            label=_("Preset"),
            choices=PRESETS,
            initial=Preset.QUICK,
            widget=AdminRadioSelect(attrs={"class": "radiolist"}),
        )
        help_text = _(
            "Presets learn from MNIST, which is fetched where it is not here yet; smoke from the "
            "sample. Digits of your own are offered where they lie in %(folder)s."
        )
        self.fields["data"] = forms.ChoiceField(
            label=_("Data"),
            required=False,
            choices=[*KNOWN_DATA, *((name, name) for name in _own_data())],
            help_text=help_text % {"folder": processes.data_folder()},
        )


def _own_data() -> list[str]:
    """List what lies in media/data: folders with MNIST's four files, and .npz files."""
    folder = processes.data_folder()
    if not folder.is_dir():
        return []
    found = (one for one in folder.iterdir() if one.is_dir() or one.suffix == ".npz")
    names = (one.name for one in found if not one.name.startswith("."))
    return sorted(f"{processes.OWN_DATA}{name}" for name in names)
