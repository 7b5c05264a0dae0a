"""Pens, palms, second fingers and keys on the paper; the server draws what the screen shows."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from recognizer.models import Submission
from tests.browser.conftest import ONE, SEVEN, draw, draw_by_touch, ink, keep, points_on

pytestmark = pytest.mark.browser


COUNT_TICKS = """() => {
  window.ticks = [];
  navigator.vibrate = (time) => window.ticks.push(time);
}"""


class Pointer:
    """A pen or a finger, by the debugging protocol."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session = page.context.new_cdp_session(page)

    def pen(self, kind: str, place: tuple[float, float], force: float = 0.5, buttons: int = 1):
        """`kind`: mousePressed, mouseMoved or mouseReleased."""
        button = {"button": "left" if buttons == 1 else "none", "buttons": buttons}
        event = {"type": kind, "x": place[0], "y": place[1], "force": force, "clickCount": 1}
        self.session.send("Input.dispatchMouseEvent", event | button | {"pointerType": "pen"})

    def touch(self, kind: str, *places: tuple[float, float], radius: float = 10) -> None:
        points = [
            {"x": x, "y": y, "id": number, "radiusX": radius, "radiusY": radius}
            for number, (x, y) in enumerate(places)
        ]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def stroke(self, force: float, x: float = 0.5) -> None:
        """Draw a line downwards with a pen that presses so hard."""
        places = points_on(self.page, [(x, y) for y in np.linspace(0.2, 0.8, 12)])
        self.pen("mouseMoved", places[0], force=0, buttons=0)
        self.pen("mousePressed", places[0], force)
        for place in places[1:]:
            self.pen("mouseMoved", place, force)
        self.pen("mouseReleased", places[-1], 0)


def num_strokes(page: Page) -> int:
    keep(page)
    return len(Submission.objects.latest("created_at").strokes or [])


def test_a_pen_that_presses_harder_draws_broader(page):
    pointer = Pointer(page)
    pointer.stroke(force=0.15)
    light = ink(page)
    page.get_by_role("button", name="Clear").click()
    pointer.stroke(force=0.95)
    assert ink(page) > 1.5 * light
    keep(page)
    [stroke] = Submission.objects.get().strokes or []
    assert stroke["points"][5]["pressure"] == pytest.approx(0.95, abs=0.01)


def test_the_pressure_may_change_within_a_stroke(page):
    pointer = Pointer(page)
    places = points_on(page, [(0.5, y) for y in np.linspace(0.15, 0.85, 30)])
    pointer.pen("mouseMoved", places[0], force=0, buttons=0)
    pointer.pen("mousePressed", places[0], 0.05)
    for number, place in enumerate(places[1:], 1):
        pointer.pen("mouseMoved", place, 0.05 + 0.95 * number / 30)
    pointer.pen("mouseReleased", places[-1], 0)
    widths = page.evaluate(
        """() => {
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const row = (share) => {
            const y = Math.round(share * canvas.height);
            let count = 0;
            const start = 4 * y * canvas.width;
            for (let x = 0; x < canvas.width; x += 1) count += data[start + 4 * x + 3] > 127;
            return count;
          };
          return [0.25, 0.5, 0.75].map(row);
        }"""
    )
    assert widths[0] < widths[1] < widths[2]


def test_the_pens_other_end_erases(page):
    draw(page, ONE)
    before = ink(page)
    places = points_on(page, [(x, 0.5) for x in np.linspace(0.3, 0.7, 12)])
    # The protocol has no button for it: the events are made as a browser makes them.
    page.evaluate(
        """(places) => {
          const pen = {pointerId: 1, pointerType: "pen", isPrimary: true, pressure: 0.5};
          const tell = (type, [clientX, clientY], buttons) => {
            const button = type === "pointermove" ? -1 : 5;
            const place = {button, buttons, clientX, clientY};
            const event = {...pen, ...place, bubbles: true, cancelable: true};
            canvas.dispatchEvent(new PointerEvent(type, event));
          };
          canvas.setPointerCapture = () => {};
          tell("pointerdown", places[0], 32);
          for (const place of places) tell("pointermove", place, 32);
          tell("pointerup", places.at(-1), 0);
        }""",
        places,
    )
    assert 0 < ink(page) < before


def test_a_palm_draws_nothing(phone):
    pointer = Pointer(phone)
    [place, other] = points_on(phone, ((0.4, 0.6), (0.5, 0.7)))
    pointer.touch("touchStart", place, radius=45)
    pointer.touch("touchMove", other, radius=45)
    pointer.touch("touchEnd")
    assert ink(phone) == 0


def test_a_finger_that_turns_out_to_be_a_palm_is_taken_back(phone):
    pointer = Pointer(phone)
    [place, other, last] = points_on(phone, ((0.4, 0.6), (0.5, 0.7), (0.6, 0.7)))
    pointer.touch("touchStart", place, radius=12)
    pointer.touch("touchMove", other, radius=12)
    pointer.touch("touchMove", last, radius=50)
    pointer.touch("touchEnd")
    phone.wait_for_timeout(100)
    assert ink(phone) == 0
    expect(phone.locator("#undo")).to_be_disabled()


