"""The worker's clock: it puts each periodic task among the waiting ones when its time has come."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone
from django_tasks.base import Task, TaskResultStatus
from django_tasks_db.models import DBTaskResult

logger = logging.getLogger(__name__)

# How often it looks: the shortest interval that a task can have.
TICK_S = 1.0
# A periodic task is done within seconds. One that is said to run for longer belonged to a worker
# that was killed, and is waited for no more.
GIVEN_UP_AFTER = timedelta(minutes=5)


class Period(NamedTuple):
    """When a task comes round.

    Attributes:
        seconds: From one time that it is put among the waiting ones to the next.
        is_wanted: Tells whether there is anything to do for it.
    """

    seconds: float
    is_wanted: Callable[[], bool] = lambda: True


Periodic = Mapping[Task[[], Any], Period]


class Clock(threading.Thread):
    """Ticks beside a worker for as long as the process lives."""

    def __init__(self, periodic: Periodic) -> None:
        super().__init__(name="clock", daemon=True)
        self.periodic = periodic
        self.resting: dict[Task[[], Any], float] = {}

    def run(self) -> None:
        while True:
            tick(self.periodic, self.resting)
            time.sleep(TICK_S)


def tick(periodic: Periodic, resting: dict[Task[[], Any], float] | None = None) -> None:
    """Enqueue the tasks whose time has come; an error is logged, and the next tick comes.

    Args:
        periodic: What comes round.
        resting: Until when, by `time.monotonic`, tasks that were not wanted are not asked again:
            for their interval, since to ask may go over thousands of rows. Kept from tick to tick.

    Closes the thread's connections: they would stay open from tick to tick, and one that broke
    would stay broken.

    Queries: 1 a task, and those that tell whether it is wanted; 2 more for each that is enqueued.
    """
    resting = {} if resting is None else resting
    try:
        for task, period in periodic.items():
            if time.monotonic() < resting.get(task, 0.0):
                continue
            if period.is_wanted():
                _enqueue_if_due(task, period.seconds)
            else:
                resting[task] = time.monotonic() + period.seconds
    except Exception:
        logger.exception("The clock could not enqueue the periodic tasks; it tries again.")
    finally:
        connections.close_all()


def _enqueue_if_due(task: Task[[], Any], interval_s: float) -> None:
    if not is_due(task, interval_s):
        return
    with transaction.atomic():
        _one_clock_at_a_time()
        if is_due(task, interval_s):
            task.enqueue()


def is_due(task: Task[[], Any], interval_s: float, now: datetime | None = None) -> bool:
    """Tell whether a task neither waits, nor runs, nor was enqueued within its interval.

    Queries: 1, over the rows of the task's queue, of which `tasks.prune` leaves few.
    """
    now = now or timezone.now()
    in_the_way = (
        Q(status=TaskResultStatus.READY)
        | Q(status=TaskResultStatus.RUNNING, started_at__gt=now - GIVEN_UP_AFTER)
        | Q(enqueued_at__gt=now - timedelta(seconds=interval_s))
    )
    rows = DBTaskResult.objects.filter(queue_name=task.queue_name, task_path=task.module_path)
    return not rows.filter(in_the_way).exists()


def _one_clock_at_a_time() -> None:
    """Hold back the clocks of other workers until this transaction ends.

    SQLite's transactions do so by themselves; elsewhere a row does that every database has.
    """
    row = ContentType.objects.get_for_model(DBTaskResult)
    ContentType.objects.select_for_update(no_key=True).get(pk=row.pk)
