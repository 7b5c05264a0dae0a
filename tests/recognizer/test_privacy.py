"""What a visitor may delete, what is stored about them, and what is forgotten."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.utils import timezone

from recognizer import deletion, tasks
from recognizer.models import Prediction, Replay, Submission
from tests.recognizer.test_views import data_url, key_of, words_of

pytestmark = pytest.mark.django_db(transaction=True)  # files go once the rows are gone for good

ALL = "/history/delete"
JSON = {"accept": "application/json"}


def draw(client: Client, png: bytes) -> Submission:
    client.get("/")
    client.post("/upload", {"image": data_url(png)})
    return Submission.objects.latest("created_at")


def page_of(submission: Submission) -> str:
    return f"/readings/{submission.pk}/delete"


@pytest.fixture
def others(active_version, drawing_png) -> Submission:
    """A reading of somebody else's."""
    return draw(Client(), drawing_png)


# --- All at once ----------------------------------------------------------------------------------


def test_all_that_a_visitor_sent_is_deleted_row_and_file_and_nothing_of_others(
    client, others, drawing_png
):
    own = [draw(client, drawing_png) for _ in range(3)]

    response = client.post(ALL)

    assert (response.status_code, response.url) == (302, "/history/deleted")
    assert list(Submission.objects.all()) == [others]
    assert [prediction.submission for prediction in Prediction.objects.all()] == [others]
    assert not any(default_storage.exists(str(row.image.name)) for row in own)
    assert default_storage.exists(str(others.image.name))
    page = client.get(response.url)
    assert "All is deleted" in words_of(page)


def test_the_key_is_forgotten_and_the_next_page_gives_another(client, active_version, drawing_png):
    draw(client, drawing_png)
    key = key_of(client)

    response = client.post(ALL)

    assert response.cookies["visitor"]["max-age"] == 0
    assert response["Clear-Site-Data"] == '"cache"', "pictures are kept by browsers for a year"
    assert "visitor" not in client.get("/history/deleted").cookies
    client.get("/")
    assert key_of(client) != key


def test_it_is_asked_first_and_a_look_deletes_nothing(client, active_version, drawing_png):
    row = draw(client, drawing_png)
    draw(client, drawing_png)

    assert ALL in client.get("/history").content.decode()
    page = client.get(ALL)

    assert "Delete your 2 drawings?" in words_of(page)
    [form] = re.findall(r"<main.*(<form.*?</form>).*</main>", page.content.decode(), re.DOTALL)
    assert 'method="post"' in form
    assert f'action="{ALL}"' in form
    assert "csrfmiddlewaretoken" in form, "it works without JavaScript"
    assert Submission.objects.filter(pk=row.pk).exists()


def test_more_than_a_batch_goes_at_once(client, active_version, drawing_png, monkeypatch):
    monkeypatch.setattr(deletion, "BATCH", 2)
    for _ in range(5):
        draw(client, drawing_png)

    response = client.post(ALL, headers=JSON)

    assert response.json() == {"deleted": 5}
    assert not Submission.objects.exists()


def test_who_has_sent_nothing_is_told_so(client, others):
    assert "There is nothing of yours here" in words_of(client.get(ALL))
    assert f'action="{ALL}"' not in client.get(ALL).content.decode()
    assert client.post(ALL, headers=JSON).json() == {"deleted": 0}
    assert Submission.objects.get() == others


def test_what_no_cookie_marks_is_nobodys_to_delete(client, active_version, drawing_png):
    """Submissions with an empty key are of no visitor, also not of one without a key."""
    row = draw(client, drawing_png)
    Submission.objects.update(visitor_key="")

    assert Client().post(ALL, headers=JSON).json() == {"deleted": 0}
    assert Submission.objects.get() == row


def test_staff_delete_their_own_here_and_no_visitors(client, admin_user, others):
    client.force_login(admin_user)

    client.get("/")
    client.post(ALL)

    assert Submission.objects.get() == others
    assert client.post(page_of(others)).status_code == 404


# --- One ------------------------------------------------------------------------------------------


