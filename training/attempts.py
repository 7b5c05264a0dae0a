"""Tries at a training run: what a process holds that works on one, and what it may change."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from training.models import State, TrainingRun, TrainingRunQuerySet

# Lines of a run's log that are kept, the last ones: an epoch is one, so this is all of most runs.
MAX_LOG_LINES = 400

# What the row of a run says that begins anew.
NOTHING_LEARNT: dict[str, Any] = {
    **dict.fromkeys(("epoch", "num_epochs", "step", "num_steps", "loss", "accuracy")),
    "validation_accuracy": None,
    "history": [],
}


class Attempt(NamedTuple):
    """One try at a run.

    A run that was taken for dead may be resumed: then it is another try's, and whoever held it
    before changes nothing any more.
    """

    run_id: int
    number: int

    @classmethod
    def read(cls, text: str) -> Attempt:
        """Read what `str` wrote, such as `12.3`.

        Raises:
            ValueError: It is not of that form.
        """
        run_id, _dot, number = text.partition(".")
        return cls(int(run_id), int(number))

    def __str__(self) -> str:
        return f"{self.run_id}.{self.number}"

    def rows(self) -> TrainingRunQuerySet:
        """Give the run's row for as long as it is under way by this try; else none."""
        return self._all_rows().under_way()

    def _all_rows(self) -> TrainingRunQuerySet:
        """Give the run's row until another try begins, also when it has ended."""
        return TrainingRun.objects.filter(pk=self.run_id, attempt=self.number)

    def set(self, **values: Any) -> bool:
        """Change the run's row. Tells whether it is this try's still. Queries: 1."""
        return bool(self.rows().update(**values))

    def log(self, line: str) -> None:
        """Add a line, with its time, to the run's log. Queries: 2."""
        log = self._all_rows().values_list("log", flat=True).first()
        if log is None:
            return
        said = f"{timezone.localtime():%H:%M:%S} {line}"
        self._all_rows().update(log="\n".join([*log.splitlines(), said][-MAX_LOG_LINES:]))

    def end(self, state: State, **values: Any) -> bool:
        """Let the run end in a state, and free its place. Tells whether it was this try's still.

        Queries: 1.
        """
        ended = {"place": None, "seconds_left": None, "finished_at": timezone.now()}
        return self.set(state=state, **ended, **values)


def begin(run: TrainingRun) -> Attempt | None:
    """Begin a run, if it still waits and there is a place for it; else give None.

    As many may be under way as settings.TRAINING_RUNS_AT_ONCE says: each has a place of its own,
    and the database lets no two have the same.

    Queries: 3 or 4, one more for each place that is taken.
    """
    TrainingRun.objects.mark_dead()
    for place in range(settings.TRAINING_RUNS_AT_ONCE):
        try:
            with transaction.atomic():
                is_begun = _take(run, place)
        except IntegrityError:  # another run has it
            continue
        run.refresh_from_db()
        return Attempt(run.pk, run.attempt) if is_begun else None
    return None


def _take(run: TrainingRun, place: int) -> bool:
    now = timezone.now()
    waiting = TrainingRun.objects.filter(pk=run.pk, state=State.QUEUED)
    return bool(
        waiting.update(
            state=State.RUNNING,
            place=place,
            attempt=F("attempt") + 1,
            started_at=now,
            heartbeat_at=now,
            finished_at=None,
        )
    )
