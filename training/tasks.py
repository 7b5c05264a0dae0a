"""Training behind the admin: what a worker does that takes the queue `training`."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django_tasks import task

from recognizer import registry
from recognizer import tasks as recognizing
from recognizer.models import ModelVersion
from training import attempts, processes
from training.models import State, TrainingRun

# A queue and a worker of its own: no check of a file and no count waits for hours of training.
QUEUE = "training"
# A run that finds no place looks again after so long; a dead one frees its place after 30 s.
NEXT_LOOK = timedelta(seconds=5)


@task(queue_name=QUEUE)
def train(run_id: int) -> None:
    """Carry out a run that waits, as soon as there is a place for it; its page shows how far it is.

    Whatever happens to the worker, the run's row says how it ended, or falls silent.
    """
    run = TrainingRun.objects.filter(pk=run_id, state=State.QUEUED).first()
    if run is None:  # stopped or deleted meanwhile, or begun by another worker
        return
    attempt = attempts.begin(run)
    if attempt is None:
        train.using(run_after=timezone.now() + NEXT_LOOK).enqueue(run_id)
        return
    try:
        processes.learn(run, attempt)
    except Exception as error:
        attempt.end(State.FAILED, error=f"{type(error).__name__}: {error}")
        raise
    run.refresh_from_db()
    if run.version:
        _ask_for_replay(run.version)


def _ask_for_replay(candidate: ModelVersion) -> None:
    """Let the new version and the active one read the labelled digits. Queries: 1, 2 to 5 more."""
    active = ModelVersion.objects.active().first()
    if active is None or active == candidate or not candidate.may_serve:
        return
    _found, is_to_be_run = registry.begin_replay(candidate, active)
    if is_to_be_run:
        recognizing.replay.enqueue(candidate.pk, active.pk)
