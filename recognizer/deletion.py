"""Submissions deleted, row and file: for visitors, in the admin, when their time is over."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet

from recognizer.models import Submission

logger = logging.getLogger(__name__)

# Submissions of one transaction: with their files some 90 ms, for which others wait to write.
BATCH = 200


def delete(submissions: QuerySet[Submission]) -> int:
    """Delete submissions with all that hangs on them, and their files.

    Args:
        submissions: Which ones; not sliced.

    Returns:
        How many there were.

    Queries: for each 200 of them 8, and 1.
    """
    num_deleted = 0
    while num := delete_batch(submissions):
        num_deleted += num
    return num_deleted


def delete_batch(submissions: QuerySet[Submission]) -> int:
    """Delete the oldest of them, at most `BATCH`; give how many there were.

    The rows go first, in one transaction with all that hangs on them, and the files after it: so
    no row lacks its file. Whoever is killed in between leaves files that no row names, which
    `retention.sweep` finds.

    Queries: 8, or 1 where there is none.
    """
    with transaction.atomic():
        # Locked, so that one that was labelled meanwhile is looked at once more.
        oldest = submissions.select_for_update().order_by("created_at", "pk")
        rows = dict(oldest.values_list("pk", "image")[:BATCH])
        if rows:
            Submission.objects.filter(pk__in=rows).delete()
        transaction.on_commit(partial(delete_files, [name for name in rows.values() if name]))
    return len(rows)


def delete_files(names: Iterable[str]) -> None:
    """Delete drawings' files; one that cannot be deleted is logged and left for the next sweep."""
    for name in names:
        try:
            default_storage.delete(name)
        except Exception:  # each storage has its own
            logger.exception("The file %s could not be deleted; a sweep tries again.", name)
