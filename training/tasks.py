"""Training behind the admin: what a worker does that takes the queue `training`."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from django.db import Error, close_old_connections, transaction
from django.utils import timezone
from django_tasks import task
from django_tasks.base import TaskResultStatus
from django_tasks_db.backend import DatabaseBackend
from django_tasks_db.models import DBTaskResult

from recognizer import tasks as recognizing
from recognizer.models import ModelVersion
from training import attempts, processes
from training.models import State, TrainingRun

logger = logging.getLogger(__name__)

# A queue and a worker of its own: no check of a file and no count waits for hours of training.
QUEUE = "training"
# A run that finds no place looks again after so long; a dead one frees its place after 30 s.
NEXT_LOOK = timedelta(seconds=5)


@task(queue_name=QUEUE)
def train(run_id: int) -> None:
    """Carry out a run that waits, as soon as there is a place for it; its page shows how far it is.

    Whatever happens to the worker, the run's row says how it ended, or falls silent.
    """
    try:
        run = TrainingRun.objects.filter(pk=run_id, state=State.QUEUED).first()
        attempt = attempts.begin(run) if run else None
    except Error:
        logger.exception("Run %s could not be begun; it is looked at again.", run_id)
        close_old_connections()
        _look_again(run_id)
        return
    if run is None:  # stopped or deleted meanwhile, or begun by another worker
        return
    if attempt is None:
        _look_again(run_id)
        return
    try:
        processes.learn(run, attempt)
    except Exception as error:
        attempt.end(State.FAILED, error=f"{type(error).__name__}: {error}")
        raise
    run.refresh_from_db()
    if run.version:
        recognizing.ask_for_replay(run.version, ModelVersion.objects.active().first())


def _look_again(run_id: int) -> None:
    train.using(run_after=timezone.now() + NEXT_LOOK).enqueue(run_id)


def ask(run: TrainingRun) -> None:
    """Put a run into the queue, in the transaction that it is saved in: none is without the other.

    Queries: 1.
    """
    if isinstance(train.get_backend(), DatabaseBackend):
        train.enqueue(run.pk)
    else:  # elsewhere a task may be begun before the run is there
        transaction.on_commit(partial(train.enqueue, run.pk))


def is_lost(run: TrainingRun) -> bool:
    """Tell whether a run waits, and no task that would begin it.

    A task that a worker has taken does not wait: it begins the run at once, or was killed.

    Queries: 0 or 1, over the few rows of the queue.
    """
    if run.state != State.QUEUED:
        return False
    waiting = DBTaskResult.objects.filter(queue_name=QUEUE, status=TaskResultStatus.READY)
    asked = waiting.filter(task_path=train.module_path).values_list("args_kwargs", flat=True)
    return all(one["args"] != [run.pk] for one in asked)
