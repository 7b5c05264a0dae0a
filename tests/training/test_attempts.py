"""Tries at a run: one at a time, and none that is over changes anything."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.training.conftest import make_silent
from training import attempts
from training.attempts import MAX_LOG_LINES, Attempt
from training.models import State, TrainingRun


def test_an_attempt_is_read_as_it_is_written():
    assert Attempt.read(str(Attempt(12, 3))) == Attempt(12, 3)
    with pytest.raises(ValueError, match="invalid literal"):
        Attempt.read("12")


def test_one_run_at_a_time_is_begun_and_the_next_when_it_ends(attempt):
    other = TrainingRun.objects.create(preset="quick")
    assert attempts.begin(other) is None

    assert attempt.end(State.STOPPED)

    assert attempts.begin(other) == Attempt(other.pk, 1)


def test_as_many_are_begun_as_the_settings_say(attempt, settings):
    settings.TRAINING_RUNS_AT_ONCE = 2
    second, third = (TrainingRun.objects.create(preset="quick") for _ in range(2))

    assert attempts.begin(second)
    assert attempts.begin(third) is None
    assert set(TrainingRun.objects.under_way().values_list("place", flat=True)) == {0, 1}


def test_a_dead_run_is_in_nobody_s_way(attempt):
    dead = TrainingRun.objects.get()
    make_silent(dead, 60)

    assert attempts.begin(TrainingRun.objects.create(preset="quick"))
    dead.refresh_from_db()
    assert dead.state == State.DEAD


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("num_runs", "num_begun"), [(1, 1), (3, 2)])
def test_of_many_workers_at_once_each_begins_another_run_at_another_place(
    settings, num_runs, num_begun
):
    """Four workers take a run each, or the same ones: there are two places."""
    settings.TRAINING_RUNS_AT_ONCE = 2
    runs = [TrainingRun.objects.create(preset="smoke") for _ in range(num_runs)]
    together = threading.Barrier(4)

    def begin(number: int) -> Attempt | None:
        try:
            run = TrainingRun.objects.get(pk=runs[number % num_runs].pk)
            together.wait()
            return attempts.begin(run)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        begun = [one for one in workers.map(begin, range(4)) if one]

    assert len(begun) == len({one.run_id for one in begun}) == num_begun
    assert {one.number for one in begun} == {1}
    under_way = TrainingRun.objects.under_way()
    assert set(under_way.values_list("place", flat=True)) == set(range(num_begun))


def test_only_what_waits_is_begun(waiting):
    known = TrainingRun.objects.get()
    waiting.stop()

    assert attempts.begin(known) is None
    assert not TrainingRun.objects.under_way().exists()


def test_a_try_that_was_taken_for_dead_changes_nothing_any_more(attempt):
    run = TrainingRun.objects.get()
    make_silent(run, 60)
    TrainingRun.objects.mark_dead()
    assert not attempt.set(epoch=5)
    run.resume()
    second = attempts.begin(run)

    assert second == Attempt(run.pk, 2)
    assert not attempt.set(epoch=5)
    assert not attempt.end(State.FINISHED)
    attempt.log("I was not dead")
    run.refresh_from_db()
    assert (run.state, run.epoch, run.log) == (State.RUNNING, None, "")


def test_of_a_long_log_the_last_lines_are_kept(attempt):
    for number in range(MAX_LOG_LINES + 2):
        attempt.log(f"line {number}")

    lines = TrainingRun.objects.get().log.splitlines()
    assert len(lines) == MAX_LOG_LINES
    assert lines[0].endswith(" line 2")


def test_what_is_said_at_the_end_is_in_the_log_too(attempt):
    attempt.end(State.FAILED, error="no memory")
    attempt.log("the last words")

    run = TrainingRun.objects.get()
    assert run.log.endswith("the last words")
    assert (run.error, run.place) == ("no memory", None)
