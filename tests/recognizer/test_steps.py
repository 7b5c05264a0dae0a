"""The steps of a stored picture: their sentences, their pictures, and who sees them."""

import io
import re
from html import unescape

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import translation
from PIL import Image, ImageDraw

from recognizer import imaging, steps
from recognizer.models import Submission
from tests.conftest import drawn_seven, png
from tests.recognizer.strokes import seven, two_ones
from tests.recognizer.test_api import data_url

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
ALL = ["picture", "grey", "ink", "lines", "strokes", "glyphs", "digit"]


def keep(browser: Client, **fields) -> Submission:
    response = browser.post("/upload", fields, "application/json", headers=JSON)
    return Submission.objects.get(pk=response.json()["id"])


def captions(**receipt) -> dict[str, str]:
    usual = {
        "segmentation": "usual",
        "threshold": 0.1,
        "num_lines": 0,
        "num_frames": 0,
        "num_glyphs": 1,
        "shift": [0.0, 0.0],
        "stroke_width": 2.5,
    }
    submission = Submission(receipt=usual | receipt)
    return {step.name: step.caption for step in steps.steps_of(submission, str)}


def test_each_step_has_a_picture_and_a_sentence(active_version, browser):
    submission = keep(browser, strokes=seven())
    url = f"/readings/{submission.id}/steps"

    html = browser.get(url).content.decode()

    addresses = re.findall(r'<img loading="lazy" src="([^"]+)" alt="[^"]+">', html)
    assert addresses == [f"{url}/{name}.png" for name in ALL]
    assert html.count("<figcaption>") == len(ALL)
    assert "<html" not in html, "a part of a page"
    assert not re.search(r"\sstyle=|\son\w+=|<script|<style|data:image", html)
    for address in addresses:
        response = browser.get(address)
        assert response["Content-Type"] == "image/png"
        assert response["Cache-Control"].startswith("private")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert min(Image.open(io.BytesIO(response.content)).size) >= 28


def test_the_first_and_the_last_picture_are_what_is_stored(active_version, browser):
    submission = keep(browser, strokes=seven())
    with submission.image.open("rb") as file:
        stored = imaging.decode(file.read()).pixels

    shown = {name: imaging.decode(steps.png_of(submission, name)).pixels for name in ALL}

    assert np.array_equal(shown["picture"], stored)
    digit = np.frombuffer(bytes(submission.digit), np.uint8).reshape(28, 28)
    assert np.array_equal(shown["digit"][..., 0], digit)
    assert len({pixels.tobytes() for pixels in shown.values()}) > 4, "steps differ"


def test_captions_tell_what_the_receipt_knows(active_version, browser):
    page = Image.new("RGB", (420, 420), "white")
    page.paste(drawn_seven(), (70, 70))
    brush = ImageDraw.Draw(page)
    for y in (30, 390):
        brush.line([(0, y), (420, y)], "#555555", 4)
    submission = keep(browser, image=data_url(png(page)))
    assert submission.receipt["num_lines"] == 2

    html = unescape(browser.get(f"/readings/{submission.id}/steps").content.decode())

    assert "420 × 420 points." in html
    assert "Ink: dark on light, darker than the paper by 4.5\N{NO-BREAK SPACE}% and more." in html
    assert "Taken away: 2 lines." in html
    assert "1 digit found." in html
    assert re.search(r"28 × 28 points, [^;<]+; the pen is \d\.\d of them wide\.", html)


def test_several_digits_are_shown_side_by_side(active_version, browser):
    submission = keep(browser, strokes=two_ones())
    assert "2 digits found." in {
        step.caption for step in steps.steps_of(submission, lambda name: name)
    }
    assert imaging.decode(steps.png_of(submission, "digit")).pixels.shape[:2] == (28, 56)


