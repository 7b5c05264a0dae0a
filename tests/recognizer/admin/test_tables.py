"""The list of predictions as CSV, JSON and XLSX."""

import csv
import io
import json
from datetime import timedelta

import openpyxl
import pytest
from django.utils import timezone

from recognizer.admin import tables
from recognizer.models import ModelVersion, Prediction
from tests.recognizer.admin.test_predictions import LIST

EXPORT = f"{LIST}export/"
FORMATS = {"csv": "0", "json": "1", "xlsx": "2"}


def table(client, kind: str, **query) -> list[dict]:
    address = EXPORT + "?" + "&".join(f"{key}={value}" for key, value in query.items())
    response = client.post(address, {"format": FORMATS[kind], "resource": "0"})
    assert f".{kind}" in response["Content-Disposition"]
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(response.content.decode())))
    if kind == "json":
        return json.loads(response.content)
    head, *rows = openpyxl.load_workbook(io.BytesIO(response.content)).active.values
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_table_holds_the_readings(admin_client, submission, kind):
    [row] = table(admin_client, kind)
    served = submission.served

    assert row["submission"] == str(submission.pk)
    assert str(row["version"]) == "1"
    assert (row["verdict"], row["role"], row["source"]) == (served.verdict, "served", "drawn")
    assert str(row["digit"]) == str(served.digit)
    assert [float(row[f"p{digit}"]) for digit in range(10)] == served.probabilities
    assert float(row["confidence"]) == served.confidence
    assert row["created_at"] == served.created_at.isoformat(timespec="milliseconds")
    assert submission.visitor_key not in str(row)


@pytest.mark.parametrize("kind", ["json", "xlsx"])
def test_numbers_are_numbers(admin_client, submission, kind):
    [row] = table(admin_client, kind)

    assert isinstance(row["confidence"], float)
    assert isinstance(row["version"], int)
    assert row["agrees"] is None


def test_it_is_the_list_as_filtered_and_sorted(admin_client, make_submission):
    make_submission(verdict="unsure", confidence=0.6)
    make_submission(verdict="unsure", confidence=0.7)
    make_submission(verdict="digit", confidence=0.9)

    rows = table(admin_client, "json", verdict="unsure", o="3")

    assert [row["confidence"] for row in rows] == [0.6, 0.7]


@pytest.mark.parametrize("kind", FORMATS)
def test_no_cell_is_a_formula_whatever_a_version_is_called(admin_client, make_submission, kind):
    ModelVersion.objects.update(name='=HYPERLINK("https://evil.example")', notes="@SUM(1)")
    make_submission(verdict="not_a_digit", label="bad_image")
    make_submission(verdict="blank", digit=None, confidence=0.0)

    rows = table(admin_client, kind)

    assert len(rows) == 2
    for row in rows:
        for name, cell in row.items():
            assert not str(cell).startswith(("=", "+", "-", "@", "\t", "\r")), name


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1"])
def test_text_that_begins_as_a_formula_is_written_as_text(text):
    assert tables.AsItIs().render(text) == f"'{text}"
    assert tables.AsItIs().render(-1.5) == -1.5


def test_more_than_memory_bears_is_refused_with_what_to_do(
    admin_client, make_submission, monkeypatch
):
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    for days in range(3):
        at = timezone.now() - timedelta(days=days)
        make_submission(verdict="unsure" if days else "digit", created_at=at)

    response = admin_client.post(EXPORT, {"format": "0", "resource": "0"}, follow=True)
    assert "at most 2 predictions" in response.content.decode()
    assert response.redirect_chain[0][0].startswith(LIST)
    assert len(table(admin_client, "csv", verdict="unsure")) == 2


def test_the_page_asks_for_the_format_alone(admin_client, submission):
    filtered = admin_client.get(f"{LIST}?verdict=digit").content.decode()
    assert f'href="{EXPORT}?verdict=digit"' in filtered
    words = admin_client.get(EXPORT).content.decode()

    for title in ("csv", "json", "xlsx", "latency_ms"):
        assert title in words
    content = words.split('id="content"')[1]
    assert "<script" not in content, "the policy forbids what is inline"
    assert "style=" not in content
    assert "onchange" not in content


def test_without_a_format_the_form_says_so(admin_client, submission):
    response = admin_client.post(EXPORT, {"format": "", "resource": "0"})

    assert "Please correct the error below." in response.content.decode()


def test_an_unknown_filter_leads_back_to_the_list(admin_client, submission):
    response = admin_client.get(f"{EXPORT}?nonsense=1")

    assert response.url == f"{LIST}?e=1"


def test_a_table_is_for_who_may_see_the_list(client_who_may, submission):
    stranger = client_who_may("view_modelversion")
    assert stranger.get(EXPORT).status_code == 403
    assert stranger.get(f"{EXPORT}?nonsense=1").status_code == 403
    seer = client_who_may("view_submission", username="vera")
    assert len(table(seer, "csv")) == 1


def test_who_may_not_see_the_list_is_not_told_how_long_it_is(
    client_who_may, submission, monkeypatch
):
    monkeypatch.setattr(tables, "MOST_ROWS", 0)

    assert client_who_may("view_modelversion").get(EXPORT).status_code == 403


def test_nothing_is_taken_in(admin_client, submission):
    assert admin_client.get(f"{LIST}import/").status_code != 200
    assert admin_client.post(f"{LIST}import/", {}).status_code in {302, 403, 404}
    assert Prediction.objects.count() == 1


def test_a_table_asks_few_questions_however_long_it_is(
    admin_client, make_submission, django_assert_max_num_queries
):
    for _ in range(30):
        make_submission()

    with django_assert_max_num_queries(8):
        assert len(table(admin_client, "csv")) == 30
