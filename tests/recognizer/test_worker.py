"""`manage.py worker`, as a process of its own on a database file."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from django.conf import settings
from django_tasks_db.models import DBTaskResult

WAIT_S = 30


class Site:
    """A database file with its tables, and what runs on it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "db.sqlite3"
        self.started: list[subprocess.Popen[str]] = []
        self.environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{self.path}",
            "DJANGO_SETTINGS_MODULE": "digitsite.settings",
        }
        self.manage("migrate")

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments, "-v", "0"]
        subprocess.run(
            command, cwd=settings.BASE_DIR, env=self.environment, check=True, timeout=WAIT_S
        )

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command as a terminal does: in a process group of its own."""
        # Where the tests run in the background SIGINT is ignored, and children inherit that.
        process = subprocess.Popen(
            ["env", "--default-signal=INT", *command],
            cwd=settings.BASE_DIR,
            env=self.environment | environment,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """End what a failed test left running, each with its group."""
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def sql(self, statement: str) -> list[tuple]:
        with closing(sqlite3.connect(self.path, timeout=WAIT_S)) as connection, connection:
            return connection.execute(statement).fetchall()

    def statuses(self) -> list[str]:
        """Give those of the pruning, whose row no other one takes away."""
        wanted = "WHERE task_path = 'recognizer.tasks.prune' ORDER BY enqueued_at"
        return [row[0] for row in self.sql(f"SELECT status FROM {TABLE} {wanted}")]  # noqa: S608

    def wait_for(self, statuses: list[str]) -> None:
        deadline = time.monotonic() + WAIT_S
        while self.statuses() != statuses and time.monotonic() < deadline:
            time.sleep(0.1)
        assert self.statuses() == statuses


TABLE = DBTaskResult._meta.db_table
WORKER = (sys.executable, "manage.py", "worker", "-v", "0", "--no-startup-delay")


@pytest.fixture
def site(tmp_path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.end()


def test_in_batch_mode_it_does_what_is_due_and_ends(site):
    site.manage("worker", "--batch", "--no-startup-delay")

    assert site.statuses() == ["SUCCESSFUL"]
    # The counting's own row was pruned at once, as it came to a good end.
    assert site.sql("SELECT COUNT(*) FROM recognizer_countedday") == [(1,)]


def test_the_clock_of_a_running_worker_goes_on(site):
    """What is made due under it comes round; a TERM ends it as asked."""
    worker = site.start(*WORKER, "--interval", "0.1")
    site.wait_for(["SUCCESSFUL"])
    site.sql(f"UPDATE {TABLE} SET enqueued_at = '2000-01-01'")  # noqa: S608
    # The run that comes round prunes the one before, which came to a good end.
    deadline = time.monotonic() + WAIT_S
    while site.sql(f"SELECT 1 FROM {TABLE} WHERE enqueued_at < '2001'"):  # noqa: S608
        assert time.monotonic() < deadline
        time.sleep(0.1)
    site.wait_for(["SUCCESSFUL"])

    worker.terminate()

    assert worker.wait(WAIT_S) == 0


def test_what_a_killed_worker_left_running_does_not_stop_the_next_one(site):
    site.manage("worker", "--batch", "--no-startup-delay")
    # As a kill in the middle leaves it, an hour ago.
    site.sql(
        f"UPDATE {TABLE} SET status = 'RUNNING', finished_at = NULL, "  # noqa: S608
        "enqueued_at = datetime('now', '-1 hour'), started_at = datetime('now', '-1 hour')"
    )

    site.manage("worker", "--batch", "--no-startup-delay")
    assert site.statuses() == ["RUNNING", "SUCCESSFUL"]

    site.sql(f"UPDATE {TABLE} SET enqueued_at = '2000-01-01', started_at = '2000-01-01'")  # noqa: S608
    site.manage("worker", "--batch", "--no-startup-delay")
    assert sorted(site.statuses()) == ["FAILED", "SUCCESSFUL"]


def test_two_workers_that_start_at_once_do_a_periodic_task_once(site):
    workers = [site.start(*WORKER, "--batch") for _ in range(2)]

    assert [worker.wait(WAIT_S) for worker in workers] == [0, 0]
    assert site.statuses() == ["SUCCESSFUL"]


def serve(site: Site) -> subprocess.Popen[str]:
    return site.start(
        *("sh", "digitsite/serve.sh", "sleep", "600"), PYTHON=sys.executable, RESTART_S="0.1"
    )


def processes_of(group: int) -> list[str]:
    """List the processes of a group, with their commands; the dead count no more."""
    listed = subprocess.run(
        ["ps", "-ww", "-e", "-o", "pgid=,pid=,stat=,args="],
        capture_output=True,
        text=True,
        check=True,
    )
    fields = (line.split(maxsplit=3) for line in listed.stdout.splitlines())
    return [
        f"{pid} {command}"
        for pgid, pid, state, command in fields
        if int(pgid) == group and not state.startswith("Z")
    ]


def worker_in(group: int, *, other_than: int = 0, is_training: bool = False) -> int:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        for process in processes_of(group):
            pid, command = process.split(maxsplit=1)
            is_wanted = ("--queue-name training" in command) == is_training
            if "manage.py worker" in command and is_wanted and int(pid) != other_than:
                return int(pid)
        time.sleep(0.1)
    raise AssertionError("no worker runs")


@pytest.mark.parametrize(
    ("is_training", "what"),
    [(False, "nothing is checked or counted"), (True, "nothing is trained")],
)
def test_beside_the_server_a_worker_that_dies_is_said_and_started_again(site, is_training, what):
    served = serve(site)
    first = worker_in(served.pid, is_training=is_training)
    os.kill(first, signal.SIGKILL)
    second = worker_in(served.pid, other_than=first, is_training=is_training)
    site.wait_for(["SUCCESSFUL"])

    served.terminate()
    _, said = served.communicate(timeout=WAIT_S)

    assert second != first
    assert f"The worker ended with status 137: {what} without it" in said
    assert processes_of(served.pid) == []


@pytest.mark.parametrize("whom", ["all", "the shell"])
def test_an_interrupt_ends_server_and_workers(site, whom):
    """Ctrl-C sends it to all of the terminal's; `kill -INT` to one."""
    served = serve(site)
    worker_in(served.pid)
    worker_in(served.pid, is_training=True)

    (os.killpg if whom == "all" else os.kill)(served.pid, signal.SIGINT)
    _, said = served.communicate(timeout=WAIT_S)

    assert served.returncode == 130
    assert "The worker ended" not in said
    assert processes_of(served.pid) == []
