"""Where a run stands, in words, figures and curves."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from tests.training.conftest import set_row
from training import checkpoints, standing, tasks
from training.models import State, TrainingRun

EPOCHS = [
    {
        "epoch": epoch,
        "loss": 1 / epoch,
        "accuracy": 0.5 + epoch / 10,
        "validation_loss": None if epoch == 3 else 2 / epoch,
        "validation_accuracy": accuracy,
        "seconds": 3.0,
    }
    for epoch, accuracy in enumerate((0.7, 0.9, 0.8), 1)
]


def facts_of(run: TrainingRun) -> dict[str, str]:
    return {str(name): str(value) for name, value in standing.of(run).facts}


def test_one_that_waits_says_for_which(attempt):
    second = TrainingRun.objects.create(preset="quick")

    shown = standing.of(second)

    assert shown.says == f"Waiting: run {attempt.run_id} (mine) is under way."
    assert shown.is_open
    assert shown.percent is None


def test_one_that_nobody_begins_says_what_to_start(waiting, kept_tasks):
    tasks.ask(waiting)
    assert standing.of(waiting).says == "Waiting for its worker…"

    forgotten = standing.of(set_row(queued_at=timezone.now() - timedelta(seconds=11)))

    assert "Nobody has begun it yet" in forgotten.says
    assert forgotten.command == "manage.py worker --queue-name training"
    # Its turn came just now: a worker is given its time.
    TrainingRun.objects.create(state=State.STOPPED, finished_at=timezone.now())
    assert not standing.of(TrainingRun.objects.get(pk=waiting.pk)).command


def test_one_that_has_lost_its_task_says_so(waiting, kept_tasks):
    tasks.train.using(run_after=timezone.now() + timedelta(seconds=5)).enqueue(waiting.pk)
    late = set_row(queued_at=timezone.now() - timedelta(seconds=11))
    tasks.ask(TrainingRun.objects.create(preset="quick"))  # another's
    assert not standing.of(late).is_lost

    DBTaskResult.objects.filter(run_after__gt=timezone.now()).update(status="FAILED")

    shown = standing.of(late)
    assert shown.is_lost
    assert shown.says == "It has lost its place in the queue. “Resume” asks for it again."
    assert not shown.command


@pytest.mark.parametrize(
    ("accuracies", "losses", "best"),
    [
        ((0.7, 0.9, 0.8), (1.0, 0.9, 0.8), 2),
        ((0.9, 0.9, 0.8), (1.0, 0.7, 0.8), 2),  # the surer one of equals
        ((0.9, 0.9, 0.9), (0.5, 0.5, 0.7), 1),
    ],
)
def test_the_best_epoch_is_the_one_that_the_run_chooses(accuracies, losses, best):
    figures = zip(EPOCHS, accuracies, losses, strict=True)
    history = [
        row | {"validation_accuracy": accuracy, "validation_loss": loss}
        for row, accuracy, loss in figures
    ]

    assert checkpoints.State("", history).best_epoch == best
    assert standing.best_epoch(history) == best
    assert f"best after {best}" in str(standing.charts(history)[0])


def test_an_epoch_whose_loss_is_no_number_is_not_the_best_of_equals():
    history = [row | {"validation_accuracy": 0.9} for row in EPOCHS]
    history[0]["validation_loss"] = None

    assert standing.best_epoch(history) == 2


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Gathering what it learns from…"),
        ({"epoch": 1, "num_epochs": 2, "step": 3, "num_steps": 10}, "Learning…"),
        ({"epoch": 2, "num_epochs": 2, "step": 10, "num_steps": 10}, "Calibrating and measuring"),
        ({"state": State.STOPPING}, "Being stopped"),
        ({"state": State.REGISTERING}, "Its file is being checked"),
    ],
)
def test_one_under_way_says_at_what(attempt, fields, says):
    shown = standing.of(set_row(**fields))

    assert says in shown.says
    assert shown.is_open


@pytest.mark.parametrize(
    ("state", "error", "says", "is_error"),
    [
        (State.STOPPED, "", "Stopped. It can go on after epoch 3.", False),
        (State.FAILED, "no memory", "Failed: no memory It can go on after epoch 3.", True),
        (State.DEAD, "", "or the host went down. It can go on after epoch 3.", True),
    ],
)
def test_one_that_was_broken_off_says_how_and_from_where_it_goes_on(
    waiting, state, error, says, is_error
):
    run = set_row(state=state, error=error, history=EPOCHS)
    shown = standing.of(run)

    assert says in shown.says
    assert (shown.is_error, shown.is_open) == (is_error, False)
    run.history = []
    assert "go on" not in standing.of(run).says


def test_the_figures_are_those_of_its_last_step(attempt):
    run = set_row(
        epoch=2, num_epochs=3, step=5, num_steps=10, loss=0.25, accuracy=0.9, seconds_left=130
    )
    run.validation_accuracy = 0.8125

    assert standing.of(run).percent == 50
    facts = facts_of(run)
    assert facts["epoch"] == "2 of 3"
    assert facts["loss"] == "0.2500"
    assert facts["accuracy on validation"] == "81.25\N{NO-BREAK SPACE}%"
    assert facts["time left"] == "2 minutes"


def test_of_one_that_has_ended_it_is_said_how_long_it_took(waiting):
    now = timezone.now()
    run = set_row(state=State.STOPPED, started_at=now - timedelta(minutes=75), finished_at=now)

    assert facts_of(run)["took"] == "1 h 15 min"


def test_the_curves_are_those_of_its_epochs_so_far():
    learning, losses = standing.charts(EPOCHS)

    assert learning.says == "3 epochs; it reads validation pictures best after 2."
    assert [series["values"] for series in learning.series] == [[0.7, 0.9, 0.8], [0.6, 0.7, 0.8]]
    assert losses.series[0]["values"] == [2.0, 1.0, None]
    assert losses.rows[2] == ["3", "–", "0.3333"]
    assert standing.charts(EPOCHS[:1]) == []  # one point is no curve
