"""What `manage.py train --run` tells its row, on a real row and a real pipe for the worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from tests import workers
from tests.training.conftest import set_row
from training import learning, reporting
from training.attempts import Attempt
from training.models import State, TrainingRun
from training.reporting import Pace, Reporter

pytestmark = pytest.mark.django_db(transaction=True)  # a thread reports

WAIT_S = 20
HISTORY = """epoch,loss,accuracy,validation_loss,validation_accuracy,seconds
1,1.5,0.5,1.2,0.7,3.2
2,nan,0.6,1.1,0.8,3.1
"""


@pytest.fixture(autouse=True)
def _interrupts() -> Iterator[None]:
    """Interrupts come to the test as they came before."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def reporter(attempt: Attempt, monkeypatch) -> Iterator[Reporter]:
    """Reports to the one row there is; the worker lives as long as the test."""
    monkeypatch.setattr(reporting, "BEAT_S", 0.05)
    worker, other_end = os.pipe()
    reporter = Reporter(attempt, worker=worker)
    yield reporter
    reporter._is_ended = True
    reporter._thread.join()
    os.close(other_end)
    os.close(worker)


def progress(epoch: int = 1, step: int = 1, **figures) -> learning.Progress:
    known = {"loss": 0.5, "accuracy": 0.8, "validation_accuracy": None} | figures
    return learning.Progress(epoch=epoch, num_epochs=2, step=step, num_steps=10, **known)


def wait_until(is_so: Callable[[TrainingRun], bool]) -> TrainingRun:
    deadline = time.monotonic() + WAIT_S
    while not is_so(run := TrainingRun.objects.get()):
        assert time.monotonic() < deadline, vars(run)
        time.sleep(0.05)
    return run


def test_it_is_heard_of_before_there_is_any_progress(reporter):
    before = timezone.now() - timedelta(seconds=25)
    set_row(heartbeat_at=before)

    wait_until(lambda run: run.heartbeat_at is not None and run.heartbeat_at > before)


def test_progress_is_told_beside_the_command_s_own_report(reporter):
    seen: list[int] = []
    report = reporter.beside(lambda one: seen.append(one.step))

    report(progress(step=1))
    report(progress(step=7, loss=float("nan")))

    run = wait_until(lambda run: run.step == 7)
    assert seen == [1, 7]
    assert (run.epoch, run.num_epochs, run.num_steps) == (1, 2, 10)
    assert (run.loss, run.accuracy) == (None, 0.8)  # no database has what is no number
    assert run.seconds_left is not None


def test_at_an_epoch_s_end_all_epochs_are_told(reporter, tmp_path):
    (tmp_path / "history.csv").write_text(HISTORY)
    reporter.begin_in(tmp_path)

    reporter.beside(lambda one: None)(progress(epoch=2, step=10, is_epoch_end=True))
    reporter.beside(lambda one: None)(progress(epoch=2, step=10))

    run = wait_until(lambda run: bool(run.history))
    assert run.folder == tmp_path.name
    assert [row["validation_accuracy"] for row in run.history] == [0.7, 0.8]
    assert run.history[1]["loss"] is None


def test_the_wish_to_stop_interrupts_the_command(reporter):
    set_row(state=State.STOPPING)

    with pytest.raises(KeyboardInterrupt):
        time.sleep(WAIT_S)  # wherever the command is, also where it waits


def test_what_was_wished_to_stop_is_not_registered(reporter):
    reporter._is_interrupted = True  # the interrupt came too late
    set_row(state=State.STOPPING)

    with pytest.raises(CommandError, match="Stopped before it was registered") as stopped:
        reporter.begin_registering()
    assert stopped.value.returncode == 130


def test_while_it_is_registered_nothing_interrupts_it(reporter):
    reporter.begin_registering()

    os.kill(os.getpid(), signal.SIGINT)
    assert TrainingRun.objects.get().state == State.REGISTERING


def test_a_finished_run_names_its_version_and_is_silent(reporter, version, monkeypatch):
    monkeypatch.setattr(reporting, "end_process", pytest.fail)
    reporter.begin_registering()
    reporter.finish(version)

    run = TrainingRun.objects.get()
    assert (run.state, run.version, run.place) == (State.FINISHED, version, None)
    assert run.finished_at
    assert not reporter._thread.is_alive()


