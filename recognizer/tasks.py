"""What runs behind a request or by the clock, in the worker (`manage.py worker`)."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from diskcache import DjangoCache
from django.core.cache import caches
from django.core.management import call_command
from django.utils import timezone
from django_tasks import task
from django_tasks.base import Task, TaskResultStatus
from django_tasks_db.models import DBTaskResult

from recognizer import aggregates, clock, registry, retention, shadow, suspects, tenures
from recognizer.models import Lease, ModelVersion, Replay

# A queue of their own: those that came to a good end are soon forgotten, or a task of each second
# would leave 86,400 rows a day.
PERIODIC_QUEUE = "periodic"
# Finished tasks are kept so long, and one said to run for longer belonged to a killed worker.
KEPT_DAYS = 1
# A replay names submissions, which may be deleted; a page that needs an old one has it run again.
REPLAYS_KEPT = timedelta(days=30)


@task()
def replay(candidate_id: int, baseline_id: int) -> None:
    """Let two versions read the labelled digits; the page that asked shows the outcome."""
    versions = ModelVersion.objects.in_bulk([candidate_id, baseline_id])
    with suppress(registry.ActivationRefused):  # the replay's error says so
        registry.replay(versions[candidate_id], versions[baseline_id])


def ask_for_replay(candidate: ModelVersion, baseline: ModelVersion | None) -> Replay | None:
    """Give the replay of two versions, and ask the worker for it where there is none.

    Args:
        candidate: The version that may serve next.
        baseline: The one to compare it with, if there is one.

    Returns:
        None where there is nothing to compare, or the candidate cannot serve.

    Queries: 0 where there is nothing to compare, 2 or 3 where it is known, 5 or 7 where not.
    """
    if baseline is None or baseline == candidate or not candidate.may_serve:
        return None
    found, is_to_be_run = registry.begin_replay(candidate, baseline)
    if is_to_be_run:
        replay.enqueue(candidate.pk, baseline.pk)
        found.refresh_from_db()  # it may have been run at once
    return found


@task(queue_name=PERIODIC_QUEUE)
def catch_up() -> int:
    """Let the shadow read what came meanwhile. Gives how many it has read."""
    return shadow.catch_up()


@task()
def vet(version_id: int) -> str:
    """Vet a version's file; its page shows how far that is. Gives its status."""
    version = ModelVersion.objects.get(pk=version_id)
    with suppress(registry.RefusedModel):  # the version's log and status say so
        registry.vet(version)
    return str(version.status)


@task(queue_name=PERIODIC_QUEUE)
def count() -> int:
    """Bring the counts that pages show up to date. Gives how many days were counted anew."""
    num_days = aggregates.refresh()
    tenures.count()
    return num_days


@task(queue_name=PERIODIC_QUEUE)
def purge() -> int:
    """Delete drawings that are older than RETENTION_DAYS. Gives how many went."""
    return retention.purge_by_settings()


@task(queue_name=PERIODIC_QUEUE)
def sweep() -> int:
    """Delete drawings' files that no row names, in the folders in turn. Gives how many."""
    return retention.sweep_by_settings()


@task(queue_name=PERIODIC_QUEUE)
def find_suspects() -> int:
    """Rank the labels that the newest version contradicts. Gives how many there are."""
    return suspects.find()


@task(queue_name=PERIODIC_QUEUE)
def reread_claims() -> int:
    """Let another version read what visitors claim. Gives how many it has read."""
    return suspects.reread_claims()


@task(queue_name=PERIODIC_QUEUE)
def prune() -> None:
    """Forget what has ended: leases, counters of the rate limit, replays, finished tasks.

    Of those, periodic ones go at once, others in a day.
    """
    _fail_those_of_killed_workers()
    counters = caches["default"]
    if isinstance(counters, DjangoCache):  # by itself it does so when it is written to; Redis does
        counters.expire()
    Replay.objects.filter(started_at__lt=timezone.now() - REPLAYS_KEPT).delete()
    Lease.objects.filter(until__lt=timezone.now()).delete()
    command = "prune_db_task_results"
    call_command(command, queue_name="*", min_age_days=KEPT_DAYS, verbosity=0)
    call_command(
        command,
        queue_name=PERIODIC_QUEUE,
        min_age_days=0,
        failed_min_age_days=KEPT_DAYS,
        verbosity=0,
    )


def _fail_those_of_killed_workers() -> None:
    """Mark what has been running for a day as failed; no worker will."""
    now = timezone.now()
    DBTaskResult.objects.running().filter(started_at__lt=now - timedelta(days=KEPT_DAYS)).update(
        status=TaskResultStatus.FAILED, finished_at=now
    )


# What the clock of a worker enqueues, and how often: seconds. Each is done within seconds, and may
# run twice at once, as after a worker was killed.
PERIODIC: dict[Task[[], Any], clock.Period] = {
    catch_up: clock.Period(2, is_wanted=shadow.is_behind),
    count: clock.Period(60),
    reread_claims: clock.Period(60, is_wanted=suspects.has_claims),
    find_suspects: clock.Period(3600),
    prune: clock.Period(3600),
    purge: clock.Period(60, is_wanted=retention.is_due),
    sweep: clock.Period(3600, is_wanted=retention.is_set),
}
