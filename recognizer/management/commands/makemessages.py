"""`manage.py makemessages`: Django's own, for the site's languages, so that changes read well."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import makemessages
from django.utils.translation import to_locale

# What visitors and operators never read.
IGNORED = ("benchmarks", "media", "node_modules", "staticfiles", "tests")


class Command(makemessages.Command):
    """Goes by settings.LANGUAGES, and writes what a later run changes only where words change.

    Messages stand in the order of the files that say them, with the file and no line number, and
    each on a line of its own.
    """

    help = "Bring what is to be translated into locale/, for each language of settings.LANGUAGES."
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--sort-by-file"]

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(no_wrap=True, add_location="file", no_obsolete=True)

    def handle(self, *args: Any, **options: Any) -> None:
        options["ignore_patterns"] = [*options["ignore_patterns"], *IGNORED]
        options["locale"] = options["locale"] or translated()
        if options["locale"]:
            super().handle(*args, **options)
        else:
            self.stdout.write("All of settings.LANGUAGES is the language of the code: no messages.")


def translated() -> list[str]:
    """List the locales of the site's languages, without the one that the code is written in."""
    return [to_locale(code) for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
