"""The pages: who sees what, what is stored, and what each thing that goes wrong looks like."""

import base64
import io
import re
import time
import urllib.request
import uuid
from html import unescape
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import get_cookie_signer
from django.test import Client
from PIL import Image

from recognizer import engine, recognition, views, visitors
from recognizer.forms import ClaimForm
from recognizer.models import ModelVersion, Prediction, Submission
from tests.conftest import png

pytestmark = pytest.mark.django_db


def data_url(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def image_file(content: bytes, name: str = "seven.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/png")


@pytest.fixture
def submission(active_version, browser: Client, drawing_png: bytes) -> Submission:
    """A reading of the browser's own."""
    browser.post("/upload", {"image": data_url(drawing_png)})
    return Submission.objects.get()


def store(key: str, *, verdict: str = "digit", digit: int = 7, parts=()) -> Submission:
    """A stored reading, without reading anything."""
    submission = Submission(source="drawn", digit=bytes(784), visitor_key=key)
    submission.receipt = {"num_glyphs": 2, "boxes": [], "picture_size": [2, 2]}
    content = ContentFile(png(Image.new("L", (2, 2), 255)))
    submission.image.save("x.png", content, save=False)
    submission.save()
    Prediction.objects.create(
        submission=submission,
        version=ModelVersion.objects.active().get(),
        verdict=verdict,
        digit=digit,
        confidence=0.9,
        probabilities=[0.0] * 7 + [0.9, 0.1, 0.0],
        latency_ms=1.0,
        parts=list(parts),
    )
    return submission


def parts_of(digits: str, *confidences: float) -> list[dict]:
    """Parts as a reading of several digits has them, side by side on a picture of 2 px."""
    shares = confidences or (0.98765,) * len(digits)
    return [
        {
            "digit": int(digit),
            "confidence": share,
            "verdict": "digit" if share > 0.9 else "unsure",
            "box": [0, 0, 1, 2],
        }
        for digit, share in zip(digits, shares, strict=True)
    ]


def key_of(client: Client) -> str:
    return client.cookies["visitor"].value.split(":")[0]


def words_of(response) -> str:
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(text).split())


# --- The first page -------------------------------------------------------------------------------


def test_the_page_gives_the_visitor_a_signed_cookie(client):
    cookie = client.get("/").cookies["visitor"]
    assert re.fullmatch(r"[0-9a-f]{32}:.+:.+", cookie.value)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["max-age"] == 365 * 24 * 60 * 60


def test_the_cookie_is_secure_where_the_session_cookie_is(client, settings):
    assert not client.get("/").cookies["visitor"]["secure"]
    settings.SESSION_COOKIE_SECURE = True
    assert client.get("/").cookies["visitor"]["secure"]


def test_a_visitor_keeps_the_key(client):
    client.get("/")
    key = key_of(client)
    client.get("/")
    assert key_of(client) == key


@pytest.mark.parametrize("value", ["", "x", "0" * 32, "0" * 32 + ":1:x"])
def test_a_cookie_that_was_tampered_with_makes_a_new_visitor(client, value):
    client.cookies["visitor"] = value
    client.get("/")
    assert re.fullmatch(r"[0-9a-f]{32}:.+", client.cookies["visitor"].value)
    assert key_of(client) != "0" * 32


def test_a_signed_cookie_that_holds_no_key_makes_a_new_visitor(client):
    signer = get_cookie_signer(salt=visitors.COOKIE + visitors.SALT)
    client.cookies["visitor"] = signer.sign("../../etc")
    client.get("/")
    assert re.fullmatch(r"[0-9a-f]{32}", key_of(client))


