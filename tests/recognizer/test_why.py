"""Why a drawing was read so: what is left out, where it is, and what is read without it."""

import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from django.test import Client

from recognizer import engine, imaging, pen, recognition, why
from recognizer.models import Prediction, Submission
from recognizer.reasons import Reasons
from tests.conftest import drawn_seven, png
from tests.recognizer.strokes import DRAWINGS, dot, four, line, one, seven, stroke, two_ones, way
from tests.recognizer.test_api import data_url, error_of

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
HTML = {"accept": "text/html"}


class InkBelow:
    """Reads by how much ink there is: little a one, much an eight, and so sure of it."""

    def __init__(self, ink: float, sureness: float = 0.95) -> None:
        self.ink, self.sureness, self.batches = ink, sureness, list[int]()

    def probabilities(self, digits: np.ndarray) -> np.ndarray:
        self.batches.append(len(digits))
        rows = np.full((len(digits), 10), (1 - self.sureness) / 9, np.float32)
        is_little = digits.reshape(len(digits), -1).sum(axis=1) < self.ink
        rows[np.arange(len(digits)), np.where(is_little, 1, 8)] = self.sureness
        return rows


class Told:
    """Answers the whole and then each part as it is told: (digit, its probability)."""

    def __init__(self, *answers: tuple[int, float]) -> None:
        self.answers, self.batches = list(answers), list[int]()

    def probabilities(self, digits: np.ndarray) -> np.ndarray:
        self.batches.append(len(digits))
        rows = np.zeros((len(digits), 10), np.float32)
        for row in rows:
            digit, share = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            row[:] = (1 - share) / 9
            row[digit] = share
        return rows


@pytest.fixture
def reads_with(active_version, monkeypatch):
    """Have drawings read by an engine of the test's own."""

    def use(own):
        loaded = engine.Loaded(active_version.pk, "litert", own, engine.Thresholds(0.8, 0.5))
        monkeypatch.setattr(recognition, "_engine_of", lambda version: loaded)
        return own

    return use


def explain(strokes: list[dict]) -> why.Why:
    return why.explain_drawing(drawing=None, strokes=strokes, source="drawn")


def strongest(found: why.Why) -> why.Part:
    assert found.strongest is not None
    return found.parts[found.strongest]


# --- What is left out -----------------------------------------------------------------------------


def test_each_of_several_strokes_is_left_out_and_all_is_read_in_one_batch(reads_with):
    own = reads_with(Told((4, 0.99)))
    found = explain(four())

    assert found.kind == "strokes"
    assert own.batches == [1, 2], "the whole, and what is left without each"
    assert [part.path for part in found.parts] == [pen.path_of(one) for one in four()]
    assert [part.num_strokes for part in found.parts] == [1, 1]
    assert found.picture_size == (560, 560)


def test_what_is_read_without_a_stroke_is_what_is_read_of_the_others(active_version):
    strokes = four()
    found = explain(strokes)

    for place, part in enumerate(found.parts):
        rest = [one for other, one in enumerate(strokes) if other != place]
        alone = recognition.look(strokes=rest).prediction
        [usual] = recognition.read_as([pen.draw(rest)], "usual", recognition.active_engine())
        assert part.without == usual
        if part.without.verdict == "digit":  # else other ways of segmenting are tried too
            assert part.without.digit == alone.digit
        whole = found.prediction
        assert whole.digit is not None
        fall = whole.probabilities[whole.digit] - usual.probabilities[whole.digit]
        assert part.weight == pytest.approx(fall, abs=1e-4)


def test_one_stroke_and_a_picture_are_explained_by_squares(active_version, drawing_png):
    drawn = explain(seven())
    sent = why.explain_drawing(drawing=drawing_png, strokes=None, source="uploaded")

    for found in (drawn, sent):
        assert found.kind == "occlusion"
        assert 10 < len(found.parts) < 50
        assert all(part.box and not part.path for part in found.parts)
    assert drawn.picture_size == (560, 560)
    assert sent.picture_size == (280, 280)


def test_squares_are_read_in_one_batch_each_with_that_part_of_the_ink_gone(reads_with):
    own = reads_with(InkBelow(0.0))
    found = explain(seven())
    assert own.batches == [1, len(found.parts)]


