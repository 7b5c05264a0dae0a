"""The review as its reviewers have it: by keys alone, by touch, beside each other, offline."""

import statistics
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from recognizer import engine, recognition, review
from recognizer.models import LabelChange, ModelVersion, Submission
from tests.browser.conftest import NARROW
from tests.conftest import png

pytestmark = pytest.mark.browser

REVIEW = "/admin/recognizer/submission/review/"
# A decision to the next picture, as the issue of the page has it: no wait that one notices.
NEXT_MS = 100
STROKES = [
    {
        "minWidth": 12,
        "maxWidth": 14,
        "compositeOperation": "source-over",
        "points": [
            {"x": 80 + 4 * step, "y": 70 + 5 * step, "pressure": 0.5, "time": 1000 + 16 * step}
            for step in range(30)
        ],
    }
]

# From a key to the next picture on the screen: decoded, and two frames later.
MEASURE = """
window.took = [];
addEventListener("keydown", () => {
  const began = performance.now();
  requestAnimationFrame(() => requestAnimationFrame(async () => {
    await document.querySelector(".review-stage img").decode().catch(() => {});
    window.took.push(performance.now() - began);
  }));
}, true);
"""


IS_DRAWN = """() => {
  const shown = document.querySelector(".review-stage canvas");
  const copy = new OffscreenCanvas(shown.width, shown.height);
  const pen = copy.getContext("2d", { willReadFrequently: true });
  pen.drawImage(shown, 0, 0);
  const { data } = pen.getImageData(0, 0, copy.width, copy.height);
  return data.filter((value, place) => place % 4 === 3 && value > 200).length > 2000;
}"""


@pytest.fixture
def make_readings(active_version: ModelVersion) -> Callable[[int], list[Submission]]:
    """Make real readings of the sample's digits that wait in the uncertain lane, newest last."""

    def make(num: int, **fields) -> list[Submission]:
        rows = []
        for digit in engine.sample()[0][:num]:
            drawing = png(Image.fromarray(255 - digit).resize((280, 280)))
            row = recognition.recognize(drawing=drawing, source="drawn", strokes=STROKES).submission
            rows.append(row)
        # Each is as doubtful as the others: the newest comes first.
        doubted = {"served_verdict": "unsure", "served_confidence": 0.5} | fields
        Submission.objects.update(**doubted)
        return rows

    return make


@pytest.fixture
def open_review(open_admin: Callable[..., Page]) -> Callable[..., Page]:
    return lambda query="", **options: open_admin(f"{REVIEW}{query}", **options)


def shown(page: Page) -> str:
    return page.locator(".review-stage").get_attribute("data-id") or ""


def saved(page: Page) -> None:
    """Wait until all that was decided is stored."""
    page.wait_for_load_state("networkidle")


def test_twenty_are_reviewed_by_keys_alone(make_readings, open_review):
    rows = [str(row.pk) for row in make_readings(22)][::-1]
    page = open_review()
    page.evaluate(MEASURE)
    labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "n", "s", "b", "Enter"]
    keys = [labels[number % len(labels)] for number in range(20)]

    for number, key in enumerate(keys):
        expect(page.locator(".review-stage")).to_have_attribute("data-id", rows[number])
        page.keyboard.press(key)
        page.wait_for_timeout(60)  # a hand takes longer
    saved(page)

    expect(page.locator(".review-stage")).to_have_attribute("data-id", rows[20])
    words = {"n": "not_a_digit", "s": "several", "b": "bad_image"}
    for pk, key in zip(rows, keys, strict=False):
        row = Submission.objects.get(pk=pk)
        read = row.predictions.get().agreed_label
        assert row.label == (read if key == "Enter" else words.get(key, key)), key
    assert Submission.objects.reviewed().count() == 20
    expect(page.locator(".review-today")).to_have_text("20")
    expect(page.locator(".lanes [aria-current] .lane-num")).to_have_text("2")
    took = page.evaluate("window.took")
    assert len(took) == 20
    assert statistics.median(took) <= NEXT_MS, took


def test_undo_skip_help_and_strokes_have_keys_too(make_readings, open_review):
    _first, second, third = [str(row.pk) for row in make_readings(3)][::-1]
    page = open_review()

    page.keyboard.press("ArrowRight")
    assert shown(page) == second
    page.keyboard.press("3")
    assert shown(page) == third
    page.keyboard.press("u")
    expect(page.locator(".review-stage")).to_have_attribute("data-id", second)
    expect(page.locator(".review-said")).to_have_text("Undone.")
    saved(page)
    assert not Submission.objects.reviewed().exists()
    assert LabelChange.objects.count() == 2

    page.keyboard.press("?")
    help_ = page.get_by_role("dialog")
    expect(help_).to_be_visible()
    page.keyboard.press("7")  # not while it is open
    page.keyboard.press("Escape")
    expect(help_).not_to_be_visible()
    assert shown(page) == second

    page.keyboard.press("p")
    canvas = page.locator(".review-stage canvas")
    expect(canvas).to_be_visible()
    page.wait_for_function(IS_DRAWN)
    page.keyboard.press("1")
    assert shown(page) == third
    expect(canvas).not_to_be_visible()


