"""`manage.py model_card [--version N] [--output FILE]`: write a version's model card."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from training import model_card
from training.management.choosing import chosen_version


class Command(BaseCommand):
    help = (
        "Write a version's model card: figures, recipe, limits and licences. The figures are those "
        "that `manage.py evaluate --suite FILE --record` kept."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # --version is Django's own on every command; here it names a model version.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--version", type=int, help="its number (default: the active one)")
        parser.add_argument("--output", type=Path, metavar="FILE", help="where (default: print it)")

    def handle(self, **options: Any) -> None:
        version = chosen_version(options["version"])
        if not version.metrics.get("card"):
            raise CommandError(
                f"Expected a suite's figures with {version}, found none. "
                "`manage.py evaluate --suite public --record` measures and keeps them."
            )
        text = model_card.markdown(
            name=version.name,
            passport=version.passport,
            metrics=version.metrics,
            num_parameters=version.num_parameters,
        )
        if options["output"] is None:
            self.stdout.write(text, ending="")
            return
        try:
            options["output"].write_text(text, "utf-8")
        except OSError as error:
            raise CommandError(f"{options['output']} could not be written: {error}") from error
        self.stdout.write(f"Written: {options['output']}")
