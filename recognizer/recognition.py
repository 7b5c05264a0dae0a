"""From a drawing to a stored prediction: the only function over imaging, engine and tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from numpy.typing import NDArray

from recognizer import engine, imaging
from recognizer.imaging.decode import MAX_BYTES
from recognizer.models import ModelVersion, Prediction, Submission

Verdict = Prediction.Verdict

# Enough for the keras engine, and at most 320 MiB of files.
FILES_AT_ONCE = 32

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


BLANK = Reading(Verdict.BLANK, digit=None, confidence=0.0, probabilities=[0.0] * 10)


def read(
    digits: NDArray[np.uint8], receipts: Sequence[imaging.Receipt], loaded: engine.Loaded
) -> list[Reading]:
    """Read digits with a loaded version, at once. Stores nothing.

    Args:
        digits: `uint8 (N, 28, 28)`, 0 paper … 255 ink.
        receipts: How each became one, N of them.
        loaded: The version that reads.
    """
    probabilities = loaded.engine.probabilities(digits)  # (N, 10)
    return [
        _reading(row, receipt, loaded.thresholds)
        for row, receipt in zip(probabilities, receipts, strict=True)
    ]


def read_drawings(
    drawings: Sequence[bytes | str], loaded: engine.Loaded
) -> list[Reading | imaging.UnreadableImage]:
    """Read drawings with a loaded version, at once. Stores nothing.

    Args:
        drawings: The bytes of image files, or base64 data URLs; as many as memory holds.
        loaded: The version that reads.

    Returns:
        For each its reading, also where it is blank; or why it is no image that we read.
    """
    answers: list[Reading | imaging.UnreadableImage] = [BLANK] * len(drawings)
    found = {}
    for place, drawing in enumerate(drawings):
        try:
            found[place] = imaging.to_digit(imaging.decode(drawing))
        except imaging.BlankImage:
            continue
        except imaging.UnreadableImage as error:
            answers[place] = error
    if found:
        digits, receipts = zip(*found.values(), strict=True)
        for place, reading in zip(found, read(np.stack(digits), receipts, loaded), strict=True):
            answers[place] = reading
    return answers


def read_files(
    files: Sequence[Path], loaded: engine.Loaded
) -> Iterator[Reading | imaging.UnreadableImage | OSError]:
    """Read image files with a loaded version, in batches. Stores nothing.

    Args:
        files: Their paths.
        loaded: The version that reads.

    Yields:
        For each, in their order, its reading, also where it is blank; or why there is none.
    """
    for start in range(0, len(files), FILES_AT_ONCE):
        contents = [_content(file) for file in files[start : start + FILES_AT_ONCE]]
        drawings = [content for content in contents if isinstance(content, bytes)]
        answers = iter(read_drawings(drawings, loaded))
        for content in contents:
            yield next(answers) if isinstance(content, bytes) else content


def active_engine() -> engine.Loaded:
    """Give the active version, loaded and checked; the last good one where it does not load.

    Raises:
        NoActiveVersion: No version is active, or it cannot be loaded and no other was before.

    Queries: 1.
    """
    return _engine_of(_active_version())


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
    version = _active_version()
    loaded = _engine_of(version)
    started = time.perf_counter()
    picture = imaging.decode(drawing)
    digit, receipt = imaging.to_digit(picture)
    [reading] = read(digit[np.newaxis], [receipt], loaded)
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
    if loaded.version_id == version.pk:
        prediction.version = version
    _store(submission, prediction, png=imaging.to_png(picture))
    return prediction


def _content(file: Path) -> bytes | imaging.UnreadableImage | OSError:
    """Give a file's bytes, or why there are none; of one that is too large nothing is read."""
    try:
        num_bytes = file.stat().st_size
        if num_bytes > MAX_BYTES:
            return imaging.ImageTooLarge(
                f"Expected at most {MAX_BYTES >> 20} MiB, "
                f"found {num_bytes / 2**20:,.1f} MiB. Make a smaller picture of it."
            )
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)  # devices state no size
    except OSError as error:
        return error


def _active_version() -> ModelVersion:
    version = ModelVersion.objects.active().defer("layers", "metrics", "notes").first()
    if version is None:
        raise NoActiveVersion(
            "No model version is active. Expected: one. "
            "An operator activates one in the admin, or by "
            "`manage.py register_model --shipped --activate`."
        )
    return version


def _engine_of(version: ModelVersion) -> engine.Loaded:
    try:
        loaded = _engines.get(engine.source_of(version, settings.DIGITS_ENGINE))
    except engine.LoadFailed as error:
        _note_status(version, ModelVersion.Status.BROKEN)
        raise NoActiveVersion(f"{version} is active but does not load: {error}") from error
    if loaded.version_id == version.pk:
        _note_status(version, ModelVersion.Status.READY)
    elif _engines.failure:  # and not only on its way, in another thread
        _note_status(version, ModelVersion.Status.BROKEN)
    return loaded


def _note_status(version: ModelVersion, status: str) -> None:
    """Let the admin see what this process sees of the version. Queries: 0, 1 when it changes."""
    if version.status != status:
        ModelVersion.objects.filter(pk=version.pk).update(status=status)


def _reading(
    row: NDArray[np.float32], receipt: imaging.Receipt, thresholds: engine.Thresholds
) -> Reading:
    best = int(row.argmax())
    confidence = round(min(float(row[best]), 1.0), 6)
    return Reading(
        verdict=_verdict(confidence, receipt.num_glyphs, thresholds),
        digit=best,
        confidence=confidence,
        probabilities=[round(float(p), 6) for p in row],
    )


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
