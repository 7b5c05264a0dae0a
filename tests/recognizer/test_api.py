"""What programs send and get."""

import base64
import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from recognizer import views
from recognizer.models import Submission

pytestmark = pytest.mark.django_db

JSON = {"accept": "application/json"}
READ_FIELDS = {
    "verdict",
    "digit",
    "digits",
    "confidence",
    "probabilities",
    "parts",
    "advice",
    "model_version",
    "latency_ms",
    "picture_size",
    "crop_box",
    "pixels",
}
FIELDS = READ_FIELDS | {"id", "url", "created_at"}


@pytest.fixture
def program() -> Client:
    """A program: no cookies, and tokens would be asked for."""
    return Client(enforce_csrf_checks=True)


def data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def image_file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("seven.png", content)


def error_of(response) -> dict:
    assert response["Content-Type"] == "application/json"
    assert set(response.json()) == {"error"}
    assert set(response.json()["error"]) == {"code", "message"}
    return response.json()["error"]


def test_a_file_is_answered_with_a_reading(program, active_version, drawing_png):
    response = program.post("/upload", {"image": image_file(drawing_png)}, headers=JSON)
    answer = response.json()
    submission = Submission.objects.get()
    assert response.status_code == 200
    assert set(answer) == FIELDS
    assert answer["id"] == str(submission.id)
    assert answer["url"] == f"/readings/{submission.id}"
    assert answer["digit"] == 7
    assert answer["digits"] == "7"
    [part] = answer["parts"]
    assert set(part) == {"digit", "confidence", "verdict", "box"}
    assert part["verdict"] == answer["verdict"]
    assert part["digit"] == 7
    assert part["confidence"] == answer["confidence"]
    assert answer["verdict"] in {"digit", "unsure"}
    assert answer["confidence"] == pytest.approx(max(answer["probabilities"]), abs=1e-5)
    assert len(answer["probabilities"]) == 10
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert answer["model_version"] == active_version.number
    assert answer["latency_ms"] > 0
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(
        answer["created_at"]
    )
    assert age < datetime.timedelta(minutes=1)
    assert submission.source == Submission.Source.API


def test_a_file_and_its_data_url_are_read_alike(active_version, drawing_png):
    url = data_url(drawing_png)
    answers = [
        Client().post("/upload", {"image": image_file(drawing_png)}, headers=JSON),
        Client().post("/upload", {"image": url}, headers=JSON),
        Client().post("/upload", {"image": url}, "application/json", headers=JSON),
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({str(answer.json()["probabilities"]) for answer in answers}) == 1


def test_several_digits_are_answered_from_left_to_right(program, active_version, several_png):
    response = program.post("/upload", {"image": image_file(several_png)}, headers=JSON)
    answer = response.json()
    assert answer["verdict"] == "several"
    assert [str(part["digit"]) for part in answer["parts"]] == list(answer["digits"])
    lefts = [part["box"][0] for part in answer["parts"]]
    assert lefts == sorted(lefts)
    assert len(lefts) == 3
    for left, top, right, bottom in (part["box"] for part in answer["parts"]):
        assert 0 <= left < right <= 840
        assert 0 <= top < bottom <= 280
    assert all(part["verdict"] in {"digit", "unsure"} for part in answer["parts"])
    assert answer["advice"] in {"one_at_a_time", "unclear_part"}


def test_a_urlencoded_form_is_read(program, active_version, drawing_png):
    from urllib.parse import urlencode

    body = urlencode({"image": data_url(drawing_png)})
    form = "application/x-www-form-urlencoded"
    assert program.post("/upload", body, form, headers=JSON).status_code == 200


def test_strokes_may_come_along_as_json(program, active_version, drawing_png):
    strokes = [{"points": [{"x": 1.23456, "y": 2, "color": "red"}], "penColor": "red"}]
    body = {"image": data_url(drawing_png), "strokes": strokes}
    assert program.post("/upload", body, "application/json", headers=JSON).status_code == 200
    [stroke] = Submission.objects.get().strokes or []
    assert stroke["points"] == [{"x": 1.235, "y": 2, "pressure": 0, "time": 0}]
    assert "penColor" not in stroke


def test_without_a_wish_for_json_the_reading_is_a_redirect(program, active_version, drawing_png):
    for accept in (
        "*/*",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "text/html, application/json;q=0.5",
    ):
        response = program.post(
            "/upload", {"image": image_file(drawing_png)}, headers={"accept": accept}
        )
        assert response.status_code == 302, accept
        program.cookies.clear()


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "application/json, text/plain, */*",
        "application/json;q=0.9, text/html;q=0.1",
    ],
)
def test_a_wish_for_json_is_granted(program, active_version, drawing_png, accept):
    response = program.post(
        "/upload", {"image": image_file(drawing_png)}, headers={"accept": accept}
    )
    assert response["Content-Type"] == "application/json"
    assert "Accept" in response["Vary"]