def test_a_square_that_holds_the_deciding_ink_weighs_most(reads_with):
    look = recognition.look
    reads_with(InkBelow(0.0))
    digit = np.frombuffer(bytes(look(strokes=seven()).prediction.submission.digit), np.uint8)
    inked = int(digit.sum())
    reads_with(InkBelow(inked - 255 * 10))  # an eight that is a one without ten full pixels

    found = explain(seven())

    deciding = [part for part in found.parts if part.without.digit == 1]
    assert deciding
    assert len(deciding) < len(found.parts)
    assert strongest(found) in deciding
    assert strongest(found).weight > 0.9
    assert found.is_decisive


def test_strokes_that_cannot_be_seen_are_no_parts(active_version):
    hidden = line((200, 141), (220, 142), 3)  # under the bar
    away = dot(-100, -100)
    rubbed = [line((50, 520), (90, 520)), line((20, 520), (140, 520), 30)]
    rubbed[1]["compositeOperation"] = "destination-out"

    found = explain([*four(), hidden, *rubbed, stroke([])])
    assert len(explain([*four(), away, stroke([])]).parts) == 2
    assert len(explain([*seven(), hidden]).parts) > 2, "one stroke is left: squares"
    assert len(found.parts) == 3, "of what was rubbed out none, of the short line one"


def test_what_erases_stays_where_a_stroke_is_left_out(active_version):
    bar = way((150, 300), (400, 300))
    rubbing = line((240, 300), (300, 300), 25, operation="destination-out")
    found = explain([*seven(), bar, rubbing])
    assert len(found.parts) == 2

    [without_seven, _] = found.parts
    [expected] = recognition.read_as(
        [pen.draw([bar, rubbing])], "usual", recognition.active_engine()
    )
    assert without_seven.without == expected


def test_many_strokes_go_together_so_that_the_time_is_bounded(reads_with):
    own = reads_with(Told((8, 0.99)))
    hatching = [line((150 + 16 * n, 140), (170 + 16 * n, 420), 9) for n in range(12)]

    found = explain(hatching)

    assert len(own.batches) == 2
    assert len(found.parts) == why.NUM_GROUPS
    assert sum(part.num_strokes for part in found.parts) == 12
    assert max(part.num_strokes for part in found.parts) <= 12 // why.NUM_GROUPS
    assert Reasons.of(found).sentence.startswith(("No single part", "Without the marked part"))


def scribble(num: int, points: int = 20, radius: float = 13.75) -> list[dict]:
    """Strokes to and fro over the paper, as a child's."""
    ends = np.random.default_rng(1).uniform(100, 460, (num, 2, 2))
    share = np.linspace(0, 1, points)[:, np.newaxis]
    return [
        stroke((start + (end - start) * share).tolist(), low=radius, high=radius)
        for start, end in ends
    ]


@pytest.mark.parametrize(
    "strokes",
    [scribble(60), scribble(13), scribble(4, points=1500), scribble(12, points=400, radius=60)],
    ids=["60 strokes", "13 strokes", "long ones", "wide ones"],
)
def test_of_a_scribble_squares_are_left_out_and_it_is_drawn_once(reads_with, monkeypatch, strokes):
    reads_with(Told((8, 0.99)))
    drawn, draw = list[int](), pen.draw

    def counted(given: Sequence[pen.Stroke]) -> imaging.Picture:
        drawn.append(len(given))
        return draw(given)

    monkeypatch.setattr(pen, "draw", counted)
    assert explain(strokes).kind == "occlusion"
    assert drawn == [len(strokes)]

    picture = imaging.to_png(draw(strokes))
    found = why.explain_drawing(drawing=picture, strokes=strokes, source="drawn")
    assert found.kind == "occlusion"
    assert drawn == [len(strokes)], "the picture is not drawn again to see whether it is theirs"


def test_why_takes_little_time(active_version):
    """Some 20 ms where it was measured; here others may be at work, so the bound is loose."""
    explain(four())
    for drawing in (four, seven, lambda: scribble(60)):
        times = []
        for _ in range(9):
            started = time.process_time()
            explain(drawing())
            times.append(time.process_time() - started)
        assert np.median(times) < 0.1


