"""Links to a reading: who makes them, what is behind them, and that they end."""

import io
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from PIL import Image

from recognizer import retention, sharing
from recognizer.models import Share, Submission
from tests.recognizer.test_privacy import draw
from tests.recognizer.test_views import words_of

pytestmark = pytest.mark.django_db(transaction=True)  # files go once the rows are gone for good

JSON = {"accept": "application/json"}
PARTS = ("", "/image.png", "/digit.png")


@pytest.fixture
def own(active_version, client: Client, drawing_png: bytes) -> Submission:
    """A reading of the client's own."""
    return draw(client, drawing_png)


@pytest.fixture
def stranger(db) -> Client:
    """Another browser, which has a visitor's key of its own."""
    stranger = Client()
    stranger.get("/")
    return stranger


def share(client: Client, submission: Submission) -> str:
    """Share it as a program does; give the path of the link."""
    answer = client.post(f"/readings/{submission.pk}/share", headers=JSON).json()
    return urlsplit(answer["url"]).path


# --- Making a link, and taking it back ------------------------------------------------------------


def test_the_visitor_makes_a_link_and_finds_it_on_the_readings_page(client, own):
    response = client.post(f"/readings/{own.pk}/share")

    link = Share.objects.get()
    assert response.url == f"/readings/{own.pk}#share-link"
    page = client.get(f"/readings/{own.pk}").content.decode()
    assert f'value="http://testserver/shared/{link.token}"' in page
    assert re.search(r"<input[^>]* readonly", page)
    assert f'action="/readings/{own.pk}/unshare"' in page


def test_a_link_has_128_random_bits_and_nothing_of_the_readings_id(client, own):
    token = share(client, own).rpartition("/")[2]

    assert re.fullmatch(r"[\w-]{22}", token)
    assert own.pk.hex[:8] not in token


def test_shared_twice_is_one_link(client, own):
    assert share(client, own) == share(client, own)
    assert Share.objects.count() == 1


def test_taken_back_and_shared_again_is_another_link(client, own, stranger):
    first = share(client, own)
    client.post(f"/readings/{own.pk}/unshare")
    second = share(client, own)

    assert first != second
    assert stranger.get(first).status_code == 404
    assert stranger.get(second).status_code == 200


def test_before_it_is_shared_the_page_offers_to(client, own):
    page = client.get(f"/readings/{own.pk}").content.decode()

    [form] = re.findall(r"<form[^>]*/share\".*?</form>", page, re.DOTALL)
    assert "csrfmiddlewaretoken" in form, "it works without JavaScript"
    assert "share-link" not in page


@pytest.mark.parametrize("way", ["share", "unshare"])
def test_others_readings_are_not_there_to_be_shared(own, client, stranger, admin_client, way):
    share(client, own)
    for other in (stranger, Client(), admin_client):
        assert other.post(f"/readings/{own.pk}/{way}").status_code == 404
    assert Share.objects.count() == 1


def test_staff_who_look_at_a_reading_are_not_offered_to_share_it(own, admin_client):
    page = admin_client.get(f"/readings/{own.pk}").content.decode()
    assert "/share" not in page


def test_a_program_is_answered_as_json(client, own):
    shared = client.post(f"/readings/{own.pk}/share", headers=JSON)
    back = client.post(f"/readings/{own.pk}/unshare", headers=JSON)

    assert shared.json()["url"].startswith("http://testserver/shared/")
    assert back.json() == {"url": None}
    assert not Share.objects.exists()


@pytest.mark.parametrize("way", ["share", "unshare"])
def test_sharing_needs_the_token_and_counts_for_the_limit(client, own, settings, way):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(f"/readings/{own.pk}/{way}").status_code == 403
    assert client.get(f"/readings/{own.pk}/{way}").status_code == 405
    settings.DIGITS_RATE_LIMIT = "1/h"
    client.post("/upload", {"image": "x"})
    assert client.post(f"/readings/{own.pk}/{way}").status_code == 429


# --- What is behind it ----------------------------------------------------------------------------


