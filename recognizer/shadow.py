"""The shadow reads behind the answer what the active version has read; no visitor waits for it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from recognizer import engine, rereading
from recognizer.models import ModelVersion, Prediction, Submission

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

    Queries: 3, and 5 a batch; 6 where it says otherwise.
    """
    version = ModelVersion.objects.shadow().first()
    if version is None:
        return 0
    loaded = engine.load(engine.source_of(version, settings.DIGITS_ENGINE))
    until, passed_over = time.monotonic() + BUDGET_S, set[UUID]()
    num_read = 0
    while batch := list(_unread(version).exclude(pk__in=passed_over)[:BATCH]):
        read = rereading.reread(batch, version, loaded, role=Role.SHADOW)
        num_read += len(_keep(read))
        passed_over |= {one.pk for one in batch} - {one.submission_id for one in read}
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


@transaction.atomic
def _keep(predictions: list[Prediction]) -> list[Prediction]:
    """Store what the shadow reads; where it says otherwise, a reviewer's look is worth more."""
    kept = rereading.keep(predictions)
    against = [one.submission_id for one in kept if not one.agrees]
    Submission.objects.filter(pk__in=against).update(shadow_disagrees=True)
    return kept
