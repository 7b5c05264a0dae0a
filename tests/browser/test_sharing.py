"""A link to a reading, as its visitor makes it and as somebody else finds it."""

import re

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Share, Submission
from tests.browser.conftest import NARROW, draw, keep

pytestmark = pytest.mark.browser


@pytest.fixture
def own(page: Page) -> Page:
    """The page of a reading of the visitor's own."""
    draw(page)
    keep(page)
    page.goto(Submission.objects.get().get_absolute_url())
    return page


def share(page: Page) -> str:
    page.get_by_role("button", name="Share").click()
    return page.get_by_label("The link").input_value()


def test_a_link_is_made_copied_seen_by_another_and_taken_back(own, open_site, watch):
    own.context.grant_permissions(["clipboard-read", "clipboard-write"])
    link = share(own)
    expect(own.get_by_label("The link")).to_be_focused()
    own.get_by_role("button", name="Copy").click()
    expect(own.get_by_role("button", name="Copied")).to_be_visible()
    expect(own.locator("#announcement")).to_have_text("Copied")
    assert own.evaluate("navigator.clipboard.readText()") == link

    other = open_site(link)
    expect(other.locator(".numeral").first).to_have_text("7")
    shown = other.locator(".paper img")
    assert shown.evaluate("image => image.naturalWidth") > 0
    assert other.locator(".seen .pixels").evaluate("image => image.naturalWidth") == 28
    expect(other.get_by_text("Not right?")).to_have_count(0)
    expect(other.get_by_role("link", name="Delete it")).to_have_count(0)
    other.get_by_role("link", name="Draw your own").click()
    expect(other.locator("#canvas")).to_be_visible()

    own.get_by_role("button", name="Take it back").click()
    expect(own.get_by_role("button", name="Share")).to_be_visible()
    watch.expected.append("404")
    other.goto(link)
    expect(other.get_by_text("There is nothing behind this link.")).to_be_visible()
    assert not Share.objects.exists()


def test_where_nothing_may_be_copied_the_link_is_selected_and_a_key_is_named(own):
    share(own)
    own.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    own.get_by_role("button", name="Copy").click()
    expect(own.get_by_role("button", name="Press Ctrl+C")).to_be_visible()
    assert own.evaluate("getSelection().toString()") == own.get_by_label("The link").input_value()


def test_without_javascript_a_link_is_made_on_a_phone_and_taken_back(own, open_site):
    state = own.context.storage_state()
    phone = open_site(
        own.url, viewport=NARROW, java_script_enabled=False, storage_state=state, has_touch=True
    )
    assert re.search(r"/shared/[\w-]{22}$", share(phone))
    expect(phone.get_by_role("button", name="Copy")).to_be_hidden()
    phone.get_by_role("button", name="Take it back").click()
    expect(phone.get_by_role("button", name="Share")).to_be_visible()


def test_a_shared_page_can_change_its_language(own, open_site):
    """Its address is told to nobody, and so a browser says of no form of it where it is from."""
    other = open_site(share(own))
    other.get_by_role("button", name="Español").click()
    expect(other.locator("html")).to_have_attribute("lang", "es")
    expect(other.locator(".numeral").first).to_have_text("7")
