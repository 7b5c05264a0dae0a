"""Labels that the newest version contradicts, and what another version reads of what was claimed.

Source: Northcutt, Jiang, Chuang (2021), "Confident learning: estimating uncertainty in dataset
labels": a label is suspect where another digit is as likely as it is, on average, for the digits
that are labelled so; the suspects are ranked by how much likelier than their label it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from recognizer import engine, rereading
from recognizer.batches import batched
from recognizer.models import DIGITS, LabelChange, ModelVersion, Prediction, Submission, Way

# Digits that are read at once: enough that overhead no longer counts, some 0.1 s.
BATCH = 500
# Rows that are written in one transaction: some 50 ms, for which others wait to write.
WRITTEN = 200
# Pictures that are read once more at once, and in one run of the task: some 10 s.
PICTURES, PICTURES_A_RUN = 16, 500
# What was claimed longer ago waits for a reviewer alone.
CLAIMS_ARE_READ_FOR = timedelta(days=30)
DECIMALS = 4

Role = Prediction.Role


def find() -> int:
    """Rank the labels that the newest version contradicts, as they are now.

    A reviewer who looked at one knowingly since that version came, has answered it. Of each
    suspect a prediction of that version is kept, for the reviewer to see. A version that learnt
    from a label contradicts it less; those of the field test it has never seen.

    Returns:
        How many are suspect; 0 where no version is ready.

    Raises:
        engine.LoadFailed: It does not load.

    Queries: 3, and 1 or 2 for each 200 that have changed, 1 for each 200 suspects, and 4 for each
    16 of them that the version has not read.
    """
    version = _newest().first()
    if version is None:
        return 0
    loaded = engine.load(engine.source_of(version, settings.DIGITS_ENGINE))
    labelled, rows = _read_all(loaded)
    found = suspicions(np.array([one.label for one in labelled], np.uint8), rows)
    answered = _answered(version)
    now = {
        one: None if np.isnan(value) or one.pk in answered else float(value)
        for one, value in zip(labelled, found, strict=True)
    }
    _write({one.pk: (one, value) for one, value in now.items() if value != one.suspicion})
    suspect = [one.pk for one, value in now.items() if value is not None]
    _keep_readings(_unread(suspect, version), version, loaded)
    return len(suspect)


class _Labelled(NamedTuple):
    """A label, as it was when its digit was read."""

    pk: UUID
    label: int
    reviewed_at: datetime
    suspicion: float | None


def suspicions(
    labels: NDArray[np.uint8], probabilities: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Tell how suspect each label is.

    Args:
        labels: `uint8 (N,)`, 0 to 9.
        probabilities: `float32 (N, 10)`, by digit.

    Returns:
        `float64 (N,)`: how much likelier than the label the likeliest confident other digit is,
        above 0 to 1; NaN where none is.
    """
    found = np.full(len(labels), np.nan)
    if not len(labels):
        return found
    own = probabilities[np.arange(len(labels)), labels].astype(float)
    others = np.where(_confident(labels, probabilities), probabilities, -1.0).astype(float)
    others[np.arange(len(labels)), labels] = -1.0
    margins = others.max(axis=1) - own
    return np.where(margins > 0, margins.round(DECIMALS), np.nan)


def _confident(labels: NDArray[np.uint8], probabilities: NDArray[np.float32]) -> Any:
    """Tell of which digits each is, with confidence, one: `bool (N, 10)`."""
    means = [
        probabilities[labels == digit, digit].mean() if (labels == digit).any() else np.inf
        for digit in DIGITS
    ]
    return probabilities >= np.array(means)


def has_claims() -> bool:
    """Tell whether there is something for `reread_claims` to do. Queries: 1 to 3."""
    return any(_claimed(version).exists() for version in _newest()[:2])


def reread_claims() -> int:
    """Let another version read what visitors claim, where only the one that served has.

    That is the newest version; the one before it, where the newest served.

    Returns:
        How many were read.

    Raises:
        engine.LoadFailed: It does not load.

    Queries: 1, and 1 or 2 for each version, and 4 for each 16.
    """
    num = 0
    for version in _newest()[:2]:
        if claimed := list(_claimed(version)[:PICTURES_A_RUN]):
            loaded = engine.load(engine.source_of(version, settings.DIGITS_ENGINE))
            num += _keep_readings(claimed, version, loaded)
    return num