def test_a_program_that_keeps_cookies_may_look_at_its_reading(active_version, drawing_png):
    program = Client(enforce_csrf_checks=True)
    answer = program.post("/upload", {"image": image_file(drawing_png)}, headers=JSON)
    url = answer.json()["url"]
    assert answer.cookies["visitor"]["path"] == url, "so that the next upload needs no token"
    again = program.get(url, headers=JSON).json()
    assert {name: again[name] for name in FIELDS} == answer.json()
    assert set(again) == FIELDS | {"source", "claim", "receipt"}
    assert again["receipt"]["num_glyphs"] == 1
    assert program.get(f"{url}/digit.png").status_code == 200


def test_a_program_that_keeps_none_may_not(program, active_version, drawing_png):
    url = program.post("/upload", {"image": image_file(drawing_png)}, headers=JSON).json()["url"]
    response = Client().get(url, headers=JSON)
    assert response.status_code == 404
    assert error_of(response)["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b"[" * 100_000, 400, "bad_json"),
        pytest.param(b"9" * 5_000, 400, "bad_json", id="a number of 5,000 digits"),
        (b'["image"]', 400, "bad_json"),
        (b'"image"', 400, "bad_json"),
        (b"{}", 400, "missing_image"),
        (b'{"image": null}', 400, "missing_image"),
        (b'{"image": 7}', 400, "bad_data_url"),
        (b'{"image": ["data:"]}', 400, "bad_data_url"),
        (b'{"image": "seven"}', 400, "bad_data_url"),
        (b'{"image": "data:image/png,abc"}', 422, "unreadable_image"),
        (b'{"image": "data:image/png;base64,!!!!"}', 422, "unreadable_image"),
        (b'{"image": "data:image/png;base64,AAAA"}', 415, "unsupported_format"),
        (b'{"image": "data:image/png;base64,iVBORw0KGgo="}', 422, "unreadable_image"),
    ],
)
def test_bad_json_bodies_are_refused_by_name(program, active_version, body, status, code):
    response = program.post("/upload", body, "application/json", headers=JSON)
    assert response.status_code == status
    assert error_of(response)["code"] == code