def test_whoever_has_the_link_sees_the_drawing_and_the_answer(client, own, stranger):
    path = share(client, own)

    response = stranger.get(path)

    words = words_of(response)
    assert "A seven." in words
    assert "Model 1" in words
    assert "Draw your own" in words
    page = response.content.decode()
    for part in ("image.png", "digit.png"):
        assert f"{path}/{part}" in page
    assert Image.open(io.BytesIO(stranger.get(f"{path}/image.png").content)).size == (280, 280)
    assert Image.open(io.BytesIO(stranger.get(f"{path}/digit.png").content)).size == (28, 28)


def test_it_tells_nothing_of_whose_it_is(client, own, stranger):
    path = share(client, own)
    client.post(f"/readings/{own.pk}/claim", {"claim": 4})

    for viewer in (stranger, client):
        page = viewer.get(path).content.decode()
        assert str(own.pk) not in page
        assert own.visitor_key not in page
        for way in ("claim", "delete", "share-link", "csrfmiddlewaretoken"):
            assert way not in page
        assert "You say it was" not in page


def test_several_digits_are_cut_out_of_the_shared_picture(
    client, active_version, stranger, several_png
):
    path = share(client, draw(client, several_png))
    page = stranger.get(path).content.decode()
    assert page.count(f'href="{path}/image.png"') == 3 + 1  # and the crop around them


def test_a_program_reads_what_the_page_shows_and_no_more(client, own, stranger):
    path = share(client, own)
    client.post(f"/readings/{own.pk}/claim", {"claim": 4})

    shown = stranger.get(path, headers=JSON).json()

    assert set(shown) == {*sharing.SHOWN, "url"}
    assert (shown["verdict"] in {"digit", "unsure"}, shown["digit"]) == (True, 7)
    assert shown["url"] == f"http://testserver{path}"


@pytest.mark.parametrize("part", PARTS)
def test_it_is_kept_by_nobody_found_by_nobody_and_told_to_nobody(client, own, stranger, part):
    response = stranger.get(share(client, own) + part)

    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert "noindex" in response["X-Robots-Tag"]
    assert "visitor" not in response.cookies
    if not part:
        assert '<meta name="robots" content="noindex' in response.content.decode()


def test_a_shared_page_asks_little_of_the_database(
    client, own, stranger, django_assert_max_num_queries
):
    path = share(client, own)
    with django_assert_max_num_queries(1):
        stranger.get(path)


# --- Its end --------------------------------------------------------------------------------------


def take_back(client: Client, own: Submission) -> None:
    client.post(f"/readings/{own.pk}/unshare")


def delete_it(client: Client, own: Submission) -> None:
    client.post(f"/readings/{own.pk}/delete")


def delete_all(client: Client, own: Submission) -> None:
    client.post("/history/delete")


def purge(client: Client, own: Submission) -> None:
    Submission.objects.update(created_at=timezone.now() - timedelta(days=40))
    retention.purge(retention.overdue(timedelta(days=30), keep_labelled=False))


@pytest.mark.parametrize("end", [take_back, delete_it, delete_all, purge])
def test_a_link_that_ended_leads_nowhere_at_once(client, own, stranger, end):
    path = share(client, own)

    end(client, own)

    for viewer in (stranger, client):
        for part in PARTS:
            assert viewer.get(path + part).status_code == 404
    assert "nothing behind this link" in words_of(stranger.get(path))
    assert not Share.objects.exists()


def test_a_link_that_never_was_is_answered_as_one_that_ended(stranger, active_version):
    response = stranger.get("/shared/" + "x" * 22)
    assert response.status_code == 404
    assert "nothing behind this link" in words_of(response)


def test_a_shared_picture_whose_file_is_gone_is_404(client, own, stranger):
    path = share(client, own)
    default_storage.delete(str(own.image.name))
    assert stranger.get(f"{path}/image.png").status_code == 404


def test_one_that_is_deleted_at_that_moment_gets_no_link(client, own):
    Submission.objects.filter(pk=own.pk).delete()
    assert client.post(f"/readings/{own.pk}/share").status_code == 404
    assert not Share.objects.exists()