def test_the_end_of_a_lane_is_said(make_readings, open_review):
    make_readings(1)
    page = open_review()

    page.keyboard.press("Enter")

    expect(page.get_by_text("Nothing waits here for you.")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator(".review-stage img")).to_be_visible()


def test_a_finger_decides(make_readings, open_review):
    first, second = [str(row.pk) for row in make_readings(2)][::-1]
    page = open_review(viewport=NARROW, has_touch=True, is_mobile=True)
    size = page.get_by_role("button", name="8", exact=True).bounding_box()
    assert size
    assert min(size["width"], size["height"]) >= 44

    page.get_by_role("button", name="8", exact=True).tap()
    assert shown(page) == second
    page.get_by_role("button", name="Not a digit").tap()
    saved(page)

    assert Submission.objects.get(pk=first).label == "8"
    assert Submission.objects.get(pk=second).label == "not_a_digit"


def test_what_somebody_else_decided_is_said_with_a_link(make_readings, open_review, watch):
    row, other = make_readings(2)[::-1]
    page = open_review()
    row.review(label="5", by=None)
    row.save()
    watch.expected.append("409")  # which Chromium writes to its console

    page.keyboard.press("3")

    problem = page.locator(".review-problem")
    expect(problem).to_contain_text("Meanwhile")
    expect(problem.get_by_role("link")).to_have_attribute(
        "href", f"/admin/recognizer/submission/{row.pk}/change/"
    )
    assert shown(page) == str(other.pk)
    assert Submission.objects.get(pk=row.pk).label == "5"


def test_in_a_tunnel_nothing_is_lost(make_readings, open_review, watch):
    rows = make_readings(3)[::-1]
    page = open_review()
    watch.expected.append("ERR_INTERNET_DISCONNECTED")

    page.context.set_offline(True)
    page.keyboard.press("4")
    page.keyboard.press("5")
    expect(page.locator(".review-problem")).to_contain_text("Not saved yet")
    page.context.set_offline(False)
    expect(page.locator(".review-problem")).not_to_be_visible(timeout=15_000)
    saved(page)

    assert [Submission.objects.get(pk=row.pk).label for row in rows] == ["4", "5", ""]


def test_several_are_undone_and_decided_anew_without_a_pause(make_readings, open_review):
    rows = [str(row.pk) for row in make_readings(8)][::-1]
    page = open_review()

    for key in ("1", "2", "3", "u", "u", "u", "4", "5", "6", "7"):
        page.keyboard.press(key)
    expect(page.locator(".review-stage")).to_have_attribute("data-id", rows[4])
    saved(page)

    labels = [Submission.objects.get(pk=pk).label for pk in rows]
    assert labels == ["4", "5", "6", "7", "", "", "", ""]
    expect(page.locator(".review-today")).to_have_text("4")
    expect(page.locator(".review-problem")).not_to_be_visible()


def test_what_others_labelled_in_the_audit_is_looked_at_again(make_readings, open_review, watch):
    rows = make_readings(6, is_audit=True, served_verdict="digit")
    page = open_review("?lane=audit")
    for row in rows:
        row.review(label="5", by=None)
        row.save(update_fields=review.FIELDS)
    watch.expected.append("409")

    for _ in range(4):
        page.keyboard.press("3")
        page.wait_for_timeout(100)
    saved(page)
    expect(page.locator(".review-problem")).to_contain_text("Meanwhile")
    for _ in range(6):
        page.keyboard.press("Enter")
        page.wait_for_timeout(100)
    saved(page)

    assert Submission.objects.audited().count() == 6


def test_who_was_logged_out_loses_nothing(make_readings, open_review, watch):
    [row] = make_readings(1)
    page = open_review()
    cookies = page.context.cookies()
    page.context.clear_cookies()
    watch.expected.append("403")  # which Chromium writes to its console

    page.keyboard.press("3")
    expect(page.locator(".review-problem")).to_contain_text("You are logged out")
    page.context.add_cookies(cookies)  # as logging in elsewhere does
    expect(page.locator(".review-problem")).not_to_be_visible(timeout=15_000)

    assert Submission.objects.get(pk=row.pk).label == "3"
