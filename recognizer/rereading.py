"""Stored pictures, read once more by another version as `recognition` reads them, and kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from django.db import transaction

from recognizer import engine, imaging, recognition
from recognizer.models import ModelVersion, Prediction, Submission

logger = logging.getLogger(__name__)


def reread(
    submissions: Sequence[Submission], version: ModelVersion, loaded: engine.Loaded, *, role: str
) -> list[Prediction]:
    """Read stored pictures with a version. Stores nothing.

    Args:
        submissions: What was served before.
        version: The one that reads.
        loaded: Its engine.
        role: What the predictions are for: `shadow` or `replay`.

    Returns:
        For each its prediction, with whether it says what the visitor was given, and the date of
        that; none for a picture whose file is gone, and none for what was deleted meanwhile.

    Queries: 1.
    """
    served = {
        prediction.submission_id: prediction
        for prediction in Prediction.objects.served().filter(submission__in=submissions)
    }
    predictions = []
    for submission in submissions:
        given = served.get(submission.pk)
        if given and (found := _read(submission, loaded)):
            reading, latency_ms = found
            prediction = Prediction(
                submission=submission,
                version=version,
                role=role,
                latency_ms=latency_ms,
                created_at=submission.created_at,
                **reading.as_fields(),
            )
            prediction.agrees = prediction.says_the_same_as(given)
            predictions.append(prediction)
    return predictions


@transaction.atomic
def keep(predictions: Sequence[Prediction]) -> list[Prediction]:
    """Store what was reread, unless it was deleted meanwhile; give what was stored.

    What another worker read at the same moment is the same, and stored once. The submissions are
    locked as `deletion` locks them, the oldest first, until the transaction at hand ends.

    Queries: 2.
    """
    locked = Submission.objects.select_for_update(no_key=True).order_by("created_at", "pk")
    ids = [one.submission_id for one in predictions]
    there = set(locked.filter(pk__in=ids).values_list("pk", flat=True))
    kept = [one for one in predictions if one.submission_id in there]
    Prediction.objects.bulk_create(kept, ignore_conflicts=True)
    return kept


def _read(
    submission: Submission, loaded: engine.Loaded
) -> tuple[recognition.Reading, float] | None:
    """Read a stored picture; give the reading and its milliseconds, None where there is none."""
    started = time.perf_counter()
    try:
        with submission.image.open("rb") as file:
            [reading] = recognition.read_drawings([file.read()], loaded)
    except OSError:
        logger.warning("Submission %s cannot be read once more: its file is gone", submission.pk)
        return None
    if isinstance(reading, imaging.UnreadableImage):
        logger.warning("Submission %s cannot be read once more: %s", submission.pk, reading)
        return None
    return reading, round((time.perf_counter() - started) * 1000, 3)
