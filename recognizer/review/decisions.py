"""Decisions: what reviewers say of submissions, one by one or many at once; all in the history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer.batches import batched
from recognizer.models import Label, LabelChange, Lease, Submission, Way
from recognizer.review.lanes import Lane

State = Submission.ReviewState

# What a decision changes.
FIELDS = ("label", "review_state", "reviewed_by", "reviewed_at", "audited_at", "suspicion")
# Submissions that are decided in one transaction: some 50 ms, for which others wait to write.
BATCH = 200


class DecidedMeanwhile(ValueError):
    """Somebody else has decided it since the reviewer saw it; the message says who, and what."""


class NothingToUndo(ValueError):
    """The decision is not the reviewer's last word on it; the message says why."""


@dataclass(frozen=True)
class Decision:
    """What reviewers have said of a submission, in its own fields."""

    label: str
    review_state: str
    reviewed_by_id: int | None = None
    reviewed_at: datetime | None = None
    audited_at: datetime | None = None
    suspicion: float | None = None

    @property
    def revision(self) -> str:
        """Name it so that whoever saw another one is told apart, also one that said the same."""
        moment = self.reviewed_at.isoformat() if self.reviewed_at else ""
        return f"{self.label} {self.review_state} {moment}"

    @classmethod
    def before(cls, change: LabelChange) -> Decision:
        return cls(
            change.label_before,
            change.state_before,
            change.reviewed_by_before_id,
            change.reviewed_at_before,
            change.audited_at_before,
            change.suspicion_before,
        )

    @classmethod
    def on(cls, submission: Submission) -> Decision:
        return cls(**{one.name: getattr(submission, one.name) for one in fields(cls)})

    def words_since(self, before: Decision) -> str:
        """Say for the history what was decided; empty where nothing was."""
        words = [self._label_words(before)]
        if self.review_state == State.SECOND_LOOK != before.review_state:
            words.append(_("Asked for a second look."))
        return " ".join(filter(None, words))

    def _label_words(self, before: Decision) -> str:
        ours, theirs = (Label(d.label).label if d.label else "" for d in (self, before))
        if ours == theirs:
            words = _("Label “%(label)s” confirmed.") % {"label": ours}
            return words if self._confirms(before) else ""
        if not ours:
            return _("Label “%(label)s” taken back.") % {"label": theirs}
        if not theirs:
            return _("Labelled “%(label)s”.") % {"label": ours}
        return _("Labelled “%(label)s”, was “%(before)s”.") % {"label": ours, "before": theirs}

    def _confirms(self, before: Decision) -> bool:
        """Whether the same label was given once more where somebody wanted to know."""
        is_reviewed = self.review_state == State.REVIEWED
        was_doubted = before.review_state != State.REVIEWED or before.suspicion is not None
        return is_reviewed and (
            was_doubted or (self.audited_at is not None and not before.audited_at)
        )


def note(
    submissions: Iterable[tuple[Submission, Decision]], *, by: Any, way: str
) -> list[LabelChange]:
    """Write into the labels' history what was decided. Queries: 1.

    Args:
        submissions: Each as it was decided, and what was said of it before.
        by: The reviewer.
        way: Where they were: one of `Way`.
    """
    return LabelChange.objects.bulk_create(
        LabelChange(
            submission=submission,
            changed_by=by,
            way=way,
            label_before=before.label,
            label_after=submission.label,
            state_before=before.review_state,
            state_after=submission.review_state,
            reviewed_by_before_id=before.reviewed_by_id,
            reviewed_at_before=before.reviewed_at,
            audited_at_before=before.audited_at,
            suspicion_before=before.suspicion,
            agrees=_agrees(submission, before, by),
        )
        for submission, before in submissions
    )


def _agrees(submission: Submission, before: Decision, by: Any) -> bool | None:
    """Tell whether it is another reviewer's label; None where nobody else had given one."""
    is_anothers = before.reviewed_by_id not in {None, by.pk if by else None}
    if not (before.label and submission.label and is_anothers):
        return None
    return submission.label == before.label


def decide(
    submissions: QuerySet[Submission], *, by: Any, change: Callable[[Submission], None], way: str
) -> int:
    """Let a reviewer decide many submissions at once, and write each into the history.

    Args:
        submissions: Which ones.
        by: The reviewer.
        change: Reviews one submission, in memory; its served prediction is at hand.
        way: Where they are: one of `Way`.

    Returns:
        How many were changed: one that had this very decision keeps who made it, and when.

    Queries: 1, and for each 200 submissions 6 or more.
    """
    ids = list(submissions.values_list("pk", flat=True))
    return sum(len(_decide_batch(batch, by, change, way)) for batch in batched(ids, BATCH))


