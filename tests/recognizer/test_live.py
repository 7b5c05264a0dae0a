"""Readings while somebody draws: nothing is stored, and what is kept then says the same."""

import base64
import json
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from recognizer import imaging, live, pen
from recognizer.models import Prediction, Share, Submission
from tests.recognizer.strokes import DRAWINGS, FINE, line, seven, stroke
from tests.recognizer.test_api import FIELDS, READ_FIELDS, data_url, error_of

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}


def send(client: Client, path: str, **fields):
    return client.post(path, fields, "application/json", headers=JSON)


def key_of(client: Client) -> str:
    return client.cookies["visitor"].value.split(":")[0]


def varied(name: str, seed: int) -> list[dict]:
    """A drawing of that name by another hand: moved, scaled, sheared, shaky, of another pen."""
    random = np.random.default_rng((seed, *name.encode()))
    turn = np.eye(2) * random.uniform(0.5, 1.1) + random.normal(0, 0.12, (2, 2))
    moved = 280 + random.uniform(-40, 40, 2)
    width = random.uniform(FINE, 20)
    drawn = []
    for one in DRAWINGS[name](width):
        places = np.array([(point["x"], point["y"]) for point in one["points"]])
        places = (places - 280) @ turn.T + moved + random.normal(0, 1.5, places.shape)
        drawn.append(stroke(places.tolist(), low=0.85 * width, high=width))
    return drawn


# --- Reading live ---------------------------------------------------------------------------------


def test_strokes_are_read_and_nothing_is_stored(active_version, django_assert_num_queries):
    program = Client(enforce_csrf_checks=True)
    send(program, "/read", strokes=seven())  # loads the version

    with django_assert_num_queries(1):  # which version is active
        response = send(program, "/read", strokes=seven())

    answer = response.json()
    assert response.status_code == 200
    assert set(answer) == READ_FIELDS
    assert answer["digit"] == 7
    assert answer["picture_size"] == [560, 560]
    left, top, right, bottom = answer["crop_box"]
    assert 130 < left < 170 < 370 < right < 420
    assert 110 < top < 150 < 410 < bottom < 450
    digit = np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8)
    drawn, _ = imaging.to_digit(pen.draw(seven()))
    assert np.array_equal(digit, drawn.ravel())
    assert not Submission.objects.exists()
    assert not Prediction.objects.exists()


@pytest.mark.parametrize("name", DRAWINGS)
def test_what_is_read_live_and_what_is_kept_of_it_are_the_same(active_version, name):
    verdicts = set()
    for seed in range(5):
        strokes = varied(name, seed)
        now = send(Client(), "/read", strokes=strokes).json()
        kept = send(Client(), "/upload", strokes=strokes).json()

        told = READ_FIELDS - {"latency_ms"}
        assert {key: now[key] for key in told} == {key: kept[key] for key in told}
        stored = Prediction.objects.get(submission=kept["id"])
        assert stored.probabilities == now["probabilities"]
        assert (stored.verdict, stored.digits) == (now["verdict"], now["digits"])
        verdicts.add((now["verdict"], len(now["digits"])))
    if name == "two ones":
        assert any(num > 1 for _, num in verdicts), "several digits are among them"


def test_the_drawings_that_are_compared_are_of_many_kinds(active_version):
    answers = [
        send(Client(), "/read", strokes=varied(name, seed)).json()
        for name in DRAWINGS
        for seed in range(5)
    ]
    assert {"digit", "unsure", "not_a_digit"} <= {answer["verdict"] for answer in answers}
    assert len({answer["digit"] for answer in answers}) > 3


@pytest.mark.parametrize("how", ["json", "form", "file", "data url"])
def test_it_comes_as_a_form_or_as_json_as_strokes_or_as_an_image(active_version, drawing_png, how):
    fields: dict[str, dict] = {
        "json": {"data": {"strokes": seven()}, "content_type": "application/json"},
        "form": {"data": {"strokes": json.dumps(seven())}},
        "file": {"data": {"image": SimpleUploadedFile("seven.png", drawing_png)}},
        "data url": {"data": {"image": data_url(drawing_png)}, "content_type": "application/json"},
    }
    response = Client().post("/read", **fields[how], headers=JSON)
    assert (response.status_code, response.json()["digit"]) == (200, 7)


