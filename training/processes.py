"""The process in which a run learns: `manage.py train`, started, listened to, and ended."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Self

from django.conf import settings
from django.db import Error, close_old_connections
from django.utils.translation import gettext as _

from training.attempts import NOTHING_LEARNT, Attempt
from training.models import State, TrainingRun

logger = logging.getLogger(__name__)

# As `manage.py train` ends when it was interrupted: what a shell says of such a command.
STOPPED_STATUS = 130
# So it ends then, or as Python does before it can say so. Where it is interrupted while Python
# begins, it ends with 1, as by an error.
INTERRUPTED = (STOPPED_STATUS, -signal.SIGINT)
# All that a worker takes as the wish to end.
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
# Begins the names of digits of one's own, so that a folder may be called as what is known already.
OWN_DATA = "data/"
# Below all that serves: a reading does not wait for a training on the same cores.
NICENESS = 10


def learn(run: TrainingRun, attempt: Attempt) -> None:
    """Train in a process of its own until it ends, and write what it says into the run's log.

    The process itself tells the row how far it is. Here is noted how it ended where it did not
    come to its end. A worker that is asked to end interrupts it first.

    Queries: 2 for each line that it says, and 1 to 3.
    """
    if not goes_on(run):
        attempt.set(**NOTHING_LEARNT)
    last_line = ""
    with _Interrupts() as interrupts, _started(command(run, attempt)) as process:
        interrupts.pass_on_to(process)
        for line in process.stdout or ():
            last_line = line.strip() or last_line
            _log(attempt, line.rstrip())
        status = process.wait()
    close_old_connections()
    is_interrupted = interrupts.is_passed_on or status in INTERRUPTED
    _note_end(attempt, status, last_line, is_interrupted=is_interrupted)


def _log(attempt: Attempt, line: str) -> None:
    """Add a line to the run's log; a database that is away costs the line, and not the run."""
    try:
        close_old_connections()  # one that was idle for an epoch may be gone
        attempt.log(line)
    except Error:
        logger.exception("A line of the log of run %s is lost: %s", attempt, line)


def command(run: TrainingRun, attempt: Attempt) -> list[str]:
    """Write the command that begins a run, or goes on with one from its last checkpoint."""
    named = [f"--run={attempt}", f"--name={run.name}", f"--notes={run.notes}"]
    manage = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "train", *named]
    if goes_on(run):
        return [*manage, f"--resume={run.folder}"]
    return [
        *manage,
        f"--preset={run.preset}",
        *([f"--data={path_of(run.data)}"] if run.data else []),
        *(["--with-reviewed"] if run.with_reviewed else []),
        *(["--from-active"] if run.from_active else []),
    ]


def goes_on(run: TrainingRun) -> bool:
    """Tell whether a run has a folder to go on in; somebody may have deleted it."""
    return bool(run.folder) and (runs_folder() / run.folder / "recipe.json").is_file()


def runs_folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "runs"


def data_folder() -> Path:
    """Where digits of one's own lie that the admin offers; it takes no path from a form."""
    return Path(settings.MEDIA_ROOT) / "data"


def path_of(data: str) -> str:
    """Give what `manage.py train --data` takes: a name that it knows, or where one's own lies."""
    if not data.startswith(OWN_DATA):
        return data
    return str(data_folder() / data.removeprefix(OWN_DATA))


@contextmanager
def _started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a command, and see that nothing of it is left afterwards.

    It leads a group of its own: Ctrl-C in a terminal reaches the worker alone, which passes it on,
    and the processes that it starts can be ended with it. Its input is never written to: it ends
    when this process does, however that comes, and so the command learns of it.
    """
    process = subprocess.Popen(  # noqa: S603  (our own command; what people wrote is after `=`)
        command,
        cwd=settings.BASE_DIR,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    )
    ending = threading.Thread(target=_end_group_with, args=(process,), daemon=True)
    ending.start()
    try:
        # Of a worker that is nicer still, only the system's owner makes it less nice.
        niceness = max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))
        with suppress(ProcessLookupError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        yield process
    finally:
        _end_group(process)
        ending.join()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _end_group_with(process: subprocess.Popen[str]) -> None:
    """Wait for a process to end, and end those that it has started.

    They hold its output open, which would not come to its end before they do.
    """
    process.wait()
    _end_group(process)


def _end_group(process: subprocess.Popen[str]) -> None:
    """End a process, and those that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class _Interrupts:
    """Interrupts a process when the worker is asked to end, and then asks that.

    Once: Ctrl-C comes to the worker from the terminal and from who keeps it, and at the second time
    it would end at once, before it could note how the run ended.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._is_asked = False
        self.is_passed_on = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Hear signals from here on, before there is a process: none comes in between unheard."""
        # With --reload the worker is a thread, and hears no signals.
        if threading.current_thread() is threading.main_thread():
            self._before = {signum: signal.getsignal(signum) for signum in ENDS}
        for signum in self._before:
            signal.signal(signum, self._hear)
        return self

    def __exit__(self, *_how: object) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def pass_on_to(self, process: subprocess.Popen[str]) -> None:
        """Interrupt a process, at once where the worker was asked to end already."""
        self._process = process
        self._pass_on()

    def _hear(self, signum: int, frame: FrameType | None) -> None:
        if self._is_asked:
            return
        self._is_asked = True
        self._pass_on()
        handler = self._before[signal.Signals(signum)]
        if callable(handler):
            handler(signum, frame)

    def _pass_on(self) -> None:
        if self._process and self._is_asked and not self.is_passed_on:
            self.is_passed_on = True
            self._process.send_signal(signal.SIGINT)


def _note_end(attempt: Attempt, status: int, last_line: str, *, is_interrupted: bool) -> None:
    """Note how the process ended; one that finished its run has noted it itself. Queries: 1, 2."""
    state = attempt.rows().values_list("state", flat=True).first()
    if state is None:
        return
    if is_interrupted:
        is_wished = state == State.STOPPING
        attempt.end(
            State.STOPPED, error="" if is_wished else _("Its worker was asked to end meanwhile.")
        )
    elif status < 0:
        words = _("Its process was ended by signal %(signal)s; %(kill)s may be for want of memory.")
        attempt.end(State.FAILED, error=words % {"signal": -status, "kill": signal.SIGKILL.value})
    else:
        said = last_line.removeprefix("CommandError: ")
        attempt.end(State.FAILED, error=said or _("It ended without a word."))
