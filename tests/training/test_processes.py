"""Runs in real workers: carried out, stopped, killed and resumed, and registered once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as site
from django.db import InterfaceError, OperationalError
from django_tasks_db.models import DBTaskResult

from recognizer.models import ModelVersion, Replay
from tests.training.conftest import set_row
from tests.training.test_standing import EPOCHS
from tests.workers import run_worker
from training import attempts, processes, tasks
from training.attempts import Attempt
from training.models import State, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)  # other processes see the rows

# TensorFlow begins within ten seconds on two idle cores; a dead run is seen after thirty.
WAIT_S = 120
TRAINING = ("--queue-name=training", "--no-startup-delay")


def wait_until(is_so: Callable[[TrainingRun], bool], run: TrainingRun) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_so(run):
        assert time.monotonic() < deadline, f"{run.state} {run.error}\n{run.log}"
        time.sleep(0.05)
        run.refresh_from_db()


def in_state(*states: State) -> Callable[[TrainingRun], bool]:
    return lambda run: run.state in states


has_ended = in_state(State.FINISHED, State.FAILED, State.DEAD)


def ask(client, **fields: str) -> TrainingRun:
    """Ask for a run as the admin's form does."""
    asked = {"preset": "smoke", "data": "", "name": "mine", "notes": "a try"} | fields
    client.post("/admin/training/trainingrun/add/", asked)
    return TrainingRun.objects.get(name=asked["name"])


def press(client, run: TrainingRun, step: str) -> str:
    page = f"/admin/training/trainingrun/{run.pk}/{step}/"
    answer = client.post(page, follow=True)
    return answer.content.decode()


def folder_of(run: TrainingRun) -> Path:
    return Path(site.MEDIA_ROOT) / "runs" / run.folder


def write_recipe(run: TrainingRun) -> None:
    """Make a run's folder, with what tells that it is one."""
    folder_of(run).mkdir(parents=True)
    (folder_of(run) / "recipe.json").write_text("{}")


def learn(run: TrainingRun, attempt: Attempt) -> TrainingRun:
    """Let a run's process do what it does, and give the one row there is as it is then."""
    processes.learn(run, attempt)
    return TrainingRun.objects.get()


def has_learnt_an_epoch(run: TrainingRun) -> bool:
    return bool(run.folder) and (folder_of(run) / "checkpoints" / "epoch-0001").is_dir()


def trainings_of(run: TrainingRun) -> list[str]:
    """List the processes that train for a run of this test: they have its media folder."""
    listed = subprocess.run(
        ["ps", "-ww", "-e", "-o", "pid=,args="], capture_output=True, text=True, check=True
    )
    mine = f"manage.py train --run={run.pk}."
    pids = [line.split()[0] for line in listed.stdout.splitlines() if mine in line]
    environments = (Path(f"/proc/{pid}/environ") for pid in pids)
    media = f"MEDIA_ROOT={site.MEDIA_ROOT}".encode()
    return [str(one) for one in environments if one.exists() and media in one.read_bytes()]


def test_a_run_whose_worker_is_killed_is_dead_and_goes_on_from_its_checkpoint(
    settings, admin_client, active_version
):
    with run_worker(settings, *TRAINING) as worker:
        run = ask(admin_client)
        wait_until(has_learnt_an_epoch, run)
        assert trainings_of(run)
        worker.kill()
        killed_at = time.monotonic()
    page = f"/admin/training/trainingrun/{run.pk}/change/"
    words = admin_client.get(page).content.decode()
    while "Dead: its worker was killed" not in words:
        assert time.monotonic() - killed_at < 60, "not seen as dead within a minute"
        time.sleep(0.5)
        words = admin_client.get(page).content.decode()
    assert trainings_of(run) == []
    assert ModelVersion.objects.get() == active_version
    assert not (folder_of(run) / "passport.json").exists()

    assert "Queued to go on" in press(admin_client, run, "resume")
    with run_worker(settings, *TRAINING):
        wait_until(has_ended, run)

    assert run.state == State.FINISHED
    assert run.attempt == 2
    _killed, resumed = run.log.split("Run folder:")[1:]
    assert "epoch 1/3:" not in resumed  # it has learnt that one, whether it said so or not
    assert run.log.count("epoch 3/3:") == 1
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    made = ModelVersion.objects.exclude(pk=active_version.pk).get()
    assert run.version == made
    assert (made.name, made.notes, made.created_by) == ("mine", "a try", run.created_by)
    assert made.status == ModelVersion.Status.READY


def test_a_run_is_stopped_and_resumed_and_the_worker_asks_for_its_replay(
    settings, admin_client, active_version
):
    with run_worker(settings, *TRAINING):
        run = ask(admin_client)
        wait_until(lambda run: run.epoch is not None, run)
        assert "Asked to stop" in press(admin_client, run, "stop")
        wait_until(in_state(State.STOPPED), run)
        assert run.error == ""
        assert ModelVersion.objects.get() == active_version

        press(admin_client, run, "resume")
        wait_until(has_ended, run)
        assert run.state == State.FINISHED
        wait_until(lambda run: Replay.objects.exists(), run)

    replay = Replay.objects.get()
    assert (replay.candidate, replay.baseline) == (run.version, active_version)
    asked = DBTaskResult.objects.get(task_path="recognizer.tasks.replay")
    assert asked.args_kwargs["args"] == [run.version_id, active_version.pk]


