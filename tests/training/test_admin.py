"""Training runs in the admin: asked for, listed, looked at, stopped and resumed, by who may."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site
from django.contrib.admin.models import LogEntry
from django.db import OperationalError
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from recognizer import registry
from tests.recognizer.admin.test_versions import LIST as VERSIONS
from tests.recognizer.admin.test_versions import make_another
from tests.training.conftest import make_silent, set_row
from tests.training.test_standing import EPOCHS
from training import processes
from training.attempts import Attempt
from training.models import State, TrainingRun

LIST = "/admin/training/trainingrun/"
pytestmark = pytest.mark.usefixtures("kept_tasks")


def page_of(run: TrainingRun, page: str = "change") -> str:
    return f"{LIST}{run.pk}/{page}/"


def words_of(client, page: str) -> str:
    return client.get(page).content.decode()


# --- Asking for one -------------------------------------------------------------------------------


def test_a_run_is_asked_for_and_waits_in_the_queue_of_trainings(
    admin_client, admin_user, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(
            f"{LIST}add/",
            {"preset": "best", "data": "mnist", "name": "n", "notes": "w"}
            | {"with_reviewed": "on", "from_active": "on"},
        )
    run = TrainingRun.objects.get()

    assert answer.url == page_of(run)
    assert (run.preset, run.data, run.with_reviewed) == ("best", "mnist", True)
    assert run.from_active
    assert (run.name, run.notes, run.created_by) == ("n", "w", admin_user)
    assert run.state == State.QUEUED
    task = DBTaskResult.objects.get()
    assert (task.queue_name, task.args_kwargs["args"]) == ("training", [run.pk])


def test_the_form_offers_presets_and_the_data_there_is(admin_client):
    data = Path(site.MEDIA_ROOT) / "data"
    (data / "classroom").mkdir(parents=True, exist_ok=True)
    (data / "mnist").mkdir(exist_ok=True)  # a copy of one's own, or other digits
    (data / "more.npz").touch()
    (data / "notes.txt").touch()

    words = words_of(admin_client, f"{LIST}add/")

    assert "Train a new version" in words
    assert 'value="quick"' in words
    for name in ("mnist", "data/mnist", "data/classroom", "data/more.npz"):
        assert f'value="{name}"' in words
    assert "notes.txt" not in words


def test_notes_are_as_long_as_a_process_can_be_given(admin_client):
    asked = {"preset": "quick", "data": ""}
    answer = admin_client.post(f"{LIST}add/", asked | {"notes": "ä" * 5_001})
    assert "has at most 5000 characters (it has 5001)" in answer.content.decode()
    assert not TrainingRun.objects.exists()

    admin_client.post(f"{LIST}add/", asked | {"notes": "𝟛" * 5_000})
    run = TrainingRun.objects.get()
    command = processes.command(run, Attempt(run.pk, 1))
    assert max(len(argument.encode()) for argument in command) < 128 * 1024


@pytest.mark.parametrize(
    ("field", "value"), [("data", "/etc/passwd"), ("data", "../runs"), ("preset", "great")]
)
def test_what_the_form_does_not_offer_is_refused(admin_client, field, value):
    answer = admin_client.post(f"{LIST}add/", {"preset": "quick", "data": "", field: value})

    assert "Select a valid choice" in answer.content.decode()
    assert not TrainingRun.objects.exists()


def test_training_needs_the_permission_to_add_a_run(client_who_may, active_version):
    looker = client_who_may("view_trainingrun", "view_modelversion")
    trainer = client_who_may("add_trainingrun", "view_modelversion", username="trainer")

    assert looker.get(f"{LIST}add/").status_code == 403
    assert f"{LIST}add/" not in words_of(looker, VERSIONS)
    assert trainer.get(f"{LIST}add/").status_code == 200
    assert f"{LIST}add/" in words_of(trainer, VERSIONS)


def test_who_may_only_ask_is_told_that_the_run_waits(client_who_may):
    client = client_who_may("add_trainingrun")

    answer = client.post(f"{LIST}add/", {"preset": "smoke", "data": ""}, follow=True)

    assert answer.redirect_chain == [("/admin/", 302)]
    assert f"Queued: {TrainingRun.objects.get()}." in answer.content.decode()


# --- The list -------------------------------------------------------------------------------------


def test_where_there_is_no_run_the_list_says_what_one_is(admin_client):
    words = words_of(admin_client, LIST)

    assert "No training runs yet." in words
    assert "changelist-filter" not in words


def test_the_list_shows_how_far_each_is(admin_client, attempt):
    set_row(epoch=2, num_epochs=3, step=5, num_steps=10, validation_accuracy=0.9912)

    words = words_of(admin_client, LIST)

    assert "mark-running" in words
    assert "2 of 3" in words
    assert "99.12\N{NO-BREAK SPACE}%" in words


def test_the_list_costs_the_same_whatever_its_length(
    admin_client, active_version, django_assert_max_num_queries
):
    for _ in range(30):
        TrainingRun.objects.create(state=State.FINISHED, version=active_version)

    with django_assert_max_num_queries(7):  # session, user, any, the dead twice, count, rows
        words = words_of(admin_client, LIST)
    assert "v1 tiny" in words


def test_whoever_looks_at_the_list_sees_the_dead(admin_client, attempt):
    make_silent(TrainingRun.objects.get(), 31)

    assert "mark-broken" in words_of(admin_client, LIST)
    assert TrainingRun.objects.get().state == State.DEAD


# --- Its page -------------------------------------------------------------------------------------


def test_a_page_of_one_under_way_asks_for_news(admin_client, attempt):
    set_row(history=EPOCHS, log="12:00:00 epoch 1/3: loss 0.5 <b>")
    words = words_of(admin_client, page_of(TrainingRun.objects.get()))

    assert [f'data-news="{part}"' in words for part in ("standing", "curves", "log")] == [True] * 3
    assert "news.js" in words
    assert 'id="learning-data"' in words
    assert "loss 0.5 &lt;b&gt;" in words
    assert "deletelink" not in words


def test_a_page_of_one_that_has_ended_does_not(admin_client, waiting):
    words = words_of(admin_client, page_of(set_row(state=State.STOPPED)))

    assert "data-news" not in words
    assert "charts.js" not in words
    assert "deletelink" in words


def test_a_finished_run_shows_its_version_beside_the_active_one_and_the_way_to_the_gate(
    admin_client, active_version, waiting
):
    candidate = make_another(active_version, name="newcomer")
    registry.replay(candidate, active_version)
    run = set_row(state=State.FINISHED, version=candidate)

    words = words_of(admin_client, page_of(run))

    assert "v2 newcomer" in words
    assert "Accuracy on the sample" in words
    assert "It mends as many as it breaks" in words
    assert f"{VERSIONS}{candidate.pk}/activate/" in words


def test_a_version_that_serves_by_now_is_not_laid_beside_itself(
    admin_client, active_version, waiting
):
    run = set_row(state=State.FINISHED, version=active_version)

    words = words_of(admin_client, page_of(run))

    assert "Accuracy on the sample" in words
    assert "the same" not in words
    assert "/activate/" not in words


def test_figures_are_for_those_who_may_see_versions(client_who_may, active_version, waiting):
    candidate = make_another(active_version, name="newcomer")
    run = set_row(state=State.FINISHED, version=candidate)
    client = client_who_may("view_trainingrun")

    words = words_of(client, page_of(run))

    assert "Finished" in words
    assert "Accuracy on the sample" not in words
    assert "/activate/" not in words


# --- Its steps ------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["stop", "resume"])
def test_each_step_needs_its_permission_and_a_press(client_who_may, admin_client, waiting, step):
    page = page_of(waiting, step)

    assert client_who_may("view_trainingrun", "add_trainingrun").post(page).status_code == 403
    assert admin_client.get(page).status_code == 405
    assert admin_client.post(f"{LIST}99/{step}/").status_code == 404


def test_a_run_is_stopped_and_resumed_by_a_press(
    client_who_may, attempt, django_capture_on_commit_callbacks
):
    client = client_who_may("view_trainingrun", "change_trainingrun")
    run = TrainingRun.objects.get()
    assert "steplink-stop" in words_of(client, page_of(run))
    words = client.post(page_of(run, "stop"), follow=True).content.decode()
    assert f"Asked to stop: {run}." in words
    assert "steplink" not in words

    attempt.end(State.STOPPED)
    assert "steplink-resume" in words_of(client, page_of(run))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page_of(run, "resume"))

    run.refresh_from_db()
    assert run.state == State.QUEUED
    assert DBTaskResult.objects.get().args_kwargs["args"] == [run.pk]
    history = LogEntry.objects.filter(object_id=run.pk).order_by("pk")
    assert [entry.change_message for entry in history] == [
        f"Asked to stop: {run}.",
        f"Queued to go on: {run}.",
    ]


def test_a_run_that_has_lost_its_task_is_asked_for_again(admin_client, waiting):
    run = set_row(queued_at=timezone.now() - timedelta(minutes=1))
    assert "steplink-resume" in words_of(admin_client, page_of(run))

    words = admin_client.post(page_of(run, "resume"), follow=True).content.decode()

    assert f"Queued to go on: {run}." in words
    assert "steplink-resume" not in words
    assert DBTaskResult.objects.get().args_kwargs["args"] == [run.pk]
    words = admin_client.post(page_of(run, "resume"), follow=True).content.decode()
    assert f"Nothing to resume: {run} is waiting." in words
    assert DBTaskResult.objects.count() == 1


@pytest.mark.parametrize("step", ["ask", "resume"])
def test_no_run_waits_without_its_task(admin_client, waiting, monkeypatch, step):
    """A queue that cannot be written: what was asked for is not there either."""
    admin_client.raise_request_exception = False

    def full(*arguments: object, **named: object) -> None:
        raise OperationalError("disk full")

    set_row(state=State.STOPPED)
    monkeypatch.setattr(DBTaskResult.objects, "create", full)
    page = f"{LIST}add/" if step == "ask" else page_of(waiting, "resume")

    assert admin_client.post(page, {"preset": "quick", "data": ""}).status_code == 500
    assert TrainingRun.objects.get().state == State.STOPPED


def test_what_cannot_be_is_refused_in_words(admin_client, waiting):
    run = set_row(state=State.FINISHED, finished_at=timezone.now() - timedelta(hours=1))

    words = admin_client.post(page_of(run, "resume"), follow=True).content.decode()

    assert f"Nothing to resume: {run} is finished." in words
    assert not LogEntry.objects.exists()


def test_what_waits_or_runs_is_not_deleted(admin_client, attempt):
    run = TrainingRun.objects.get()
    assert admin_client.post(page_of(run, "delete"), {"post": "yes"}).status_code == 403

    attempt.end(State.STOPPED)
    admin_client.post(page_of(run, "delete"), {"post": "yes"})
    assert not TrainingRun.objects.exists()