def test_the_hand_that_holds_a_pen_draws_nothing(phone):
    pointer = Pointer(phone)
    pointer.stroke(force=0.5)
    alone = ink(phone)
    [place, other] = points_on(phone, ((0.2, 0.8), (0.3, 0.9)))
    pointer.touch("touchStart", place)
    pointer.touch("touchMove", other)
    pointer.touch("touchEnd")
    assert ink(phone) == alone
    assert num_strokes(phone) == 1


def test_a_palm_that_comes_before_its_pen_is_taken_back(phone):
    pointer = Pointer(phone)
    [place, other] = points_on(phone, ((0.2, 0.8), (0.3, 0.85)))
    pointer.touch("touchStart", place)
    pointer.touch("touchMove", other)
    pointer.stroke(force=0.5)
    pointer.touch("touchEnd")
    assert num_strokes(phone) == 1


def test_a_finger_draws_after_the_pen_is_put_away(phone):
    pointer = Pointer(phone)
    pointer.stroke(force=0.5)
    phone.wait_for_timeout(3100)
    draw_by_touch(phone, (((0.3, 0.3), (0.3, 0.5), (0.3, 0.7)),))
    assert num_strokes(phone) == 2


def test_the_right_button_draws_nothing(page):
    [place, other] = points_on(page, ((0.3, 0.3), (0.6, 0.6)))
    page.mouse.move(*place)
    page.mouse.down(button="right")
    page.mouse.move(*other, steps=5)
    page.mouse.up(button="right")
    assert ink(page) == 0


def test_a_digit_is_drawn_by_keys(page):
    canvas = page.locator("#canvas")
    canvas.focus()
    page.keyboard.press("Space")
    expect(page.locator("#announcement")).to_have_text("The pen is down.")
    for _ in range(15):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#announcement")).to_have_text("The pen is up.")
    expect(page.locator("[data-slot=first]")).to_have_text("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    [stroke] = Submission.objects.get().strokes or []
    assert {point["x"] for point in stroke["points"]} == {280}
    assert stroke["points"][-1]["y"] - stroke["points"][0]["y"] == 300


def test_a_tick_is_felt_where_the_device_offers_it(phone):
    phone.evaluate(COUNT_TICKS)
    draw_by_touch(phone)
    keep(phone)
    assert phone.evaluate("ticks.length") == 1


def test_no_tick_is_felt_where_motion_is_not_wanted(page):
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(COUNT_TICKS)
    draw(page)
    keep(page)
    assert page.evaluate("ticks.length") == 0


@pytest.mark.parametrize("case", ["mouse", "pen", "erased", "dot"])
def test_the_server_draws_what_the_screen_shows(page, case):
    if case == "mouse":
        draw(page, SEVEN)
    elif case == "pen":
        Pointer(page).stroke(force=0.2)
        Pointer(page).stroke(force=0.9, x=0.7)
    elif case == "erased":
        draw(page, SEVEN)
        page.get_by_role("button", name="Eraser").click()
        draw(page, (((0.3, 0.4), (0.5, 0.42), (0.7, 0.4)),))
    else:
        draw(page, SEVEN)
        [place] = points_on(page, ((0.15, 0.15),))
        page.mouse.click(*place)
    keep(page)
    shown = page.evaluate(
        """async () => {
          const copy = new OffscreenCanvas(560, 560);
          copy.getContext("2d").drawImage(canvas, 0, 0, 560, 560);
          const {data} = copy.getContext("2d").getImageData(0, 0, 560, 560);
          const bytes = new Uint8Array(560 * 560).map((_, index) => data[4 * index + 3]);
          let text = "";
          for (let start = 0; start < bytes.length; start += 8192) {
            text += String.fromCharCode(...bytes.subarray(start, start + 8192));
          }
          return btoa(text);
        }"""
    )
    on_screen = np.frombuffer(base64.b64decode(shown), np.uint8).reshape(560, 560) > 127
    with Submission.objects.get().image.open("rb") as file:
        stored = np.asarray(Image.open(io.BytesIO(file.read())).convert("L")) < 128
    assert stored.shape == (560, 560)
    both, either = (on_screen & stored).sum(), (on_screen | stored).sum()
    assert both / either > 0.95


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_what_keys_draw_is_kept_with_the_pen_still_down(page):
    page.locator("#canvas").focus()
    press(page, "Space", *["ArrowDown"] * 12, "Enter")
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    [stroke] = Submission.objects.get().strokes or []
    assert len(stroke["points"]) == 13


def test_what_keys_draw_is_cleared_with_the_pen_still_down(page):
    page.locator("#canvas").focus()
    press(page, "Space", *["ArrowDown"] * 5, "Delete")
    assert ink(page) == 0
    press(page, "ArrowDown")
    assert ink(page) == 0  # the pen is up


def test_a_stroke_by_keys_stays_when_the_mouse_goes_on(page):
    page.locator("#canvas").focus()
    press(page, "Space", *["ArrowDown"] * 12)
    draw(page, (((0.2, 0.2), (0.2, 0.5), (0.2, 0.8)),))
    assert num_strokes(page) == 2