@pytest.mark.parametrize(
    ("counts", "caption"),
    [
        ({}, "No lines and no boxes were there to take away."),
        ({"num_lines": 4, "num_frames": 1}, "Taken away: 4 lines, 1 box."),
        ({"num_lines": 1, "num_frames": 2}, "Taken away: 1 line, 2 boxes."),
        ({"num_frames": 1}, "Taken away: 1 box."),
    ],
)
def test_what_is_taken_away_is_counted(counts, caption):
    assert captions(**counts)["lines"] == caption


@pytest.mark.parametrize(
    ("counts", "caption"),
    [
        ({}, "1 digit found."),
        ({"num_glyphs": 3}, "3 digits found."),
        ({"num_edges": 1}, "1 digit found. Left out: 1 edge of the picture."),
        (
            {"num_edges": 2, "num_specks": 1},
            "1 digit found. Left out: 2 edges of the picture, 1 speck.",
        ),
    ],
)
def test_what_is_found_is_counted(counts, caption):
    assert captions(**counts)["glyphs"] == caption


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        ([0.0, 0.0], "already in the middle"),
        ([-2.0, 0.0], "moved 2 to the left"),
        ([1.5, -1.0], "moved 1.5 to the right and 1 up"),
        ([0.0, 3.0], "moved 3 down"),
    ],
)
def test_how_far_it_was_moved_is_said(shift, words):
    assert (
        captions(shift=shift)["digit"] == f"28 × 28 points, {words}; the pen is 2.5 of them wide."
    )


def test_figures_are_written_as_the_language_has_them():
    with translation.override("de"):
        assert "1,5" in captions(shift=[1.5, 0.0])["digit"]


def test_the_picture_tells_how_large_it_was_and_what_was_laid_under_it():
    told = captions(picture_size=[1000, 750], original_size=[4000, 3000], is_composited=True)
    assert told["picture"].startswith("1000 × 750 points, made smaller from 4000 × 3000.")
    assert "see-through" in told["picture"]
    assert "light on dark" in captions(polarity="light_on_dark", threshold=0.31)["ink"]


def test_what_is_taken_as_it_is_has_three_steps():
    assert list(captions(segmentation="as_it_is_inverted")) == ["picture", "grey", "digit"]


def test_a_receipt_of_long_ago_has_its_sentences_too():
    shown = steps.steps_of(Submission(receipt={}), str)
    assert [step.name for step in shown] == ALL
    captions = {step.name: step.caption for step in shown}
    assert captions["digit"] == "28 × 28 points."
    assert not [one for name, one in captions.items() if name != "digit" and re.search(r"\d", one)]
    assert "No lines" not in captions["lines"]


@pytest.mark.parametrize("name", ["nothing", "lines-removed", "blank"])
def test_other_steps_are_not_there(active_version, browser, name):
    submission = keep(browser, strokes=seven())
    assert browser.get(f"/readings/{submission.id}/steps/{name}.png").status_code == 404


@pytest.mark.parametrize("part", ["steps", "steps/ink.png"])
def test_they_are_seen_by_whom_the_reading_is_seen(
    active_version, browser, django_user_model, part
):
    submission = keep(browser, strokes=seven())
    url = f"/readings/{submission.id}/{part}"
    stranger = Client()
    stranger.get("/")
    staff, user = Client(), django_user_model.objects.create_user("rita", is_staff=True)
    staff.force_login(user)
    assert {one.get(url).status_code for one in (stranger, Client(), staff)} == {404}
    user.user_permissions.add(Permission.objects.get(codename="view_submission"))
    assert (browser.get(url).status_code, staff.get(url).status_code) == (200, 200)


def test_a_step_of_a_picture_whose_file_is_gone_is_404(active_version, browser):
    submission = keep(browser, strokes=seven())
    submission.image.storage.delete(str(submission.image.name))
    assert browser.get(f"/readings/{submission.id}/steps/ink.png").status_code == 404
    assert browser.get(f"/readings/{submission.id}/steps").status_code == 200
