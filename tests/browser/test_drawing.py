"""Drawing a digit with mouse, finger and keys, and reading the answer."""

import re

import pytest
from playwright.sync_api import Page, expect

from recognizer.models import Submission
from tests.browser.conftest import (
    NARROW,
    ONE,
    SEVEN,
    draw,
    draw_by_touch,
    ink,
    ink_on,
    keep,
    points_on,
    requests_of,
)

pytestmark = pytest.mark.browser


def expect_seven(page: Page) -> None:
    expect(page.locator("#answer")).to_have_attribute("data-state", re.compile("digit|unsure"))
    expect(page.locator("[data-slot=first]")).to_have_text("7")


def test_a_seven_drawn_with_the_mouse_is_read(page):
    draw(page)
    keep(page)
    expect_seven(page)
    expect(page.locator("#announcement")).to_contain_text("seven")
    expect(page.locator(".bar.is-candidate .bar-digit").first).to_be_visible()
    expect(page.locator("[data-slot=facts]")).to_contain_text("Model 1")
    for name in ("image", "digit"):
        expect(page.locator(f"[data-slot={name}]")).to_be_visible()
    submission = Submission.objects.get()
    assert submission.source == Submission.Source.DRAWN
    assert submission.strokes is not None
    assert len(submission.strokes) == len(SEVEN)
    assert submission.visitor_key


def test_a_seven_drawn_by_touch_is_read(phone):
    draw_by_touch(phone)
    expect_seven(phone)
    phone.get_by_role("button", name="Keep").tap()
    expect(phone.get_by_role("button", name="Kept")).to_be_visible()
    assert Submission.objects.get().source == Submission.Source.DRAWN


def test_the_page_does_not_scroll_while_one_draws(phone):
    assert phone.evaluate("document.documentElement.scrollHeight > innerHeight")
    draw_by_touch(phone, ONE)
    assert phone.evaluate("scrollY") == 0
    assert ink(phone) > 0


def test_a_second_finger_draws_nothing(phone):
    session = phone.context.new_cdp_session(phone)
    (x, y), (x2, y2) = points_on(phone, ((0.3, 0.3), (0.7, 0.7)))
    touch = "Input.dispatchTouchEvent"
    one, two = {"x": x, "y": y, "id": 0}, {"x": x2, "y": y2, "id": 1}
    session.send(touch, {"type": "touchStart", "touchPoints": [one]})
    session.send(touch, {"type": "touchStart", "touchPoints": [one, two]})
    two["x"] += 60
    session.send(touch, {"type": "touchMove", "touchPoints": [one, two]})
    session.send(touch, {"type": "touchEnd", "touchPoints": []})
    expect(phone.locator("#undo")).to_be_enabled()
    phone.keyboard.press("Control+z")
    expect(phone.locator("#undo")).to_be_disabled()
    assert ink(phone) == 0


def test_nothing_jumps_when_the_answer_comes(page):
    def places() -> list[str]:
        found: list[str] = page.evaluate(
            """() => ["#paper", ".tools", ".bars", ".seen", ".ways", "#upload"].map((part) =>
              JSON.stringify([part, document.querySelector(part).getBoundingClientRect()]))"""
        )
        return found

    before = places()
    draw(page)
    page.keyboard.press("Enter")
    expect_seven(page)
    assert places() == before


