"""`manage.py register_model FILE | --shipped [--activate]`: make a Keras file a model version."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer import registry
from recognizer.models import ModelVersion


class Command(BaseCommand):
    help = "Register a Keras model file as a version: vet it, convert it, keep it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("file", nargs="?", type=Path, help="a .keras or .h5 file")
        which.add_argument("--shipped", action="store_true", help="the model that comes along")
        parser.add_argument("--name", default="", help="what to call it (default: the file's name)")
        parser.add_argument("--notes", default="", help="what is worth knowing of it")
        parser.add_argument("--activate", action="store_true", help="let it serve at once")
        parser.add_argument("--reason", default="", help="why it is activated")

    def handle(self, **options: Any) -> None:
        version, is_new = self._register(options)
        self.stdout.write(f"{'Registered' if is_new else 'Registered before'}: {version}")
        if version.warning and is_new:
            self.stderr.write(self.style.WARNING(version.warning))
        # What ships is activated when it is new only: a second `make serve` must not take the
        # place of the version that an operator chose since.
        if options["activate"] and (is_new or not options["shipped"] or _none_active()):
            self._activate(version, options)

    def _register(self, options: dict[str, Any]) -> tuple[ModelVersion, bool]:
        try:
            if options["shipped"]:
                return registry.register_shipped(), True
            return registry.register(
                path=_existing(options["file"]), name=options["name"], notes=options["notes"]
            ), True
        except registry.AlreadyRegistered as known:
            return known.version, False
        except registry.RefusedModel as refusal:
            raise CommandError(f"Refused: {refusal}") from refusal

    def _activate(self, version: ModelVersion, options: dict[str, Any]) -> None:
        if version.is_active:
            self.stdout.write(f"Active already: {version}")
            return
        try:
            reason = options["reason"] or "registered with --activate"
            registry.activate(version=version, reason=reason)
        except registry.BreaksMore as refusal:
            how = f"manage.py activate_model {version.number} --force --reason …"
            if not options["shipped"]:
                raise CommandError(f"{refusal} To do so: {how}") from refusal
            # A site that has learnt from its own visitors goes on with what it learnt.
            self.stderr.write(self.style.WARNING(f"Not activated: {refusal} To do so: {how}"))
            return
        except registry.ActivationRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(self.style.SUCCESS(f"Active: {version}"))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise CommandError(f"Expected a model file, found none at {path}.")
    return path


def _none_active() -> bool:
    return not ModelVersion.objects.active().exists()