@pytest.mark.parametrize(
    ("strokes", "code"),
    [
        ("{", "invalid"),
        ("7", "bad_strokes"),
        ('{"points": []}', "bad_strokes"),
        ('["x"]', "bad_strokes"),
        ("[{}]", "bad_strokes"),
        ('[{"points": [{"x": 1}]}]', "bad_strokes"),
        ('[{"points": [{"x": 1e999, "y": 1}]}]', "bad_strokes"),
        ('[{"points": [{"x": NaN, "y": 1}]}]', "bad_strokes"),
        ('[{"points": [{"x": "1", "y": 1}]}]', "bad_strokes"),
        ('[{"points": [{"x": 1e6, "y": 1}]}]', "bad_strokes"),
        ('[{"points": [], "compositeOperation": "xor"}]', "bad_strokes"),
        ('[{"points": [], "compositeOperation": ["xor"]}]', "bad_strokes"),
        ("[" + ",".join(['{"points": []}'] * 201) + "]", "too_many_strokes"),
        ('[{"points": [' + ",".join(['{"x": 1, "y": 1}'] * 10_001) + "]}]", "too_many_strokes"),
        ("[" * 100_000, "invalid"),
        pytest.param("9" * 5_000, "invalid", id="a number of 5,000 digits"),
        pytest.param(
            '[{"points": [{"x": %s, "y": 1}]}]' % ("9" * 5_000), "invalid", id="so long an x"
        ),
        pytest.param(
            '[{"points": [{"x": %s, "y": 1}]}]' % ("9" * 4_000), "bad_strokes", id="a long x"
        ),
    ],
)
def test_bad_strokes_are_refused_by_name(program, active_version, drawing_png, strokes, code):
    fields = {"image": data_url(drawing_png), "strokes": strokes}
    response = program.post("/upload", fields, headers=JSON)
    assert response.status_code == 400
    assert error_of(response)["code"] == code
    assert not Submission.objects.exists()


def test_a_json_body_that_is_too_long_is_413(program, active_version, settings):
    body = b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    response = program.post("/upload", body, "application/json", headers=JSON)
    assert response.status_code == 413
    assert error_of(response)["code"] == "too_large"


def test_the_same_words_are_said_to_programs_and_people(program, active_version):
    wrong = {"image": image_file(b"%PDF-1.7")}
    message = error_of(program.post("/upload", wrong, headers=JSON))["message"]
    wrong = {"image": image_file(b"%PDF-1.7")}
    assert message in program.post("/upload", wrong).content.decode()


def test_no_active_version_is_503(program, drawing_png):
    response = program.post("/upload", {"image": image_file(drawing_png)}, headers=JSON)
    assert response.status_code == 503
    assert error_of(response)["code"] == "no_active_version"


def test_a_refused_token_is_said_in_json(active_version, drawing_png):
    browser = Client(enforce_csrf_checks=True)
    browser.get("/")
    response = browser.post("/upload", {"image": image_file(drawing_png)}, headers=JSON)
    assert response.status_code == 403
    assert error_of(response)["code"] == "csrf"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/upload", 405, "method_not_allowed"),
        ("/nowhere", 404, "not_found"),
        ("/readings/00000000-0000-0000-0000-000000000000", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_said_in_json(program, db, path, status, code):
    response = program.get(path, headers=JSON)
    assert response.status_code == status
    assert error_of(response)["code"] == code


@pytest.mark.parametrize("is_debug", [True, False])
def test_a_missing_reading_is_said_in_json_in_development_too(program, db, settings, is_debug):
    settings.DEBUG = is_debug
    path = "/readings/00000000-0000-0000-0000-000000000000"
    assert error_of(program.get(path, headers=JSON))["code"] == "not_found"


def test_a_fault_of_ours_is_said_in_json_without_details(
    program, active_version, drawing_png, monkeypatch
):
    def break_down(**_):
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(views.drawing, "recognize", break_down)
    program.raise_request_exception = False
    response = program.post("/upload", {"image": image_file(drawing_png)}, headers=JSON)
    assert response.status_code == 500
    assert error_of(response)["code"] == "server_error"
    assert b"1234" not in response.content


def test_a_browser_that_asks_for_json_draws_for_itself(active_version, drawing_png):
    browser = Client()
    browser.get("/")
    answer = browser.post("/upload", {"image": data_url(drawing_png)}, headers=JSON)
    assert answer.cookies["visitor"]["path"] == "/"
    assert Submission.objects.get().source == Submission.Source.DRAWN
    assert answer.json()["url"] in browser.get("/history").content.decode()