def test_one_reading_is_deleted_from_its_page(client, active_version, drawing_png):
    row, other = draw(client, drawing_png), draw(client, drawing_png)
    assert page_of(row) in client.get(row.get_absolute_url()).content.decode()
    assert "Delete this reading?" in words_of(client.get(page_of(row)))
    key = key_of(client)

    response = client.post(page_of(row))

    assert response["Clear-Site-Data"] == '"cache"', "pictures are kept by browsers for a year"
    assert "The reading is deleted." in words_of(client.get(response.url))
    assert Submission.objects.get() == other
    assert not default_storage.exists(str(row.image.name))
    for gone in (row.get_absolute_url(), page_of(row), f"/readings/{row.pk}/image.png"):
        assert client.get(gone).status_code == 404
    assert key_of(client) == key


def test_others_readings_are_not_there(client, others):
    client.get("/")

    for method in (client.get, client.post):
        assert method(page_of(others)).status_code == 404
    assert client.post(page_of(others), headers=JSON).json()["error"]["code"] == "not_found"
    assert Submission.objects.get() == others


def test_staff_who_look_at_a_reading_are_not_offered_to_delete_it(client, admin_user, others):
    client.force_login(admin_user)

    assert page_of(others) not in client.get(others.get_absolute_url()).content.decode()


def test_a_program_deletes_its_reading_with_its_cookie_and_a_token(active_version, drawing_png):
    """As docs/privacy.md tells: the token comes with the reading's page."""
    program = Client(enforce_csrf_checks=True)
    sent = program.post("/upload", {"image": data_url(drawing_png)}, headers=JSON).json()
    program.get(sent["url"])
    token = program.cookies["csrftoken"].value

    response = program.post(sent["url"] + "/delete", headers=JSON | {"x-csrftoken": token})

    assert response.json() == {"deleted": 1}
    assert not Submission.objects.exists()


# --- What may not be ------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["one", "all"])
def test_without_the_token_nothing_is_deleted(what, client, active_version, drawing_png):
    row = draw(client, drawing_png)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    response = strict.post(ALL if what == "all" else page_of(row))

    assert response.status_code == 403
    assert Submission.objects.get() == row


@pytest.mark.parametrize("what", ["one", "all"])
def test_deleting_counts_for_the_limit(what, client, active_version, drawing_png, settings):
    row = draw(client, drawing_png)
    settings.DIGITS_RATE_LIMIT = "1/h"
    url = ALL if what == "all" else page_of(row)
    client.post("/upload", {"image": "x"})

    assert client.post(url).status_code == 429
    assert client.get(url).status_code == 200, "looking does not"
    assert Submission.objects.get() == row


@pytest.mark.parametrize("url", [ALL, "/history/deleted"])
def test_other_methods_are_refused(client, db, url):
    assert client.put(url).status_code == 405


def test_a_replay_which_names_submissions_is_forgotten_after_a_month(version, kept_tasks):
    _old, young = (
        Replay.objects.create(
            candidate=version,
            baseline=version,
            labels=f"of {num} days ago",
            outcome={"fixed": [{"submission": "an id", "label": 7}]},
            started_at=timezone.now() - timedelta(days=num),
        )
        for num in (31, 29)
    )

    tasks.prune.func()

    assert list(Replay.objects.all()) == [young]


# --- What is stored -------------------------------------------------------------------------------


def test_what_is_stored_of_a_visitor_is_a_random_key_and_nothing_else(
    client, active_version, drawing_png
):
    """No address, no browser's name, no language: in no column of any table of ours."""
    client.get("/")
    client.post(
        "/upload",
        {"image": data_url(drawing_png)},
        REMOTE_ADDR="203.0.113.77",
        headers={
            "user-agent": "Mozilla/5.0 (a telling browser)",
            "accept-language": "gsw,rm",
            "referer": "https://telling.example/page",
            "x-forwarded-for": "203.0.113.78",
        },
    )
    assert Submission.objects.get().visitor_key == key_of(client)

    stored = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  (names of the database's own)
            stored += [str(row) for row in cursor.fetchall()]
    words = " ".join(stored)
    assert key_of(client) in words
    for telling in ("203.0.113", "telling", "gsw"):
        assert telling not in words


def test_what_pages_keep_in_the_browsers_own_storage_is_told():
    told = Path(settings.BASE_DIR, "docs/privacy.md").read_text()
    scripts = Path(settings.BASE_DIR, "static/site/js").glob("*.js")
    kept = {name for one in scripts for name in re.findall(r'preference\("(.+?)"', one.read_text())}
    assert kept
    assert not [name for name in kept if f"`{name}`" not in told]
