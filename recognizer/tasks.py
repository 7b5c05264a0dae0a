"""What runs behind a request, in the worker (`manage.py db_worker`)."""

from __future__ import annotations

from contextlib import suppress

from django_tasks import task

from recognizer import registry, shadow
from recognizer.models import ModelVersion


@task()
def replay(candidate_id: int, baseline_id: int) -> None:
    """Let two versions read the labelled digits; the page that asked shows the outcome."""
    versions = ModelVersion.objects.in_bulk([candidate_id, baseline_id])
    with suppress(registry.ActivationRefused):  # the replay's error says so
        registry.replay(versions[candidate_id], versions[baseline_id])


@task()
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
