"""A version's life as its operator sees it: register, check, compare, activate, roll back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Activation, ModelVersion
from tests.recognizer.admin.test_versions import make_another
from tests.workers import run_worker

pytestmark = pytest.mark.browser

# Keras and its converter take 10 s on two idle cores.
CHECK_MS = 90_000
LIST = "/admin/recognizer/modelversion/"


@pytest.fixture
def worker(settings, transactional_db) -> Iterator[None]:
    """A real worker on the test's database, as `make serve` starts it."""
    with run_worker(settings):
        yield


@pytest.fixture
def operator(
    worker, active_version: ModelVersion, admin_user, open_site: Callable[..., Page]
) -> Page:
    """The list of versions, for whoever may do anything."""
    page = open_site(f"/admin/login/?next={LIST}")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Log in").click()
    return page


def register(page: Page, path: Path, name: str) -> None:
    page.goto(f"{LIST}add/")
    page.get_by_label("Keras file").set_input_files(path)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_version_is_registered_checked_compared_activated_and_rolled_back(
    operator: Page, other_model: Path
):
    page = operator
    register(page, other_model, "newcomer")
    expect(page.get_by_text("Kept, and being checked: v2 newcomer.")).to_be_visible()
    # What is written on the page meanwhile is not lost when the check ends.
    page.get_by_label("Notes").fill("from the second course")
    expect(page.get_by_text("Loading it with Keras")).to_be_visible(timeout=CHECK_MS)
    version = ModelVersion.objects.get(number=2)
    while version.status == ModelVersion.Status.VETTING:
        page.wait_for_timeout(500)
        version.refresh_from_db()
    page.wait_for_timeout(3000)
    assert page.get_by_label("Notes").input_value() == "from the second course"
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".facts").get_by_text("ready")).to_be_visible()

    page.goto(LIST)
    for row in (1, 2):
        page.get_by_role("checkbox", name=f"Select this object for an action - v{row}").check()
    page.locator("select[name=action]").select_option(label="Compare…")
    page.locator("button[name=index]").click()
    expect(page.get_by_role("heading", name="Compare v1, v2")).to_be_visible()
    expect(page.locator(".verdict")).to_be_visible(timeout=CHECK_MS)
    expect(page.locator(".changed img").first).to_be_visible()

    page.goto(f"{LIST}{version.pk}/change/")
    page.get_by_role("link", name="Activate…").click()
    expect(page.locator(".verdict")).to_contain_text("breaks more than it mends")
    page.get_by_label("Why").fill("a try")
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Tick this too")).to_be_visible()  # asked twice
    page.get_by_label("Let it serve although").check()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("From the next reading on, v2 newcomer serves.")).to_be_visible()
    expect(page.locator(".mark-active")).to_be_visible()

    page.goto(LIST)
    page.get_by_role("link", name="Roll back…").click()
    expect(page.get_by_text("v1 tiny serves again in place of v2 newcomer")).to_be_visible()
    page.get_by_label("Why").fill("it cannot read nines")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("From the next reading on, v1 tiny serves.")).to_be_visible()

    page.goto("/admin/recognizer/activation/")
    expect(page.locator("#result_list")).to_contain_text("it cannot read nines")
    assert [one.version.number for one in Activation.objects.order_by("pk")] == [1, 2, 1]


def test_a_refused_file_says_what_was_expected_and_what_was_found(
    operator: Page, model_of_twelve: Path
):
    page = operator
    register(page, model_of_twelve, "twelve")

    refusal = page.locator(".notice-error")
    expect(refusal).to_contain_text("Refused: it cannot serve.", timeout=CHECK_MS)
    expect(refusal).to_contain_text("expected one of shape (None, 10)")
    expect(page.get_by_role("link", name="Activate…")).to_have_count(0)
    expect(page.get_by_role("button", name="Check again")).to_be_visible()


def test_a_version_shadows_is_retired_and_brought_back_by_a_press(
    operator: Page, active_version: ModelVersion
):
    page = operator
    other = make_another(active_version)
    page.goto(f"{LIST}{other.pk}/change/")

    page.get_by_role("button", name="Let it shadow").click()
    expect(page.locator(".facts .mark-shadow")).to_be_visible()
    expect(page.get_by_role("button", name="Retire")).to_have_count(0)
    page.get_by_role("button", name="End its shadowing").click()
    page.get_by_role("button", name="Retire").click()
    expect(page.locator(".facts .mark-retired")).to_be_visible()
    expect(page.get_by_role("link", name="Activate…")).to_have_count(0)
    page.get_by_role("button", name="Bring back").click()
    expect(page.get_by_role("link", name="Activate…")).to_be_visible()
