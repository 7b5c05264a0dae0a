"""How long drawings are kept: what is older goes, and so do files and rows without each other."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.utils import timezone

from recognizer import aggregates, deletion, tenures
from recognizer.models import Submission, SubmissionQuerySet

# Under DRAWINGS there is a folder for each two hexadecimal digits that an id begins with.
DRAWINGS = "drawings"
FOLDERS = [f"{number:02x}" for number in range(256)]
# A file is written before its row, which may wait for the database's lock: 20 s. A file without a
# row, or a row whose file is not listed, is left alone until it is so old.
GRACE = timedelta(hours=1)
# The counts of today go on; of days that are over, they are finished before their rows go.
SHORTEST = timedelta(days=1)
# Of one task: the worker has other things to do too, and goes on with the rest at its next turn.
BUDGET_S = 20.0
TURNS = 24
TURN_KEY = "recognizer.retention.turn"
# So many files without a row may be what killed purges left, however few rows there are.
FEW = 10
# Between two batches. SQLite's writers look for its lock every 100 ms at most: beside batches
# without a pause, they waited up to 636 ms, with it up to 186 (median 14); 900 rows go a second.
PAUSE_S = 0.1


logger = logging.getLogger(__name__)


class TooShort(ValueError):
    """Less than a day: the counts of today are not finished."""


# --- What is too old ------------------------------------------------------------------------------


def overdue(older_than: timedelta, *, keep_labelled: bool) -> SubmissionQuerySet:
    """Give the submissions whose time is over.

    Args:
        older_than: So long each one is kept.
        keep_labelled: Whether those that have a label stay for good.

    Raises:
        TooShort: It is less than a day.
    """
    if older_than < SHORTEST:
        raise TooShort(
            "Expected one day (1d) or more: what is purged stays in the counts of its day, "
            "and today's are not finished."
        )
    rows = Submission.objects.received_before(timezone.now() - older_than)
    return rows.unlabelled() if keep_labelled else rows


def purge(
    rows: SubmissionQuerySet,
    *,
    budget_s: float = float("inf"),
    on_batch: Callable[[int], None] = lambda num: None,
) -> int:
    """Delete what is overdue, the oldest first; what was counted of it stays counted.

    May be killed at any moment, and run again: it goes on where it was.

    Args:
        rows: What `overdue` gave.
        budget_s: Seconds after which no further batch is begun.
        on_batch: Called after each batch with the number of its rows.

    Returns:
        How many went.

    Queries: those of `aggregates.settle` and `tenures.count`; 8 a batch.
    """
    deadline = time.monotonic() + budget_s
    aggregates.settle(timezone.now() - SHORTEST)
    tenures.count()
    num_deleted = 0
    while time.monotonic() < deadline and (num := deletion.delete_batch(rows)):
        num_deleted += num
        on_batch(num)
        time.sleep(PAUSE_S)
    return num_deleted


# --- What belongs to nothing ----------------------------------------------------------------------


@dataclass(frozen=True)
class Leftovers:
    """What one folder of drawings has that belongs to nothing.

    Attributes:
        files: Names of files that no row names.
        rows: Ids of rows whose file is gone.
        num_files: How many drawings the folder has.
        num_rows: How many rows name one of the folder.
        num_strangers: How many of its files bear no drawing's name; they are left alone.
    """

    files: list[str]
    rows: list[UUID]
    num_files: int
    num_rows: int
    num_strangers: int


def survey(folders: Iterable[str] = FOLDERS) -> Iterator[Leftovers]:
    """Compare the files of each folder with the rows that name them.

    A folder is listed before its rows are asked for: a row that is deleted meanwhile takes its file
    along.

    Queries: 1 a folder, by the primary key.
    """
    young = timezone.now() - GRACE
    for folder in folders:
        listed = _listed(folder)
        files = {name for name in listed if _is_drawing(name)}
        rows = {image: (pk, at) for pk, image, at in _rows_in(folder)}
        orphans = sorted(name for name in files - rows.keys() if _is_older(name, young))
        lost = [pk for image, (pk, at) in rows.items() if image not in files and at < young]
        yield Leftovers(orphans, lost, len(files), len(rows), len(listed) - len(files))


def sweep() -> int:
    """Delete the files that no row names; give how many.

    Whoever calls it has asked `are_anothers`, or somebody who knows.

    Queries: 1 a folder.
    """
    num_deleted = 0
    for leftovers in survey():
        deletion.delete_files(leftovers.files)
        num_deleted += len(leftovers.files)
    return num_deleted


def are_anothers(num_files: int, num_rows: int) -> bool:
    """Tell whether files that no row names are likelier those of another database's rows.

    That database may be the right one, and this one empty or of yesterday. Queries: 0 or 1.

    Args:
        num_files: How many there are.
        num_rows: How many rows name files of the same folders.
    """
    if num_files > max(FEW, num_rows):
        return True
    return num_files > 0 and not Submission.objects.exists()


def folders_in_turn() -> list[str]:
    """Give a twenty-fourth of the folders, another one each time: in 24 times all of them.

    The turn is kept in the cache: a host may be off at the same hours each day.
    """
    cache.add(TURN_KEY, -1, timeout=None)
    return FOLDERS[cache.incr(TURN_KEY) % TURNS :: TURNS]


def really_lost(ids: Iterable[UUID]) -> list[UUID]:
    """Look for each row's file once more, by its name; give those that have none. Queries: 1."""
    rows = Submission.objects.filter(pk__in=list(ids)).values_list("pk", "image")
    return [pk for pk, image in rows if not default_storage.exists(image)]