# --- Where the squares are ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["seven", "one", "hooked one", "five"])
def test_each_inked_pixel_of_the_digit_is_found_on_ink_of_the_picture(active_version, name):
    seen = recognition.look(strokes=DRAWINGS[name]())
    assert seen.segmentation is not None
    receipt, digit = seen.prediction.submission.receipt, seen.segmentation.digit
    ink = 255 - seen.picture.pixels[..., 0]

    for down, across in zip(*np.nonzero(digit > 200), strict=True):
        left, top, right, bottom = why.in_picture((across, down, across + 1, down + 1), receipt)
        under = ink[round(top) : round(bottom) + 1, round(left) : round(right) + 1]
        assert under.max() > 200, (across, down)
    left, top, right, bottom = why.in_picture((0, 0, 28, 28), receipt)
    outside = ink.copy()
    outside[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = 0
    assert outside.max() == 0, "the digit's square holds all ink"


def test_the_digits_own_box_is_found_to_a_pixel_of_the_digit(active_version, drawing_png):
    seen = recognition.look(drawing=drawing_png)
    assert seen.segmentation is not None
    digit, receipt = seen.segmentation.digit, seen.segmentation.receipt
    down, across = np.nonzero(digit > 127)
    inked = (across.min(), down.min(), across.max() + 1, down.max() + 1)

    found = why.in_picture(inked, receipt.as_dict())

    assert found == pytest.approx(receipt.crop_box, abs=1 / receipt.scale)


def test_a_digit_that_was_taken_as_it_is_is_the_whole_picture():
    receipt = {
        "crop_box": (0, 0, 28, 28),
        "picture_size": (28, 28),
        "segmentation": "as_it_is",
        "shift": (0.0, 0.0),
        "scale": 1.0,
    }
    assert why.in_picture((5, 6, 10, 11), receipt) == (5, 6, 10, 11)


def test_no_square_leaves_the_picture(active_version):
    at_the_edge = [way((10, 20), (300, 15), (120, 400))]
    for part in explain(at_the_edge).parts:
        assert part.box is not None
        assert min(part.box) >= 0
        assert max(part.box) <= 560


# --- What cannot be explained ---------------------------------------------------------------------


def test_several_digits_and_blank_paper_are_said_in_words(active_version):
    with pytest.raises(imaging.BlankImage):
        explain([stroke([])])
    for fields, code in (
        ({"strokes": two_ones()}, "several"),
        ({"strokes": [stroke([])]}, "blank"),
    ):
        response = Client().post("/why", fields, "application/json", headers=JSON)
        assert response.status_code == 422
        assert error_of(response)["code"].startswith(code)
        page = Client().post("/why", fields, "application/json", headers=HTML).content.decode()
        assert '<section class="why"' in page
        assert 'role="alert"' in page
        assert "<html" not in page, "a part of a page"


# --- The sentence ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([(4, 0.99), (1, 0.9), (4, 0.98)], "Without the marked stroke I would read a one."),
        ([(4, 0.99), (1, 0.9), (7, 0.99)], "Without the marked stroke I would read a seven."),
        (
            [(4, 0.99), (4, 0.6), (4, 0.9)],
            "Without the marked stroke I would not be sure any more.",
        ),
        ([(4, 0.99), (4, 0.98), (4, 0.3)], "Without the marked stroke I would see no digit."),
        ([(4, 0.99), (4, 0.98), (4, 0.9)], "No single stroke decides it."),
        ([(4, 0.6), (9, 0.97), (4, 0.5)], "Without the marked stroke I would read a nine, surely."),
        ([(4, 0.6), (9, 0.9), (4, 0.95)], "Without the marked stroke I would read a four, surely."),
        ([(4, 0.6), (9, 0.7), (4, 0.5)], "No single stroke would settle it."),
        ([(4, 0.3), (9, 0.97), (4, 0.2)], "Without the marked stroke I would read a nine, surely."),
    ],
)
def test_the_sentence_says_what_would_change_the_answer(reads_with, answers, sentence):
    reads_with(Told(*answers))
    assert Reasons.of(explain(four())).sentence == sentence