def test_the_page_is_kept_by_no_shared_cache(client):
    response = client.get("/")
    assert response["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response["Vary"]


def test_the_page_has_no_inline_script_or_style(client, active_version):
    html = client.get("/").content.decode()
    assert "<style" not in html
    assert not re.search(r"\sstyle=|\son\w+=", html)
    inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", html)
    assert inline == ['<script id="words" type="application/json">']


@pytest.mark.parametrize("path", ["/", "/history", "/nowhere", "/admin/login/"])
def test_the_policy_allows_this_site_and_nothing_else(client, path):
    policy = client.get(path)["Content-Security-Policy"]
    assert set(policy.split("; ")) == {
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    }


def test_the_page_says_when_no_model_is_at_work(client):
    response = client.get("/")
    assert response.status_code == 200
    assert "No model is at work" in words_of(response)
    assert 'data-state="no_active_version"' in response.content.decode()


def test_the_page_invites_to_draw_when_a_model_is_at_work(client, active_version):
    response = client.get("/")
    assert "Draw one digit." in words_of(response)
    assert "<noscript>" in response.content.decode()


def test_the_upload_form_works_without_javascript(client, active_version):
    html = client.get("/").content.decode()
    form = re.search(r"<form[^>]*id=.upload.*?</form>", html, re.DOTALL)
    assert form
    assert 'action="/upload"' in form[0]
    assert 'enctype="multipart/form-data"' in form[0]
    assert "csrfmiddlewaretoken" in form[0]
    picker = re.search(r'<input type="file"[^>]*name="image"[^>]*>', form[0])
    assert picker
    assert "image/png,image/jpeg" in picker[0]
    assert 'type="submit"' in form[0]


@pytest.mark.parametrize("name", [name for name, _ in views.EXAMPLES])
def test_each_example_is_a_picture_that_is_read(client, active_version, settings, name):
    content = (settings.BASE_DIR / "static" / "site" / "examples" / name).read_bytes()
    wish = {"accept": "application/json"}
    response = client.post("/upload", {"image": image_file(content)}, headers=wish)
    assert response.status_code == 200
    assert response.json()["digits"]  # what they are, the shipped model says: test_examples.py


# --- Sending, as a browser ------------------------------------------------------------------------


def test_an_uploaded_file_is_read_and_stored(active_version, browser, drawing_png):
    response = browser.post("/upload", {"image": image_file(drawing_png)})
    submission = Submission.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"/readings/{submission.id}"
    assert submission.source == Submission.Source.UPLOADED
    assert submission.visitor_key == key_of(browser)
    assert [prediction.digit for prediction in submission.predictions.served()] == [7]


def test_a_drawing_is_stored_with_its_strokes(active_version, browser, drawing_png):
    stroke = (
        '{"minWidth": 8, "maxWidth": 9, "points": [{"x": 1, "y": 2, "pressure": 0.5, "time": 3}]}'
    )
    browser.post("/upload", {"image": data_url(drawing_png), "strokes": f"[{stroke}]"})
    submission = Submission.objects.get()
    assert submission.source == Submission.Source.DRAWN
    [stroke] = submission.strokes or []
    assert stroke["points"] == [{"x": 1, "y": 2, "pressure": 0.5, "time": 3}]


def test_what_is_stored_carries_nothing_but_pixels(active_version, browser):
    file = io.BytesIO()
    image = Image.new("RGB", (60, 60), "white")
    image.paste("black", (27, 10, 33, 50))
    exif = Image.Exif()
    exif[0x010E] = "secret"
    image.save(file, "JPEG", exif=exif, comment=b"secret")
    browser.post("/upload", {"image": image_file(file.getvalue() + b"secret", "one.jpg")})
    with Submission.objects.get().image.open("rb") as stored:
        content = stored.read()
    assert content.startswith(b"\x89PNG")
    assert b"secret" not in content


def test_a_browser_without_the_token_is_refused(active_version, drawing_png):
    strict = Client(enforce_csrf_checks=True)
    strict.get("/")
    response = strict.post("/upload", {"image": image_file(drawing_png)})
    assert response.status_code == 403
    assert "Not from this page" in words_of(response)
    assert not Submission.objects.exists()


@pytest.mark.parametrize("cookie", ["visitor", "sessionid"])
def test_a_cookie_that_carries_rights_asks_for_the_token(active_version, drawing_png, cookie):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies[cookie] = "good or not"
    assert strict.post("/upload", {"image": image_file(drawing_png)}).status_code == 403


def test_other_cookies_ask_for_no_token(active_version, drawing_png):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["csrftoken"] = "x" * 32
    strict.cookies["theme"] = "dark"
    assert strict.post("/upload", {"image": image_file(drawing_png)}).status_code == 302
    assert Submission.objects.get().source == Submission.Source.API


def test_a_program_with_a_cookie_jar_may_send_again(active_version, drawing_png, live_server):
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    body = urlencode({"image": data_url(drawing_png)}).encode()
    for _ in range(2):  # it follows the redirect to its reading, a page with a token's cookie
        with opener.open(f"{live_server.url}/upload", body) as response:
            assert "A seven" in response.read().decode()
    assert Submission.objects.filter(source=Submission.Source.API).count() == 2


def test_a_browser_with_the_token_is_served(active_version, drawing_png):
    strict = Client(enforce_csrf_checks=True)
    strict.get("/")
    token = strict.cookies["csrftoken"].value
    in_form = {"image": image_file(drawing_png), "csrfmiddlewaretoken": token}
    assert strict.post("/upload", in_form).status_code == 302
    in_header = {"x-csrftoken": token}
    response = strict.post("/upload", {"image": image_file(drawing_png)}, headers=in_header)
    assert response.status_code == 302


def test_a_program_without_cookies_needs_no_token(active_version, drawing_png):
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/upload", {"image": image_file(drawing_png)})
    assert response.status_code == 302
    assert Submission.objects.get().source == Submission.Source.API


def test_a_program_gets_a_cookie_for_its_reading_alone(active_version, client, drawing_png):
    response = client.post("/upload", {"image": image_file(drawing_png)})
    assert response.cookies["visitor"]["path"] == response["Location"]
    assert client.get(response["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({}, 400, "No picture arrived"),
        ({"image": ""}, 400, "No picture arrived"),
        ({"image": "hello"}, 400, "holds no picture"),
        ({"image": "data:image/png;base64,%%%"}, 422, "not base64"),
        ({"image": "data:image/png;base64,"}, 422, "received nothing"),
        ({"image": "data:image/png;base64,aGVsbG8="}, 415, "Expected a picture as PNG"),
        ({"image": b""}, 400, "That file is empty"),
        ({"image": b"%PDF-1.7"}, 415, "PDF"),
        ({"image": b"\x89PNG\r\n\x1a\n broken"}, 422, "broken or cut short"),
        ({"image": [b"1", b"2"]}, 400, "Several pictures"),
    ],
)
def test_what_cannot_be_read_is_said_on_the_page(active_version, browser, fields, status, words):
    image = fields.get("image")
    if isinstance(image, bytes):
        fields = {"image": image_file(image)}
    if isinstance(image, list):
        fields = {"image": [image_file(content) for content in image]}
    response = browser.post("/upload", fields)
    assert response.status_code == status
    assert words in words_of(response)
    assert 'id="upload"' in response.content.decode(), "the page is there to try again"
    assert not Submission.objects.exists()


def test_a_blank_canvas_is_refused_with_a_kind_word_and_not_stored(active_version, browser):
    blank = png(Image.new("RGB", (280, 280), "white"))
    response = browser.post("/upload", {"image": data_url(blank)})
    assert response.status_code == 422
    assert "I find nothing on it" in words_of(response)
    assert "I looked for ink and found none" in words_of(response)
    assert 'data-state="blank"' in response.content.decode()
    assert not Submission.objects.exists()


def test_an_upload_without_an_active_version_is_503_and_not_stored(browser, drawing_png):
    response = browser.post("/upload", {"image": image_file(drawing_png)})
    assert response.status_code == 503
    assert "No model is reading just now" in words_of(response)
    assert "admin" not in words_of(response).lower()
    assert not Submission.objects.exists()


def test_too_long_a_body_is_refused_before_it_is_read(active_version, browser, settings):
    class Unread(io.BytesIO):
        def read(self, *args):
            raise AssertionError("the body was read")

    response = browser.generic(
        "POST", "/upload", b"", content_type="multipart/form-data; boundary=x"
    )
    assert response.status_code == 400
    environ = browser._base_environ(
        REQUEST_METHOD="POST",
        PATH_INFO="/upload",
        CONTENT_TYPE="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1),
    )
    response = browser.request(**environ | {"wsgi.input": Unread()})
    assert response.status_code == 413
    assert "larger than 10 MB" in words_of(response)


@pytest.mark.parametrize("length", ["9" * 5_000, "9" * 400])
def test_a_length_of_very_many_digits_is_413(active_version, browser, length):
    body = {"content_type": "multipart/form-data; boundary=x", "CONTENT_LENGTH": length}
    assert browser.generic("POST", "/upload", b"", **body).status_code == 413


def test_too_large_a_file_is_413(active_version, browser):
    response = browser.post("/upload", {"image": image_file(bytes(10 * 2**20 + 1))})
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (b"x", "multipart/form-data", 400),
        (b"&".join(b"a%d=1" % n for n in range(1100)), "application/x-www-form-urlencoded", 400),
        (b"hello", "text/plain", 415),
        (b"\x89PNG", "image/png", 415),
    ],
)
def test_malformed_bodies_are_refused(active_version, browser, body, content_type, status):
    assert browser.generic("POST", "/upload", body, content_type).status_code == status


