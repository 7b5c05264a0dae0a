"""The shadow reads behind the answer what the active version has read; no visitor waits for it."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from recognizer import engine, imaging, recognition
from recognizer.models import ModelVersion, Prediction, Submission

logger = logging.getLogger(__name__)

Role = Prediction.Role

# Of one task: the worker has other things to do too, and goes on with the rest at its next turn.
BUDGET_S = 20.0
# Read and stored at once: few, so that SQLite's one writer is never held for long.
BATCH = 16
# What was stored later than something newer (a slow transaction) is still found so much later.
LATE = timedelta(minutes=1)


def is_behind() -> bool:
    """Tell whether there is a shadow that has something to read. Queries: 1 to 3."""
    version = ModelVersion.objects.shadow().first()
    return version is not None and _unread(version).exists()


def catch_up() -> int:
    """Let the shadow read what the active version has read since it was set, the oldest first.

    It reads the stored pictures as `recognition` reads a visitor's, and stores a prediction of each
    whose role is `shadow` and whose date is that of the reading it shadows. A picture whose file is
    gone is passed over.

    Returns:
        How many it has read, after `BUDGET_S` or a little more; 0 where there is no shadow.

    Raises:
        engine.LoadFailed: It does not load.

    Queries: 1, and 4 a batch.
    """
    version = ModelVersion.objects.shadow().first()
    if version is None:
        return 0
    loaded = engine.load(engine.source_of(version, settings.DIGITS_ENGINE))
    until, passed_over = time.monotonic() + BUDGET_S, set[UUID]()
    num_read = 0
    while batch := list(_unread(version).exclude(pk__in=passed_over)[:BATCH]):
        num_read += _store(batch, version, loaded, passed_over)
        if time.monotonic() > until:
            break
    return num_read


def _unread(version: ModelVersion) -> QuerySet[Submission]:
    """Give what came since the shadow was set and what it has not read, the oldest first."""
    own = Prediction.objects.filter(version=version, role=Role.SHADOW)
    return (
        Submission.objects.filter(created_at__gte=_since(version), served_version__isnull=False)
        .exclude(Exists(own.filter(submission=OuterRef("pk"))))
        .order_by("created_at", "pk")
        .only("pk", "image", "created_at")
    )


def _since(version: ModelVersion) -> datetime:
    """Tell from when on something may be unread: from where the shadow has come to."""
    began = version.shadow_since or timezone.now()
    own = Prediction.objects.filter(version=version, role=Role.SHADOW, created_at__gte=began)
    last = own.aggregate(last=Max("created_at"))["last"]
    return max(began, last - LATE) if last else began


def _store(
    submissions: list[Submission],
    version: ModelVersion,
    loaded: engine.Loaded,
    passed_over: set[UUID],
) -> int:
    """Read a batch and store it; note what cannot be read."""
    served = {
        prediction.submission_id: prediction
        for prediction in Prediction.objects.served().filter(submission__in=submissions)
    }
    predictions = []
    for submission in submissions:
        if found := _read(submission, loaded):
            reading, latency_ms = found
            prediction = Prediction(
                submission=submission,
                version=version,
                role=Role.SHADOW,
                latency_ms=latency_ms,
                created_at=submission.created_at,
                **reading.as_fields(),
            )
            prediction.agrees = prediction.says_the_same_as(served[submission.pk])
            predictions.append(prediction)
        else:
            passed_over.add(submission.pk)
    against = [one.submission_id for one in predictions if not one.agrees]
    with transaction.atomic():
        # Another worker may have read the same at the same moment: its readings are the same.
        Prediction.objects.bulk_create(predictions, ignore_conflicts=True)
        Submission.objects.filter(pk__in=against).update(shadow_disagrees=True)
    return len(predictions)


def _read(
    submission: Submission, loaded: engine.Loaded
) -> tuple[recognition.Reading, float] | None:
    """Read a stored picture; give the reading and its milliseconds, None where there is none."""
    started = time.perf_counter()
    try:
        with submission.image.open("rb") as file:
            [reading] = recognition.read_drawings([file.read()], loaded)
    except OSError:
        logger.warning("The shadow cannot read submission %s: its file is gone", submission.pk)
        return None
    if isinstance(reading, imaging.UnreadableImage):
        logger.warning("The shadow cannot read submission %s: %s", submission.pk, reading)
        return None
    return reading, round((time.perf_counter() - started) * 1000, 3)
