"""The charts of the admin's first page: drawn in both modes, and readable without them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from recognizer import aggregates
from recognizer.models import ModelVersion, Prediction, Submission
from tests.browser.conftest import NARROW

pytestmark = pytest.mark.browser

DARK = "dark"
LIGHT = "light"


@pytest.fixture(autouse=True)
def counted(active_version: ModelVersion) -> None:
    """A week of readings of all verdicts, some of them labelled, counted."""
    now = timezone.now()
    for days_ago in range(7):
        for place, verdict in enumerate(Prediction.Verdict.values):
            at = now - timedelta(days=days_ago)
            review = {
                "label": "7",
                "review_state": "reviewed",
                "reviewed_at": now,
                "audited_at": now,
            }
            row = Submission.objects.create(
                source="drawn", digit=b"\0" * 784, created_at=at, **(review if place < 2 else {})
            )
            Prediction.objects.create(
                submission=row,
                version=active_version,
                verdict=verdict,
                digit=None if verdict == "blank" else 7,
                confidence=0.9,
                probabilities=[0.1] * 10,
                latency_ms=5.0 + days_ago,
                created_at=at,
            )
    aggregates.refresh()


def colors_drawn(page: Page) -> list[int]:
    """Count the colours on each canvas; one that was not drawn has one: none."""
    return page.evaluate(
        """() => [...document.querySelectorAll("canvas")].map((canvas) => {
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return new Set(new Uint32Array(data.buffer)).size;
        })"""
    )


def first_color(page: Page) -> str:
    """Give the colour of the first chart's digits."""
    return page.evaluate(
        "Chart.getChart(document.querySelector('canvas')).data.datasets[0].backgroundColor"
    )


def color_of(page: Page, name: str) -> str:
    return page.evaluate(
        "(name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()", name
    )


def wait_for_charts(page: Page) -> None:
    expect(page.locator("canvas")).to_have_count(5)
    for canvas in page.locator("canvas").all():
        expect(canvas).to_be_visible()


@pytest.mark.parametrize("mode", [LIGHT, DARK])
@pytest.mark.parametrize("viewport", [None, NARROW])
def test_the_charts_are_drawn_in_both_modes(open_admin, mode, viewport):
    """Without an error on the console, and without a breach of the policy: `watch` sees to it."""
    page = open_admin(
        color_scheme=mode, reduced_motion="reduce", **({"viewport": viewport} if viewport else {})
    )
    wait_for_charts(page)

    assert min(colors_drawn(page)) > 5
    assert first_color(page) == color_of(page, "--chart-fill")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_switch_of_the_mode_draws_them_anew_in_its_colours(open_admin):
    page = open_admin(color_scheme=LIGHT)
    wait_for_charts(page)
    before = first_color(page)

    page.emulate_media(color_scheme=DARK)
    page.wait_for_function(
        "(before) => Chart.getChart(document.querySelector('canvas')).data.datasets[0]"
        ".backgroundColor !== before",
        arg=before,
    )
    assert first_color(page) == color_of(page, "--chart-fill") != before

    # From "as the system is" to "light", the admin's own switch.
    page.locator("button.theme-toggle").first.click()
    page.wait_for_function(
        "(before) => Chart.getChart(document.querySelector('canvas')).data.datasets[0]"
        ".backgroundColor === before",
        arg=before,
    )


def test_nothing_moves_where_that_is_not_wanted(open_admin):
    animation = "Chart.getChart(document.querySelector('canvas')).options.animation"
    still = open_admin(reduced_motion="reduce")
    wait_for_charts(still)
    moving = open_admin(reduced_motion="no-preference")
    wait_for_charts(moving)

    assert still.evaluate(animation) is False
    assert moving.evaluate(f"{animation}.duration") <= 200


def test_without_javascript_the_tables_say_it_all(open_admin):
    page = open_admin(java_script_enabled=False)

    expect(page.locator("canvas").first).to_be_hidden()
    page.locator("summary").first.click()
    table = page.locator("details table").first
    expect(table.get_by_role("row").nth(1).get_by_role("cell").first).to_have_text("1")


def test_the_tables_open_by_key_and_the_drawings_have_names(open_admin):
    page = open_admin()
    wait_for_charts(page)

    page.locator("summary").first.focus()
    page.keyboard.press("Enter")

    expect(page.locator("details table").first).to_be_visible()
    drawing = page.get_by_role("img", name="35 readings in 30 days; 40.0")
    expect(drawing).to_be_visible()


def test_on_a_phone_an_open_table_scrolls_and_the_page_does_not(open_admin):
    page = open_admin(viewport=NARROW)
    wait_for_charts(page)

    for summary in page.locator("summary").all():
        summary.click()

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