def test_of_an_image_and_strokes_the_image_is_read(active_version, drawing_png):
    answer = send(Client(), "/read", image=data_url(drawing_png), strokes=DRAWINGS["one"]()).json()
    assert answer["picture_size"] == [280, 280]
    assert answer["digit"] == 7


@pytest.mark.parametrize(
    "strokes",
    [
        [stroke([])],
        [line((-50, -50), (-90, -90))],
        [*seven(), line((0, 280), (560, 280), 500, operation="destination-out")],
    ],
)
def test_blank_paper_is_a_reading_live_and_none_to_keep(active_version, strokes):
    answer = send(Client(), "/read", strokes=strokes).json()
    assert answer["verdict"] == "blank"
    assert answer["digit"] is None
    assert (answer["digits"], answer["parts"], answer["advice"]) == ("", [], None)
    assert answer["probabilities"] == [0.0] * 10
    assert (answer["confidence"], answer["crop_box"], answer["pixels"]) == (0.0, None, "")
    assert answer["picture_size"] == [560, 560]

    kept = send(Client(), "/upload", strokes=strokes)
    assert (kept.status_code, error_of(kept)["code"]) == (422, "blank")
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({}, 400, "missing_image"),
        ({"strokes": []}, 400, "missing_image"),
        ({"strokes": [{}]}, 400, "bad_strokes"),
        ({"strokes": [{"points": []}] * 201}, 400, "too_many_strokes"),
        ({"image": "seven"}, 400, "bad_data_url"),
        ({"image": "data:image/png;base64,AAAA"}, 415, "unsupported_format"),
        ({"image": "data:image/png;base64,iVBORw0KGgo="}, 422, "unreadable_image"),
    ],
)
def test_what_cannot_be_read_is_said_as_for_an_upload(active_version, fields, status, code):
    for path in ("/read", "/upload"):
        response = send(Client(), path, **fields)
        assert (response.status_code, error_of(response)["code"]) == (status, code), path


def test_without_a_version_it_is_503(db):
    response = send(Client(), "/read", strokes=seven())
    assert (response.status_code, error_of(response)["code"]) == (503, "no_active_version")


def test_it_answers_in_json_whatever_is_asked_for(active_version):
    html = {"accept": "text/html"}
    good = Client().post("/read", {"strokes": json.dumps(seven())}, headers=html)
    assert good.json()["digit"] == 7
    bad = Client().post("/read", {}, headers=html)
    assert (bad.status_code, error_of(bad)["code"]) == (400, "missing_image")
    assert error_of(Client().get("/read", headers=html))["code"] == "method_not_allowed"


def test_a_browser_needs_its_token_and_gets_no_new_cookie(active_version):
    strict = Client(enforce_csrf_checks=True)
    strict.get("/")
    assert error_of(send(strict, "/read", strokes=seven()))["code"] == "csrf"
    token = {"x-csrftoken": strict.cookies["csrftoken"].value} | JSON
    body = {"strokes": seven()}
    response = strict.post("/read", body, "application/json", headers=token)
    assert response.status_code == 200
    assert "visitor" not in response.cookies


# --- Strokes alone, kept --------------------------------------------------------------------------


def test_strokes_alone_are_drawn_and_kept(active_version, browser):
    answer = send(browser, "/upload", strokes=seven()).json()

    assert set(answer) == FIELDS
    submission = Submission.objects.get()
    assert submission.source == Submission.Source.DRAWN
    assert submission.strokes == seven()
    assert submission.receipt["format"] == "STROKES"
    with submission.image.open("rb") as file:
        stored = imaging.decode(file.read())
    assert np.array_equal(stored.pixels, pen.draw(seven()).pixels)
    digit, _ = imaging.to_digit(stored)
    assert digit.tobytes() == bytes(submission.digit)


def test_a_form_with_strokes_alone_leads_to_the_reading(active_version, browser):
    response = browser.post("/upload", {"strokes": json.dumps(seven())})
    assert response.status_code == 302
    assert browser.get(response["Location"]).status_code == 200


