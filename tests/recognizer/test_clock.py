"""The clock, on the rows of the queue that a worker takes."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from recognizer import clock
from recognizer.tasks import prune

pytestmark = [
    pytest.mark.django_db(transaction=True),  # the clock closes its connections
    pytest.mark.usefixtures("kept_tasks"),
]

HOURLY = clock.Period(3600)


def rows() -> int:
    return DBTaskResult.objects.count()


def make_last(**fields) -> None:
    DBTaskResult.objects.update(**fields)


def ago(**how_long: float) -> datetime:
    return timezone.now() - timedelta(**how_long)


def test_a_task_that_never_ran_is_enqueued_once():
    for _ in range(3):
        clock.tick({prune: HOURLY})

    waiting = DBTaskResult.objects.get()
    assert (waiting.task_path, waiting.queue_name) == ("recognizer.tasks.prune", "periodic")


def test_one_that_nobody_wants_is_not_enqueued():
    clock.tick({prune: clock.Period(3600, is_wanted=lambda: False)})

    assert rows() == 0


def test_one_that_nobody_wants_is_asked_for_once_in_its_interval():
    asked = []

    def is_wanted() -> bool:
        asked.append(1)
        return False

    periodic = {prune: clock.Period(3600, is_wanted=is_wanted)}
    resting: dict = {}

    for _ in range(3):
        clock.tick(periodic, resting)
    assert len(asked) == 1

    resting[prune] -= 3600
    clock.tick(periodic, resting)
    assert len(asked) == 2


def test_one_that_waits_is_not_enqueued_again_however_long_it_waits():
    clock.tick({prune: HOURLY})
    make_last(enqueued_at=ago(days=3))

    clock.tick({prune: HOURLY})

    assert rows() == 1


@pytest.mark.parametrize(("minutes", "num"), [(59, 1), (61, 2)])
def test_a_finished_one_comes_round_after_its_interval(minutes, num):
    clock.tick({prune: HOURLY})
    make_last(status=TaskResultStatus.SUCCESSFUL, enqueued_at=ago(minutes=minutes))

    clock.tick({prune: HOURLY})

    assert rows() == num


@pytest.mark.parametrize(("minutes", "num"), [(4, 1), (6, 2)])
def test_one_that_runs_is_waited_for_unless_its_worker_must_be_dead(minutes, num):
    clock.tick({prune: clock.Period(1)})
    running_since = ago(minutes=minutes)
    make_last(status=TaskResultStatus.RUNNING, enqueued_at=running_since, started_at=running_since)

    clock.tick({prune: clock.Period(1)})

    assert rows() == num


def test_an_error_is_logged_and_the_next_tick_comes(monkeypatch, caplog):
    monkeypatch.setattr(clock, "GIVEN_UP_AFTER", None)
    clock.tick({prune: HOURLY})
    assert "could not enqueue" in caplog.text
    monkeypatch.undo()

    clock.tick({prune: HOURLY})

    assert rows() == 1
