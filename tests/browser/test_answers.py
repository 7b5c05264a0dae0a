"""The answer in all its states, the claim and the history."""

import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from recognizer.advice import Advice
from recognizer.models import ModelVersion, Submission
from tests.browser.conftest import NARROW, draw, file_of, keep, requests_of, send_picture
from tests.conftest import png

pytestmark = pytest.mark.browser

NO_DIGIT = [0.1, 0.1, 0.31, 0.09, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05]
# Of each: the button that sends a picture, the link to its reading, the mark of decimals.
LANGUAGES = [
    ("en", "Read it", "Its own page", "[.]"),
    ("es", "Leer", "Su página", ","),
]
UNSURE = [0.01, 0.36, 0.01, 0.01, 0.01, 0.01, 0.01, 0.56, 0.01, 0.01]


def answer_with(page: Page, **changes) -> None:
    """Let the server answer, and change what the page is told of it."""

    def change(route):
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | changes)

    for path in ("read", "upload"):
        page.route(f"**/{path}", change)


def expect_state(page: Page, state: str) -> None:
    expect(page.locator("#answer")).to_have_attribute("data-state", state)


def expect_seven(page: Page) -> None:
    expect(page.locator("#answer")).to_have_attribute("data-state", re.compile("digit|unsure"))
    expect(page.locator("[data-slot=first]")).to_have_text("7")


# --- Verdicts -------------------------------------------------------------------------------------


def test_a_doubtful_digit_shows_both_candidates(page):
    answer_with(page, verdict="unsure", probabilities=UNSURE, confidence=0.56)
    draw(page)
    page.keyboard.press("Enter")
    expect_state(page, "unsure")
    expect(page.locator(".numeral")).to_have_text(["7", "1"])
    expect(page.locator("[data-slot=headline]")).to_have_text("Perhaps a seven, or a one.")
    expect(page.locator(".bar.is-candidate")).to_have_count(2)


PARTS = [
    {"digit": 4, "confidence": 0.998, "verdict": "digit", "box": [40, 60, 80, 200]},
    {"digit": 0, "confidence": 0.613, "verdict": "unsure", "box": [110, 60, 160, 200]},
    {"digit": 7, "confidence": 0.972, "verdict": "digit", "box": [190, 60, 240, 200]},
]
SEVERAL = {"verdict": "unsure", "digits": "407", "parts": PARTS, "advice": "unclear_part"}


def test_several_digits_are_read_as_a_number_and_boxed(page, drawing_png):
    answer_with(page, **SEVERAL)
    send_picture(page, file_of(drawing_png))
    expect_state(page, "unsure")
    expect(page.locator("[data-slot=first]")).to_have_text("407")
    expect(page.locator("[data-slot=headline]")).to_have_text("Perhaps three digits: 4, 0, 7.")
    expect(page.locator("[data-slot=percent]")).to_have_text("at least 61.3 %")
    expect(page.locator("[data-slot=tip]")).to_contain_text("I am not sure of the 0.")
    expect(page.locator(".part")).to_have_text(["4 99.8 %", "0? 61.3 %", "7 97.2 %"])
    expect(page.locator("#paper .boxes text")).to_have_text(
        ["4", "99 %", "0?", "61 %", "7", "97 %"]
    )
    expect(page.locator(".answer .bars")).to_be_hidden()
    expect(page.locator("#announcement")).to_contain_text(
        "4, 0, 7. Not sure. at least 61.3 %. I am"
    )


def test_the_boxes_lie_on_the_digits(page, drawing_png):
    answer_with(page, **SEVERAL)
    send_picture(page, file_of(drawing_png))
    box = page.locator("#paper .boxes > g > rect").first.bounding_box()
    shown = page.locator("#preview").bounding_box()
    assert box
    assert shown
    scale = shown["width"] / 280  # the picture's side
    assert box["x"] == pytest.approx(shown["x"] + 40 * scale, abs=2)
    assert box["height"] == pytest.approx(140 * scale, abs=4)


@pytest.mark.parametrize("change", ["Clear", "Undo", "draw"])
def test_the_boxes_go_with_the_picture_they_are_of(page, drawing_png, change):
    draw(page)
    answer_with(page, **SEVERAL)
    send_picture(page, file_of(drawing_png))
    expect(page.locator("#paper .boxes text")).to_have_count(6)
    page.unroute_all()
    if change == "draw":
        draw(page)
    else:
        page.get_by_role("button", name=change).click()
    expect(page.locator("#paper .boxes text")).to_have_count(0)


@pytest.mark.parametrize(("locale", "button", "link", "mark"), LANGUAGES)
def test_the_page_and_the_readings_own_page_say_the_same_of_several(
    active_version, open_site, several_png, locale, button, link, mark
):
    page = open_site("/", locale=locale)
    page.locator("#id_image").set_input_files(file_of(several_png))
    page.get_by_role("button", name=button).click()
    expect_state(page, "several")
    expect(page.locator(".paper .boxes text").first).to_be_visible()
    said = words_on(page)
    assert any(re.search(rf"\d{mark}\d %", text) for text in said)
    page.get_by_role("link", name=link).click()
    expect(page).to_have_url(re.compile("/readings/"))
    expect(page.locator(".paper .boxes text").first).to_be_visible()
    assert words_on(page) == said


