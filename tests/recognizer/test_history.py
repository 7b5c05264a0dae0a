"""The history: what is looked for, what pages keep of it, and what one takes along."""

import csv
import io
import json
import re
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from recognizer import takeout, views
from recognizer.models import Submission
from tests.recognizer.test_views import key_of, parts_of, words_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def store(browser, make_submission, drawing_png):
    """Store a reading of the browser's own, with its file."""

    def make(**reading) -> Submission:
        row = make_submission(**{"visitor_key": key_of(browser)} | reading)
        row.image.save("x.png", ContentFile(drawing_png))
        return row

    return make


@pytest.fixture
def mixed(store) -> dict[str, Submission]:
    """One of each kind."""
    return {
        "seven": store(),
        "uploaded": store(source="uploaded"),
        "unsure": store(verdict="unsure", digit=1, confidence=0.5),
        "letter": store(verdict="not_a_digit", digit=7, confidence=0.2),
        "several": store(verdict="several", digit=4, parts=parts_of("407")),
    }


def shown(response) -> list[str]:
    page = response.content.decode()
    return re.findall(r'class="reading-link" href="/readings/([\w-]+)"', page)


def ids(rows) -> set[str]:
    return {str(row.pk) for row in rows}


# --- Filters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected", "words"),
    [
        ("", {"seven", "uploaded", "unsure", "letter", "several"}, "5 readings"),
        ("verdict=digit", {"seven", "uploaded"}, "2 readings: sure"),
        ("verdict=unsure", {"unsure"}, "1 reading: not sure"),
        ("verdict=not_a_digit", {"letter"}, "1 reading: not a digit"),
        ("verdict=several", {"several"}, "1 reading: several"),
        ("digit=7", {"seven", "uploaded"}, "2 readings: read as 7"),
        ("source=uploaded", {"uploaded"}, "1 reading: uploaded"),
        ("verdict=digit&digit=7&source=drawn", {"seven"}, "1 reading: sure · read as 7 · drawn"),
        ("verdict=blank&digit=12&source=%00", set("all"), "5 readings"),
    ],
)
def test_the_history_shows_what_is_asked_for_and_says_so(browser, mixed, query, expected, words):
    response = browser.get(f"/history?{query}")

    names = mixed if expected == set("all") else expected
    assert set(shown(response)) == ids(mixed[name] for name in names)
    assert words in words_of(response)


def test_nothing_of_that_kind_is_said_with_a_way_back(browser, mixed):
    response = browser.get("/history?digit=3")

    assert shown(response) == []
    assert "Nothing of that kind" in words_of(response)
    assert "Nothing yet" not in words_of(response)
    assert '<a class="btn btn-primary" href="/history">' in response.content.decode()


def test_the_filters_are_a_form_that_works_without_javascript(browser, mixed):
    page = browser.get("/history?digit=7").content.decode()

    [form] = re.findall(r'<form class="filters".*?</form>', page, re.DOTALL)
    assert 'method="get"' in form
    assert '<option value="7" selected>7</option>' in form
    assert re.findall(r'<select name="(\w+)"', form) == ["verdict", "digit", "source"]
    assert "<button" in form


def test_pages_keep_the_filters(browser, store):
    for _ in range(views.PER_PAGE + 1):
        store()
    store(verdict="unsure")

    page = browser.get("/history?verdict=digit&source=drawn&deleted").content.decode()
    [older] = re.findall(r'rel="next" href="([^"]+)"', page)

    assert older.replace("&amp;", "&") == "?verdict=digit&source=drawn&page=2"
    assert len(shown(browser.get("/history" + older.replace("&amp;", "&")))) == 1


@pytest.mark.parametrize("num", [2, 12])
def test_a_filtered_page_costs_three_queries(browser, store, num, django_assert_max_num_queries):
    for _ in range(num):
        store()
    with django_assert_max_num_queries(3):  # how many, the page, its predictions
        browser.get("/history?verdict=digit&digit=7&source=drawn")


# --- To take along --------------------------------------------------------------------------------


def archive_of(response) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert archive.testzip() is None
    return archive


