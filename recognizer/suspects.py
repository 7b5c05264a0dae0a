"""Labels that the newest version contradicts, and what another version reads of what was claimed.

Source: Northcutt, Jiang, Chuang (2021), "Confident learning: estimating uncertainty in dataset
labels": a label is suspect where another digit is as likely as it is, on average, for the digits
that are labelled so; the suspects are ranked by how much likelier than their label it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from numpy.typing import NDArray

from recognizer import engine, rereading
from recognizer.models import DIGITS, LabelChange, ModelVersion, Prediction, Submission, Way

# Digits that are read at once: enough that overhead no longer counts, some 0.1 s.
BATCH = 500
# Rows that are written in one transaction: some 50 ms, for which others wait to write.
WRITTEN = 200
# Pictures that are read once more at once, and in one run of the task: some 10 s.
PICTURES, PICTURES_A_RUN = 16, 500
DECIMALS = 4

Role = Prediction.Role

Item = TypeVar("Item")


def find() -> int:
    """Rank the labels that the newest version contradicts, as they are now.

    Whoever was shown one since that version came, has answered it: it is suspect no more. Of each
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
    ids, labels, before, rows = _read_all(_labelled(), loaded)
    now = suspicions(labels, rows)
    now[np.isin(ids, list(_answered(version)))] = np.nan
    changed = np.flatnonzero(~_same(before, now))
    _write({ids[place]: _value(now[place]) for place in changed})
    suspect = ids[~np.isnan(now)]
    _keep_readings(_unread(suspect, version), version, loaded)
    return len(suspect)


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
    claimed = Submission.objects.filter(pending).exclude(served_version=version)
    claimed = claimed.exclude(Exists(others)).order_by("-created_at", "-pk")
    return claimed.values_list("pk", flat=True)


def _read_all(
    submissions: QuerySet[Submission], loaded: engine.Loaded
) -> tuple[NDArray[Any], NDArray[np.uint8], NDArray[np.float64], NDArray[np.float32]]:
    """Read their stored digits. Queries: 1, whose rows are fetched in batches.

    Returns:
        Of each its id, its label `uint8 (N,)`, how suspect it was before `float64 (N,)`, and its
        probabilities `float32 (N, 10)`.
    """
    ids: list[UUID] = []
    labels: list[int] = []
    before: list[float] = []
    rows = [np.empty((0, len(DIGITS)), np.float32)]
    columns = ("pk", "label", "suspicion", "digit")
    for batch in _batches(submissions.values_list(*columns).iterator(BATCH), BATCH):
        ids.extend(pk for pk, *_rest in batch)
        labels.extend(int(label) for _pk, label, *_rest in batch)
        before.extend(np.nan if found is None else found for *_rest, found, _digit in batch)
        pixels = b"".join(bytes(digit) for *_rest, digit in batch)
        digits = np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28)
        rows.append(loaded.engine.probabilities(digits))
    return (
        np.array(ids, dtype=object),
        np.array(labels, np.uint8),
        np.array(before, float),
        np.concatenate(rows),
    )


def _answered(version: ModelVersion) -> QuerySet[Any]:
    """Give the ids of those that a reviewer was shown as suspects since a version came."""
    shown = LabelChange.objects.filter(way=Way.SUSPECT, changed_at__gte=version.created_at)
    return shown.values_list("submission", flat=True)


def _same(before: NDArray[np.float64], now: NDArray[np.float64]) -> Any:
    return (before == now) | (np.isnan(before) & np.isnan(now))


def _value(suspicion: float) -> float | None:
    return None if np.isnan(suspicion) else float(suspicion)


def _write(found: dict[UUID, float | None]) -> None:
    """Note how suspect each label is, unless it was reviewed meanwhile."""
    for ids in _batches(found, WRITTEN):
        with transaction.atomic():
            locked = _labelled().select_for_update().order_by("created_at", "pk")  # as deletion
            rows = list(locked.filter(pk__in=ids).only("suspicion"))
            for row in rows:
                row.suspicion = found[row.pk]
            Submission.objects.bulk_update(rows, ["suspicion"])


def _unread(ids: Iterable[UUID], version: ModelVersion) -> list[UUID]:
    """Leave out those of which a prediction of a version is kept. Queries: 1 for each 200."""
    own = Prediction.objects.filter(version=version, role=Role.REPLAY)
    found = []
    for some in _batches(ids, WRITTEN):
        read = {*own.filter(submission__in=some).values_list("submission", flat=True)}
        found += [pk for pk in some if pk not in read]
    return found


def _keep_readings(ids: list[UUID], version: ModelVersion, loaded: engine.Loaded) -> int:
    """Let a version read stored pictures, and keep the predictions beside the others."""
    num = 0
    for few in _batches(ids, PICTURES):
        submissions = Submission.objects.filter(pk__in=few).only("pk", "image", "created_at")
        predictions = rereading.reread(list(submissions), version, loaded, role=Role.REPLAY)
        num += len(rereading.keep(predictions))
    return num


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut items into lists of so many; the last one may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
