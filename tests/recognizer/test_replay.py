"""Two versions over the same labelled digits: what is counted, what is kept, what chance tells."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from recognizer import registry, replay
from recognizer.admin.replays import shown
from recognizer.engine import Loaded, Thresholds
from recognizer.models import Activation, ModelVersion, Replay, Submission
from recognizer.people import number_of, part_of
from recognizer.registry import activation, gate
from tests.recognizer.admin.test_versions import make_another


@dataclass
class Always:
    """Reads each digit as the one that its first pixel names, or always as the same."""

    digit: int | None = None

    def probabilities(self, digits):
        answers = np.full((len(digits), 10), 0.01, np.float32)
        read = digits[:, 0, 0] if self.digit is None else np.full(len(digits), self.digit)
        answers[np.arange(len(digits)), read] = 0.91
        return answers


def loaded(digit: int | None = None) -> Loaded:
    return Loaded(1, "litert", Always(digit), Thresholds())


def labelled(digit: int, label: str) -> Submission:
    pixels = bytes([digit]) + bytes(783)
    return Submission.objects.create(
        source="drawn",
        digit=pixels,
        label=label,
        review_state=Submission.ReviewState.REVIEWED,
        reviewed_at=timezone.now(),
    )


@pytest.fixture
def no_sample(monkeypatch):
    nothing = np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8)
    monkeypatch.setattr(replay, "sample", lambda: nothing)


@pytest.mark.parametrize(
    ("fixed", "broken", "p_value"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (0, 6, 0.03125), (10, 10, 1.0), (15, 5, 0.041389)],
)
def test_mcnemars_exact_p_value(fixed, broken, p_value):
    assert replay.mcnemar(fixed, broken) == pytest.approx(p_value, abs=1e-6)
    assert replay.mcnemar(broken, fixed) == pytest.approx(p_value, abs=1e-6)


def test_each_labelled_digit_is_counted_once(db, no_sample, monkeypatch):
    monkeypatch.setattr(replay, "BATCH", 2)
    fixed = labelled(3, "3")
    broken = labelled(5, "7")
    labelled(7, "7")
    labelled(1, "2")
    labelled(4, "not_a_digit")
    Submission.objects.create(source="drawn", digit=bytes(784), label="0")  # not reviewed

    outcome = replay.run(loaded(), loaded(7))

    assert (outcome.both_right, outcome.both_wrong) == (1, 1)
    assert (outcome.num_fixed, outcome.num_broken) == (1, 1)
    assert (outcome.num_submissions, outcome.num_sample) == (4, 0)
    assert [one.submission for one in outcome.fixed] == [str(fixed.pk)]
    [one] = outcome.broken
    assert (one.submission, one.label, one.candidate, one.baseline) == (str(broken.pk), 7, 5, 7)
    assert one.candidate_confidence == pytest.approx(0.91)


def test_the_sample_is_read_too(db):
    outcome = replay.run(loaded(0), loaded(1))
    _, labels = replay.sample()

    assert outcome.num_sample == len(labels) > 100
    assert outcome.num_fixed == (labels == 0).sum()
    assert outcome.num_broken == (labels == 1).sum()
    assert {one.row for one in outcome.fixed} <= set(np.flatnonzero(labels == 0))


def test_of_many_the_surest_mistakes_are_kept(db, no_sample, monkeypatch):
    monkeypatch.setattr(replay, "MAX_KEPT", 3)
    for _ in range(5):
        labelled(3, "3")

    outcome = replay.run(loaded(), loaded(7))

    assert outcome.num_fixed == 5
    assert len(outcome.fixed) == 3


def test_of_what_may_have_been_learnt_from_only_the_field_test_is_read(db, no_sample):
    keys = [f"{number:032x}" for number in range(40)]
    for key in keys:
        row = labelled(3, "3")
        Submission.objects.filter(pk=row.pk).update(visitor_key=key)
    measuring = [key for key in keys if part_of(number_of(key)) == "field_test"]

    outcome = replay.run(loaded(), loaded(7), only_field_test=True)

    assert outcome.is_field_test
    assert outcome.num_submissions == outcome.num_fixed == len(measuring) > 0
    assert replay.run(loaded(), loaded(7)).num_submissions == len(keys)


# --- In the registry ------------------------------------------------------------------------------


@pytest.fixture
def candidate(active_version: ModelVersion) -> ModelVersion:
    return make_another(active_version, name="candidate")


@pytest.fixture
def outcomes(monkeypatch):
    """Say what replays find, and count how many are run."""
    runs = []

    def say(num_fixed: int, num_broken: int) -> list:
        def run(candidate, baseline, **_how):
            runs.append((candidate.version_id, baseline.version_id))
            return replay.Outcome(num_fixed=num_fixed, num_broken=num_broken, both_right=90)

        monkeypatch.setattr(replay, "run", run)
        return runs

    return say


@pytest.mark.parametrize(
    ("passport", "is_field_test"),
    [
        ({"data": {"reviewed": {"num": 3}}}, True),
        ({"parent_sha256": "ab" * 32}, True),
        ({"data": {"name": "custom data 0123456789ab"}}, True),  # an export of this site's?
        ({"data": {"name": "MNIST"}}, False),
        ({"data": {"name": "MNIST sample"}}, False),
    ],
)
def test_a_version_that_learnt_from_people_is_measured_by_others(
    active_version, candidate, passport, is_field_test
):
    candidate.passport = candidate.passport | passport
    candidate.save()

    for one, other in [(candidate, active_version), (active_version, candidate)]:
        found = registry.replay(one, other)
        assert (found.outcome or {})["is_field_test"] == is_field_test
        assert shown(found).is_field_test == is_field_test


def test_a_replay_of_all_labels_is_none_of_the_field_test(active_version, candidate, outcomes):
    """As it was run before anybody asked what a version has learnt from."""
    runs = outcomes(2, 1)
    labelled(3, "3")
    of_all = registry.replay(candidate, active_version)
    candidate.passport = candidate.passport | {"parent_sha256": "ab" * 32}
    candidate.save()

    assert gate.recent_replay(candidate, active_version) is None
    of_field_test = registry.replay(candidate, active_version)
    assert of_field_test != of_all
    assert len(of_field_test.labels) <= 64
    assert gate.recent_replay(candidate, active_version) == of_field_test
    assert registry.replay(candidate, active_version) == of_field_test
    assert len(runs) == 2


def test_a_replay_is_run_once_for_the_same_labels(active_version, candidate, outcomes):
    runs = outcomes(2, 1)

    first = registry.replay(candidate, active_version)
    assert registry.replay(candidate, active_version) == first
    assert registry.begin_replay(candidate, active_version) == (first, False)
    assert runs == [(candidate.pk, active_version.pk)]

    labelled(3, "3")
    assert registry.replay(candidate, active_version) != first
    assert len(runs) == 2


def test_a_replay_is_begun_by_one_alone_and_anew_where_that_one_is_gone(active_version, candidate):
    first, is_mine = registry.begin_replay(candidate, active_version)
    assert is_mine
    assert registry.begin_replay(candidate, active_version) == (first, False)

    Replay.objects.update(started_at=timezone.now() - timedelta(minutes=6))
    assert registry.begin_replay(candidate, active_version) == (first, True)
    assert registry.begin_replay(candidate, active_version) == (first, False)


def test_a_label_given_since_does_not_make_anybody_wait(active_version, candidate, outcomes):
    runs = outcomes(2, 1)
    registry.replay(candidate, active_version)
    labelled(3, "3")

    registry.activate(version=candidate, reason="I looked at it")

    assert len(runs) == 1


def test_what_was_compared_with_another_one_is_not_activated(
    active_version, candidate, outcomes, monkeypatch
):
    outcomes(2, 1)
    third = make_another(candidate, 3)
    refuse = gate.refuse_what_breaks_more

    def while_somebody_else_activates(version: ModelVersion, active: ModelVersion) -> None:
        refuse(version, active)
        registry.activate(version=third, force=True)

    monkeypatch.setattr(activation, "refuse_what_breaks_more", while_somebody_else_activates)
    with pytest.raises(registry.ActivationRefused, match="v3 candidate was activated at this mom"):
        registry.activate(version=candidate)
    assert ModelVersion.objects.active().get() == third


def test_a_replay_that_failed_is_tried_again_later(active_version, candidate):
    registry.begin_replay(candidate, active_version)
    Replay.objects.update(error="storage was away")
    assert registry.begin_replay(candidate, active_version)[1] is False

    Replay.objects.update(started_at=timezone.now() - timedelta(minutes=6))
    found, is_mine = registry.begin_replay(candidate, active_version)
    found.refresh_from_db()
    assert (is_mine, found.error) == (True, "")


def test_an_old_replay_proves_nothing(active_version, candidate, outcomes):
    runs = outcomes(2, 1)
    registry.replay(candidate, active_version)
    Replay.objects.update(finished_at=timezone.now() - timedelta(minutes=16))
    labelled(3, "3")

    registry.activate(version=candidate, reason="I looked at it yesterday")

    assert len(runs) == 2


def test_one_that_breaks_more_is_activated_only_by_force(active_version, candidate, outcomes):
    outcomes(1, 2)

    with pytest.raises(registry.BreaksMore, match="reads 2 labelled digits wrongly"):
        registry.activate(version=candidate, reason="try")
    assert ModelVersion.objects.active().get() == active_version

    registry.activate(version=candidate, reason="try", force=True)
    assert ModelVersion.objects.active().get() == candidate


def test_anything_that_loads_may_replace_what_does_not(active_version, candidate, outcomes):
    outcomes(0, 5)
    ModelVersion.objects.filter(pk=active_version.pk).update(compiled_sha256="f" * 64)

    registry.activate(version=candidate, reason="the other is broken")

    assert ModelVersion.objects.active().get() == candidate
    assert "has changed" in Replay.objects.get().error


@pytest.mark.parametrize(
    ("fixed", "broken", "ours", "data", "expected"),
    [
        (3, 1, 0.90, "same", True),
        (1, 3, 0.99, "same", False),
        (2, 2, 0.99, "same", True),
        (2, 2, 0.99, "others", False),
        (2, 2, 0.97, "same", False),
        (0, 0, 0.98, "same", False),
    ],
)
def test_what_may_take_over_by_itself(
    active_version, candidate, outcomes, fixed, broken, ours, data, expected
):
    outcomes(fixed, broken)
    for version, accuracy, validation in (
        (candidate, ours, data),
        (active_version, 0.98, "same"),
    ):
        version.metrics = {"validation": {"accuracy": accuracy}}
        version.passport = version.passport | {"data": {"validation_sha256": validation}}
        version.save()

    assert registry.is_better(candidate, active_version) is expected


def test_a_version_without_figures_takes_over_only_where_it_mends_more(
    active_version, candidate, outcomes
):
    outcomes(2, 2)

    assert not registry.is_better(candidate, active_version)
    assert registry.is_better(candidate, None)


def test_rolling_back_activates_the_version_before(active_version, candidate, outcomes, admin_user):
    outcomes(0, 5)
    registry.activate(version=candidate, reason="try", force=True)

    activation = registry.roll_back(user=admin_user, reason="it cannot read fours")

    assert ModelVersion.objects.active().get() == active_version
    assert activation.replaced == candidate
    assert activation.reason == "Rolled back from v2 candidate: it cannot read fours"
    assert Activation.objects.count() == 3


def test_there_may_be_nothing_to_roll_back_to(active_version):
    with pytest.raises(registry.ActivationRefused, match="nothing to roll back to"):
        registry.roll_back()