def _newest() -> QuerySet[ModelVersion]:
    ready = ModelVersion.objects.filter(status=ModelVersion.Status.READY)
    return ready.order_by("-number")


def _labelled() -> QuerySet[Submission]:
    return Submission.objects.reviewed().labelled_digits().order_by("pk")


def _claimed(version: ModelVersion) -> QuerySet[Any]:
    """Give the ids of what was claimed and no other version has read, the newest first."""
    others = Prediction.objects.filter(submission=OuterRef("pk")).exclude(role=Role.SERVED)
    others = others.exclude(version=OuterRef("served_version"))
    pending = Q(claim__isnull=False, review_state=Submission.ReviewState.PENDING)
    # What nobody can read any more is not asked for for ever.
    pending &= Q(created_at__gte=timezone.now() - CLAIMS_ARE_READ_FOR)
    claimed = Submission.objects.filter(pending).exclude(served_version=version)
    claimed = claimed.exclude(Exists(others)).order_by("-created_at", "-pk")
    return claimed.values_list("pk", flat=True)


def _read_all(loaded: engine.Loaded) -> tuple[list[_Labelled], NDArray[np.float32]]:
    """Read the stored digits of all that is labelled. Queries: 1, whose rows come in batches.

    Returns:
        Each label, and its probabilities `float32 (N, 10)`.
    """
    labelled: list[_Labelled] = []
    rows = [np.empty((0, len(DIGITS)), np.float32)]
    columns = ("pk", "label", "reviewed_at", "suspicion", "digit")
    for batch in batched(_labelled().values_list(*columns).iterator(BATCH), BATCH):
        labelled += [_Labelled(pk, int(label), *rest) for pk, label, *rest, _digit in batch]
        pixels = b"".join(bytes(digit) for *_rest, digit in batch)
        digits = np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28)
        rows.append(loaded.engine.probabilities(digits))
    return labelled, np.concatenate(rows)


def _answered(version: ModelVersion) -> set[UUID]:
    """Give the ids of those that a reviewer looked at knowingly since a version came: as suspects,
    for a second look, or on their page, which shows what each version reads."""
    knowingly = LabelChange.objects.filter(
        way__in=[Way.SUSPECT, Way.SECOND_LOOK, Way.PAGE],
        changed_at__gte=version.created_at,
        undone_at__isnull=True,
    )
    return set(knowingly.values_list("submission", flat=True))


def _write(found: dict[UUID, tuple[_Labelled, float | None]]) -> None:
    """Note how suspect each label is, unless it was reviewed meanwhile."""
    for ids in batched(found, WRITTEN):
        with transaction.atomic():
            locked = _labelled().select_for_update().order_by("created_at", "pk")  # as deletion
            rows = list(locked.filter(pk__in=ids).only("suspicion", "reviewed_at"))
            rows = [row for row in rows if row.reviewed_at == found[row.pk][0].reviewed_at]
            for row in rows:
                row.suspicion = found[row.pk][1]
            Submission.objects.bulk_update(rows, ["suspicion"])


def _unread(ids: Iterable[UUID], version: ModelVersion) -> list[UUID]:
    """Leave out those of which a prediction of a version is kept. Queries: 1 for each 200."""
    own = Prediction.objects.filter(version=version, role=Role.REPLAY)
    found = []
    for some in batched(ids, WRITTEN):
        read = {*own.filter(submission__in=some).values_list("submission", flat=True)}
        found += [pk for pk in some if pk not in read]
    return found


def _keep_readings(ids: list[UUID], version: ModelVersion, loaded: engine.Loaded) -> int:
    """Let a version read stored pictures, and keep the predictions beside the others."""
    num = 0
    for few in batched(ids, PICTURES):
        submissions = Submission.objects.filter(pk__in=few).only("pk", "image", "created_at")
        predictions = rereading.reread(list(submissions), version, loaded, role=Role.REPLAY)
        num += len(rereading.keep(predictions))
    return num
