"""Pictures by every way: picked, photographed, dropped, pasted, cut, several at once."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from recognizer.models import Submission
from tests.browser.conftest import be_busy_once, draw, file_of, keep, requests_of, send_picture
from tests.conftest import png

pytestmark = pytest.mark.browser


def give(page: Page, content: bytes, event: str, mime: str = "image/png", num: int = 1) -> None:
    """Drop or paste files onto the page, as a browser tells the page of them."""
    page.evaluate(
        """([base64, event, type, num]) => {
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
          const transfer = new DataTransfer();
          for (let index = 0; index < num; index += 1) {
            transfer.items.add(new File([bytes], `seven-${index}`, {type}));
          }
          const options = {bubbles: true, cancelable: true};
          document.body.dispatchEvent(event === "paste"
            ? new ClipboardEvent(event, {...options, clipboardData: transfer})
            : new DragEvent(event, {...options, dataTransfer: transfer}));
        }""",
        [base64.b64encode(content).decode(), event, mime, num],
    )


def expect_state(page: Page, state: str) -> None:
    expect(page.locator("#answer")).to_have_attribute("data-state", state)


def expect_seven(page: Page) -> None:
    expect(page.locator("#answer")).to_have_attribute("data-state", re.compile("digit|unsure"))
    expect(page.locator("[data-slot=first]")).to_have_text("7")


def pick(page: Page, content: bytes) -> None:
    """Pick a picture, and wait until it can be cut."""
    page.locator("#id_image").set_input_files(file_of(content))
    expect(page.get_by_role("button", name="Read it")).to_be_focused()


def stored() -> Image.Image:
    """The picture that was stored last."""
    with Submission.objects.latest("created_at").image.open("rb") as file:
        return Image.open(io.BytesIO(file.read()))


# --- The ways in ----------------------------------------------------------------------------------


def test_a_picked_picture_is_read_and_shown(page, drawing_png):
    send_picture(page, file_of(drawing_png))
    expect_seven(page)
    expect(page.locator("#preview")).to_be_visible()
    assert Submission.objects.get().source == Submission.Source.UPLOADED


def test_the_picker_is_reached_by_its_label(page, drawing_png):
    with page.expect_file_chooser() as chooser:
        page.locator("label", has_text="Pick pictures").click()
    chooser.value.set_files(file_of(drawing_png))
    page.get_by_role("button", name="Read it").click()
    expect_seven(page)


def test_the_same_file_may_be_picked_again(page, drawing_png):
    for count in (1, 2):
        with page.expect_response("**/upload"):
            send_picture(page, file_of(drawing_png))
        expect_seven(page)
        assert Submission.objects.count() == count


def test_a_phone_offers_its_camera(phone, drawing_png):
    expect(phone.get_by_text("Take a photo")).to_be_visible()
    assert phone.locator("#camera").get_attribute("capture") == "environment"
    send_picture(phone, file_of(drawing_png), picker="#camera")
    expect_seven(phone)


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_dropped_or_pasted_picture_is_read(page, drawing_png, event):
    give(page, drawing_png, event)
    page.get_by_role("button", name="Read it").click()
    expect_seven(page)
    expect(page.locator("#preview")).to_be_visible()


def test_the_paper_says_that_one_may_drop(page, drawing_png):
    give(page, drawing_png, "dragover")
    expect(page.get_by_text("Drop it here")).to_be_visible()
    give(page, drawing_png, "drop")
    expect(page.get_by_text("Drop it here")).to_be_hidden()
    expect(page.get_by_role("button", name="Read it")).to_be_focused()


def test_drawing_takes_the_pictures_place(page, drawing_png):
    send_picture(page, file_of(drawing_png))
    expect_seven(page)
    draw(page)
    expect(page.locator("#preview")).to_be_hidden()
    page.keyboard.press("Enter")
    expect_seven(page)


def test_an_example_is_read_and_not_stored(page):
    page.get_by_role("button", name="A seven with a bar").click()
    expect(page.locator("#answer")).not_to_have_attribute("data-state", "empty")
    expect(page.locator("[data-slot=facts]")).to_contain_text("An example · Model")
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("#keep")).to_be_disabled()
    expect(page.locator("#claim")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_timeout(1800)  # longer than the pause after which drawings are kept
    assert not Submission.objects.exists()


def test_an_example_that_cannot_be_fetched_is_said(page, watch):
    watch.expected.append("ERR_FAILED")
    page.route("**/examples/**", lambda route: route.abort())
    page.evaluate("document.querySelector('#examples img').src += '?anew'")
    page.get_by_role("button", name="A seven with a bar").click()
    expect_state(page, "problem")
    assert not Submission.objects.exists()


def test_what_is_no_picture_is_said_without_sending_it(page):
    page.locator("#id_image").set_input_files(file_of(b"%PDF", "a.pdf", "application/pdf"))
    expect_state(page, "problem")
    expect(page.locator("[data-slot=tip]")).to_contain_text("PNG, JPEG")


def test_the_servers_words_are_shown(page, watch):
    watch.expected.append("415")
    page.locator("#id_image").set_input_files(file_of(b"%PDF-1.7 not a picture"))
    expect_state(page, "problem")  # the browser cannot show it, so there is nothing to cut
    expect(page.locator("[data-slot=tip]")).to_contain_text("PDF")
    expect(page.locator("#announcement")).to_contain_text("PDF")
    expect(page.locator("#preview")).to_be_hidden()  # and no broken picture


# --- Before it is sent ----------------------------------------------------------------------------


@pytest.fixture
def wide_png() -> bytes:
    """A seven on the left half of a wide picture, a blot on the right half."""
    image = Image.new("L", (560, 280), 255)
    image.paste(Image.open("static/site/examples/seven.png").convert("L").resize((280, 280)))
    image.paste(0, (400, 60, 520, 220))
    return png(image)


def test_a_picture_is_cut_by_dragging_the_frame(page, wide_png):
    pick(page, wide_png)
    frame = page.locator("cropper-selection").bounding_box()
    assert frame
    x, y = frame["x"] + frame["width"], frame["y"] + frame["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - frame["width"] / 2, y, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Read it").click()
    expect_state(page, "digit")
    expect(page.locator("[data-slot=first]")).to_have_text("7")
    width, height = stored().size
    assert width / height == pytest.approx(1, abs=0.1)


def test_a_picture_is_cut_by_keys(page, wide_png):
    pick(page, wide_png)
    selection = page.locator("cropper-selection")
    selection.focus()
    before = selection.bounding_box()
    for _ in range(10):
        page.keyboard.press("Shift+ArrowLeft")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")  # it is at the upper edge already
    after = selection.bounding_box()
    assert before
    assert after
    assert after["width"] == pytest.approx(before["width"] - 80, abs=2)
    assert after["x"] == pytest.approx(before["x"] + 24, abs=2)
    assert after["y"] == pytest.approx(before["y"], abs=1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    assert stored().width < stored().height * 1.8


def test_the_frame_stays_within_the_picture(page, wide_png):
    pick(page, wide_png)
    page.locator("cropper-selection").focus()
    for key in ("ArrowLeft", "Shift+ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    frame = page.locator("cropper-selection").bounding_box()
    assert frame == page.locator("cropper-canvas").bounding_box()


@pytest.mark.parametrize(("name", "lying"), [("right", 90), ("left", -90)])
def test_a_picture_is_turned(page, wide_png, name, lying):
    upright = Image.open(io.BytesIO(wide_png))
    pick(page, png(upright.rotate(lying, expand=True)))
    page.get_by_role("button", name=f"Turn to the {name}").click()
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    found = stored().convert("L")
    expected = np.asarray(upright.resize(found.size), int)
    assert abs(np.asarray(found, int) - expected).mean() < 5


def test_one_may_think_better_of_it(page, drawing_png):
    sent = requests_of(page)
    draw(page)
    page.locator("#id_image").set_input_files(file_of(drawing_png))
    expect(page.locator("[data-slot=headline]")).to_have_text("Show me the digit.")
    page.keyboard.press("Escape")
    expect(page.locator("#crop-stage")).to_be_hidden()
    expect(page.locator("#undo")).to_be_visible()
    expect_seven(page)  # the drawing is still there
    assert not sent


def test_without_cropper_the_picture_is_sent_as_it_is(page, watch, drawing_png):
    watch.expected.append("ERR_FAILED")
    page.route("**/cropperjs/**", lambda route: route.abort())
    page.locator("#id_image").set_input_files(file_of(drawing_png))
    expect_seven(page)
    assert Submission.objects.get().source == Submission.Source.UPLOADED


def test_a_large_photo_is_made_small_before_it_travels(page):
    noise = np.random.default_rng(5).integers(200, 256, (2400, 3200), np.uint8)
    image = Image.fromarray(noise).convert("RGB")
    image.paste((10, 10, 40), (1500, 600, 1700, 1800))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    page.evaluate(
        """() => {
          const send = XMLHttpRequest.prototype.send;
          XMLHttpRequest.prototype.send = function (body) {
            window.size = body.get("image").size;
            send.call(this, body);
          };
        }"""
    )
    assert len(file.getvalue()) > 3_000_000
    send_picture(page, file_of(file.getvalue(), "photo.jpg", "image/jpeg"))
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    assert 50_000 < page.evaluate("size") < 1_500_000
    assert Submission.objects.get().receipt["original_size"] == [1600, 1200]


def test_how_much_has_travelled_is_shown(page, drawing_png):
    session = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 100_000}
    session.send("Network.emulateNetworkConditions", slow)
    noise = np.random.default_rng(5).integers(0, 256, (300, 300, 3), np.uint8)
    page.locator("#id_image").set_input_files(file_of(png(Image.fromarray(noise))))
    page.get_by_role("button", name="Read it").click()
    sending = page.get_by_role("progressbar", name="On its way")
    expect(sending).to_be_visible()
    page.wait_for_function("document.querySelector('.sending').value > 0")
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    expect(sending).to_be_hidden()


# --- Several at once ------------------------------------------------------------------------------


def test_several_pictures_are_read_in_a_list(page, drawing_png, several_png, watch):
    watch.expected.append("422")
    blank = png(Image.new("L", (60, 60), 255))
    files = [
        file_of(drawing_png, "seven.png"),
        file_of(several_png, "several.png"),
        file_of(blank, "blank.png"),
        file_of(b"%PDF", "paper.pdf", "application/pdf"),
    ]
    page.locator("#id_image").set_input_files(files)
    expect(page.locator("#batch")).to_have_attribute("data-state", "done")
    expect(page.get_by_role("heading", name="2 of 4 pictures read")).to_be_visible()
    items = page.locator(".batch-item")
    expect(items).to_have_count(4)
    expect(items.nth(0)).to_contain_text("seven.png")
    expect(items.nth(0).locator(".batch-digit")).to_have_text(re.compile("7"))
    expect(items.nth(1).locator(".batch-digit")).to_have_text(re.compile(r"\d{2,}"))
    expect(items.nth(2)).to_have_attribute("data-state", "problem")
    expect(items.nth(3)).to_contain_text("PNG, JPEG")
    assert items.nth(0).locator("canvas").evaluate("canvas => canvas.width") > 100
    expect(page.locator("#announcement")).to_have_text("2 of 4 pictures read")
    assert Submission.objects.count() == 2
    items.nth(0).get_by_role("link", name="Open").click()
    expect(page).to_have_url(re.compile("/readings/"))


def test_several_dropped_pictures_are_a_list_too_and_it_can_be_closed(page, drawing_png):
    give(page, drawing_png, "drop", num=2)
    expect(page.get_by_role("heading", name="2 pictures read", exact=True)).to_be_visible()
    page.get_by_role("button", name="Close the list").click()
    expect(page.locator("#batch")).to_be_hidden()


def test_a_list_waits_where_the_server_asks_it_to(page, drawing_png, watch):
    watch.expected.append("429")
    be_busy_once(page, "/upload", retry_after=1)
    give(page, drawing_png, "drop", num=2)
    expect(page.get_by_role("heading", name="2 pictures read", exact=True)).to_be_visible()
    assert Submission.objects.count() == 2


def test_a_list_waits_for_the_connection(page, drawing_png, watch):
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    give(page, drawing_png, "drop", num=2)
    expect(page.get_by_text("It waits for the connection.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="2 pictures read", exact=True)).to_be_visible()
    assert Submission.objects.count() == 2


def test_a_file_that_is_no_picture_leaves_the_answer_that_is_there(page):
    draw(page)
    keep(page)
    page.locator("#id_image").set_input_files(file_of(b"%PDF", "a.pdf", "application/pdf"))
    expect(page.locator("[data-slot=tip]")).to_contain_text("PNG, JPEG")
    expect(page.locator("[data-slot=first]")).to_have_text("7")
    expect(page.get_by_role("button", name="Kept")).to_be_visible()


def test_an_example_that_comes_late_leaves_what_was_drawn_meanwhile(page):
    held: list[Route] = []
    page.evaluate("document.querySelector('#examples img').src += '?anew'")
    page.route("**/examples/seven.png?anew", lambda route: held.extend([route]))
    page.get_by_role("button", name="A seven with a bar").click()
    draw(page)
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    expect(page.locator("#preview")).to_be_hidden()


def test_keys_leave_the_drawing_under_a_picture_that_is_cut(page, drawing_png):
    draw(page)
    keep(page)
    pick(page, drawing_png)
    for key in ("Control+z", "Delete"):
        page.keyboard.press(key)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Kept")).to_be_visible()
    expect_seven(page)
