"""About, the errors and the frame of every page: they fit, and fingers find what they press."""

import itertools
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, WIDE

pytestmark = pytest.mark.browser

TABLET = {"width": 768, "height": 1024}
SMALLEST = {"width": 320, "height": 640}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, TABLET, NARROW, SMALLEST])
@pytest.mark.parametrize("path", ["/about", "/offline", "/nowhere", "/upload", "/shared/none"])
def test_pages_fit_any_window(active_version, open_site, watch, path, size, scheme):
    watch.expected += ["404", "405"]
    page = open_site(path, viewport=size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        """() => [...document.querySelectorAll("a.btn, summary, .top a, .foot a, .foot button")]
          .filter((part) => part.checkVisibility())
          .map((part) => [part.textContent.trim(), part.getBoundingClientRect()])
          .filter(([, {height}]) => height < 44).map(([name]) => name)"""
    )
    assert not small


@pytest.mark.parametrize("width", [320, 345, 360, 375, 390])
@pytest.mark.parametrize("locale", ["en", "es"])
@pytest.mark.parametrize("path", ["/history", "/about"])
def test_the_header_is_one_line_on_a_phone_in_each_language(
    active_version, open_site, path, locale, width
):
    page = open_site(path, viewport={"width": width, "height": 844}, locale=locale)
    expect(page.locator("html")).to_have_attribute("lang", locale)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    row = page.locator(".top-row")
    assert row.evaluate("(row) => row.scrollWidth <= row.clientWidth")
    boxes = row.locator("a").evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect().toJSON())"
    )
    assert len({round(box["top"] + box["height"] / 2) for box in boxes}) == 1
    for one, after in itertools.pairwise(boxes):
        assert one["right"] <= after["left"]
    assert all(box["height"] < 50 for box in boxes), "no word is on a second line"


def test_the_language_is_changed_without_javascript_and_stays(active_version, open_site):
    page = open_site("/about?a=1", java_script_enabled=False)
    page.get_by_role("button", name="Español").click()
    expect(page).to_have_url(re.compile(r"/about\?a=1$"))
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.goto("/history")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_way_to_privacy_leads_to_its_words(active_version, open_site):
    page = open_site("/")
    page.get_by_role("link", name="What is stored, and for how long").click()
    expect(page.get_by_role("heading", name="What is stored about you")).to_be_in_viewport()
    expect(page.get_by_role("link", name="About", exact=True)).to_have_attribute(
        "aria-current", "page"
    )


def test_try_again_sleeps_until_the_limit_is_over(active_version, open_site, watch, settings):
    settings.DIGITS_RATE_LIMIT = "1/3s"
    watch.expected += ["429", "404"]
    page = open_site("/")
    page.evaluate("fetch('/history/export.zip').then(() => null)")  # the one of these seconds
    page.goto("/history/export.zip")
    if not page.locator("#again").count():  # the seconds were over in between
        page.goto("/history/export.zip")
    again = page.locator("#again")
    expect(again).to_have_text(re.compile(r"Again in \d s"))
    expect(again).to_have_attribute("aria-disabled", "true")
    expect(again).to_have_text("Try again")
    expect(again).to_have_attribute("aria-disabled", "false")
    again.click()
    expect(page.get_by_text("404. I see three digits.")).to_be_visible()


def test_an_error_is_written_in_ink_that_is_seen_in_the_dark(active_version, open_site, watch):
    watch.expected.append("404")
    page = open_site("/nowhere", color_scheme="dark")
    expect(page.locator(".written-digit")).to_have_count(3)
    expect(page.locator(".written .ink").first).to_have_css("fill", "rgb(238, 241, 245)")
