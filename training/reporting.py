"""What `manage.py train --run` tells the admin's row: that it lives, and how far it is."""

from __future__ import annotations

import csv
import logging
import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.db import Error, close_old_connections, connections
from django.utils import timezone

from recognizer.models import ModelVersion
from training.attempts import Attempt
from training.models import SILENT_AFTER, State
from training.processes import STOPPED_STATUS

if TYPE_CHECKING:
    from training import learning

logger = logging.getLogger(__name__)

# How often it tells: what a page that asks every other second shows is then never old.
BEAT_S = 1.0


class Reporter:
    """Reports a run to its row, in a thread; where there is no row, it does nothing.

    The thread looks for the wish to stop, too, and interrupts the command as Ctrl-C does. It ends
    the process when the worker that started it is gone, or when the run is another try's.
    """

    def __init__(self, attempt: Attempt | None, *, worker: int = 0) -> None:
        """Begin to report, if there is an attempt.

        Args:
            attempt: Whose run is reported; None where nobody asks for it.
            worker: A file descriptor that is at its end when the worker is gone: its other end is
                the worker's alone.
        """
        self._attempt, self._worker = attempt, worker
        self._pace = Pace()
        self._told_at = time.monotonic()
        self._news: dict[str, Any] = {}
        self._folder: Path | None = None
        self._is_interrupted = self._is_ended = False
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        if attempt:
            # A shell that starts a worker in the background lets it ignore interrupts.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._thread.start()

    # --- What the command says -------------------------------------------------------------------

    def asked_for_by(self) -> Any:
        """Give the user who asked for the run. Queries: 0 or 1."""
        run = self._attempt and self._attempt.rows().select_related("created_by").first()
        return run.created_by if run else None

    def begin_in(self, folder: Path) -> None:
        """Note the run's folder, from which it can be resumed. Queries: 0 or 1."""
        self._folder = folder
        if self._attempt:
            self._attempt.set(folder=folder.name)

    def beside(self, report: learning.Report) -> learning.Report:
        """Give a report that tells the row of a progress, and then `report`."""
        if self._attempt is None:
            return report

        def both(progress: learning.Progress) -> None:
            self._note(progress)
            report(progress)

        return both

    def begin_registering(self) -> None:
        """From here on the run cannot be stopped: a version is registered as a whole.

        Queries: 0 or 1.

        Raises:
            CommandError: Somebody wished it to stop, or it is another try's.
        """
        if self._attempt is None:
            return
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        running = self._attempt.rows().filter(state=State.RUNNING)
        if not running.update(state=State.REGISTERING, **self._told()):
            raise CommandError("Stopped before it was registered.", returncode=STOPPED_STATUS)

    def finish(self, version: ModelVersion) -> None:
        """Say which version the run has made; nothing is reported any more. Queries: 0 or 1."""
        if self._attempt is None:
            return
        self._is_ended = True
        self._thread.join()
        self._attempt.end(State.FINISHED, version=version)

    # --- What the thread does --------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._is_ended:
                if self._is_worker_gone():
                    end_process("its worker is gone")
                self._beat()
        except Exception:
            logger.exception("The run cannot be reported any more.")
            end_process("nobody would hear of it any more")
        finally:
            connections.close_all()

    def _is_worker_gone(self) -> bool:
        """Wait for the next beat, or for the end of the worker, which is seen at once."""
        readable, _, _ = select.select([self._worker], [], [], BEAT_S)
        return bool(readable) and not os.read(self._worker, 1)

    def _beat(self) -> None:
        """Tell that it lives, and look for the wish to stop. Queries: 2."""
        if self._attempt is None or self._is_ended:
            return
        try:
            close_old_connections()
            is_ours = self._attempt.set(**self._told())
            is_to_stop = self._attempt.rows().filter(state=State.STOPPING).exists()
        except Error:  # InterfaceError, of a connection that is gone, is no DatabaseError
            logger.exception("The run's row could not be written; it is tried again.")
            # By a clock that nobody sets: others go by the row, and hold the run for dead by then.
            if time.monotonic() - self._told_at > SILENT_AFTER.total_seconds():
                end_process("its row could not be written for too long")
            return
        self._told_at = time.monotonic()
        if not is_ours:
            end_process("the run is another try's")
        if is_to_stop and not self._is_interrupted:
            self._is_interrupted = True
            # A real signal: it wakes the main thread where that waits, too.
            os.kill(os.getpid(), signal.SIGINT)

    def _note(self, progress: learning.Progress) -> None:
        """Keep a progress for the next beat; called after each step, so it costs nothing."""
        news = {
            **self._news,
            "epoch": progress.epoch,
            "num_epochs": progress.num_epochs,
            "step": progress.step,
            "num_steps": progress.num_steps,
            "loss": finite(progress.loss),
            "accuracy": finite(progress.accuracy),
            "validation_accuracy": progress.validation_accuracy,
            "seconds_left": self._pace.seconds_left(progress),
        }
        if progress.is_epoch_end and self._folder:
            news["history"] = read_history(self._folder)
        self._news = news  # one assignment: the thread never sees half of it

    def _told(self) -> dict[str, Any]:
        return {"heartbeat_at": timezone.now(), **self._news}


class Pace:
    """How fast a run is, over all that was done since it began or was resumed."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._first: tuple[float, int] | None = None

    def seconds_left(self, progress: learning.Progress) -> int | None:
        """Estimate how long the steps that are left will take; None at the first report."""
        now, done = self._now(), progress.num_done
        if self._first is None:
            self._first = (now, done)
        began, done_before = self._first
        if done == done_before:
            return None
        left = progress.num_in_all - done
        return round((now - began) / (done - done_before) * left)


def finite(value: float) -> float | None:
    """Give a number; None for one that no JSON and no database has: what diverged is NaN."""
    return value if math.isfinite(value) else None


def read_history(folder: Path) -> list[dict[str, float | None]]:
    """Read the epochs of a run so far, also those before it was resumed."""
    with (folder / "history.csv").open(newline="") as file:
        return [
            {name: finite(float(value)) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def end_process(reason: str) -> None:
    """End this process at once, and with it those that make the sources' pictures."""
    with suppress(OSError):  # the worker may be gone, and with it who reads this
        print(f"Ended: {reason}.", file=sys.stderr, flush=True)
    if os.getpgrp() == os.getpid():  # as the worker starts it
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)