@pytest.mark.parametrize("width", [320, 390, 768, 844, 1280, 1920])
def test_the_page_is_never_wider_than_its_window(active_version, open_site, width):
    page = open_site("/", viewport={"width": width, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_first_page_is_above_the_fold(page):
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_enter_keeps_and_delete_clears(page):
    draw(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    expect_seven(page)
    page.keyboard.press("Delete")
    assert ink(page) == 0
    expect(page.locator("#answer")).to_have_attribute("data-state", "empty")
    assert Submission.objects.count() == 1


def test_undo_and_redo_take_strokes_back_and_forth(page):
    draw(page)
    both = ink(page)
    page.keyboard.press("Control+z")
    one = ink(page)
    assert 0 < one < both
    page.get_by_role("button", name="Undo").click()
    assert ink(page) == 0
    page.keyboard.press("Control+Shift+z")
    page.get_by_role("button", name="Redo").click()
    assert ink(page) == pytest.approx(both, rel=0.02)
    expect(page.get_by_role("button", name="Redo")).to_be_disabled()


def test_clear_can_be_undone(page):
    draw(page)
    page.get_by_role("button", name="Clear").click()
    assert ink(page) == 0
    page.keyboard.press("Control+z")
    assert ink(page) > 0


def test_the_eraser_takes_ink_away_and_not_the_paper(page):
    draw(page, ONE)
    before = ink(page)
    page.get_by_role("button", name="Eraser").click()
    draw(page, (((0.3, 0.5), (0.5, 0.5), (0.7, 0.5)),))
    assert 0 < ink(page) < before
    keep(page)
    operations = [stroke["compositeOperation"] for stroke in Submission.objects.get().strokes or []]
    assert operations == ["source-over", "destination-out"]


def test_a_broader_pen_draws_broader(page):
    draw(page, ONE)
    medium = ink(page)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Pen width: medium").click()
    expect(page.get_by_role("button", name="Pen width: broad")).to_be_visible()
    draw(page, ONE)
    assert ink(page) > medium * 1.3


def test_strokes_survive_another_window_size(page):
    draw(page)
    side = page.locator("#canvas").bounding_box()["width"]
    share = ink(page) / side**2
    page.set_viewport_size(NARROW)
    page.wait_for_function(
        "side => document.getElementById('canvas').clientWidth != side", arg=side
    )
    page.wait_for_function(
        "() => { const c = document.getElementById('canvas'); return c.width == c.clientWidth }"
    )
    assert ink(page) / page.locator("#canvas").bounding_box()["width"] ** 2 == pytest.approx(
        share, rel=0.1
    )
    page.keyboard.press("Enter")
    expect_seven(page)


def test_the_canvas_is_crisp_on_a_dense_screen(phone):
    width, shown = phone.evaluate("[canvas.width, canvas.clientWidth]")
    assert width == pytest.approx(shown * 3, abs=1)


def test_what_is_sent_is_the_same_in_the_dark(active_version, open_site):
    page = open_site("/", color_scheme="dark")
    draw(page)
    keep(page)
    expect_seven(page)
    assert Submission.objects.get().receipt["polarity"] == "dark_on_light"


def test_the_colours_follow_the_system_while_one_draws(page):
    draw(page)
    assert ink_on(page).red < 100
    page.emulate_media(color_scheme="dark")
    for _ in range(50):
        if ink_on(page).red > 200:
            break
        page.wait_for_timeout(50)
    assert ink_on(page).red > 200


def test_an_empty_paper_is_not_sent(page):
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("#answer")).to_have_attribute("data-state", "blank")
    expect(page.locator("[data-slot=headline]")).to_have_text("Nothing on the paper yet.")
    assert not Submission.objects.exists()


def test_a_drawing_that_was_erased_is_blank_too(page, watch):
    watch.expected.append("422")
    draw(page, (((0.5, 0.5), (0.52, 0.5), (0.54, 0.5)),))
    page.get_by_role("button", name="Eraser").click()
    draw(page, tuple(((0.3, y), (0.5, y), (0.7, y)) for y in (0.44, 0.48, 0.52, 0.56)))
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_attribute("data-state", "blank")
    assert not Submission.objects.exists()


def test_the_same_drawing_is_kept_once(page):
    sent = requests_of(page)
    draw(page)
    keep(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Kept")).to_be_disabled()
    assert len(sent) == 1
    assert Submission.objects.count() == 1


def test_the_dotted_seven_goes_with_the_first_touch(page):
    ghost = page.locator(".ghost")
    expect(ghost).to_have_css("opacity", "1")
    draw(page, ONE)
    expect(ghost).to_have_css("opacity", "0")
    page.get_by_role("button", name="Clear").click()
    expect(ghost).to_have_css("opacity", "1")


def test_all_can_be_done_by_keyboard(page):
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "canvas":
            break
    else:
        pytest.fail("the canvas is not reached")
    for name in ("width", "eraser", "keep"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == name
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_attribute("data-state", "blank")


def test_keys_work_on_after_keep_was_pressed(page):
    draw(page)
    keep(page)
    expect(page.locator("#canvas")).to_be_focused()
    page.keyboard.press("Delete")
    assert ink(page) == 0
