"""From a drawing to a stored prediction: the only function over imaging, engine and tables."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from numpy.typing import NDArray

from recognizer import engine, imaging
from recognizer.models import ModelVersion, Prediction, Submission

logger = logging.getLogger(__name__)

Verdict = Prediction.Verdict

_engines = engine.Cache()


class NoActiveVersion(RuntimeError):
    """No model version is active, or none could be loaded: the operator must activate one."""


@dataclass(frozen=True)
class Reading:
    """What an engine answers for one drawing.

    Attributes:
        verdict: `digit`, `unsure`, `not_a_digit`, `several` or `blank`.
        digit: The likeliest digit, 0 to 9, whatever the verdict; None where it is blank.
        confidence: Its probability, 0 to 1; 0 where it is blank.
        probabilities: Ten, by digit, 0 to 1; all 0 where it is blank.
    """

    verdict: str
    digit: int | None
    confidence: float
    probabilities: list[float]


def read(digit: NDArray[np.uint8], receipt: imaging.Receipt, loaded: engine.Loaded) -> Reading:
    """Read one digit with a loaded version. Stores nothing.

    Args:
        digit: `uint8 (28, 28)`, 0 paper … 255 ink.
        receipt: How it became one.
        loaded: The version that reads.
    """
    [row] = loaded.engine.probabilities(digit[np.newaxis])  # (10,)
    best = int(row.argmax())
    confidence = round(min(float(row[best]), 1.0), 6)
    return Reading(
        verdict=_verdict(confidence, receipt.num_glyphs, loaded.thresholds),
        digit=best,
        confidence=confidence,
        probabilities=[round(float(p), 6) for p in row],
    )


def read_drawing(drawing: bytes | str, loaded: engine.Loaded) -> Reading:
    """Read one drawing with a loaded version; a blank one is a reading too. Stores nothing.

    Raises:
        imaging.UnreadableImage: It is no image that we read, or too large.
    """
    try:
        digit, receipt = imaging.to_digit(imaging.decode(drawing))
    except imaging.BlankImage:
        return Reading(Verdict.BLANK, digit=None, confidence=0.0, probabilities=[0.0] * 10)
    return read(digit, receipt, loaded)


def active_engine() -> engine.Loaded:
    """Give the active version, loaded and checked; the last good one where it does not load.

    Raises:
        NoActiveVersion: No version is active, or it cannot be loaded and no other was before.

    Queries: 1.
    """
    version = ModelVersion.objects.active().first()
    if version is None:
        raise NoActiveVersion(
            "No model version is active. Expected: one. "
            "An operator activates one in the admin, or by "
            "`manage.py register_model --shipped --activate`."
        )
    try:
        return _engines.get(engine.source_of(version, settings.DIGITS_ENGINE))
    except engine.LoadFailed as error:
        raise NoActiveVersion(f"{version} is active but does not load: {error}") from error


def recognize(
    *,
    drawing: bytes | str,
    source: str,
    visitor_key: str = "",
    strokes: list[Any] | None = None,
) -> Prediction:
    """Read a drawing with the active version, and store the submission and its prediction.

    Args:
        drawing: The bytes of an image file, or a base64 data URL.
        source: `drawn`, `uploaded` or `api`.
        visitor_key: Whose it is; empty where a program sent no cookie.
        strokes: The pen's way as the page recorded it, where it was drawn.

    Returns:
        The stored prediction, its `submission` and `version` at hand.

    Raises:
        imaging.UnreadableImage: It is no image that we read, or too large.
        imaging.BlankImage: There is no ink on it. Nothing is stored.
        NoActiveVersion: There is nothing to read it with. Nothing is stored.

    Queries: 3 (the active version, submission, prediction).
    """
    loaded = active_engine()
    started = time.perf_counter()
    picture = imaging.decode(drawing)
    digit, receipt = imaging.to_digit(picture)
    reading = read(digit, receipt, loaded)
    latency_ms = (time.perf_counter() - started) * 1000

    submission = Submission(
        source=source,
        digit=digit.tobytes(),
        receipt=receipt.as_dict(),
        strokes=strokes,
        visitor_key=visitor_key,
    )
    prediction = Prediction(
        submission=submission,
        version_id=loaded.version_id,
        verdict=reading.verdict,
        digit=reading.digit,
        confidence=reading.confidence,
        probabilities=reading.probabilities,
        latency_ms=round(latency_ms, 3),
    )
    _store(submission, prediction, png=imaging.to_png(picture))
    return prediction


def _verdict(confidence: float, num_glyphs: int, thresholds: engine.Thresholds) -> str:
    if num_glyphs > 1:
        return Verdict.SEVERAL
    if confidence < thresholds.reject_below:
        return Verdict.NOT_A_DIGIT
    if confidence < thresholds.unsure_below:
        return Verdict.UNSURE
    return Verdict.DIGIT


def _store(submission: Submission, prediction: Prediction, *, png: bytes) -> None:
    """Write the file first and the rows after it, so that no row lacks its file."""
    submission.image.save(f"{submission.id}.png", ContentFile(png), save=False)
    try:
        with transaction.atomic():
            submission.save(force_insert=True)
            prediction.submission = submission
            prediction.save(force_insert=True)
    except Exception:
        submission.image.delete(save=False)
        raise
