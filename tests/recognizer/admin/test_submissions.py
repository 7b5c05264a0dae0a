"""The list, the page and the end of submissions."""

import io
import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from PIL import Image

from recognizer.models import Submission
from tests.conftest import png

LIST = "/admin/recognizer/submission/"


def page_of(submission: Submission, page: str = "change") -> str:
    return f"{LIST}{submission.pk}/{page}/"


def steps_of(submission: Submission) -> str:
    return f"{LIST}{submission.pk}/steps.png"


def found(client, **query) -> set:
    return {row.pk for row in client.get(LIST, query).context["cl"].result_list}


def test_the_list_shows_drawing_reading_and_review(admin_client, submission):
    words = admin_client.get(LIST).content.decode()

    assert f'src="/readings/{submission.pk}/image.png"' in words
    assert f'<span class="numeral">{submission.served.digit}</span>' in words
    for expected in ("mark-pending", "not reviewed", "v1 tiny, drawn", 'class="bar"'):
        assert expected in words


def test_the_list_costs_the_same_whatever_its_length(
    admin_client, make_submission, django_assert_max_num_queries
):
    for _ in range(24):
        make_submission()

    # session, user, versions of the filter, count, two for the dates, rows, their predictions
    with django_assert_max_num_queries(8):
        admin_client.get(LIST)


def test_the_list_is_read_without_receipts_and_strokes(
    admin_client, submission, django_assert_max_num_queries
):
    [row] = admin_client.get(LIST).context["cl"].result_list

    assert {"digit", "receipt", "strokes"} <= row.get_deferred_fields()


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"verdict": "unsure"}, {"verdict": "unsure"}),
        ({"digit": "3"}, {"digit": 3}),
        ({"confidence": "50-80"}, {"confidence": 0.5}),
        ({"confidence": "99-100"}, {"confidence": 1.0}),
        ({"source__exact": "api"}, {"source": "api"}),
        ({"review_state__exact": "second_look"}, {"review_state": "second_look"}),
        (
            {"label__exact": "4"},
            {"label": "4", "review_state": "reviewed", "reviewed_at": timezone.now()},
        ),
    ],
)
def test_the_list_is_filtered(admin_client, make_submission, query, fields):
    make_submission()
    wanted = make_submission(**fields)

    assert found(admin_client, **query) == {wanted.pk}


def test_filters_are_combined_on_one_prediction(admin_client, make_submission, active_version):
    wanted = make_submission(verdict="unsure", confidence=0.6)
    make_submission(verdict="unsure", confidence=0.9)

    query = {"verdict": "unsure", "confidence": "50-80", "version": active_version.pk}
    assert found(admin_client, **query) == {wanted.pk}


def test_an_unknown_filter_value_is_no_error(admin_client, make_submission):
    make_submission()

    assert admin_client.get(LIST, {"version": "x", "digit": "77"}).status_code == 200


def test_the_search_finds_by_the_beginning_of_an_id_and_of_a_visitor_and_by_version(
    admin_client, make_submission
):
    wanted = make_submission(id=UUID("0123456789abcdef" * 2), visitor_key="fe" * 16)
    other = make_submission(id=UUID("ffff" + "0" * 28))

    assert found(admin_client, q="01234567-89ab") == {wanted.pk}
    assert found(admin_client, q="FEFE") == {wanted.pk}
    assert found(admin_client, q="tiny") == {wanted.pk, other.pk}
    assert found(admin_client, q="nothing like it") == set()
    assert found(admin_client, q="0") == set(), "one character is no beginning"


def test_the_list_sorts_by_confidence(admin_client, make_submission):
    sure, unsure = make_submission(confidence=0.99), make_submission(confidence=0.5)

    rows = admin_client.get(LIST, {"o": "3"}).context["cl"].result_list

    assert list(rows) == [unsure, sure]


def test_the_page_shows_images_bars_receipt_and_predictions(admin_client, submission):
    words = admin_client.get(page_of(submission)).content.decode()

    for address in ("image.png", "digit.png"):
        assert f"/readings/{submission.pk}/{address}" in words
    assert words.count('class="bar"') == 11  # ten, and the prediction's
    for expected in ("Polarity", "dark on light", "served", submission.visitor_key):
        assert expected in words


def test_the_page_of_a_submission_that_was_not_read_is_no_error(admin_client, make_submission):
    row = make_submission()
    row.predictions.all().delete()

    assert admin_client.get(page_of(row)).status_code == 200
    assert admin_client.get(LIST).status_code == 200


