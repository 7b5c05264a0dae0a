"""The history as one looks through it, and what one takes along."""

import re
import zipfile

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from recognizer.models import Submission
from tests.browser.conftest import NARROW, WIDE, draw, keep
from tests.recognizer.test_views import image_file

pytestmark = pytest.mark.browser


@pytest.fixture
def history(page: Page, several_png: bytes) -> Page:
    """The history of a browser that drew a seven and sent a picture of three."""
    draw(page)
    keep(page)
    client = Client()
    [cookie] = [one for one in page.context.cookies() if one["name"] == "visitor"]
    client.cookies["visitor"] = cookie["value"]
    client.post("/upload", {"image": image_file(several_png)})
    assert Submission.objects.count() == 2
    page.goto("/history")
    return page


def test_one_looks_for_a_kind_and_finds_the_way_back(history):
    expect(history.locator(".reading-link")).to_have_count(2)
    history.get_by_label("How it came").select_option("uploaded")
    history.get_by_role("button", name="Show").click()

    expect(history.locator(".reading-link")).to_have_count(1)
    expect(history.locator(".filters-state")).to_contain_text("1 reading: uploaded")
    history.get_by_label("Digit").select_option("0")
    history.get_by_role("button", name="Show").click()
    expect(history.get_by_role("heading", name="Nothing of that kind")).to_be_visible()
    history.get_by_role("link", name="Show all").last.click()
    expect(history.locator(".reading-link")).to_have_count(2)


def test_without_javascript_it_is_the_same(history, open_site):
    state = history.context.storage_state()
    plain = open_site("/history", java_script_enabled=False, storage_state=state, viewport=NARROW)
    plain.get_by_label("How it came").select_option("drawn")
    plain.get_by_role("button", name="Show").click()
    expect(plain.locator(".reading-link")).to_have_count(1)


def test_all_is_taken_along_as_a_file(history, tmp_path):
    with history.expect_download() as download:
        history.get_by_role("link", name="Take it along").click()

    assert re.fullmatch(
        r"digitsite-readings-\d{4}-\d\d-\d\d\.zip", download.value.suggested_filename
    )
    download.value.save_as(tmp_path / "own.zip")
    with zipfile.ZipFile(tmp_path / "own.zip") as archive:
        assert archive.testzip() is None
        assert len([name for name in archive.namelist() if name.endswith(".png")]) == 2


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_filters_fit_and_are_found_by_a_finger(history, open_site, size, scheme):
    state = history.context.storage_state()
    for path in ("/history", "/history?digit=8&verdict=not_a_digit&source=uploaded"):
        shown = open_site(path, viewport=size, color_scheme=scheme, storage_state=state)
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for part in shown.locator(".chip, .filters button, .filters-all, .page-ways a").all():
            box = part.bounding_box()
            assert box
            assert box["height"] >= 44