def test_a_body_without_its_length_is_411(client, active_version):
    environ = client._base_environ(
        REQUEST_METHOD="POST",
        PATH_INFO="/upload",
        CONTENT_TYPE="application/json",
        HTTP_TRANSFER_ENCODING="chunked",
    )
    response = client.request(**environ | {"wsgi.input": io.BytesIO(b"{}")})
    assert response.status_code == 411
    assert "Expected: the header Content-Length" in words_of(response)


def test_internals_are_never_shown(active_version, browser, drawing_png, monkeypatch):
    browser.raise_request_exception = False

    def break_down(**_):
        raise RuntimeError("the password is 1234")

    monkeypatch.setattr(views.drawing, "recognize", break_down)
    response = browser.post("/upload", {"image": image_file(drawing_png)})
    assert response.status_code == 500
    assert "Something broke on my side" in words_of(response)
    assert "1234" not in response.content.decode()


# --- A reading, and whose it is -------------------------------------------------------------------


def test_a_reading_is_a_page(browser, submission):
    response = browser.get(f"/readings/{submission.id}")
    assert response.status_code == 200
    words = words_of(response)
    assert "A seven." in words
    assert f"Model {submission.served.version.number}" in words
    assert response["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("digit", "A seven."),
        ("unsure", "Perhaps a seven, or an eight."),
        ("several", "I see two digits."),  # of before there were parts
        ("not_a_digit", "This looks like no digit to me."),
        ("not_a_digit", "Not a digit at best a seven, 90.0 %"),
        ("not_a_digit", "Try one digit, 0 to 9"),
    ],
)
def test_each_verdict_has_its_words(active_version, browser, verdict, words):
    own = store(key_of(browser), verdict=verdict)
    assert words in words_of(browser.get(f"/readings/{own.id}"))
    assert browser.get("/history").status_code == 200


