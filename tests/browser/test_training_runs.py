"""A training run as its operator sees it: asked for, watched, and compared; on any screen."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from recognizer import registry
from recognizer.models import ModelVersion
from tests.browser.conftest import NARROW, WIDE
from tests.recognizer.admin.test_versions import make_another
from tests.training.test_standing import EPOCHS
from tests.workers import run_worker
from training.models import State, TrainingRun

pytestmark = pytest.mark.browser

LIST = "/admin/training/trainingrun/"
# TensorFlow, three small epochs and the check of the file take 20 s on two idle cores.
RUN_MS = 120_000


@pytest.fixture
def worker(settings, transactional_db) -> Iterator[None]:
    """The workers of `make serve` as one: it trains, then replays."""
    with run_worker(settings, "--queue-name=training,default"):
        yield


def test_a_version_is_trained_from_the_admin_and_watched_to_its_end(
    worker, active_version: ModelVersion, open_admin
):
    page = open_admin("/admin/recognizer/modelversion/")
    page.get_by_role("link", name="Train a new version").click()
    page.get_by_label("smoke").check()
    page.get_by_label("Name").fill("newcomer")
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_text(re.compile(r"Queued: run \d+ \(newcomer\)\."))).to_be_visible()

    standing = page.locator('[data-news="standing"]')
    expect(standing).to_contain_text("Gathering what it learns from…", timeout=RUN_MS)
    expect(standing).to_contain_text(re.compile(r"[23] of 3"), timeout=RUN_MS)
    expect(page.locator('[data-news="log"]')).to_contain_text("epoch 1/3: loss")
    # Drawn as they come, without the page being loaded anew.
    curves = page.locator('[data-news="curves"] canvas')
    expect(curves).to_have_count(2, timeout=RUN_MS)
    expect(curves.first).to_be_visible()
    assert page.evaluate("Object.keys(Chart.instances).length") == 2

    expect(page.get_by_text("Finished: a new version is registered.")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_role("table", name="Figures")).to_contain_text("v1 tiny (active)")
    expect(page.locator(".verdict")).to_be_visible(timeout=RUN_MS)
    page.get_by_role("link", name="Activate…").click()
    expect(page.get_by_role("heading", name="Activate v2 newcomer")).to_be_visible()
    version = ModelVersion.objects.get(name="newcomer")
    assert TrainingRun.objects.get().version == version
    assert version.created_by is not None


@pytest.fixture
def running(db) -> TrainingRun:
    """A run in the middle of its second epoch, as its process tells it."""
    return TrainingRun.objects.create(
        name="a long name of a run that a narrow screen has no room for in one line",
        state=State.RUNNING,
        place=0,
        attempt=1,
        epoch=2,
        num_epochs=8,
        step=4,
        num_steps=10,
        loss=0.5,
        accuracy=0.8,
        seconds_left=240,
        log="12:00:00 " + "a line of the log that is far wider than any screen " * 5,
        history=EPOCHS,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [NARROW, WIDE])
def test_no_page_is_wider_than_its_screen(
    running: TrainingRun, active_version, open_admin, viewport, scheme
):
    page = open_admin(f"{LIST}{running.pk}/change/", viewport=viewport, color_scheme=scheme)
    for path in (f"{LIST}{running.pk}/change/", LIST, f"{LIST}add/"):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], path
        expect(page.locator("#content h1")).to_be_visible()


def test_curves_that_are_drawn_stay_until_there_is_another_epoch(
    running: TrainingRun, active_version, open_admin
):
    page = open_admin(f"{LIST}{running.pk}/change/")
    canvas = page.locator('[data-chart="learning-data"]')
    expect(canvas).to_be_visible()
    canvas.evaluate("(canvas) => { canvas.dataset.mine = 'yes'; }")
    page.locator(".chart summary").first.click()

    TrainingRun.objects.update(loss=0.25)
    expect(page.locator('[data-news="standing"]')).to_contain_text("0.2500")
    expect(canvas).to_have_attribute("data-mine", "yes")

    TrainingRun.objects.update(history=[*EPOCHS, EPOCHS[-1] | {"epoch": 4}])
    expect(canvas).not_to_have_attribute("data-mine", "yes")
    expect(canvas).to_be_visible()
    expect(page.locator(".chart details").first).to_have_attribute("open", "")
    assert page.evaluate("Object.keys(Chart.instances).length") == 2


def test_a_run_that_has_finished_says_so_while_its_replay_is_under_way(
    running: TrainingRun, active_version: ModelVersion, open_admin
):
    running.state = State.REGISTERING
    running.save()
    candidate = make_another(active_version, name="newcomer")
    registry.begin_replay(candidate, active_version)  # and nobody comes to its end
    page = open_admin(f"{LIST}{running.pk}/change/")
    status = page.locator("#content-main").get_by_role("status")
    expect(status).to_contain_text("Its file is being checked…")

    running.state, running.place, running.version = State.FINISHED, None, candidate
    running.save()

    expect(status.first).to_contain_text("Finished: a new version is registered.")
    expect(page.get_by_text("Both versions are reading the labelled digits…")).to_be_visible()
    expect(page.get_by_role("link", name="Activate…")).to_be_visible()
    # It goes on asking, and is not loaded anew for what has not changed.
    page.evaluate("window.isTheSame = true")
    with page.expect_response(lambda answer: answer.url == page.url):
        pass
    page.wait_for_timeout(500)
    assert page.evaluate("window.isTheSame") is True


def test_a_run_stops_at_a_press_before_it_is_begun(active_version, open_admin):
    run = TrainingRun.objects.create(preset="quick")
    page = open_admin(f"{LIST}{run.pk}/change/")

    page.get_by_role("button", name="Stop").click()

    expect(page.locator(".facts")).to_contain_text("stopped")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
