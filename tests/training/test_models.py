"""The rows of training runs: what may be asked of them in which state."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.training.conftest import make_silent, set_row
from training.models import Preset, State, TrainingRun, Unfitting
from training.recipe import PRESETS

ENDED = (State.FINISHED, State.STOPPED, State.FAILED, State.DEAD)


def test_the_presets_are_those_of_the_recipes():
    assert set(Preset.values) == set(PRESETS)


def test_a_run_that_waits_is_stopped_at_once(waiting):
    waiting.stop()
    waiting.refresh_from_db()

    assert waiting.state == State.STOPPED
    assert waiting.finished_at


def test_one_under_way_is_asked_to_stop_and_goes_on_until_it_does(attempt):
    TrainingRun.objects.get().stop()

    assert TrainingRun.objects.get().state == State.STOPPING
    assert attempt.set(epoch=1)


@pytest.mark.parametrize("state", ENDED)
def test_what_has_ended_cannot_be_stopped(waiting, state):
    with pytest.raises(Unfitting, match=f"run {waiting.pk} .mine. is {State(state).label}"):
        set_row(state=state).stop()


@pytest.mark.parametrize("state", [State.STOPPING, State.REGISTERING])
def test_what_is_being_registered_is_registered_as_a_whole(attempt, state):
    with pytest.raises(Unfitting, match="Nothing to stop"):
        set_row(state=state).stop()


@pytest.mark.parametrize("state", [State.STOPPED, State.FAILED, State.DEAD])
def test_what_was_broken_off_waits_again_when_it_is_resumed(waiting, state):
    run = set_row(state=state, error="as it was")
    run.resume()
    run.refresh_from_db()

    assert (run.state, run.error) == (State.QUEUED, "")


@pytest.mark.parametrize("state", [State.QUEUED, State.FINISHED])
def test_what_was_not_broken_off_cannot_be_resumed(waiting, state):
    with pytest.raises(Unfitting, match="Nothing to resume"):
        set_row(state=state).resume()


@pytest.mark.parametrize(("silent_s", "state"), [(28, State.RUNNING), (31, State.DEAD)])
def test_a_run_is_dead_after_half_a_minute_of_silence(attempt, silent_s, state):
    make_silent(TrainingRun.objects.get(), silent_s)

    TrainingRun.objects.mark_dead()

    run = TrainingRun.objects.get()
    assert run.state == state
    assert (run.place is None) == (state == State.DEAD)


@pytest.mark.parametrize(("ahead_s", "state"), [(28, State.RUNNING), (40, State.DEAD)])
def test_a_run_that_was_heard_of_in_times_to_come_is_dead(attempt, ahead_s, state):
    """By a clock that was wrong, and is set right: else it would live on until then."""
    make_silent(TrainingRun.objects.get(), -ahead_s)

    TrainingRun.objects.mark_dead()

    run = TrainingRun.objects.get()
    assert run.state == state
    assert run.finished_at is None or run.finished_at <= timezone.now()


def test_one_that_waits_for_long_is_not_dead(waiting):
    make_silent(waiting, 3600)

    assert TrainingRun.objects.mark_dead() == 0


def test_the_database_lets_no_two_runs_have_the_same_place(attempt):
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingRun.objects.create(state=State.RUNNING, place=0)


@pytest.mark.parametrize("fields", [{"state": State.RUNNING}, {"state": State.STOPPED, "place": 1}])
def test_what_is_under_way_has_a_place_and_nothing_else_has(db, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingRun.objects.create(**fields)


def test_a_run_that_has_not_finished_has_no_version(attempt, version):
    with pytest.raises(IntegrityError), transaction.atomic():
        set_row(version=version)


def test_how_much_is_done_counts_whole_epochs_and_steps(waiting):
    assert waiting.share_done == 0
    run = set_row(epoch=2, num_epochs=4, step=50, num_steps=100)
    assert run.share_done == pytest.approx(0.375)
