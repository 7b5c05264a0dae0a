"""From a drawing to a prediction, stored or not: all that is over imaging, engine and tables."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from numpy.typing import NDArray

from recognizer import engine, imaging, pen
from recognizer.imaging.decode import MAX_BYTES
from recognizer.imaging.segmentation import USUAL, Way, way_named
from recognizer.models import ModelVersion, Prediction, Submission

Verdict = Prediction.Verdict

# What reading needs of a version; each reading fetches it anew.
SERVING_FIELDS = ("number", "name", "file", "sha256", "compiled", "compiled_sha256", "passport")
# While OpenCV works on one picture, Python can go on with the next: five take 26 ms, not 42.
SEGMENTED_AT_ONCE = 2
# Enough for the keras engine, and at most 320 MiB of files.
FILES_AT_ONCE = 32
# What a folder or a zip is searched for; a file that is named is read whatever its suffix.
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"}

_engines = engine.Cache()


class NoActiveVersion(RuntimeError):
    """No model version is active, or none could be loaded: the operator must activate one."""


@dataclass(frozen=True)
class Reading:
    """What an engine answers for one drawing.

    Attributes:
        verdict: `digit`, `unsure`, `not_a_digit`, `several` or `blank`. Where there are several
            and one of them is not sure, it is `unsure`.
        digit: The likeliest digit, 0 to 9, whatever the verdict; None where it is blank. Where
            there are several, that of the largest glyph.
        confidence: Its probability, 0 to 1; 0 where it is blank.
        probabilities: Ten, by digit, 0 to 1; all 0 where it is blank.
        parts: Each glyph from left to right: its `digit`, `confidence`, own `verdict` (`digit`,
            `unsure` or `not_a_digit`) and `box` (left, top, right, bottom) in the picture's pixels;
            the one that is meant where no two of them are digits; none where it is blank.
        segmentation, num_segmentations: The way of segmenting that was taken, and of how many;
            empty and 0 where it is blank.
    """

    verdict: str
    digit: int | None
    confidence: float
    probabilities: list[float]
    parts: list[dict[str, Any]] = field(default_factory=list)
    segmentation: str = ""
    num_segmentations: int = 0

    @property
    def digits(self) -> str:
        """The number from left to right: `407`; one digit where there is one; empty if blank."""
        return "".join(str(part["digit"]) for part in self.parts)

    def as_fields(self) -> dict[str, Any]:
        """Give what a prediction stores of it."""
        names = ("verdict", "digit", "confidence", "probabilities", "parts")
        return {name: getattr(self, name) for name in names}


BLANK = Reading(Verdict.BLANK, digit=None, confidence=0.0, probabilities=[0.0] * 10)


def read(
    pictures: Sequence[imaging.Picture], loaded: engine.Loaded
) -> list[tuple[Reading, imaging.Segmentation] | None]:
    """Read pictures with a loaded version, at once. Stores nothing.

    All are read as the usual way of segmenting finds them; those that read unsurely, or that it may
    have misled, once more, in one batch, as the other ways find them. The surest reading is taken.

    Args:
        pictures: What `imaging.decode` gave.
        loaded: The version that reads.

    Returns:
        For each its reading, and the segmentation that was read; None where it is blank.
    """
    usuals = [_usual(picture) for picture in pictures]
    _read_all(usuals, loaded)
    others = [
        _others(picture, usual, loaded.thresholds)
        for picture, usual in zip(pictures, usuals, strict=True)
    ]
    _read_all(others, loaded)
    return [
        _surest(usual, other, loaded.thresholds)
        for usual, other in zip(usuals, others, strict=True)
    ]


def read_as(
    pictures: Sequence[imaging.Picture], segmentation: str, loaded: engine.Loaded
) -> list[Reading]:
    """Read pictures as one way of segmenting finds them, in one batch. Stores nothing.

    Args:
        pictures: What `imaging.decode` or `pen.draw` gave.
        segmentation: The way, as a receipt names it; no other one is tried.
        loaded: The version that reads.

    Returns:
        For each its reading, also where it is blank.
    """
    way = way_named(segmentation)
    with ThreadPoolExecutor(SEGMENTED_AT_ONCE) as pool:
        candidates = list(pool.map(lambda picture: _usual(picture, way), pictures))
    _read_all(candidates, loaded)
    return [
        _reading(found[0].rows, found[0].segmentation, loaded.thresholds) if found else BLANK
        for found in candidates
    ]


def read_digits(digits: NDArray[np.uint8], loaded: engine.Loaded) -> list[Reading]:
    """Read digits that are laid out, in one batch: `uint8 (N, 28, 28)`. Stores nothing."""
    rows = loaded.engine.probabilities(digits)  # (N, 10)
    parts = [_part(row, (0, 0, *digits.shape[1:]), loaded.thresholds) for row in rows]
    return [
        Reading(
            part["verdict"],
            part["digit"],
            part["confidence"],
            [_probability(p) for p in row],
            [part],
        )
        for part, row in zip(parts, rows, strict=True)
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
    decoded = [_decoded(drawing) for drawing in drawings]
    pictures = [picture for picture in decoded if isinstance(picture, imaging.Picture)]
    readings = (found[0] if found else BLANK for found in read(pictures, loaded))
    return [
        next(readings) if isinstance(picture, imaging.Picture) else picture for picture in decoded
    ]


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


@dataclass(frozen=True)
class Look:
    """A drawing that was read with the active version, and of which nothing is stored.

    Attributes:
        picture: What was read; drawn here where the strokes came alone.
        segmentation: How its digits were found; None where it is blank.
        prediction: What is answered, with its `submission` and `version` at hand, none of them
            saved but the version.
        loaded: The version that read it.
    """

    picture: imaging.Picture
    segmentation: imaging.Segmentation | None
    prediction: Prediction
    loaded: engine.Loaded


def look(
    *,
    drawing: bytes | str | None = None,
    strokes: list[dict[str, Any]] | None = None,
    source: str = Submission.Source.DRAWN,
    visitor_key: str = "",
) -> Look:
    """Read a drawing with the active version. Stores nothing; blank is a reading here.

    Args:
        drawing: The bytes of an image file, or a base64 data URL; None where the strokes are drawn.
        strokes: The pen's way as the page recorded it, where it was drawn.
        source: `drawn`, `uploaded`, `api` or `imported`.
        visitor_key: Whose it is; empty where a program sent no cookie.

    Raises:
        imaging.UnreadableImage: It is no image that we read, or too large.
        NoActiveVersion: There is nothing to read it with.

    Queries: 1 (the active version); 1 more where another one serves meanwhile.
    """
    version = _active_version()
    loaded = _engine_of(version)
    started = time.perf_counter()
    picture = pen.draw(strokes or []) if drawing is None else imaging.decode(drawing)
    [found] = read([picture], loaded)
    latency_ms = (time.perf_counter() - started) * 1000
    reading, segmentation = found or (BLANK, None)
    submission = Submission(
        source=source,
        digit=segmentation.digit.tobytes() if segmentation else b"",
        receipt=segmentation.receipt.as_dict() if segmentation else _receipt_of_blank(picture),
        strokes=strokes,
        visitor_key=visitor_key,
    )
    prediction = Prediction(
        submission=submission,
        version_id=loaded.version_id,
        latency_ms=round(latency_ms, 3),
        **reading.as_fields(),
    )
    submission.note_served(prediction)
    if loaded.version_id == version.pk:
        prediction.version = version
    return Look(picture, segmentation, prediction, loaded)


def recognize(
    *,
    drawing: bytes | str | None = None,
    source: str,
    visitor_key: str = "",
    strokes: list[Any] | None = None,
) -> Prediction:
    """Read a drawing with the active version, and store the submission and its prediction.

    Args:
        drawing: The bytes of an image file, or a base64 data URL; None where the strokes are drawn.
        source: `drawn`, `uploaded`, `api` or `imported`.
        visitor_key: Whose it is; empty where a program sent no cookie.
        strokes: The pen's way as the page recorded it, where it was drawn.

    Returns:
        The stored prediction, its `submission` and `version` at hand: what `look` gives.

    Raises:
        imaging.UnreadableImage: It is no image that we read, or too large.
        imaging.BlankImage: There is no ink on it. Nothing is stored.
        NoActiveVersion: There is nothing to read it with. Nothing is stored.

    Queries: 3 (the active version, submission, prediction).
    """
    seen = look(drawing=drawing, source=source, visitor_key=visitor_key, strokes=strokes)
    if seen.segmentation is None:
        raise imaging.BlankImage(
            "Expected a digit, but the picture is blank: nothing on it can be one. "
            "Draw or photograph one digit."
        )
    submission = seen.prediction.submission
    submission.drawing_sha256 = _sha256_of(_as_json(strokes) if drawing is None else drawing)
    submission.is_audit = _is_audit(source)
    _store(submission, seen.prediction, png=imaging.to_png(seen.picture))
    return seen.prediction


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
    version = ModelVersion.objects.active().only(*SERVING_FIELDS).first()
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
        raise NoActiveVersion(f"{version} is active but does not load: {error}") from error
    finally:
        if news := _engines.pop_news():
            _note(news)
    return loaded


def _note(news: engine.Outcome) -> None:
    """Let the admin see what this process found when it loaded a version. Queries: 1."""
    Status = ModelVersion.Status  # noqa: N806  (a class)
    before, now = (Status.READY, Status.BROKEN) if news.failure else (Status.BROKEN, Status.READY)
    ModelVersion.objects.filter(pk=news.version_id, status=before).update(status=now)


def _decoded(drawing: bytes | str) -> imaging.Picture | imaging.UnreadableImage:
    try:
        return imaging.decode(drawing)
    except imaging.UnreadableImage as error:
        return error


@dataclass
class _Candidate:
    """A segmentation and, once it is read, `float32 (N, 10)`: a row of probabilities a glyph."""

    segmentation: imaging.Segmentation
    rows: NDArray[np.float32] = field(default_factory=lambda: np.zeros((1, 10), np.float32))

    @property
    def confidence(self) -> float:
        """How sure the least sure of its digits is."""
        return float(self.rows.max(axis=1).min())


def _usual(picture: imaging.Picture, way: Way = USUAL) -> list[_Candidate]:
    """Segment it in the usual way, or another one; none where that finds it blank."""
    try:
        return [_Candidate(imaging.segment(picture, way))]
    except imaging.BlankImage:
        return []


def _others(
    picture: imaging.Picture, usual: list[_Candidate], thresholds: engine.Thresholds
) -> list[_Candidate]:
    """Segment it in the other ways that can be right, where the usual one leaves doubt."""
    first = usual[0].segmentation if usual else None
    is_sure = bool(usual) and usual[0].confidence >= thresholds.unsure_below
    if first and is_sure and not imaging.may_mislead(first):
        return []
    return [_Candidate(other) for other in imaging.alternatives(picture, first)]


def _read_all(groups: Sequence[Sequence[_Candidate]], loaded: engine.Loaded) -> None:
    """Read all glyphs of all candidates in one batch, and give each its rows."""
    candidates = [candidate for group in groups for candidate in group]
    if not candidates:
        return
    digits = [candidate.segmentation.digits for candidate in candidates]
    rows = loaded.engine.probabilities(np.concatenate(digits))  # (glyphs, 10)
    ends = np.cumsum([len(own) for own in digits])[:-1]
    for candidate, own in zip(candidates, np.split(rows, ends), strict=True):
        candidate.rows = own


def _surest(
    usual: list[_Candidate], others: list[_Candidate], thresholds: engine.Thresholds
) -> tuple[Reading, imaging.Segmentation] | None:
    """Take the surest; what the usual way found blank stays so unless it reads as a digit."""
    candidates = usual + others
    if not usual and not any(other.confidence >= thresholds.reject_below for other in others):
        return None
    best = max(candidates, key=lambda candidate: candidate.confidence)  # the first among equals
    segmentation = best.segmentation
    receipt = replace(segmentation.receipt, num_segmentations=len(candidates))
    segmentation = replace(segmentation, receipt=receipt)
    return _reading(best.rows, segmentation, thresholds), segmentation


def _reading(
    rows: NDArray[np.float32], segmentation: imaging.Segmentation, thresholds: engine.Thresholds
) -> Reading:
    parts: list[dict[str, Any]] = [
        _part(row, box, thresholds)
        for row, box in zip(rows, segmentation.receipt.boxes, strict=True)
    ]
    chosen = parts[segmentation.chosen]
    num_digits = sum(part["verdict"] != Verdict.NOT_A_DIGIT for part in parts)
    if num_digits < 2:  # what is beside the chosen one is no digit: a letter, a smudge
        parts = [chosen]
    return Reading(
        verdict=chosen["verdict"] if len(parts) == 1 else _of_all(parts),
        digit=chosen["digit"],
        confidence=chosen["confidence"],
        probabilities=[_probability(p) for p in rows[segmentation.chosen]],
        parts=parts,
        segmentation=segmentation.receipt.segmentation,
        num_segmentations=segmentation.receipt.num_segmentations,
    )


def _part(
    row: NDArray[np.float32], box: tuple[int, ...], thresholds: engine.Thresholds
) -> dict[str, Any]:
    confidence = _probability(row.max())
    return {
        "digit": int(row.argmax()),
        "confidence": confidence,
        "verdict": str(_verdict(confidence, thresholds)),
        "box": list(box),
    }


def _probability(value: np.float32) -> float:
    return round(min(float(value), 1.0), 6)


def _of_all(parts: list[dict[str, Any]]) -> str:
    """Judge a number: it is as sure as its least sure digit, which may be a part of a letter."""
    is_sure = all(part["verdict"] == Verdict.DIGIT for part in parts)
    return Verdict.SEVERAL if is_sure else Verdict.UNSURE


def _verdict(confidence: float, thresholds: engine.Thresholds) -> str:
    if confidence < thresholds.reject_below:
        return Verdict.NOT_A_DIGIT
    if confidence < thresholds.unsure_below:
        return Verdict.UNSURE
    return Verdict.DIGIT


def _receipt_of_blank(picture: imaging.Picture) -> dict[str, Any]:
    height, width = picture.pixels.shape[:2]
    return {"picture_size": [width, height]}


def _as_json(strokes: list[dict[str, Any]] | None) -> str:
    """Write strokes in one way, whatever the order of their keys: equal drawings, equal hashes."""
    return json.dumps(strokes, sort_keys=True, separators=(",", ":"))


def _sha256_of(drawing: bytes | str) -> str:
    return hashlib.sha256(drawing.encode() if isinstance(drawing, str) else drawing).hexdigest()


def _is_audit(source: str) -> bool:
    """Choose by chance what a reviewer is to look at whatever was read; imports tell nothing."""
    is_chosen = random.random() < settings.DIGITS_AUDIT_SHARE  # noqa: S311  (no secret)
    return is_chosen and source != Submission.Source.IMPORTED


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