def test_what_looks_like_no_digit_at_all_is_at_best_nothing(active_version, browser):
    own = store(key_of(browser), verdict="not_a_digit")
    own.predictions.update(probabilities=[0.11] + [0.09] * 9)
    words = words_of(browser.get(f"/readings/{own.id}"))
    assert "Not a digit" in words
    assert "at best" not in words


@pytest.mark.parametrize(
    ("digits", "headline"),
    [
        ("28", "I see two digits: 2, 8."),
        ("407", "I see three digits: 4, 0, 7."),
        ("314159", "I see six digits: 3, 1, 4, 1, 5, 9."),
        ("3141592", "I see 7 digits."),
    ],
)
def test_several_digits_are_read_as_a_number(active_version, browser, digits, headline):
    own = store(key_of(browser), verdict="several", parts=parts_of(digits))
    response = browser.get(f"/readings/{own.id}")
    page = unescape(response.content.decode()).replace("\N{NO-BREAK SPACE}", " ")
    assert headline in words_of(response)
    assert f'<span class="numeral" data-slot="first">{digits}</span>' in page
    assert re.findall(r'<span class="part-digit">(.*?)</span>', page) == list(digits)
    assert page.count("98.7 %</span>") == len(digits) + 1  # and how sure it is of the least sure
    assert re.findall(r"<text[^>]*>(.*?)</text>", page)[:2] == [digits[0], "98 %"]


def test_the_unclear_digit_of_several_is_pointed_out_in_words(active_version, browser):
    own = store(key_of(browser), verdict="unsure", parts=parts_of("407", 0.99, 0.61, 0.99))
    words = words_of(browser.get(f"/readings/{own.id}"))
    assert "Perhaps three digits: 4, 0, 7." in words
    assert "Not sure" in words
    assert "at least 61.0 %" in words
    assert "I am not sure of the 0." in words
    assert "0? 61.0 %" in words


@pytest.mark.parametrize(
    ("reading", "shown"),
    [
        ({}, "7"),
        ({"verdict": "unsure"}, "7?"),
        ({"verdict": "not_a_digit"}, "–"),
        ({"verdict": "several"}, "–"),  # of before there were parts
        ({"verdict": "several", "parts": parts_of("407")}, "407"),
        ({"verdict": "unsure", "parts": parts_of("407", 0.99, 0.61, 0.99)}, "407?"),
    ],
)
def test_the_history_says_in_short_what_was_read(active_version, browser, reading, shown):
    store(key_of(browser), **reading)
    [short] = re.findall(
        r'<span class="card-digit"[^>]*>(.*?)</span>', browser.get("/history").content.decode()
    )
    assert short == shown