@transaction.atomic
def _decide_batch(
    ids: list[UUID], by: Any, change: Callable[[Submission], None], way: str
) -> list[LabelChange]:
    # Locked in the order of `deletion`: of two that lock the same, neither waits for the other.
    batch = Submission.objects.select_for_update().filter(pk__in=ids).order_by("created_at", "pk")
    batch = batch.with_served_prediction()
    changed: dict[str, list[tuple[Submission, Decision]]] = defaultdict(list)
    for submission in batch.only(*FIELDS):
        before = Decision.on(submission)
        change(submission)
        if words := Decision.on(submission).words_since(before):
            changed[words].append((submission, before))
    decided = [pair for group in changed.values() for pair in group]
    Submission.objects.bulk_update([submission for submission, _before in decided], FIELDS)
    for words, group in changed.items():
        _log(by, [submission for submission, _before in group], words)
    return note(decided, by=by, way=way)


def _log(by: Any, submissions: list[Submission], words: str) -> None:
    """Write it where Django's admin shows what was done with a row."""
    LogEntry.objects.log_actions(by.pk, submissions, CHANGE, words)


@transaction.atomic
def decide_one(pk: UUID, *, lane: Lane, label: str, seen: str, by: Any) -> LabelChange:
    """Let a reviewer label one submission of a lane.

    Args:
        pk: Its id.
        lane: Which one they had it from.
        label: One of `Label`.
        seen: The `revision` of the decision that they saw.
        by: The reviewer.

    Returns:
        The change, which can be undone; the one that was made where a request is sent twice.

    Raises:
        DecidedMeanwhile: It is no longer as they saw it.
        Submission.DoesNotExist: It was deleted meanwhile.

    Queries: 5.
    """
    submission = _locked(pk)
    before = Decision.on(submission)
    Lease.objects.filter(submission=pk, reviewer=by).delete()
    if before.revision != seen:
        last = _last_change(submission)
        if last and _is_the_same(last, label=label, seen=seen, by=by):
            return last
        raise DecidedMeanwhile(meanwhile(submission))
    submission.review(label=label, by=by)
    if lane == Lane.AUDIT and submission.is_audit:
        submission.audited_at = timezone.now()
    submission.save(update_fields=FIELDS)
    if words := Decision.on(submission).words_since(before):
        _log(by, [submission], words)
    [change] = note([(submission, before)], by=by, way=lane.value)
    return change


def _locked(pk: UUID) -> Submission:
    rows = Submission.objects.select_for_update(of=("self",)).only("is_audit", *FIELDS)
    return rows.get(pk=pk)


def _last_change(submission: Submission) -> LabelChange | None:
    return LabelChange.objects.filter(submission=submission).order_by("-pk").first()


def _is_the_same(change: LabelChange, *, label: str, seen: str, by: Any) -> bool:
    """Whether it is the very decision that is sent once more: its answer was lost on the way."""
    is_own = change.changed_by_id == by.pk and change.way != Way.UNDO
    return is_own and change.label_after == label and Decision.before(change).revision == seen


def meanwhile(submission: Submission) -> str:
    """Say to whoever saw another decision what it is by now."""
    if not submission.label:
        return _("Meanwhile its label was taken back. Look again.")
    return _("Meanwhile %(user)s labelled it “%(label)s”. Look again.") % {
        "user": submission.reviewed_by or "–",
        "label": submission.get_label_display(),
    }


@transaction.atomic
def undo(change_id: int, *, by: Any) -> LabelChange:
    """Take a reviewer's own last word on a submission back: all is as it was before.

    Raises:
        NothingToUndo: It is not theirs, or something was decided since.

    Queries: 8.
    """
    change = LabelChange.objects.filter(pk=change_id, changed_by=by).exclude(way=Way.UNDO).first()
    if change is None:
        raise NothingToUndo(_("There is nothing of yours to undo here."))
    submission = _locked(change.submission_id)
    change.refresh_from_db()
    last = _last_change(submission)
    if change.undone_at and last and last.way == Way.UNDO and last.changed_by_id == by.pk:
        return last  # sent once more: its answer was lost on the way
    if last != change:
        raise NothingToUndo(_("Something was decided since. Look at its page for the history."))
    now = Decision.on(submission)
    _set_back(submission, change)
    _log(by, [submission], Decision.on(submission).words_since(now) or _("Decision undone."))
    LabelChange.objects.filter(pk=change.pk).update(undone_at=timezone.now(), agrees=None)
    [undone] = note([(submission, now)], by=by, way=Way.UNDO)
    return undone


def _set_back(submission: Submission, change: LabelChange) -> None:
    for name, value in asdict(Decision.before(change)).items():
        setattr(submission, name, value)
    submission.save(update_fields=FIELDS)