def test_the_strongest_of_several_that_decide_is_marked(reads_with):
    reads_with(Told((4, 0.99), (4, 0.6), (1, 0.99)))
    found = explain(four())
    assert found.strongest == 1
    assert "a one" in Reasons.of(found).sentence


def test_of_what_is_unsure_the_part_that_settles_it_most_surely_is_marked(reads_with):
    reads_with(Told((4, 0.6), (9, 0.85), (4, 0.95)))
    found = explain(four())
    assert found.strongest == 1
    assert found.parts[1].weight < 0, "it speaks against the four that was read"


def test_of_squares_it_speaks_of_parts(reads_with):
    reads_with(Told((7, 0.99), (1, 0.9), (7, 0.98)))
    reasons = Reasons.of(explain(seven()))
    assert reasons.sentence == "Without the marked part I would read a one."


# --- As JSON and as a part of a page --------------------------------------------------------------


def test_a_program_gets_the_parts_and_nothing_is_stored(active_version):
    response = Client().post("/why", {"strokes": four()}, "application/json", headers=JSON)

    answer = response.json()
    assert set(answer) == {
        *("kind", "verdict", "digit", "confidence", "picture_size", "parts", "sentence"),
    }
    live = Client().post("/read", {"strokes": four()}, "application/json").json()
    assert all(answer[name] == live[name] for name in ("verdict", "digit", "confidence"))
    assert answer["kind"] == "strokes"
    for part in answer["parts"]:
        assert set(part) == {"path", "width", "weight", "is_strongest", "without"}
        assert set(part["without"]) == {"verdict", "digit", "confidence"}
        assert -1 <= part["weight"] <= 1
        assert part["width"] == pytest.approx(27.5)
    assert not Submission.objects.exists()


def test_squares_are_boxes_in_json(active_version, drawing_png):
    fields = {"image": data_url(drawing_png)}
    answer = Client().post("/why", fields, "application/json", headers=JSON).json()
    assert answer["kind"] == "occlusion"
    assert answer["picture_size"] == [280, 280]
    for part in answer["parts"]:
        assert set(part) == {"box", "width", "weight", "is_strongest", "without"}
        left, top, right, bottom = part["box"]
        assert 0 <= left < right <= 280
        assert 0 <= top < bottom <= 280
    assert sum(part["is_strongest"] for part in answer["parts"]) <= 1


def fragment(reads_with, *answers, strokes=four) -> ET.Element:
    reads_with(Told(*answers))
    fields = {"strokes": strokes()}
    response = Client().post("/why", fields, "application/json", headers=HTML)
    assert response.status_code == 200
    return ET.fromstring(response.content.decode())  # noqa: S314  (our own)


def test_the_part_of_a_page_marks_the_strongest_by_more_than_colour(reads_with):
    section = fragment(reads_with, (4, 0.99), (1, 0.9), (4, 0.9999))

    [svg] = [one for one in section.iter("svg") if one.get("class") == "why-map"]
    assert svg.get("viewBox") == "0 0 560 560"
    paths = list(svg.iter("path"))
    by_name = {str(one.get("class")): one for one in paths}
    assert set(by_name) == {"why-part is-for is-strongest", "why-part is-against"}
    marked, other = by_name["why-part is-for is-strongest"], by_name["why-part is-against"]
    assert float(marked.get("stroke-width", 0)) > 1.5 * float(other.get("stroke-width", 0))
    assert marked is paths[-1], "it lies over the others"
    assert other.get("stroke-dasharray")
    assert not marked.get("stroke-dasharray")


def test_the_part_of_a_page_says_it_in_words_too(reads_with):
    section = fragment(reads_with, (4, 0.99), (1, 0.9), (4, 0.9999))
    text = " ".join(" ".join(section.itertext()).split())

    assert "Without the marked stroke I would read a one." in text
    assert "Stroke 1 of 2 (marked): speaks for a four; without it: a one, 90.0 %" in text
    assert "Stroke 2 of 2 : speaks against a four; without it: a four, 99.9 %" in text
    [legend] = [one for one in section.iter("ul") if one.get("class") == "why-legend"]
    keys = [" ".join("".join(item.itertext()).split()) for item in legend]
    assert keys == ["speaks for a four", "speaks against a four", "marked: matters most"]