@pytest.mark.parametrize("part", ["", "/image.png", "/digit.png"])
def test_somebody_elses_reading_is_not_there(submission, part):
    stranger = Client()
    stranger.get("/")
    for client in (stranger, Client()):
        assert client.get(f"/readings/{submission.id}{part}").status_code == 404


@pytest.mark.parametrize("part", ["", "/image.png", "/digit.png"])
def test_an_unknown_reading_is_not_there(browser, part):
    assert browser.get(f"/readings/{uuid.uuid4()}{part}").status_code == 404
    assert browser.get(f"/readings/1{part}").status_code == 404


@pytest.mark.parametrize("permission", ["view_submission", "change_submission"])
@pytest.mark.parametrize("part", ["", "/image.png", "/digit.png"])
def test_staff_may_see_a_reading_with_the_permission_alone(submission, part, permission):
    staff = User.objects.create_user("rita", password="x", is_staff=True)
    client = Client()
    client.force_login(staff)
    assert client.get(f"/readings/{submission.id}{part}").status_code == 404
    staff.user_permissions.add(Permission.objects.get(codename=permission))
    assert client.get(f"/readings/{submission.id}{part}").status_code == 200


def test_staff_who_look_are_not_asked_for_a_claim(submission):
    User.objects.create_superuser("root", password="x")
    client = Client()
    client.login(username="root", password="x")
    assert 'name="claim"' not in client.get(f"/readings/{submission.id}").content.decode()
    assert client.post(f"/readings/{submission.id}/claim", {"claim": 3}).status_code == 404


@pytest.mark.parametrize("part", ["image", "digit"])
def test_pictures_are_private_pngs(browser, submission, part):
    response = browser.get(f"/readings/{submission.id}/{part}.png")
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"].startswith("private")
    assert "Cookie" in response["Vary"]
    assert Image.open(io.BytesIO(response.content)).size == (
        (280, 280) if part == "image" else (28, 28)
    )


def test_a_picture_whose_file_is_gone_is_404(browser, submission):
    submission.image.storage.delete(submission.image.name)
    assert browser.get(f"/readings/{submission.id}/image.png").status_code == 404
    assert browser.get(f"/readings/{submission.id}").status_code == 200


def test_media_has_no_public_address(browser, submission):
    assert browser.get(f"/media/{submission.image.name}").status_code == 404
    assert browser.get(f"/{submission.image.name}").status_code == 404


# --- The claim ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "claim"), [("yes", 7), ("0", 0), ("9", 9)])
def test_the_visitor_says_which_digit_it_was(browser, submission, said, claim):
    response = browser.post(f"/readings/{submission.id}/claim", {"claim": said})
    assert response.status_code == 302
    submission.refresh_from_db()
    assert submission.claim == claim
    assert submission.label == ""
    assert submission.review_state == Submission.ReviewState.PENDING
    page = words_of(browser.get(f"/readings/{submission.id}"))
    assert f"Thank you. You say it was {claim}" in page


def test_a_claim_as_json_is_answered_as_json(browser, submission):
    url = f"/readings/{submission.id}/claim"
    response = browser.post(
        url, {"claim": 3}, "application/json", headers={"accept": "application/json"}
    )
    assert response.status_code == 200
    assert response.json() == {"claim": 3}


@pytest.mark.parametrize("claim", ["", "10", "-1", "seven", "no"])
def test_a_claim_that_is_no_digit_is_refused(browser, submission, claim):
    response = browser.post(f"/readings/{submission.id}/claim", {"claim": claim})
    assert response.status_code == 400
    assert "0 to 9" in words_of(response)


def test_nobody_claims_for_somebody_else(submission):
    assert Client().post(f"/readings/{submission.id}/claim", {"claim": 3}).status_code == 404
    submission.refresh_from_db()
    assert submission.claim is None


def test_a_claim_to_what_is_deleted_at_that_moment_is_not_found(browser, submission, monkeypatch):
    digit = ClaimForm.digit

    def delete_and_tell(form: ClaimForm, **told: int | None) -> int | None:
        Submission.objects.filter(pk=submission.pk).delete()
        return digit(form, **told)

    monkeypatch.setattr(ClaimForm, "digit", delete_and_tell)

    assert browser.post(f"/readings/{submission.id}/claim", {"claim": 3}).status_code == 404