def test_a_database_that_is_away_for_a_moment_is_tried_again(reporter, monkeypatch):
    """A server that went away raises InterfaceError, which is no DatabaseError."""
    monkeypatch.setattr(reporting, "end_process", pytest.fail)
    answers = iter([InterfaceError("connection already closed"), OperationalError("locked")])
    set_ = Attempt.set

    def away(attempt: Attempt, **values: object) -> bool:
        for error in answers:
            raise error
        return set_(attempt, **values)

    monkeypatch.setattr(Attempt, "set", away)
    reporter.beside(lambda one: None)(progress(epoch=2))

    wait_until(lambda run: run.epoch == 2)
    assert next(answers, None) is None


def test_a_run_that_others_hold_for_dead_ends(reporter, monkeypatch):
    reasons: list[str] = []
    monkeypatch.setattr(reporting, "end_process", reasons.append)
    monkeypatch.setattr(reporting, "SILENT_AFTER", timedelta(seconds=1))

    def away(attempt: Attempt, **values: object) -> bool:
        raise OperationalError("no such host")

    began = time.monotonic()
    monkeypatch.setattr(Attempt, "set", away)
    while not reasons:
        assert time.monotonic() - began < WAIT_S
        time.sleep(0.05)

    assert time.monotonic() - began > 0.9
    assert set(reasons) == {"its row could not be written for too long"}


def test_what_can_report_no_more_ends_with_all_that_it_does(reporter, monkeypatch):
    reasons: list[str] = []
    monkeypatch.setattr(reporting, "end_process", reasons.append)

    def mistaken(attempt: Attempt, **values: object) -> bool:
        raise TypeError("not of this world")

    monkeypatch.setattr(Attempt, "set", mistaken)

    reporter._thread.join(WAIT_S)
    assert reasons == ["nobody would hear of it any more"]


def test_whoever_asked_for_it_has_registered_the_version(reporter, admin_user):
    set_row(created_by=admin_user)

    assert reporter.asked_for_by() == admin_user


def test_where_nobody_asked_there_is_nothing_to_tell(transactional_db, tmp_path, version):
    reporter = Reporter(None)

    def report(one: learning.Progress) -> None:
        pass

    assert reporter.beside(report) is report
    reporter.begin_in(tmp_path)
    reporter.begin_registering()
    reporter.finish(version)
    assert reporter.asked_for_by() is None
    assert not TrainingRun.objects.exists()


def test_time_left_is_by_the_pace_since_it_began_or_was_resumed():
    times = iter([0.0, 5.0, 30.0])
    pace = Pace(now=lambda: next(times))

    assert pace.seconds_left(progress(epoch=1, step=5)) is None
    assert pace.seconds_left(progress(epoch=1, step=10)) == 10  # 1 s a step, 10 steps
    assert pace.seconds_left(progress(epoch=2, step=5)) == 15  # 3 s a step, 5 steps


# As the command does it, without TensorFlow: it reports, and would go on for ever.
REPORT_FOR_EVER = """
import sys, time
import django
django.setup()
from training.attempts import Attempt
from training.reporting import Reporter
Reporter(Attempt.read(sys.argv[1]))
print("begun", flush=True)
time.sleep(600)
"""


@pytest.fixture
def child(attempt: Attempt, settings) -> Iterator[subprocess.Popen[str]]:
    """A process that reports to the one row, started as a worker starts it."""
    process = subprocess.Popen(
        [sys.executable, "-c", REPORT_FOR_EVER, str(attempt)],
        cwd=Path(settings.BASE_DIR),
        env=workers.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    assert process.stdin
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    yield process
    process.kill()
    process.stdin.close()
    process.stdout.close()
    process.wait()


def test_a_process_ends_with_its_worker(child):
    child.stdin.close()  # as the kernel does it when the worker is killed

    assert child.wait(WAIT_S) == -signal.SIGKILL
    assert "its worker is gone" in child.stdout.read()


def test_a_process_whose_run_is_another_try_s_ends(child, attempt):
    TrainingRun.objects.update(attempt=attempt.number + 1)

    assert child.wait(WAIT_S) == -signal.SIGKILL
    assert "another try's" in child.stdout.read()
