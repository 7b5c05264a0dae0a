"""`manage.py import_drawings DIR|FILE.zip`: images → submissions, read by the active version."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from recognizer import exporting, importing, recognition
from recognizer.importing import Outcome
from recognizer.management import bars
from recognizer.models import DIGIT_LABELS

# How each outcome is said: when it was done, and when it was only looked at.
WORDS = {
    Outcome.STORED: ("stored", "would be stored"),
    Outcome.COMPLETED: ("stored before, labelled now", "are stored already and would be labelled"),
    Outcome.DUPLICATE: ("skipped: the same is stored already", "are stored already"),
    Outcome.BLANK: ("blank: not stored", "blank: would not be stored"),
    Outcome.UNREADABLE: ("unreadable", "unreadable"),
}


class Command(BaseCommand):
    help = (
        "Read the images of a folder or a zip with the active version, and store them as imported "
        "submissions. What is stored already is skipped, so that it can be stopped and run again. "
        "The exit status is 1 where an image could not be read."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "path",
            type=Path,
            metavar="DIR|FILE.zip",
            help="images; their labels in a labels.csv (file,label and, where known, writer), or "
            "in folders that are called as labels are (0 … 9, not_a_digit, several, bad_image); "
            "or none",
        )
        parser.add_argument(
            "--reviewer",
            metavar="USERNAME",
            help="who answers for the labels; without one, they are stored as claims, which count "
            "for nothing until a reviewer agrees",
        )
        parser.add_argument(
            "--name",
            help="what the collection is called (default: as the folder or the zip; of a data "
            "set's png/, as both folders): the same writer of the same collection is one person",
        )
        parser.add_argument("--dry-run", action="store_true", help="store nothing, say what would")

    def handle(self, **options: Any) -> None:
        reviewer = _reviewer(options["reviewer"])
        name = options["name"] or _name_of(options["path"])
        try:
            recognition.active_engine()
            with importing.opened(options["path"]) as collection:
                items = importing.items_of(collection)
                self._say_what_labels_become(items, reviewer)
                results = (
                    importing.look(collection, items, reviewer=reviewer)
                    if options["dry_run"]
                    else importing.store(collection, items, name=name, reviewer=reviewer)
                )
                unreadable = self._follow(results, len(items), is_dry=options["dry_run"])
        except (importing.UnusableCollection, recognition.NoActiveVersion) as error:
            raise CommandError(str(error)) from error
        if unreadable:
            sys.exit(1)

    def _follow(self, results: Any, total: int, *, is_dry: bool) -> list[importing.Result]:
        """Show how far it is, then say what became of them; give those that are unreadable."""
        counts: Counter[Outcome] = Counter()
        unreadable = []
        for result in bars.follow(results, "Reading", total=total):
            counts[result.outcome] += 1
            if result.outcome == Outcome.UNREADABLE:
                unreadable.append(result)
        for outcome, words in WORDS.items():
            if counts[outcome]:
                self.stdout.write(f"{counts[outcome]:,} {words[is_dry]}")
        for result in unreadable:
            self.stderr.write(f"{result.item.name}: {result.reason}")
        return unreadable

    def _say_what_labels_become(self, items: list[importing.Item], reviewer: Any) -> None:
        labels = Counter(item.label for item in items if item.label)
        if reviewer is not None or not labels:
            return
        num_left = sum(num for label, num in labels.items() if label not in DIGIT_LABELS)
        self.stderr.write(
            f"Without --reviewer nobody answers for {labels.total():,} labels: they are stored as "
            "claims" + (f"; {num_left:,} name no digit and are left out" if num_left else "") + "."
        )


def _name_of(path: Path) -> str:
    """Call a collection as its folder or its zip; the png/ of a data set as that one too."""
    path = path.resolve()
    if not path.is_dir():
        return path.stem
    return f"{path.parent.name}/{path.name}" if path.name in exporting.FORMATS else path.name


def _reviewer(username: str | None) -> Any:
    if username is None:
        return None
    User = get_user_model()  # noqa: N806  (a class)
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None or not user.has_perm("recognizer.change_submission"):
        raise CommandError(
            f"Expected the name of a user who may label submissions, found {username!r}. "
            "Give the permission to change submissions in the admin, or name somebody else."
        )
    return user
