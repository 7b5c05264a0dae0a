"""`manage.py activate_model N --reason … [--force]`, or `--roll-back`: choose what serves."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer import registry
from recognizer.models import Activation, ModelVersion


class Command(BaseCommand):
    help = "Let a version serve from the next request on, in every process."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("number", nargs="?", type=int, help="the version's number: 3 is v3")
        which.add_argument(
            "--roll-back", action="store_true", help="the one that served before the active one"
        )
        parser.add_argument("--reason", required=True, help="why; it is kept")
        parser.add_argument(
            "--force",
            action="store_true",
            help="although it breaks more labelled digits than it mends",
        )

    def handle(self, **options: Any) -> None:
        try:
            activation = self._activate(options)
        except registry.BreaksMore as refusal:
            raise CommandError(f"{refusal} Add --force to do so.") from refusal
        except registry.ActivationRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(self.style.SUCCESS(f"Active: {activation.version}"))

    def _activate(self, options: dict[str, Any]) -> Activation:
        if options["roll_back"]:
            return registry.roll_back(reason=options["reason"])
        version = ModelVersion.objects.filter(number=options["number"]).first()
        if version is None:
            known = ", ".join(f"v{one.number}" for one in ModelVersion.objects.all()[:20])
            raise CommandError(
                f"Expected the number of a version ({known or 'none is registered'}), "
                f"found {options['number']}."
            )
        return registry.activate(version=version, reason=options["reason"], force=options["force"])