def words_on(page: Page) -> list[str]:
    """List what is said of a reading, the boxes' words too."""
    said = page.locator(":is([data-slot=first], .says p, .part, .boxes text)").all_text_contents()
    return sorted(" ".join(text.split()) for text in said)


@pytest.mark.parametrize("advice", ["one_digit", "more_light"])
def test_what_is_no_digit_is_said_so(page, advice):
    answer_with(page, verdict="not_a_digit", probabilities=NO_DIGIT, confidence=0.31, advice=advice)
    draw(page)
    page.keyboard.press("Enter")
    expect_state(page, "not_a_digit")
    expect(page.locator("[data-slot=headline]")).to_have_text("This looks like no digit to me.")
    expect(page.locator("[data-slot=percent]")).to_have_text("at best a two, 31.0 %")
    expect(page.locator("[data-slot=tip]")).to_have_text(str(Advice(advice).label))
    expect(page.locator(".numeral:visible")).to_have_count(0)


def test_what_looks_like_no_digit_at_all_is_at_best_nothing(page):
    answer_with(page, verdict="not_a_digit", probabilities=[0.1] * 10, confidence=0.1)
    draw(page)
    page.keyboard.press("Enter")
    expect_state(page, "not_a_digit")
    expect(page.locator("[data-slot=percent]")).to_have_text("")
    expect(page.locator("#announcement")).to_contain_text("Not a digit. ")
    expect(page.locator("#announcement")).not_to_contain_text("%")


def test_a_blank_picture_is_said_in_the_servers_words(page, watch):
    watch.expected.append("422")
    blank = png(Image.new("L", (60, 60), 255))
    send_picture(page, file_of(blank))
    expect_state(page, "blank")
    expect(page.locator("[data-slot=headline]")).to_have_text("I find nothing on it")
    expect(page.locator("[data-slot=tip]")).to_contain_text("more light")


def test_what_was_said_before_leaves_nothing_behind(page, drawing_png):
    answer_with(page, **SEVERAL)
    send_picture(page, file_of(drawing_png))
    expect(page.locator(".part")).to_have_count(3)
    page.unroute_all()
    draw(page)
    page.keyboard.press("Enter")
    expect_seven(page)
    expect(page.locator(".part")).to_have_count(0)
    expect(page.locator(".answer .bars")).to_be_visible()


def test_nearly_certain_is_not_called_certain(page):
    answer_with(
        page, verdict="digit", probabilities=[0.0] * 7 + [0.99997, 0, 0], confidence=0.99997
    )
    draw(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-slot=percent]")).to_have_text("99.9 %")


def test_an_offline_visitor_keeps_the_drawing(page, watch):
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    draw(page)
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect_state(page, "offline")
    expect(page.locator("[data-slot=headline]")).to_have_text("You are offline")
    page.context.set_offline(False)
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    expect_seven(page)
    assert Submission.objects.count() == 1


def test_an_offline_visitor_keeps_the_picture(page, watch, drawing_png):
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    page.locator("#id_image").set_input_files(file_of(drawing_png))  # what cuts it does not come
    expect_state(page, "offline")
    page.context.set_offline(False)
    expect_seven(page)
    assert Submission.objects.get().source == Submission.Source.UPLOADED


def test_what_was_cleared_offline_is_not_sent(page, watch, drawing_png):
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    draw(page)
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect_state(page, "offline")
    page.get_by_role("button", name="Clear").click()
    expect_state(page, "empty")
    sent = requests_of(page)
    page.context.set_offline(False)
    page.wait_for_function("navigator.onLine")
    expect_state(page, "empty")
    assert not sent


@pytest.mark.parametrize(
    ("status", "code"), [(429, "too_many_requests"), (503, "no_active_version")]
)
def test_a_picture_that_failed_is_sent_again_when_asked(page, watch, drawing_png, status, code):
    watch.expected.append(str(status))
    problem = {"error": {"code": code, "message": "Try again in 3 seconds."}}
    page.route("**/upload", lambda route: route.fulfill(status=status, json=problem), times=1)
    send_picture(page, file_of(drawing_png))
    expect(page.locator("[data-slot=tip]")).to_have_text("Try again in 3 seconds.")
    keep(page)
    expect_seven(page)
    assert Submission.objects.get().source == Submission.Source.UPLOADED


def test_a_picture_that_was_read_is_not_sent_again(page, drawing_png):
    sent = requests_of(page)
    send_picture(page, file_of(drawing_png))
    expect_seven(page)
    expect(page.get_by_role("button", name="Kept")).to_be_disabled()
    page.keyboard.press("Enter")
    assert len(sent) == 1


