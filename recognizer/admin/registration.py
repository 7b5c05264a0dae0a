"""The form that registers a model file: what the registry says of it become the form's errors."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recognizer import registry, tasks
from recognizer.models import NAME_LENGTH, ModelVersion


class RegistrationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Takes a model file. A valid form has kept it, and has asked for its check: `instance` is the
    stored version."""

    user: Any = None

    file = forms.FileField(
        label=gettext_lazy("Keras file"),
        widget=forms.FileInput(attrs={"accept": ".keras,.h5"}),
        help_text=gettext_lazy(
            "A .keras or .h5 file, 50 MB at most. It is checked behind the scenes, in processes of "
            "its own, which takes about twenty seconds, and does not serve before it is activated."
        ),
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        max_length=NAME_LENGTH,
        widget=AdminTextInputWidget,
        help_text=gettext_lazy("The file's name where it is empty."),
    )

    class Meta:
        model = ModelVersion
        fields = ("file", "name", "notes")

    def _post_clean(self) -> None:
        """Register instead of building a row: the registry alone knows a version's fields."""
        if self.errors:
            return
        try:
            self.instance = self._register(self.cleaned_data["file"])
        except registry.RefusedModel as refusal:
            self.add_error("file", str(refusal))
        except registry.AlreadyRegistered as error:
            self.add_error("file", _linked(error.version))

    def _register(self, upload: UploadedFile[Any]) -> ModelVersion:
        version = registry.take(
            upload,  # type: ignore[arg-type]  # a file in all that it is asked for
            filename=upload.name or "",
            name=self.cleaned_data["name"],
            notes=self.cleaned_data["notes"],
            user=self.user,
        )
        tasks.vet.enqueue(version.pk)
        return version


def _linked(version: ModelVersion) -> ValidationError:
    url = reverse("admin:recognizer_modelversion_change", args=[version.pk])
    link = format_html('<a href="{}">{}</a>', url, version)
    return ValidationError(format_html(_("The same file is registered already, as {}."), link))
