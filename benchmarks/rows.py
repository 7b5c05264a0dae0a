"""A million submissions as ninety days of a busy site leave them, in the site's own database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections, models, transaction

from benchmarks import drawings
from recognizer import imaging, replay
from recognizer.models import (
    Activation,
    Label,
    LabelChange,
    ModelVersion,
    Prediction,
    Submission,
)

Row = dict[str, Any]

DAYS = 90
LAST = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)  # one date for all runs
BATCH = 20_000  # rows made in memory at a time, some 50 MB
NUM_VERSIONS, NUM_ACTIVATIONS = 5, 60
NUM_VISITORS = 40_000
NUM_FILES = 64  # drawings that all submissions share: their number costs a list nothing
SHARE_LABELLED, SHARE_SECOND_LOOK, SHARE_SHADOW = 0.03, 0.003, 0.1
SHARE_AUDIT, SHARE_CLAIMED, SHARE_DISAGREED = 0.05, 0.01, 0.002
SHARE_SUSPECT = 0.02  # of those labelled
# What is read on the site of the authors, roughly: verdicts, the least and most sure, sources.
VERDICTS = {
    "digit": (0.86, 0.8, 1.0),
    "unsure": (0.07, 0.5, 0.8),
    "not_a_digit": (0.04, 0.2, 0.5),
    "several": (0.02, 0.8, 1.0),
    "blank": (0.01, 0.0, 0.0),
}
SOURCES = {"drawn": 0.7, "uploaded": 0.2, "api": 0.1}


def build(num: int, *, reviewers: list[int]) -> None:
    """Fill the empty tables, and let the database take its statistics.

    Args:
        num: Submissions, each with a served prediction; one in ten has a shadow prediction too.
        reviewers: Ids of users; each has labelled their share.
    """
    maker = _Maker(num, reviewers, _versions())
    _activations(maker)
    for first in range(0, num, BATCH):
        submissions, predictions = maker.batch(first, min(BATCH, num - first))
        with transaction.atomic():
            insert(Submission, submissions, receipt=maker.receipt)
            insert(Prediction, predictions)
            reviewed = [row for row in submissions if row["reviewed_by_id"]]
            insert(LogEntry, [_log_entry(row) for row in reviewed])
            insert(LabelChange, [maker.change(row) for row in reviewed])
    with connection.cursor() as cursor:  # as autovacuum does it, or `PRAGMA optimize`
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def insert(model: type[models.Model], rows: list[Row], **same: Any) -> None:
    """Write rows by the database's fastest way; fields that they leave out get their default.

    Args:
        model: Whose rows.
        rows: Values by the fields' names.
        same: Values that all rows have, by the fields' names; each is prepared once.
    """
    fields = [
        field
        for field in model._meta.concrete_fields
        if not isinstance(field, models.AutoField | models.GeneratedField)
    ]
    varied = [f for f in fields if f.attname in rows[0]]
    fixed = [f for f in fields if f not in varied]
    tail = [_prepare(f)(same.get(f.attname, f.get_default())) for f in fixed]
    getters = [(f.attname, _prepare(f)) for f in varied]
    lines = ([*(prepare(row[name]) for name, prepare in getters), *tail] for row in rows)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(f.column)) for f in varied + fixed)
    target = f"{quote(model._meta.db_table)} ({columns})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f"COPY {target} FROM STDIN") as copy:
                for line in lines:
                    copy.write_row(line)
        else:
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {target} VALUES ({places})", list(lines))  # noqa: S608


def _prepare(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    """Give what makes a field's value the database's; most are that already."""
    if isinstance(field, (models.CharField, models.IntegerField, models.FloatField)):
        return lambda value: value
    return partial(field.get_db_prep_save, connection=connections["default"])


def _versions() -> list[ModelVersion]:
    """Give the registered version four forerunners of the same file; it serves last."""
    shipped = ModelVersion.objects.active().get()
    values = {f.attname: getattr(shipped, f.attname) for f in ModelVersion._meta.concrete_fields}
    for number in range(2, NUM_VERSIONS + 1):
        other = {"id": None, "number": number, "sha256": f"{number:064x}", "is_active": False}
        name = f"{shipped.name}-{number}"
        ModelVersion.objects.create(**values | other | {"name": name})
    return [*ModelVersion.objects.exclude(pk=shipped.pk).order_by("number"), shipped]


class _Maker:
    """Makes rows in batches, always the same ones; later rows are of later times.

    Attributes:
        begun: When each activation began, as shares of the time, `float64 (NUM_ACTIVATIONS,)`.
        serving: Which version each one let serve, `int64 (NUM_ACTIVATIONS,)`.
    """

    def __init__(self, num: int, reviewers: list[int], versions: list[ModelVersion]) -> None:
        self.random = np.random.default_rng(7)
        self.num, self.reviewers, self.versions = num, reviewers, versions
        self.begun = np.sort(np.append(self.random.random(NUM_ACTIVATIONS - 1), 0.0))
        # Onwards through the versions, with a step back now and then.
        steps = self.begun * len(versions) - (self.random.random(NUM_ACTIVATIONS) < 0.25)
        self.serving = steps.astype(int).clip(0, len(versions) - 1)
        self.serving[-1] = len(versions) - 1
        self.visitors = [self.random.bytes(16).hex() for _ in range(NUM_VISITORS)]
        self.digits = [digit.tobytes() for digit in replay.sample()[0]]
        self.images = _images()
        segmentation = imaging.segment(imaging.decode(drawings.canvas_png()))
        self.receipt = segmentation.receipt.as_dict()
        self.strokes = [{"points": [[x, 3 * x % 280, 0.5] for x in range(0, 280, 12)]}]

    def at(self, share: float) -> datetime:
        """Give the moment at a share of the time: 0 the first, 1 the last."""
        return LAST - timedelta(days=DAYS * (1 - float(share)))

    def batch(self, first: int, num: int) -> tuple[list[Row], list[Row]]:
        shares = (first + np.arange(num) + self.random.random(num)) / self.num
        verdicts = self._choices(num, {name: share for name, (share, *_) in VERDICTS.items()})
        served = [
            self._reading(verdict, share)
            for verdict, share in zip(verdicts, np.sort(shares), strict=True)
        ]
        sources = self._choices(num, SOURCES)
        fates = self.random.random(num)
        submissions = [
            self._submission(*parts) for parts in zip(sources, fates, served, strict=True)
        ]
        is_shadowed = self.random.random(num) < SHARE_SHADOW
        last = self.versions[-1].pk
        shadows = [
            reading | {"role": "shadow", "version_id": last, "latency_ms": 1.9}
            for reading, is_too in zip(served, is_shadowed, strict=True)
            if is_too
        ]
        return submissions, served + shadows

    def _choices(self, num: int, shares: dict[str, float]) -> list[str]:
        return [
            str(name) for name in self.random.choice(list(shares), num, p=list(shares.values()))
        ]

    def _reading(self, verdict: str, share: float) -> Row:
        random = self.random
        _share, least, most = VERDICTS[verdict]
        # Most are as good as sure of their digit.
        confidence = round(most - (most - least) * float(random.random()) ** 4, 6)
        digit = None if verdict == "blank" else int(random.integers(10))
        part = {
            "digit": digit,
            "confidence": confidence,
            "verdict": "digit",
            "box": [40, 30, 90, 99],
        }
        parts = {"blank": [], "several": [part | {"verdict": "digit"}] * 3}.get(
            verdict, [part | {"verdict": verdict}]
        )
        rest = (1 - confidence) / 9
        return {
            "submission_id": UUID(bytes=random.bytes(16), version=4),
            "version_id": self.versions[self.serving[np.searchsorted(self.begun, share) - 1]].pk,
            "role": "served",
            "verdict": verdict,
            "digit": digit,
            "confidence": confidence,
            "probabilities": [confidence if d == digit else round(rest, 6) for d in range(10)],
            "parts": parts,
            "latency_ms": round(1.2 + float(random.exponential(0.8)), 3),
            "created_at": self.at(share),
        }

    def _submission(self, source: str, fate: float, reading: Row) -> Row:
        random = self.random
        # A few come again and again; programs are nobody.
        visitor = int(NUM_VISITORS * float(random.random()) ** 2)
        return {
            "id": reading["submission_id"],
            "source": source,
            "image": self.images[int(random.integers(NUM_FILES))],
            "digit": self.digits[int(random.integers(len(self.digits)))],
            "strokes": self.strokes if source == "drawn" else None,
            "visitor_key": "" if source == "api" else self.visitors[visitor],
            "claim": int(random.integers(10)) if random.random() < SHARE_CLAIMED else None,
            "is_audit": bool(random.random() < SHARE_AUDIT),
            "shadow_disagrees": bool(random.random() < SHARE_DISAGREED),
            "drawing_sha256": random.bytes(32).hex(),
            # A few ms before its prediction, as on the site.
            "created_at": reading["created_at"] - timedelta(milliseconds=3),
            **{
                f"served_{name}": reading[name]
                for name in ("version_id", "verdict", "digit", "confidence")
            },
            **self._review(fate, reading),
        }

    def _review(self, fate: float, reading: Row) -> Row:
        if fate > SHARE_LABELLED + SHARE_SECOND_LOOK:
            none = ("reviewed_by_id", "reviewed_at", "audited_at", "suspicion")
            return {"label": "", "review_state": "pending"} | dict.fromkeys(none)
        agrees = fate < SHARE_LABELLED * 0.9
        known = {"not_a_digit": "not_a_digit", "several": "several", "blank": "bad_image"}
        read = known.get(reading["verdict"], str(reading["digit"]))
        return {
            "label": read if agrees else str(self.random.choice(Label.values)),
            "review_state": "reviewed" if fate < SHARE_LABELLED else "second_look",
            "reviewed_by_id": self.reviewers[int(self.random.integers(len(self.reviewers)))],
            "reviewed_at": reading["created_at"] + timedelta(hours=7),
            # Each third was labelled from the audit lane.
            "audited_at": reading["created_at"] if self.random.random() < 1 / 3 else None,
            "suspicion": self._suspicion(),
        }

    def _suspicion(self) -> float | None:
        is_suspect = self.random.random() < SHARE_SUSPECT
        return round(float(self.random.random()), 4) if is_suspect else None

    def change(self, submission: Row) -> Row:
        """Give a label's history: one decision, one in ten of what somebody else had labelled."""
        agrees = [None, True, False][int(self.random.choice(3, p=[0.9, 0.09, 0.01]))]
        return {
            "submission_id": submission["id"],
            "changed_at": submission["reviewed_at"],
            "changed_by_id": submission["reviewed_by_id"],
            "way": "audit" if submission["audited_at"] else "uncertain",
            "label_after": submission["label"],
            "state_before": "pending",
            "state_after": submission["review_state"],
            "agrees": agrees,
        }


def _activations(maker: _Maker) -> None:
    Activation.objects.all().delete()  # of the moment when the site was made
    before = None
    for share, serving in zip(maker.begun, maker.serving, strict=True):
        version = maker.versions[serving]
        moment = maker.at(share)
        Activation.objects.create(
            version=version, replaced=before, activated_at=moment, reason="better on the suite"
        )
        before = version


def _images() -> list[str]:
    storage = default_storage
    png = drawings.canvas_png()
    return [
        storage.save(f"drawings/{n:02x}/shared.png", ContentFile(png)) for n in range(NUM_FILES)
    ]


def _log_entry(submission: Row) -> Row:
    return {
        "action_time": submission["reviewed_at"],
        "user_id": submission["reviewed_by_id"],
        "content_type_id": ContentType.objects.get_for_model(Submission).pk,
        "object_id": str(submission["id"]),
        "object_repr": str(submission["id"]),
        "action_flag": CHANGE,
        "change_message": f"Labelled “{submission['label']}”.",
    }