def test_equal_strokes_have_one_hash_whatever_the_order_of_their_keys(active_version):
    turned = [
        {name: one[name] for name in reversed(one)}
        | {"points": [dict(reversed(point.items())) for point in one["points"]]}
        for one in seven()
    ]
    for strokes in (seven(), turned, seven(FINE)):
        send(Client(), "/upload", strokes=strokes)

    hashes = Submission.objects.order_by("created_at").values_list("drawing_sha256", flat=True)
    first, second, other = hashes
    assert first == second != other
    assert len(first) == 64


def test_strokes_that_do_not_say_how_wide_they_are_have_the_usual_pen(active_version):
    bare = [{"points": [{"x": 280, "y": y} for y in range(100, 460, 4)]}]
    assert send(Client(), "/upload", strokes=bare).status_code == 200
    [kept] = Submission.objects.get().strokes or []
    assert kept["minWidth"] == kept["maxWidth"] == pytest.approx(pen.USUAL_RADIUS)


# --- In place of what was kept before -------------------------------------------------------------


@pytest.fixture
def earlier(active_version, browser: Client) -> Submission:
    """What the browser kept of a drawing before it went on."""
    send(browser, "/upload", strokes=DRAWINGS["one"]())
    return Submission.objects.get()


def go_on(browser: Client, earlier: Submission) -> Submission:
    response = send(browser, "/upload", strokes=seven(), replaces=str(earlier.pk))
    assert response.status_code == 200
    return Submission.objects.get(pk=response.json()["id"])


def is_there(submission: Submission) -> bool:
    return Submission.objects.filter(pk=submission.pk).exists()


def test_a_drawing_that_goes_on_replaces_what_was_kept_of_it(
    browser, earlier, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        later = go_on(browser, earlier)

    assert not is_there(earlier)
    assert not earlier.image.storage.exists(str(earlier.image.name))
    assert later.image.storage.exists(str(later.image.name))
    assert [reading.submission_id for reading in Prediction.objects.all()] == [later.pk]


@pytest.mark.parametrize(
    "change",
    [
        {"claim": 1},
        {"label": "1", "review_state": "reviewed", "reviewed_at": timezone.now()},
        {"review_state": "second_look"},
        {"source": "uploaded"},
        {"source": "api"},
        {"visitor_key": "f" * 32},
        {"visitor_key": ""},
        {"created_at": timezone.now() - live.REPLACEABLE_FOR - timedelta(seconds=1)},
    ],
    ids=lambda change: ",".join(f"{name}" for name in change),
)
def test_what_somebody_would_miss_stays_and_nothing_is_said(browser, earlier, change):
    Submission.objects.filter(pk=earlier.pk).update(**change)

    go_on(browser, earlier)

    assert is_there(earlier)
    assert earlier.image.storage.exists(str(earlier.image.name))


def test_what_is_shown_to_others_stays(browser, earlier):
    Share.objects.create(submission=earlier)
    go_on(browser, earlier)
    assert is_there(earlier)


def test_a_stranger_and_a_program_replace_nothing(earlier):
    stranger = Client()
    stranger.get("/")
    for client in (stranger, Client()):
        assert send(client, "/upload", strokes=seven(), replaces=str(earlier.pk)).status_code == 200
    assert is_there(earlier)


def test_what_is_no_longer_there_is_no_problem(active_version, browser):
    response = send(browser, "/upload", strokes=seven(), replaces=str(uuid.uuid4()))
    assert response.status_code == 200


def test_a_drawing_that_is_not_kept_replaces_nothing(browser, earlier):
    response = send(browser, "/upload", strokes=[stroke([])], replaces=str(earlier.pk))
    assert response.status_code == 422
    assert is_there(earlier)


@pytest.mark.parametrize("given", ["x", 7, ["x"], "../../etc"])
def test_what_is_no_id_is_refused_and_nothing_is_kept(active_version, browser, given):
    response = send(browser, "/upload", strokes=seven(), replaces=given)
    assert (response.status_code, error_of(response)["code"]) == (400, "invalid")
    assert "replaces" in error_of(response)["message"]
    assert not Submission.objects.exists()