def test_a_worker_that_is_asked_to_end_stops_its_run_first(settings, admin_client):
    with run_worker(settings, *TRAINING) as worker:
        run = ask(admin_client)
        wait_until(lambda run: "Run folder" in run.log, run)
        worker.terminate()
        worker.send_signal(signal.SIGINT)  # Ctrl-C comes twice
        assert worker.wait(WAIT_S) == 0

    run.refresh_from_db()
    assert run.state == State.STOPPED
    assert run.error == "Its worker was asked to end meanwhile."
    assert not ModelVersion.objects.exists()


def test_a_run_that_cannot_be_says_why(settings, admin_client):
    run = TrainingRun.objects.create(preset="quick", name="mine", data="data/nothing.npz")
    with run_worker(settings, *TRAINING):
        tasks.train.enqueue(run.pk)
        wait_until(in_state(State.FAILED), run)

    assert "found nothing at" in run.error
    assert "nothing.npz" in run.error
    assert run.log.endswith(run.error)


# --- The command, and how its end is told ---------------------------------------------------------


def test_what_people_wrote_is_never_an_option(waiting, attempt):
    run = set_row(
        name="--activate",
        notes="--reason",
        data="data/mine.npz",
        with_reviewed=True,
        from_active=True,
    )

    assert processes.command(run, attempt)[2:] == [
        "train",
        f"--run={run.pk}.1",
        "--name=--activate",
        "--notes=--reason",
        "--preset=smoke",
        f"--data={Path(site.MEDIA_ROOT) / 'data' / 'mine.npz'}",
        "--with-reviewed",
        "--from-active",
    ]


@pytest.mark.parametrize("name", ["mnist", "sample"])
def test_digits_of_one_s_own_may_be_called_as_what_is_known(name):
    assert processes.path_of(name) == name
    assert processes.path_of(f"data/{name}") == str(Path(site.MEDIA_ROOT) / "data" / name)


def test_only_a_folder_with_a_recipe_is_gone_on_with(waiting, attempt):
    run = set_row(folder="20261126T000000000000Z-smoke")
    assert "--preset=smoke" in processes.command(run, attempt)

    write_recipe(run)
    command = processes.command(run, attempt)

    assert command[-1] == f"--resume={run.folder}"
    assert "--preset=smoke" not in command


def test_a_run_whose_folder_was_deleted_begins_with_no_epochs(waiting, attempt, say):
    say("raise SystemExit(130)")
    run = set_row(folder="20261126T000000000000Z-gone", epoch=2, num_epochs=3, history=EPOCHS)
    anew = learn(run, attempt)
    assert (anew.epoch, anew.history, anew.share_done) == (None, [], 0)


def test_a_run_that_goes_on_keeps_its_epochs(waiting, attempt, say):
    say("raise SystemExit(130)")
    run = set_row(folder="20261126T000000000000Z-kept", epoch=2, history=EPOCHS)
    write_recipe(run)
    goes_on = learn(run, attempt)
    assert (goes_on.epoch, goes_on.history) == (2, EPOCHS)


@pytest.fixture
def say(monkeypatch) -> Callable[[str], None]:
    """Let a run's process be one that does this instead of training."""

    def instead(code: str) -> None:
        command = [sys.executable, "-c", code]
        monkeypatch.setattr(processes, "command", lambda run, attempt: command)

    return instead


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("print('CommandError: no digits'); raise SystemExit(1)", "no digits"),
        ("raise ValueError('such a thing')", "ValueError: such a thing"),
        ("", "It ended without a word."),
        ("import os; os.kill(os.getpid(), 9)", "ended by signal 9"),
    ],
)
def test_how_a_process_ended_is_told(waiting, attempt, say, code, error):
    say(code)

    run = learn(waiting, attempt)

    assert run.state == State.FAILED
    assert error in run.error
    assert run.place is None


def test_a_database_that_is_away_for_a_moment_ends_no_run(
    waiting, attempt, say, monkeypatch, caplog
):
    say("print('one'); print('two'); print('three'); raise SystemExit(130)")
    errors = iter([InterfaceError("connection already closed"), OperationalError("locked")])
    log = Attempt.log

    def away(attempt: Attempt, line: str) -> None:
        for error in errors:
            raise error
        log(attempt, line)

    monkeypatch.setattr(Attempt, "log", away)
    run = learn(waiting, attempt)

    assert run.state == State.STOPPED
    assert [line.split()[-1] for line in run.log.splitlines()] == ["three"]
    assert f"A line of the log of run {attempt} is lost: two" in caplog.text


