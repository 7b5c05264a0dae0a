"""Images of a collection → submissions: each read once, however often it is imported."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.crypto import salted_hmac

from recognizer import imaging, recognition, review
from recognizer.batches import batched
from recognizer.imaging.decode import MAX_BYTES
from recognizer.importing.collection import Collection, Unread
from recognizer.importing.items import Item
from recognizer.models import DIGIT_LABELS, Submission, Way

SALT = "recognizer.importing"


class Outcome(StrEnum):
    STORED = "stored"
    DUPLICATE = "duplicate"
    COMPLETED = "completed"  # stored by an import that was killed before it was labelled
    BLANK = "blank"
    UNREADABLE = "unreadable"


NOT_STORED = {Outcome.BLANK, Outcome.UNREADABLE}


class Result(NamedTuple):
    """What became of an item; `reason` says why it could not be read."""

    item: Item
    outcome: Outcome
    reason: str = ""


class _Content(NamedTuple):
    item: Item
    drawing: bytes
    sha256: str


def store(
    collection: Collection, items: Iterable[Item], *, name: str, reviewer: Any = None
) -> Iterator[Result]:
    """Read and store the images that are not stored yet, with what is said of them.

    An image is known by the hash of its bytes, whoever sent it: so it can be killed at any moment
    and run again. With a reviewer, what is said of an image becomes its label. Without one nobody
    answers for it: a digit becomes the claim, which reviewers see, and all else is left.

    Args:
        collection: Where the images are.
        items: Which ones.
        name: What the collection is called; the same writer of the same collection is one person.
        reviewer: The user who answers for the labels.

    Raises:
        recognition.NoActiveVersion: There is nothing to read them with.

    Queries: 1 for each 32; 3 for each that is stored, 1 for each that an import stored before and
    nobody has labelled; and 1 to 3 for what is said of either.
    """
    for batch in batched(items, recognition.FILES_AT_ONCE):
        contents, unread = _read(collection, batch)
        yield from unread
        known = _known(contents)
        for content in contents:
            if submission := known.get(content.sha256):
                is_news = (
                    _says(content.item, reviewer)
                    and _is_open(submission, reviewer)
                    and _say(submission, content.item, reviewer)
                )
                yield Result(content.item, Outcome.COMPLETED if is_news else Outcome.DUPLICATE)
                continue
            try:
                submission = _recognize(content, name)
            except imaging.BlankImage:
                yield Result(content.item, Outcome.BLANK)
            except imaging.UnreadableImage as error:
                yield Result(content.item, Outcome.UNREADABLE, str(error))
            else:
                known[content.sha256] = submission
                if _says(content.item, reviewer):
                    _say(submission, content.item, reviewer)
                yield Result(content.item, Outcome.STORED)


def look(
    collection: Collection, items: Iterable[Item], *, reviewer: Any = None
) -> Iterator[Result]:
    """Tell what `store` would do, and store nothing.

    Queries: 1, and 1 for each 32; 1 for each that an import stored and nobody has labelled.
    """
    loaded = recognition.active_engine()
    is_open: dict[str, bool] = {}  # by hash: whether something may still be said of it
    for batch in batched(items, recognition.FILES_AT_ONCE):
        contents, unread = _read(collection, batch)
        yield from unread
        known = _known(contents)
        readings = recognition.read_drawings([one.drawing for one in contents], loaded)
        for content, reading in zip(contents, readings, strict=True):
            sha256, says = content.sha256, _says(content.item, reviewer)
            if sha256 in known and sha256 not in is_open:
                is_open[sha256] = _is_open(known[sha256], reviewer)
            if sha256 in is_open:
                is_news = says and is_open[sha256]
                outcome, reason = Outcome.COMPLETED if is_news else Outcome.DUPLICATE, ""
            else:
                outcome, reason = _first_outcome(reading)
            if outcome not in NOT_STORED:
                is_open[sha256] = is_open.get(sha256, True) and not says
            yield Result(content.item, outcome, reason)


def _first_outcome(reading: Any) -> tuple[Outcome, str]:
    """Tell what becomes of an image that is not stored yet, and why where it is not."""
    if isinstance(reading, imaging.UnreadableImage):
        return Outcome.UNREADABLE, str(reading)
    return (Outcome.BLANK if reading is recognition.BLANK else Outcome.STORED), ""


def visitor_key(name: str, writer: str) -> str:
    """Give the key of a collection's writer: always the same, and nothing leads back to the name.

    Those of whom nothing is said are one person: whoever splits by person keeps them together.
    """
    return salted_hmac(SALT, f"{name}\n{writer}", algorithm="sha256").hexdigest()[:32]


def _read(collection: Collection, batch: list[Item]) -> tuple[list[_Content], list[Result]]:
    """Read a batch's files; one that is too large is cut off, which imaging refuses."""
    contents, unread = [], []
    for item in batch:
        try:
            if item.problem:
                raise Unread(item.problem)
            drawing = collection.read(item.name, most=MAX_BYTES)
        except Unread as error:
            unread.append(Result(item, Outcome.UNREADABLE, str(error)))
        else:
            contents.append(_Content(item, drawing, hashlib.sha256(drawing).hexdigest()))
    return contents, unread


def _known(contents: list[_Content]) -> dict[str, Submission]:
    """Find what is stored of them already, by their hash. Queries: 1."""
    hashes = [content.sha256 for content in contents]
    rows = Submission.objects.filter(drawing_sha256__in=hashes).exclude(drawing_sha256="")
    rows = rows.only("drawing_sha256", "source", "claim", *review.FIELDS)
    return {row.drawing_sha256: row for row in rows}


def _recognize(content: _Content, name: str) -> Submission:
    return recognition.recognize(
        drawing=content.drawing,
        source=Submission.Source.IMPORTED,
        visitor_key=visitor_key(name, content.item.writer),
    ).submission


def _says(item: Item, reviewer: Any) -> bool:
    """Tell whether something is said of an image that would be stored."""
    return bool(item.label) and (reviewer is not None or item.label in DIGIT_LABELS)


def _is_open(submission: Submission, reviewer: Any) -> bool:
    """Tell whether an import stored it and nobody has said anything of it yet. Queries: 0 or 1."""
    return (
        submission.source == Submission.Source.IMPORTED
        and submission.review_state == Submission.ReviewState.PENDING
        and not submission.label
        and (reviewer is not None or submission.claim is None)
        and not submission.label_changes.exists()
    )


def _say(submission: Submission, item: Item, reviewer: Any) -> bool:
    """Store what is said of an image; False where it was deleted meanwhile. Queries: 1 to 3."""
    if reviewer is not None:
        return _label(submission, item.label, reviewer)
    submission.claim = int(item.label)
    return bool(Submission.objects.filter(pk=submission.pk).update(claim=submission.claim))


@transaction.atomic
def _label(submission: Submission, label: str, reviewer: Any) -> bool:
    before = review.Decision.on(submission)
    submission.review(label=label, by=reviewer)
    values = {name: getattr(submission, name) for name in review.FIELDS}
    if not Submission.objects.filter(pk=submission.pk).update(**values):
        return False
    review.note([(submission, before)], by=reviewer, way=Way.IMPORT)
    return True
