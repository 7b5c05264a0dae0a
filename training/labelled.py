"""Reviewed submissions as rows → `Labelled` digits, one at a time, from whatever storage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from recognizer import imaging
from recognizer.models import Label, Submission
from recognizer.people import person_of
from training.datasets import NO_DIGIT
from training.splitting import Labelled

# Rows that are fetched at once. Their strokes are the most of them: some 5 kB, at worst 600.
_BATCH = 200


def labelled() -> Iterator[Labelled]:
    """Give every reviewed submission that is one digit or none, the earliest first.

    Several digits and bad images are left out: they are neither.

    Queries: 1, whose rows are fetched in batches. Opens a file a row.
    """
    for submission in _rows().iterator(_BATCH):
        label = submission.label
        yield Labelled(
            digit=_digit_of(submission),
            strokes=submission.strokes or [],
            label=NO_DIGIT if label == Label.NOT_A_DIGIT else int(label),
            person=person_of(submission),
        )


def _rows() -> QuerySet[Submission]:
    reviewed = Submission.objects.reviewed()
    usable = reviewed.labelled_digits() | reviewed.filter(label=Label.NOT_A_DIGIT)
    fields = ("image", "digit", "receipt", "strokes", "label", "source", "visitor_key")
    return usable.only(*fields).order_by("created_at", "pk")


def _digit_of(submission: Submission) -> NDArray[np.uint8]:
    """Lay the drawing out as imaging does now, segmented as it was then.

    Where its file is gone or is not segmented so any more, the digit that was stored is taken.
    """
    stored = np.frombuffer(bytes(submission.digit), np.uint8).reshape(28, 28)
    try:
        with submission.image.storage.open(str(submission.image), "rb") as file:
            picture = imaging.decode(file.read())
    except Exception:  # noqa: BLE001  (each storage has its own; a file may be damaged)
        return stored
    way = submission.receipt.get("segmentation")
    found = (one.digit for one in _segmentations(picture) if one.receipt.segmentation == way)
    return next(found, stored)


def _segmentations(picture: imaging.Picture) -> Iterator[imaging.Segmentation]:
    """Segment a picture in the usual way, then in the others that can be right."""
    try:
        usual = imaging.segment(picture)
    except imaging.BlankImage:
        yield from imaging.alternatives(picture, None)
        return
    yield usual
    yield from imaging.alternatives(picture, usual)
