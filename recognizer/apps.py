"""The app's registration with Django."""

from django.apps import AppConfig


class RecognizerConfig(AppConfig):
    name = "recognizer"
