"""Images of a collection → submissions: each read once, however often it is imported."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.crypto import salted_hmac

from recognizer import imaging, recognition, review
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

    Queries: 1 for each 32; 3 for each that is stored, and 1 to 3 for what is said of it.
    """
    for batch in _batches(items):
        contents, unread = _read(collection, batch)
        yield from unread
        known = _known(contents)
        for content in contents:
            if submission := known.get(content.sha256):
                is_news = _is_unfinished(submission) and _say(submission, content.item, reviewer)
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
                _say(submission, content.item, reviewer)
                yield Result(content.item, Outcome.STORED)


def look(collection: Collection, items: Iterable[Item]) -> Iterator[Result]:
    """Tell what `store` would do, and store nothing. Queries: 1, and 1 for each 32."""
    loaded = recognition.active_engine()
    seen: set[str] = set()
    for batch in _batches(items):
        contents, unread = _read(collection, batch)
        yield from unread
        known = _known(contents)
        readings = recognition.read_drawings([one.drawing for one in contents], loaded)
        for content, reading in zip(contents, readings, strict=True):
            if content.sha256 in known or content.sha256 in seen:
                yield Result(content.item, Outcome.DUPLICATE)
            elif isinstance(reading, imaging.UnreadableImage):
                yield Result(content.item, Outcome.UNREADABLE, str(reading))
            elif reading is recognition.BLANK:
                yield Result(content.item, Outcome.BLANK)
            else:
                seen.add(content.sha256)
                yield Result(content.item, Outcome.STORED)


def visitor_key(name: str, writer: str) -> str:
    """Give the key of a collection's writer: always the same, and nothing leads back to the name.

    Those of whom nothing is said are one person: whoever splits by person keeps them together.
    """
    return salted_hmac(SALT, f"{name}\n{writer}", algorithm="sha256").hexdigest()[:32]


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while batch := list(islice(left, recognition.FILES_AT_ONCE)):
        yield batch


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


def _is_unfinished(submission: Submission) -> bool:
    """Tell whether an import stored it and nobody has said anything of it yet."""
    return (
        submission.source == Submission.Source.IMPORTED
        and submission.review_state == Submission.ReviewState.PENDING
        and not submission.label
        and not submission.label_changes.exists()
    )


def _say(submission: Submission, item: Item, reviewer: Any) -> bool:
    """Store what is said of an image; tell whether that was news. Queries: 0 to 3."""
    if item.label and reviewer is not None:
        _label(submission, item.label, reviewer)
        return True
    if item.label in DIGIT_LABELS and submission.claim is None:
        submission.claim = int(item.label)
        submission.save(update_fields=["claim"])
        return True
    return False


@transaction.atomic
def _label(submission: Submission, label: str, reviewer: Any) -> None:
    before = review.Decision.on(submission)
    submission.review(label=label, by=reviewer)
    submission.save(update_fields=review.FIELDS)
    review.note([(submission, before)], by=reviewer, way=Way.IMPORT)