def _listed(folder: str) -> list[str]:
    try:
        _folders, files = default_storage.listdir(f"{DRAWINGS}/{folder}")
    except FileNotFoundError:  # some storages have no folders, and list nothing
        return []
    return [f"{DRAWINGS}/{folder}/{file}" for file in files]


def _rows_in(folder: str) -> Iterator[tuple[UUID, str, datetime]]:
    low, high = (UUID(folder.ljust(32, fill)) for fill in "0f")
    rows = Submission.objects.filter(pk__gte=low, pk__lte=high).exclude(image="")
    return rows.order_by().values_list("pk", "image", "created_at").iterator()


def _is_drawing(name: str) -> bool:
    """Tell whether it is named as `drawing_path` names it, or as a storage does that evades."""
    return bool(re.fullmatch(r"drawings/(..)/\1[0-9a-f-]{34}(_\w+)?\.png", name))


def _is_older(name: str, moment: datetime) -> bool:
    try:
        return default_storage.get_modified_time(name) < moment
    except FileNotFoundError:  # somebody else deleted it just now
        return False


# --- By the clock ---------------------------------------------------------------------------------


def is_set() -> bool:
    """Tell whether the operator has set how long drawings are kept."""
    return settings.RETENTION_DAYS is not None


def is_due() -> bool:
    """Tell whether something's time is over. Queries: 0 or 1."""
    return _overdue_by_settings().exists()


def purge_by_settings() -> int:
    """Purge as the operator has set it, for `BUDGET_S` or a little more; give how many went."""
    return purge(_overdue_by_settings(), budget_s=BUDGET_S) if is_set() else 0


def sweep_by_settings() -> int:
    """Sweep the folders whose turn it is, unless their files seem to be another database's.

    Queries: 1 a folder, and 1.
    """
    if not is_set():
        return 0
    found = list(survey(folders_in_turn()))
    files = [name for one in found for name in one.files]
    num_rows = sum(one.num_rows for one in found)
    if are_anothers(len(files), num_rows):
        logger.error(
            "%d drawings' files belong to no submission, beside %d submissions: none was deleted. "
            "Is DATABASE_URL the right database? If so: manage.py purge_submissions.",
            len(files),
            num_rows,
        )
        return 0
    deletion.delete_files(files)
    return len(files)


def _overdue_by_settings() -> SubmissionQuerySet:
    if settings.RETENTION_DAYS is None:
        return Submission.objects.none()
    return overdue(
        timedelta(days=settings.RETENTION_DAYS), keep_labelled=settings.RETENTION_KEEP_LABELLED
    )