def test_undo_brings_the_drawing_back_in_the_pictures_place(page, drawing_png):
    draw(page)
    send_picture(page, file_of(drawing_png))
    expect_seven(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#preview")).to_be_hidden()
    keep(page)
    expect_seven(page)
    drawn = Submission.objects.filter(source=Submission.Source.DRAWN)
    assert drawn.count() == 1


def test_no_active_model_is_said_at_once_and_when_asked(open_site, watch):
    watch.expected.append("503")
    page = open_site("/")
    expect_state(page, "no_active_version")
    draw(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-slot=tip]")).to_contain_text("nothing was stored")
    expect_state(page, "no_active_version")


def test_a_broken_server_is_said_kindly(page, watch):
    watch.expected.append("500")
    page.route("**/read", lambda route: route.fulfill(status=500, body="<h1>Oops</h1>"))
    draw(page)
    expect_state(page, "problem")
    expect(page.locator("[data-slot=tip]")).to_contain_text("try again in a while")


# --- Afterwards -----------------------------------------------------------------------------------


def test_right_or_not_is_one_tap(page):
    answer_with(page, verdict="digit")
    draw(page)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Right", exact=True).click()
    expect(page.locator(".claim-thanks")).to_contain_text("You say it was 7")
    assert Submission.objects.get().claim == 7


def test_another_digit_may_be_claimed(page):
    draw(page)
    page.keyboard.press("Enter")
    page.get_by_text("Not right?").click()
    page.locator(".claim-digits").get_by_role("button", name="1").click()
    expect(page.locator("#announcement")).to_contain_text("You say it was 1")
    submission = Submission.objects.get()
    assert submission.claim == 1
    assert submission.label == ""


def test_the_reading_has_its_own_page_and_its_place_in_the_history(page):
    draw(page)
    keep(page)
    page.get_by_role("link", name="Its own page").click()
    expect(page).to_have_url(re.compile(r"/readings/[\w-]{36}$"))
    expect(page.locator(".numeral").first).to_have_text("7")
    expect(page.locator(".paper svg rect")).to_have_count(1)
    page.get_by_role("link", name="History").first.click()
    expect(page.locator(".reading-link")).to_have_count(1)
    page.locator(".reading-link").click()
    page.get_by_text("Not right?").click()
    page.locator(".claim-digits").get_by_role("button", name="9").click()
    expect(page.locator(".claim-thanks")).to_contain_text("You say it was 9")


def test_an_empty_history_invites_to_draw(active_version, open_site):
    page = open_site("/history")
    page.get_by_role("link", name="Draw a digit").click()
    expect_state(page, "empty")


def test_without_javascript_uploads_and_claims_still_work(active_version, open_site, drawing_png):
    page = open_site("/", java_script_enabled=False)
    expect(page.locator(".no-script")).to_be_visible()
    expect(page.locator("#tools")).to_be_hidden()
    page.get_by_label("A picture of one digit").set_input_files(file_of(drawing_png))
    page.get_by_role("button", name="Read it").click()
    expect(page).to_have_url(re.compile(r"/readings/"))
    expect(page.locator(".numeral").first).to_have_text("7")
    page.get_by_text("Not right?").click()
    page.locator(".claim-digits").get_by_role("button", name="2").click()
    expect(page.get_by_text("You say it was 2")).to_be_visible()


def test_without_javascript_errors_are_said_on_the_page(active_version, open_site, watch):
    watch.expected.append("415")
    page = open_site("/", java_script_enabled=False, viewport=NARROW)
    page.get_by_label("A picture of one digit").set_input_files(file_of(b"%PDF-1.7"))
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("alert")).to_contain_text("PDF")
    expect(page.get_by_label("A picture of one digit")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/history", "/nowhere", "/upload"])
def test_other_pages_fit_a_phone(active_version, open_site, watch, path, scheme):
    watch.expected += ["404", "405"]
    page = open_site(path, viewport=NARROW, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    paper = {"light": "rgb(250, 248, 243)", "dark": "rgb(21, 24, 28)"}[scheme]
    expect(page.locator("body")).to_have_css("background-color", paper)


@pytest.mark.parametrize("viewport", [NARROW, {"width": 1280, "height": 720}])
def test_what_one_taps_is_large_enough(active_version, open_site, viewport):
    page = open_site("/", viewport=viewport, has_touch=True)
    draw(page)
    keep(page)
    expect_seven(page)
    page.get_by_text("Not right?").click()
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, summary, a.btn, label.btn, nav a")]
          .filter((part) => part.checkVisibility())
          .map((part) => [part.textContent.trim() || part.ariaLabel, part.getBoundingClientRect()])
          .filter(([, {width, height}]) => width < 44 || height < 44)
          .map(([name, {width, height}]) => `${name}: ${width} × ${height}`)"""
    )
    assert not small


def test_no_version_number_is_made_up(page, active_version: ModelVersion):
    draw(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-slot=facts]")).to_contain_text(f"Model {active_version.number} · ")
