"""Where a training run stands, as lists and its page tell it in words, figures and curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recognizer.admin import curves, marks
from recognizer.admin.charts import Chart
from training import tasks
from training.models import State, TrainingRun

# A worker looks for work each second; one that has just begun takes a moment more.
SOON = timedelta(seconds=10)
WORKER = "manage.py worker --queue-name training"

# By state: the colour of its mark, and the icon.
MARKS = {
    State.QUEUED: ("pending", "clock"),
    State.RUNNING: ("running", "bolt"),
    State.STOPPING: ("running", "clock"),
    State.REGISTERING: ("running", "eye"),
    State.FINISHED: ("ready", "check"),
    State.STOPPED: ("pending", "sheet"),
    State.FAILED: ("broken", "cross"),
    State.DEAD: ("broken", "warning"),
}


@dataclass(frozen=True)
class Standing:
    """What a run's page tells first.

    Attributes:
        says: A sentence; `command` what to start on the host where that would help.
        is_error: Whether it went wrong.
        is_open: It has not come to its end: the page asks for news.
        percent: Of its steps, 0 to 100; None where it has not begun.
        facts: What, and its figure.
        charts: Its curves so far.
        log: The lines of its log.
        is_lost: It waits, and has lost its task: "Resume" asks for it again.
    """

    says: str
    is_error: bool
    is_open: bool
    percent: int | None
    facts: list[tuple[str | Promise, Any]]
    charts: list[Chart]
    log: list[str]
    command: str = ""
    is_lost: bool = False


def of(run: TrainingRun) -> Standing:
    """Tell where a run stands. Queries: 0; 1 to 3 where it waits."""
    blocking = _blocking() if run.state == State.QUEUED else None
    is_late = run.state == State.QUEUED and not blocking and _is_late(run)
    is_lost = is_late and tasks.is_lost(run)
    is_forgotten = is_late and not is_lost
    return Standing(
        says=_late(is_lost=is_lost) if is_late else _says(run, blocking),
        command=WORKER if is_forgotten else "",
        is_lost=is_lost,
        is_error=run.state in {State.FAILED, State.DEAD},
        is_open=run.is_open,
        percent=int(100 * run.share_done) if run.attempt else None,
        facts=_facts(run),
        charts=charts(run.history),
        log=run.log.splitlines(),
    )


def mark(run: TrainingRun) -> SafeString:
    kind, icon = MARKS[State(run.state)]
    return marks.mark(kind, icon, run.get_state_display())


def progress(run: TrainingRun) -> SafeString | str:
    """Draw how far a run is, for a list."""
    if run.epoch is None:
        return marks.NOTHING
    return format_html(
        '<span class="confidence">{} {}</span>', marks.bar(run.share_done), epochs(run)
    )


def epochs(run: TrainingRun) -> str:
    if run.epoch is None:
        return marks.NOTHING
    return _("%(epoch)s of %(num)s") % {"epoch": run.epoch, "num": run.num_epochs}


def span(seconds: float | None) -> str:
    """Say a length of time as roughly as it is known."""
    if seconds is None:
        return marks.NOTHING
    if seconds < 60:
        return _("%(num)s s") % {"num": round(seconds)}
    minutes = round(seconds / 60)
    if minutes < 60:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes) % {"num": minutes}
    return _("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}


def charts(history: list[dict[str, Any]]) -> list[Chart]:
    """Draw the curves of the epochs so far; a single point is no curve."""
    if len(history) < 2:
        return []
    columns = {name: [row[name] for row in history] for name in history[0]}
    return [
        curves.accuracies(
            columns["validation_accuracy"], columns["accuracy"], best_epoch=best_epoch(history)
        ),
        curves.losses(columns["validation_loss"], columns["loss"]),
    ]


def best_epoch(history: list[dict[str, Any]]) -> int:
    """Give the epoch that the run would choose now, as `checkpoints.State` does: no Keras here."""

    def rank(row: dict[str, Any]) -> tuple[float, float]:
        loss = row["validation_loss"]  # None where it was no number
        return row["validation_accuracy"], -math.inf if loss is None else -loss

    return int(max(history, key=rank)["epoch"])


def _blocking() -> TrainingRun | None:
    """Give a run that has the place for which others wait; None where there is one. Queries: 1."""
    under_way = list(TrainingRun.objects.under_way())
    return under_way[0] if len(under_way) >= settings.TRAINING_RUNS_AT_ONCE else None


def _is_late(run: TrainingRun) -> bool:
    """Tell whether it waits for longer than a worker leaves it since its turn came. Queries: 1."""
    last = TrainingRun.objects.aggregate(last=Max("finished_at"))["last"]
    return timezone.now() - max(run.queued_at, last or run.queued_at) > SOON


def _late(*, is_lost: bool) -> str:
    if is_lost:
        return _("It has lost its place in the queue. “Resume” asks for it again.")
    return _("Nobody has begun it yet. A worker of its own does; start it on the host:")


def _says(run: TrainingRun, blocking: TrainingRun | None) -> str:
    if blocking:
        return _("Waiting: %(other)s is under way.") % {"other": blocking}
    if run.state == State.RUNNING:
        return str(_stage(run))
    if run.state in {State.FAILED, State.DEAD, State.STOPPED}:
        return _broken_off(run)
    return str(PLAINLY[State(run.state)])


PLAINLY = {
    State.QUEUED: gettext_lazy("Waiting for its worker…"),
    State.STOPPING: gettext_lazy("Being stopped, at its next step…"),
    State.REGISTERING: gettext_lazy("Learnt and measured. Its file is being checked…"),
    State.FINISHED: gettext_lazy("Finished: a new version is registered."),
}


def _stage(run: TrainingRun) -> str | Promise:
    if run.epoch is None:
        return gettext_lazy("Gathering what it learns from…")
    if run.share_done >= 1:
        return gettext_lazy("Calibrating and measuring it…")
    return gettext_lazy("Learning…")


def _broken_off(run: TrainingRun) -> str:
    """Say how it ended, and from where it goes on."""
    how = {
        State.FAILED: _("Failed: %(error)s"),
        State.DEAD: _("Dead: its worker was killed, or the host went down."),
        State.STOPPED: _("Stopped. %(error)s"),
    }[State(run.state)] % {"error": run.error}
    done = len(run.history)
    if not done:
        return how.strip()
    words = ngettext("It can go on after epoch %(num)s.", "It can go on after epoch %(num)s.", done)
    return f"{how.strip()} {words % {'num': done}}"


def _facts(run: TrainingRun) -> list[tuple[str | Promise, Any]]:
    found: list[tuple[str | Promise, Any]] = [
        (gettext_lazy("state"), mark(run)),
        (gettext_lazy("epoch"), epochs(run)),
        (gettext_lazy("loss"), curves.loss(run.loss)),
        (gettext_lazy("accuracy while learning"), marks.percent(run.accuracy)),
        (gettext_lazy("accuracy on validation"), marks.percent(run.validation_accuracy)),
    ]
    if run.state == State.RUNNING and run.seconds_left is not None:
        return [*found, (gettext_lazy("time left"), span(run.seconds_left))]
    if run.started_at and run.finished_at:
        took = (run.finished_at - run.started_at).total_seconds()
        return [*found, (gettext_lazy("took"), span(took))]
    return [*found, (gettext_lazy("time left"), marks.NOTHING)]