def test_a_claim_needs_the_token(submission, browser):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    assert strict.post(f"/readings/{submission.id}/claim", {"claim": 3}).status_code == 403


# --- History --------------------------------------------------------------------------------------


def test_an_empty_history_says_so(client):
    response = client.get("/history")
    assert response.status_code == 200
    assert "Nothing yet" in words_of(response)


def test_the_history_holds_the_visitors_own_newest_first(active_version, browser):
    first, second = (store(key_of(browser)) for _ in range(2))
    store("f" * 32)
    links = re.findall(r'href="/readings/([\w-]+)"', browser.get("/history").content.decode())
    assert links == [str(second.id), str(first.id)]


def test_the_history_has_pages(active_version, browser, django_assert_max_num_queries):
    for _ in range(views.PER_PAGE + 1):
        store(key_of(browser))
    with django_assert_max_num_queries(3):  # how many, the page, its predictions
        first = browser.get("/history").content.decode()
    last = browser.get("/history?page=2").content.decode()
    assert first.count('class="reading-link"') == views.PER_PAGE
    assert last.count('class="reading-link"') == 1
    assert browser.get("/history?page=nonsense").status_code == 200


def test_a_program_without_a_cookie_has_no_history(active_version):
    store("")
    assert "Nothing yet" in words_of(Client().get("/history"))


# --- Health ---------------------------------------------------------------------------------------


def test_a_site_with_a_model_is_healthy(client, active_version):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "version": active_version.number}


def test_a_balancer_asks_for_the_health_without_tls(client, active_version, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/").status_code == 301
    assert client.get("/healthz").status_code == 200


def test_a_site_without_a_model_is_not_healthy(client, db):
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable"}


def test_a_model_that_does_not_load_is_told_without_details(client, active_version, monkeypatch):
    def refuse():
        raise recognition.NoActiveVersion("secret/path.tflite is broken")

    monkeypatch.setattr(views.site, "active_engine", refuse)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert "secret" not in response.content.decode()


def test_the_last_good_version_serving_is_told(client, active_version):
    client.get("/healthz")
    ModelVersion.objects.update(is_active=False)
    broken = ModelVersion.objects.get()
    broken.pk = None
    broken.number, broken.sha256, broken.is_active = 99, "0" * 64, True
    broken.compiled_sha256 = "0" * 64
    broken.save(force_insert=True)
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "degraded",
        "version": active_version.number,
        "failing": 99,
    }


def test_a_version_on_its_way_is_no_fault(client, active_version, monkeypatch):
    client.get("/healthz")
    monkeypatch.setattr(engine, "PATIENCE_S", 0.0)
    monkeypatch.setattr(engine, "load", lambda source: time.sleep(0.5))
    ModelVersion.objects.update(is_active=False)
    ModelVersion.objects.create(number=99, sha256="0" * 64, size_bytes=1, is_active=True)

    assert client.get("/healthz").json() == {"status": "ok", "version": active_version.number}


# --- Pages that are not there ---------------------------------------------------------------------


def test_an_unknown_address_is_a_page_of_ours(client, db):
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "Nothing here" in words_of(response)
    assert "There is nothing at this address" in words_of(response)
    assert "reading" not in words_of(response)
    assert "site.css" in response.content.decode()


def test_a_missing_reading_is_told_apart_from_a_wrong_address(client, db):
    response = client.get(f"/readings/{uuid.uuid4()}")
    assert "There is no such reading" in words_of(response)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("get", "/upload", "POST"), ("post", "/", "GET, HEAD"), ("delete", "/history", "GET, HEAD")],
)
def test_a_wrong_method_is_405_and_says_which_is_right(client, db, method, path, allowed):
    response = getattr(client, method)(path)
    assert response.status_code == 405
    assert response["Allow"] == allowed
    assert "Not in this way" in words_of(response)


def test_pages_answer_to_head(client, active_version):
    assert client.head("/").status_code == 200


def test_a_wrong_host_gets_a_page_of_ours(client, settings):
    settings.ALLOWED_HOSTS = ["example.org"]
    response = client.get("/")
    assert response.status_code == 400
    assert "This site goes by another name" in words_of(response)
    assert "picture" not in words_of(response)


def test_a_forbidden_page_is_a_page_of_ours(rf):
    response = views.forbidden(rf.get("/"), Exception())
    assert response.status_code == 403
    assert "You may not see this" in words_of(response)