def test_all_that_a_visitor_sent_is_one_zip(browser, mixed, make_submission, drawing_png):
    make_submission(visitor_key="f" * 32)
    Submission.objects.filter(pk=mixed["seven"].pk).update(claim=1)

    response = browser.get("/history/export.zip")
    archive = archive_of(response)

    today = f"{timezone.now():%Y-%m-%d}"
    name = f'attachment; filename="digitsite-readings-{today}.zip"'
    assert response["Content-Disposition"] == name
    assert response["Content-Type"] == "application/zip"
    assert response["Cache-Control"] == "private, no-store"
    lines = [json.loads(line) for line in archive.read("readings.jsonl").decode().splitlines()]
    rows = list(csv.DictReader(io.StringIO(archive.read("readings.csv").decode())))
    assert len(lines) == len(rows) == len(mixed)
    assert tuple(rows[0]) == takeout.COLUMNS
    by_picture = {line["picture"]: line for line in lines}
    pictures = {name for name in archive.namelist() if name.startswith("pictures/")}
    assert set(by_picture) == pictures
    assert all(archive.read(name) == drawing_png for name in pictures)
    [seven] = [line for line in lines if str(mixed["seven"].pk) in line["picture"]]
    assert (seven["verdict"], seven["digits"], seven["claim"]) == ("digit", "7", 1)
    assert (seven["confidence"], seven["model"], seven["source"]) == (0.97, 1, "drawn")
    assert seven["probabilities"][7] == 0.97
    [same] = [row for row in rows if row["picture"] == seven["picture"]]
    assert (same["probability_7"], same["claim"], same["digits"]) == ("0.97", "1", "7")
    [several] = [line for line in lines if line["verdict"] == "several"]
    assert several["digits"] == "407"
    readme = archive.read("README.txt").decode()
    for column in ("confidence", "claim", "readings.csv", "readings.jsonl"):
        assert column in readme


def test_the_zip_has_nothing_of_others_and_nothing_of_the_inside(browser, mixed):
    archive = archive_of(browser.get("/history/export.zip"))
    text = archive.read("readings.jsonl").decode()
    for inside in (key_of(browser), "label", "review", "drawings/"):
        assert inside not in text


def test_a_picture_that_is_gone_is_left_out_and_its_reading_stays(browser, mixed):
    default_storage.delete(str(mixed["seven"].image.name))

    archive = archive_of(browser.get("/history/export.zip"))

    lines = [json.loads(line) for line in archive.read("readings.jsonl").decode().splitlines()]
    assert len(lines) == len(mixed)
    assert [line["picture"] for line in lines].count("") == 1


def test_who_has_sent_nothing_has_nothing_to_take_along(browser, active_version):
    assert browser.get("/history/export.zip").status_code == 404
    assert "export.zip" not in browser.get("/history").content.decode()


def test_taking_along_counts_for_the_limit(browser, mixed, settings):
    settings.DIGITS_RATE_LIMIT = "1/h"
    assert archive_of(browser.get("/history/export.zip")).namelist()
    response = browser.get("/history/export.zip")
    assert response.status_code == 429
    assert 'href="/history/export.zip"' in response.content.decode()


@pytest.mark.parametrize("num", [2, 9])
def test_taking_along_costs_two_queries_whatever_it_holds(
    browser, store, num, django_assert_max_num_queries
):
    for _ in range(num):
        store()
    with django_assert_max_num_queries(3):  # is there any, the rows, their predictions
        archive_of(browser.get("/history/export.zip"))


def test_the_zip_is_sent_while_it_is_made(browser, store, drawing_png):
    for _ in range(3):
        store()
    own = Submission.objects.of_visitor(key_of(browser))
    first, *_ = takeout.pieces(own)
    assert len(first) < len(drawing_png) * 2 + 2000, "one picture and what explains it, not all"


def test_many_rows_wait_on_the_disk(browser, store, monkeypatch):
    monkeypatch.setattr(takeout, "SPOOL_BYTES", 100)
    monkeypatch.setattr(takeout, "PIECE_BYTES", 64)
    for _ in range(3):
        store()
    archive = archive_of(browser.get("/history/export.zip"))
    assert len(archive.read("readings.jsonl").decode().splitlines()) == 3
