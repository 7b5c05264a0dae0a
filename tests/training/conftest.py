"""Training runs as rows, and the folders that they leave."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError
from django.utils import timezone

from training import attempts, checkpoints
from training.attempts import Attempt
from training.models import TrainingRun


@pytest.fixture
def waiting(db) -> TrainingRun:
    return TrainingRun.objects.create(preset="smoke", name="mine")


@pytest.fixture
def attempt(waiting: TrainingRun) -> Attempt:
    """A run that was begun: `TrainingRun.objects.get()` is under way."""
    begun = attempts.begin(waiting)
    assert begun
    return begun


def make_silent(run: TrainingRun, seconds: float) -> None:
    """Let a run be heard of last so long ago."""
    then = timezone.now() - timedelta(seconds=seconds)
    TrainingRun.objects.filter(pk=run.pk).update(heartbeat_at=then)


def set_row(**values: Any) -> TrainingRun:
    """Change the one row there is, past all rules but the database's."""
    TrainingRun.objects.update(**values)
    return TrainingRun.objects.get()


@contextmanager
def stopped_after_an_epoch() -> Iterator[None]:
    """Press Ctrl-C when the first checkpoint is written; the command says how to go on."""
    keep = checkpoints.keep

    def keep_and_stop(*arguments: Any) -> None:
        keep(*arguments)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "keep", keep_and_stop)
        with pytest.raises(CommandError, match=r"Stopped\. Go on with: .*--resume .*-smoke$"):
            yield


@pytest.fixture
def new_runs() -> Callable[[], set[Path]]:
    """Gives the run folders that the test has made."""
    folder = Path(settings.MEDIA_ROOT) / "runs"
    before = set(folder.glob("*/"))
    return lambda: set(folder.glob("*/")) - before


@pytest.fixture
def new_run(new_runs: Callable[[], set[Path]]) -> Callable[[], Path]:
    """Gives the one run folder that the test has made."""

    def made() -> Path:
        [one] = new_runs()
        return one

    return made
