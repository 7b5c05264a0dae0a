"""The app's registration with Django."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecognizerConfig(AppConfig):
    name = "recognizer"
    verbose_name = _("Digits")
