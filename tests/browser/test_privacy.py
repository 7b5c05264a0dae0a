""" "Delete my drawings" as a visitor finds it: with and without JavaScript, wide and narrow."""

import re

import pytest
from django.core.files.storage import default_storage
from playwright.sync_api import expect

from recognizer.models import Submission
from tests.browser.conftest import NARROW, WIDE, draw, keep

pytestmark = pytest.mark.browser


def send(page, num: int = 1) -> None:
    for _ in range(num):
        draw(page)
        keep(page)
        page.goto("/")


def test_all_that_was_drawn_is_deleted_and_the_browser_is_a_new_visitor(page):
    send(page, 2)
    names = list(Submission.objects.values_list("image", flat=True))
    key = next(c["value"] for c in page.context.cookies() if c["name"] == "visitor")

    page.goto("/history")
    page.get_by_role("link", name="Delete my drawings").click()
    expect(page.get_by_role("heading")).to_have_text("Delete your 2 drawings?")
    page.get_by_role("button", name="Delete for good").click()

    expect(page.get_by_role("heading")).to_have_text("All is deleted")
    assert not Submission.objects.exists()
    assert not any(map(default_storage.exists, names))
    assert "visitor" not in {cookie["name"] for cookie in page.context.cookies()}
    page.goto("/history")
    expect(page.get_by_role("heading")).to_have_text("Nothing yet")
    assert key != next(c["value"] for c in page.context.cookies() if c["name"] == "visitor")


def test_one_reading_is_deleted_without_javascript_on_a_phone(page, open_site):
    send(page, 2)
    state = page.context.storage_state()
    phone = open_site("/history", viewport=NARROW, java_script_enabled=False, storage_state=state)

    phone.locator(".reading-link").first.click()
    phone.get_by_role("link", name="Delete it").click()
    phone.get_by_role("button", name="Delete for good").click()

    expect(phone.get_by_role("status")).to_have_text("The reading is deleted.")
    assert Submission.objects.count() == 1


def test_who_changes_their_mind_keeps_all(page):
    send(page)
    page.goto("/history/delete")
    page.get_by_role("link", name="Keep").click()

    expect(page).to_have_url(re.compile("/history$"))
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_and_can_be_read(page, open_site, size, scheme):
    send(page)
    state = page.context.storage_state()
    own = Submission.objects.get()
    for path in (
        own.get_absolute_url(),
        "/history",
        "/history/delete",
        "/history/deleted",
        f"/readings/{own.pk}/delete",
    ):
        shown = open_site(path, viewport=size, color_scheme=scheme, storage_state=state)
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for button in shown.locator(".btn:visible").all():
            box = button.bounding_box()
            assert box
            assert box["height"] >= 44, "a finger finds it"