def test_the_legend_names_only_what_is_there(reads_with):
    section = fragment(reads_with, (4, 0.9), (4, 0.9))
    [legend] = [one for one in section.iter("ul") if one.get("class") == "why-legend"]
    assert len(legend) == 1


def test_squares_are_told_by_their_place_the_marked_one_first_and_each_place_once(reads_with):
    section = fragment(reads_with, (7, 0.99), (1, 0.9), (7, 0.98), strokes=seven)
    [told] = list(section.iter("ol"))
    names = [item[0].text for item in told]
    assert 1 < len(names) <= 5
    assert len(set(names)) == len(names)
    assert names[0] == "top left"
    assert "is-strongest" in str(told[0].get("class"))
    assert len(list(section.iter("rect"))) > 10


def test_the_part_of_a_page_keeps_the_policy(active_version):
    page = Client().post("/why", {"strokes": four()}, "application/json", headers=HTML)
    html = page.content.decode()
    assert not re.search(r"\sstyle=|\son\w+=|<script|<style|data:image", html)


# --- Of what was kept -----------------------------------------------------------------------------


def keep(browser: Client, **fields) -> str:
    answer = browser.post("/upload", fields, "application/json", headers=JSON)
    assert answer.status_code == 200
    return f"{answer.json()['url']}/why"


def test_kept_strokes_are_explained_as_they_were_live(active_version, browser):
    live = browser.post("/why", {"strokes": four()}, "application/json", headers=JSON).json()
    kept = browser.get(keep(browser, strokes=four()), headers=JSON).json()
    assert kept == live
    assert kept["kind"] == "strokes"


def test_strokes_of_another_drawing_than_the_picture_are_not_believed(active_version, browser):
    url = keep(browser, image=data_url(png(drawn_seven(560, 36))), strokes=four())
    assert browser.get(url, headers=JSON).json()["kind"] == "occlusion"

    fields = {"image": data_url(png(drawn_seven(560, 36))), "strokes": four()}
    live = browser.post("/why", fields, "application/json", headers=JSON).json()
    assert live["kind"] == "occlusion"


def test_strokes_that_read_as_their_picture_does_are_believed(active_version, browser):
    picture = imaging.to_png(pen.draw(four()))
    url = keep(browser, image=data_url(picture), strokes=four())
    assert browser.get(url, headers=JSON).json()["kind"] == "strokes"


def test_where_another_version_reads_now_that_is_said(active_version, browser):
    url = keep(browser, strokes=four())
    Prediction.objects.update(digit=9, parts=[])

    sentence = browser.get(url, headers=JSON).json()["sentence"]

    assert sentence.startswith("The model that reads now says: ")


def test_only_its_visitor_gets_the_reasons(active_version, browser):
    url = keep(browser, strokes=four())
    stranger = Client()
    stranger.get("/")
    for client in (stranger, Client()):
        assert client.get(url, headers=JSON).status_code == 404
    assert browser.get(url).status_code == 200


def test_reasons_of_a_picture_whose_file_is_gone_are_404(active_version, browser):
    url = keep(browser, strokes=four())
    submission = Submission.objects.get()
    submission.image.storage.delete(str(submission.image.name))
    assert browser.get(url, headers=JSON).status_code == 404


def test_several_kept_digits_are_422(active_version, browser):
    url = keep(browser, strokes=two_ones())
    Prediction.objects.get()
    response = browser.get(url, headers=JSON)
    assert (response.status_code, error_of(response)["code"]) == (422, "several_digits")


def test_a_way_that_is_not_the_usual_one_is_taken_for_the_parts_too(active_version):
    seen = recognition.look(strokes=four())
    assert seen.segmentation is not None
    receipt = replace(seen.segmentation.receipt, segmentation="whole")
    seen.prediction.submission.receipt = receipt.as_dict()

    found = why.explain(seen, four())

    rest = [pen.draw([one]) for one in reversed(four())]
    assert [part.without for part in found.parts] == recognition.read_as(
        rest, "whole", recognition.active_engine()
    )


def test_one_that_reads_nothing_has_no_marked_part(reads_with):
    reads_with(Told((1, 0.9)))
    found = explain(one())
    assert found.strongest is None
    assert not Reasons.of(found).is_marked
