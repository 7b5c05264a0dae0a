"""`manage.py purge_submissions --older-than 90d`: delete what is old, or belongs to nothing."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from recognizer import deletion, retention
from recognizer.batches import batched
from recognizer.management import bars
from recognizer.models import Submission, SubmissionQuerySet

UNITS = {"h": "hours", "d": "days", "w": "weeks"}
# So many files are asked for their size; of more, all are taken to be as large as these: a storage
# elsewhere answers one at a time.
MEASURED = 1_000


class Command(BaseCommand):
    help = (
        "Delete submissions that are older than a time, rows and files together, and the drawings' "
        "files that no row names. Says first what would go. May be stopped at any moment and run "
        "again."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=_duration,
            metavar="90d",
            help="a number of hours (h), days (d) or weeks (w); without it nothing is too old",
        )
        parser.add_argument(
            "--keep-labelled", action="store_true", help="but not what reviewers have labelled"
        )
        parser.add_argument(
            "--lost-rows",
            action="store_true",
            help="delete the submissions, too, whose drawing's file is gone",
        )
        parser.add_argument(
            "--without-rows",
            action="store_true",
            help="delete the files that no row names also where they are more than the submissions",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")
        parser.add_argument("--yes", action="store_true", help="do not ask, do it")

    def handle(self, **options: Any) -> None:
        rows = _overdue(options)
        found = self._look(rows)
        if options["dry_run"] or not found.num_to_go(lost_rows=options["lost_rows"]):
            return
        if not options["without_rows"]:
            found.check_database()
        if options["lost_rows"]:
            found.check_storage()
        if not options["yes"] and not self._is_wanted():
            raise CommandError("Nothing was deleted. Expected: yes, or the option --yes.")
        self._delete(rows, found, options)

    def _look(self, rows: SubmissionQuerySet) -> Found:
        """Say what would go, and what only needs to be known."""
        found = Found(num_rows=rows.count())
        size = _size(rows.order_by("pk").values_list("image", flat=True)[:MEASURED], found.num_rows)
        self.stdout.write(f"{found.num_rows:,} submissions are too old, {size} of drawings")
        size = _size(found.files[:MEASURED], len(found.files))
        self.stdout.write(f"{len(found.files):,} files belong to no submission, {size}")
        self.stdout.write(
            f"{len(found.lost):,} submissions have lost their file"
            + ("" if not found.lost else ": they go with --lost-rows")
        )
        if found.num_strangers:
            self.stdout.write(f"{found.num_strangers:,} other files lie among them and are left")
        return found

    def _is_wanted(self) -> bool:
        return sys.stdin.isatty() and input("Delete them for good? Type yes: ").strip() == "yes"

    def _delete(self, rows: SubmissionQuerySet, found: Found, options: dict[str, Any]) -> None:
        with bars.bar() as bar:
            task = bar.add_task("Deleting", total=found.num_rows)
            num = retention.purge(rows, on_batch=lambda num: bar.advance(task, num))
        num_lost = _delete_lost(found.lost, options) if options["lost_rows"] else 0
        num_files = retention.sweep()  # once more: what a purge killed just now left is found too
        self.stdout.write(
            self.style.SUCCESS(
                f"Deleted: {num + num_lost:,} submissions with their files, "
                f"{num_files:,} files without one"
            )
        )


class Found:
    """What belongs to nothing, looked for in all folders; and how many rows are too old."""

    def __init__(self, *, num_rows: int) -> None:
        self.num_rows = num_rows
        self.files: list[str] = []
        self.lost: list[UUID] = []
        self.num_files = self.num_named = self.num_strangers = 0
        for one in bars.follow(retention.survey(), "Looking", total=len(retention.FOLDERS)):
            self.files += one.files
            self.lost += one.rows
            self.num_files += one.num_files
            self.num_named += one.num_rows
            self.num_strangers += one.num_strangers

    def num_to_go(self, *, lost_rows: bool) -> int:
        return self.num_rows + len(self.files) + (len(self.lost) if lost_rows else 0)

    def check_database(self) -> None:
        """Refuse to delete files that no row names where the rows may be elsewhere."""
        if retention.are_anothers(len(self.files), self.num_named):
            raise CommandError(
                f"Expected a submission for most drawings, found {len(self.files):,} files that "
                f"belong to none, beside {self.num_named:,} submissions. Is DATABASE_URL the right "
                "database? If it is, and they are to go all the same: --without-rows."
            )

    def check_storage(self) -> None:
        """Refuse to take rows for lost where more of them are than the storage has drawings."""
        if len(self.lost) > self.num_files:
            raise CommandError(
                f"Expected most drawings in the storage, found {self.num_files:,}, and "
                f"{len(self.lost):,} submissions whose drawing is not there. "
                "Is MEDIA_ROOT the right folder, and mounted?"
            )


def _overdue(options: dict[str, Any]) -> SubmissionQuerySet:
    if options["older_than"] is None:
        return Submission.objects.none()
    try:
        return retention.overdue(options["older_than"], keep_labelled=options["keep_labelled"])
    except retention.TooShort as error:
        raise CommandError(f"--older-than: {error}") from error


def _delete_lost(lost: list[UUID], options: dict[str, Any]) -> int:
    """Delete the rows whose file is not there when it is asked for by name, either."""
    num_deleted = 0
    for some in batched(lost, deletion.BATCH):
        rows = Submission.objects.filter(pk__in=retention.really_lost(some))
        num_deleted += deletion.delete(rows.unlabelled() if options["keep_labelled"] else rows)
    return num_deleted


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([hdw])", text.strip().lower())
    if not found:
        raise argparse.ArgumentTypeError(
            f"expected a number of hours, days or weeks, as 48h, 90d or 12w, found {text!r}"
        )
    duration = timedelta(**{UNITS[found[2]]: int(found[1])})
    try:
        timezone.now() - duration
    except OverflowError as error:
        raise argparse.ArgumentTypeError(
            f"expected a time that the calendar goes back, found {text!r}, which is before year 1"
        ) from error
    return duration


def _size(names: Iterable[str], num: int) -> str:
    """Say how large files are: these, or as many as `num` that are like them."""
    sizes = [size for name in names if name and (size := _bytes_of(name)) is not None]
    if not sizes:
        return "0 bytes"
    whole = sum(sizes) * max(1, num / len(sizes)) if num > MEASURED else sum(sizes)
    return f"{'about ' if num > MEASURED else ''}{_written(whole)}"


def _bytes_of(name: str) -> int | None:
    try:
        return default_storage.size(name)
    except OSError:  # it is gone
        return None


def _written(num_bytes: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if num_bytes < 1024 or unit == "GiB":
            break
        num_bytes /= 1024
    return f"{num_bytes:,.1f} {unit}" if unit != "bytes" else f"{num_bytes:,.0f} bytes"
