"""What a version must prove before it may serve: it loads, and breaks no more than it mends."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Max, Q
from django.utils import timezone

from recognizer import engine, people
from recognizer import replay as replaying
from recognizer.models import ModelVersion, Replay, Submission

# Longer than a worker needs for some 100,000 labels: after it, whoever ran it is gone.
REPLAY_TAKES = timedelta(minutes=5)
# So long one may look at what a replay found before it is run again for labels given since.
REPLAY_HOLDS_FOR = timedelta(minutes=15)
# Ends the name of the labels of a replay that reads those of the field test alone: one of all of
# them, from when nobody knew that a version had learnt from them, tells nothing of it.
FIELD_TEST = " field test"


class ActivationRefused(ValueError):
    """The version was not accepted, is active already, or does not load; the message says which."""


class BreaksMore(ActivationRefused):
    """The version breaks more labelled digits than it mends; `replay` says which."""

    def __init__(self, found: Replay) -> None:
        outcome = found.outcome or {}
        super().__init__(
            f"{found.candidate} reads {outcome['num_broken']} labelled digits wrongly that "
            f"{found.baseline} reads rightly, and mends {outcome['num_fixed']}. "
            "It can be activated all the same, where somebody says so."
        )
        self.replay = found


def load(version: ModelVersion) -> engine.Loaded:
    try:
        return engine.load(engine.source_of(version, settings.DIGITS_ENGINE))
    except engine.LoadFailed as error:
        raise ActivationRefused(f"{version} cannot serve: {error}") from error


def begin_replay(candidate: ModelVersion, baseline: ModelVersion) -> tuple[Replay, bool]:
    """Give the replay of two versions over the labels as they are, and whether it is to be run.

    It is to be run where nobody has asked for it yet, or where whoever ran it has failed or not
    come to an end within `REPLAY_TAKES`. Whoever is told so must see to it.

    Queries: 2 where it is known, else 5.
    """
    found, is_new = _row_of(candidate, baseline)
    if is_new or found.is_finished:
        return found, is_new
    late = Replay.objects.filter(
        pk=found.pk, outcome__isnull=True, started_at__lt=timezone.now() - REPLAY_TAKES
    )
    return found, bool(late.update(started_at=timezone.now(), error=""))


def replay(candidate: ModelVersion, baseline: ModelVersion) -> Replay:
    """Let both versions read all labelled digits, unless they have read the very same before.

    Where one of them may have learnt from reviewed submissions, they read those of people whom no
    version learns from.

    Raises:
        ActivationRefused: One of them does not load.

    Queries: 3 where it is known, else 6.
    """
    found, _ = _row_of(candidate, baseline)
    if found.is_finished:
        return found
    try:
        outcome = replaying.run(
            load(candidate), load(baseline), only_field_test=_is_of_field_test(candidate, baseline)
        )
    except ActivationRefused as refusal:
        found.error = str(refusal)
        found.save(update_fields=["error"])
        raise
    found.outcome, found.error, found.finished_at = outcome.as_dict(), "", timezone.now()
    found.save(update_fields=["outcome", "error", "finished_at"])
    return found


def _row_of(candidate: ModelVersion, baseline: ModelVersion) -> tuple[Replay, bool]:
    """Give the row of a replay over the labels as they are, and whether it was made just now."""
    labels = _labels_now() + (FIELD_TEST if _is_of_field_test(candidate, baseline) else "")
    return Replay.objects.get_or_create(candidate=candidate, baseline=baseline, labels=labels)


def _is_of_field_test(candidate: ModelVersion, baseline: ModelVersion) -> bool:
    return any(map(people.may_know_people, (candidate, baseline)))


def _labels_now() -> str:
    """Name the labels as they are: how many, and when the last one was given."""
    labelled = Submission.objects.reviewed().labelled_digits()
    found = labelled.aggregate(num=Count("pk"), last=Max("reviewed_at"))
    return f"{found['num']} {found['last'].isoformat() if found['last'] else '-'}"


def recent_replay(candidate: ModelVersion, active: ModelVersion) -> Replay | None:
    """Give the replay that was finished lately: who looked at it need not wait for another one
    because a label was given since."""
    since = timezone.now() - REPLAY_HOLDS_FOR
    found = Replay.objects.filter(candidate=candidate, baseline=active, finished_at__gte=since)
    is_of_field_test = Q(labels__endswith=FIELD_TEST)
    kind = is_of_field_test if _is_of_field_test(candidate, active) else ~is_of_field_test
    return found.filter(kind).order_by("-finished_at").first()


def refuse_what_breaks_more(candidate: ModelVersion, active: ModelVersion) -> None:
    try:
        found = recent_replay(candidate, active) or replay(candidate, active)
    except ActivationRefused:  # the active one does not load: anything that does is better
        return
    if found.breaks_more:
        raise BreaksMore(found)


def is_better(candidate: ModelVersion, active: ModelVersion | None) -> bool:
    """Tell whether a version may take the active one's place by itself.

    It must break no more labelled digits than it mends, and either mend more, or read more of the
    same validation digits rightly. The test set is for reporting, not for choosing.

    Raises:
        ActivationRefused: One of them does not load.
    """
    if active is None:
        return True
    found = replay(candidate, active)
    if found.breaks_more:
        return False
    return found.mends_more or _reads_more(candidate, active)


def _reads_more(candidate: ModelVersion, active: ModelVersion) -> bool:
    """Compare the accuracy on validation digits; figures on other digits do not compare."""
    ours, theirs = (_validation(version) for version in (candidate, active))
    return ours is not None and theirs is not None and ours[0] == theirs[0] and ours[1] > theirs[1]


def _validation(version: ModelVersion) -> tuple[str, float] | None:
    """Give the validation data's hash and the accuracy on it."""
    try:
        return (
            version.passport["data"]["validation_sha256"],
            version.metrics["validation"]["accuracy"],
        )
    except KeyError:
        return None