def test_an_interrupt_without_a_wish_is_its_worker_s(waiting, attempt, say):
    say("raise SystemExit(130)")

    run = learn(waiting, attempt)

    assert (run.state, run.error) == (State.STOPPED, "Its worker was asked to end meanwhile.")


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def heard(request) -> Iterator[tuple[signal.Signals, list[int]]]:
    """A signal that asks a worker to end, and what of them has come to the worker itself."""
    found: list[int] = []
    before = signal.signal(request.param, lambda signum, frame: found.append(signum))
    yield request.param, found
    signal.signal(request.param, before)


SLEEP = "import time; print('begun', flush=True); time.sleep(20)"
# As Python does that is interrupted while it begins: it ends with 1 and this word, as by an error.
END_AS_BY_AN_ERROR = f"""
import signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit('KeyboardInterrupt'))
{SLEEP}
"""


@pytest.mark.parametrize(
    ("is_early", "code"),
    [(True, SLEEP), (False, SLEEP), (False, END_AS_BY_AN_ERROR)],
    ids=["before there is one", "while it sleeps", "while Python begins"],
)
def test_a_worker_that_is_asked_to_end_interrupts_its_process(
    waiting, attempt, monkeypatch, heard, is_early, code
):
    """Also where it is asked in the moment before the process is there, and while Python begins."""
    signum, found = heard
    log = Attempt.log

    def command(run: TrainingRun, attempt: Attempt) -> list[str]:
        if is_early:
            os.kill(os.getpid(), signum)
        return [sys.executable, "-c", code]

    def ask(attempt: Attempt, line: str) -> None:
        if line == "begun":
            os.kill(os.getpid(), signum)
        log(attempt, line)

    monkeypatch.setattr(processes, "command", command)
    monkeypatch.setattr(Attempt, "log", ask)
    run = learn(waiting, attempt)

    assert (run.state, run.error) == (State.STOPPED, "Its worker was asked to end meanwhile.")
    assert found == [signum]


def test_a_process_leaves_none_behind_and_gives_way_to_what_serves(waiting, attempt, say):
    say(
        "import os, subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(left.pid, os.getpriority(os.PRIO_PROCESS, 0))"
    )

    pid, niceness = map(int, learn(waiting, attempt).log.split()[-2:])
    assert niceness == processes.NICENESS
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


IN_A_NICE_WORKER = """
import os, sys
import django
os.nice(15)
django.setup()
from training import processes
code = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
with processes._started([sys.executable, "-c", code]) as process:
    print(os.getpriority(os.PRIO_PROCESS, 0), process.stdout.read())
"""


def test_a_worker_may_be_nicer_than_its_process():
    run = subprocess.run(
        [sys.executable, "-c", IN_A_NICE_WORKER],
        cwd=site.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    worker, process = map(int, run.stdout.split())
    assert process == worker >= 15


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # who is to reap it is not ours


# --- The task -------------------------------------------------------------------------------------


def test_a_run_without_a_place_looks_again_later(waiting, attempt, kept_tasks):
    second = TrainingRun.objects.create(preset="smoke", name="second")

    tasks.train.call(second.pk)

    again = DBTaskResult.objects.get()
    assert again.args_kwargs["args"] == [second.pk]
    assert again.run_after > again.enqueued_at
    second.refresh_from_db()
    assert second.state == State.QUEUED


def test_a_run_whose_database_is_away_for_a_moment_keeps_its_task(waiting, kept_tasks, monkeypatch):
    def away(run: TrainingRun) -> Attempt:
        raise InterfaceError("connection already closed")

    monkeypatch.setattr(attempts, "begin", away)
    tasks.train.call(waiting.pk)

    assert DBTaskResult.objects.get().args_kwargs["args"] == [waiting.pk]
    assert not tasks.is_lost(waiting)


def test_a_process_that_cannot_be_started_leaves_no_run_under_way(waiting, monkeypatch):
    command = [str(Path(site.BASE_DIR) / "no such program")]
    monkeypatch.setattr(processes, "command", lambda run, attempt: command)

    with pytest.raises(FileNotFoundError):
        tasks.train.call(waiting.pk)

    run = TrainingRun.objects.get()
    assert (run.state, run.place) == (State.FAILED, None)
    assert run.error.startswith("FileNotFoundError: ")
    assert "no such program" in run.error


def test_what_was_stopped_or_deleted_meanwhile_is_not_begun(waiting, kept_tasks):
    waiting.stop()

    tasks.train.call(waiting.pk)
    tasks.train.call(waiting.pk + 1)

    assert not DBTaskResult.objects.exists()
    assert TrainingRun.objects.get().attempt == 0


def test_the_process_of_the_test_is_asked_as_before(waiting, attempt, say):
    before = signal.getsignal(signal.SIGTERM)
    say("print(1)")

    processes.learn(waiting, attempt)

    assert signal.getsignal(signal.SIGTERM) is before
