"""Ticked submissions become a data set, on a page of the list's actions."""

import io
import json
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from recognizer.admin import datasets
from recognizer.models import Submission
from tests.recognizer.admin.test_submissions import LIST

REVIEWED = {"review_state": "reviewed", "reviewed_at": timezone.now()}


def ask(client, *rows: Submission, query: str = "", **fields: str | list[str]):
    data = {"action": "export", "_selected_action": [row.pk for row in rows]}
    return client.post(LIST + query, data | fields)


def archive_of(response) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def lines_of(response) -> list[dict]:
    with archive_of(response) as archive:
        return [json.loads(line) for line in archive.read("jsonl/submissions.jsonl").splitlines()]


@pytest.fixture
def labelled(submission, admin_user) -> Submission:
    submission.review(label="7", by=admin_user)
    submission.save()
    return submission


def test_the_page_says_how_many_and_asks_for_formats(admin_client, labelled, make_submission):
    words = ask(admin_client, labelled, make_submission()).content.decode()

    assert "1 of those chosen was reviewed." in words
    assert f'name="_selected_action" value="{labelled.pk}"' in words
    for name in ("png", "idx", "npz", "jsonl"):
        assert f'value="{name}"' in words
    assert "style=" not in words, "the policy forbids inline styles"


def test_those_ticked_are_given_as_a_zip(admin_client, labelled, make_submission):
    make_submission(label="3", **REVIEWED)

    response = ask(admin_client, labelled, formats=["jsonl", "idx", "png"], labels="digits")

    assert "attachment; filename=" in response["Content-Disposition"]
    with archive_of(response) as archive:
        names = archive.namelist()
        assert {"manifest.json", "SHA256SUMS", "idx/t10k-images-idx3-ubyte"} <= set(names)
        assert f"png/7/{labelled.pk}.png" in names
        manifest = json.loads(archive.read("manifest.json"))
        assert labelled.visitor_key.encode() not in b"".join(map(archive.read, names))
    assert manifest["num"] == 1
    assert manifest["filters"]["chosen_by_hand"]


def test_all_of_the_filter_are_given_where_all_were_chosen(admin_client, make_submission):
    wanted = {make_submission(source="api", label="7", **REVIEWED).pk for _ in range(30)}
    other = make_submission(label="7", **REVIEWED)
    one = Submission.objects.filter(pk__in=wanted)[0]
    chosen = {"query": "?source__exact=api", "select_across": "1"}
    page = ask(admin_client, one, **chosen).content.decode()
    assert "30 of those chosen were reviewed." in page
    assert 'name="select_across" value="1"' in page

    response = ask(admin_client, one, **chosen, formats=["jsonl"], labels="digits")

    found = {line["id"] for line in lines_of(response)}
    assert found == {str(pk) for pk in wanted}
    assert str(other.pk) not in found


def test_what_is_no_digit_comes_along_where_asked(admin_client, make_submission):
    row = make_submission(label="not_a_digit", **REVIEWED)

    refused = ask(admin_client, row, formats=["jsonl"], labels="digits")
    assert "None of them was reviewed and has such a label." in refused.content.decode()
    response = ask(admin_client, row, formats=["jsonl"], labels="all")
    assert [line["label"] for line in lines_of(response)] == ["not_a_digit"]


def test_without_a_format_the_form_says_so(admin_client, labelled):
    response = ask(admin_client, labelled, labels="digits")

    assert "This field is required." in response.content.decode()


def test_more_than_a_request_can_bear_is_referred_to_the_command(
    admin_client, make_submission, monkeypatch
):
    monkeypatch.setattr(datasets, "MOST_ROWS", 1)
    rows = [make_submission(label="7", **REVIEWED) for _ in range(2)]

    for response in (
        ask(admin_client, *rows),
        ask(admin_client, *rows, formats=["jsonl"], labels="digits"),
    ):
        words = response.content.decode()
        assert "manage.py export_dataset" in words
        assert "<form method" not in words


@pytest.mark.parametrize("kind", ["png", "jsonl"])
def test_more_bytes_than_a_request_can_bear_are_referred_to_the_command(
    admin_client, make_submission, monkeypatch, kind
):
    """Few rows may be large: a photo has a thousand times the bytes of a drawn digit."""
    strokes = [{"points": [{"x": 0.5, "y": 0.5}] * 500}]
    rows = [make_submission(label="7", strokes=strokes, **REVIEWED) for _ in range(2)]
    for row in rows:
        row.image.save("x.png", ContentFile(bytes(10_000)))
    monkeypatch.setattr(datasets, "MOST_BYTES", 15_000)

    words = ask(admin_client, *rows, formats=[kind], labels="digits").content.decode()

    assert "MiB, which is too much for a page" in words
    assert "manage.py export_dataset" in words
    for fewer in (
        ask(admin_client, rows[0], formats=[kind], labels="digits"),
        ask(admin_client, *rows, formats=["idx"], labels="digits"),
    ):
        with archive_of(fewer) as archive:
            assert "manifest.json" in archive.namelist()


def test_where_none_is_labelled_there_is_nothing_to_export(admin_client, make_submission):
    assert "nothing to export" in ask(admin_client, make_submission()).content.decode()


def test_who_may_only_view_does_not_take_them_along(client_who_may, labelled):
    client = client_who_may("view_submission")

    response = ask(client, labelled, formats=["jsonl"], labels="digits")

    assert "export" not in client.get(LIST).content.decode()
    assert "Content-Disposition" not in response