def test_the_page_needs_few_queries(admin_client, submission, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        admin_client.get(page_of(submission))


SEVERAL = [
    {"digit": digit, "confidence": 0.9, "verdict": "digit", "box": [0, 0, 9, 9]}
    for digit in (4, 0, 7)
]


def test_several_digits_are_shown_as_the_number_they_are(admin_client, make_submission):
    row = make_submission(verdict="several", digit=4, parts=SEVERAL)

    for page in (LIST, page_of(row)):
        assert '<span class="numeral">407</span>' in admin_client.get(page).content.decode()
    words = admin_client.get(page_of(row)).content.decode()
    assert words.count('class="bar"') == 4  # one each, and the prediction's
    assert "The digits from left to right" in words


def test_the_page_shows_the_steps_later_and_says_what_they_are(admin_client, submission):
    words = admin_client.get(page_of(submission)).content.decode()

    [image] = re.findall(r"<img[^>]*steps\.png[^>]*>", words)
    assert f'src="{steps_of(submission)}"' in image
    assert 'loading="lazy"' in image
    assert 'alt="The steps from the drawing' in image


def test_the_steps_are_a_private_picture(admin_client, submission):
    response = admin_client.get(steps_of(submission))

    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, max-age=300"
    width, height = Image.open(io.BytesIO(response.content)).size
    assert width > 3 * height, "the steps stand in a row"


def test_the_steps_are_for_who_may_see_the_submission(client_who_may, submission):
    may_view = client_who_may("view_submission", username="vera")

    assert may_view.get(steps_of(submission)).status_code == 200
    assert client_who_may("view_modelversion").get(steps_of(submission)).status_code == 403
    response = Client().get(steps_of(submission))
    assert response.status_code == 302
    assert "/admin/login/" in response["Location"]


def test_the_steps_of_what_is_gone_or_broken_or_blank_are_answered_kindly(admin_client, submission):
    blank = png(Image.new("L", (60, 60), 255))
    for content, status in ((blank, 200), (b"no picture", 404)):
        submission.image.storage.delete(submission.image.name)
        submission.image.save("x.png", ContentFile(content))
        assert admin_client.get(steps_of(submission)).status_code == status
    submission.image.storage.delete(submission.image.name)
    response = admin_client.get(steps_of(submission))
    assert response.status_code == 404
    assert "gone or broken" in response.content.decode()
    assert response["Content-Type"].startswith("text/plain")
    assert admin_client.get(f"{LIST}{UUID(int=1)}/steps.png").status_code == 404


def test_submissions_are_not_added(admin_client):
    assert admin_client.get(f"{LIST}add/").status_code == 403


def test_deleting_removes_the_file_too(
    admin_client, submission, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(page_of(submission, "delete"), {"post": "yes"})

    assert not Submission.objects.exists()
    assert not default_storage.exists(submission.image.name)


def test_deleting_in_bulk_removes_the_files_once_the_rows_are_gone(
    admin_client, submission, make_submission, django_capture_on_commit_callbacks
):
    rows = [submission, make_submission()]
    data = {
        "action": "delete_selected",
        "_selected_action": [row.pk for row in rows],
        "post": "yes",
    }

    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        admin_client.post(LIST, data)

    assert not Submission.objects.exists()
    assert default_storage.exists(submission.image.name)
    for remove in callbacks:
        remove()
    assert not default_storage.exists(submission.image.name)


def test_who_may_only_view_sees_and_cannot_delete(client_who_may, submission):
    client = client_who_may("view_submission")

    assert client.get(LIST).status_code == 200
    assert 'class="bar"' in client.get(page_of(submission)).content.decode()
    assert client.post(page_of(submission, "delete"), {"post": "yes"}).status_code == 403
    image = client.get(f"/readings/{submission.pk}/image.png")
    assert image.content.startswith(b"\x89PNG")


def test_who_may_nothing_sees_nothing(client_who_may, submission):
    client = client_who_may()

    assert client.get(LIST).status_code == 403
    assert client.get(page_of(submission)).status_code == 403


def test_the_dates_lead_to_the_submissions_of_a_day(admin_client, make_submission):
    yesterday = timezone.now() - timedelta(days=1)
    wanted = make_submission(created_at=yesterday)
    make_submission()

    day = {
        f"created_at__{part}": getattr(yesterday.date(), part) for part in ("year", "month", "day")
    }
    assert found(admin_client, **day) == {wanted.pk}
