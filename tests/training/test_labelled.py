"""Reviewed submissions come as digits: of their files as imaging is now, or as they were stored."""

import numpy as np
import pytest

from recognizer import imaging, recognition
from recognizer.models import Submission
from recognizer.people import is_in_field_test, number_of, part_of
from tests.conftest import drawn_seven, png
from training.datasets import NO_DIGIT
from training.labelled import labelled

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(active_version, django_user_model):
    """Sends a drawing as a visitor's, and labels it as a reviewer does."""
    reviewer = django_user_model.objects.create_user("reviewer")

    def sent(label: str, *, drawing: bytes | None = None, **others) -> Submission:
        drawing = drawing or png(drawn_seven())
        others = {"source": "drawn"} | others
        submission = recognition.recognize(drawing=drawing, **others).submission
        submission.review(label=label, by=reviewer)
        submission.save()
        return submission

    return sent


def test_digits_and_what_is_none_come_and_nothing_else(send):
    for label in ("7", "not_a_digit", "several", "bad_image"):
        send(label)
    undecided = send("3")
    undecided.ask_second_look()
    undecided.save()

    assert [one.label for one in labelled()] == [7, NO_DIGIT]


def test_a_program_is_a_person_a_submission_and_a_visitor_is_one(send):
    send("7", visitor_key="a" * 32)
    send("7", visitor_key="a" * 32)
    for number in range(40):  # with a cookie of its own each time, that is never sent back
        send("7", source="api", visitor_key=f"{number:032x}")
    people = [one.person for one in labelled()]

    assert people[:2] == ["a" * 32] * 2
    assert len(set(people)) == 1 + 40
    # The one hand that it sends from is on one side.
    assert {part_of(number_of(one)) for one in people[2:]} == {"train"}
    programs = Submission.objects.filter(source=Submission.Source.API)
    assert not any(map(is_in_field_test, programs))


def test_the_drawing_is_laid_out_as_imaging_does_now(send):
    submission = send("7")
    Submission.objects.update(digit=bytes(784))  # as an older imaging may have found it
    [one] = labelled()
    digit, _ = imaging.to_digit(imaging.decode(png(drawn_seven())))

    assert submission.receipt["segmentation"] == "usual"
    assert np.array_equal(one.digit, digit)


def test_a_segmentation_that_is_not_found_any_more_leaves_the_stored_digit(send):
    submission = send("7")
    Submission.objects.update(receipt=submission.receipt | {"segmentation": "by magic"})
    Submission.objects.update(digit=b"\x07" * 784)
    [one] = labelled()

    assert (one.digit == 7).all()


@pytest.mark.parametrize("damage", [None, b"", b"no picture"])
def test_a_file_that_is_gone_or_damaged_leaves_the_stored_digit(send, damage):
    submission = send("7")
    storage, name = submission.image.storage, submission.image.name
    storage.delete(name)
    if damage is not None:
        with storage.open(name, "wb") as file:
            file.write(damage)
    [one] = labelled()

    assert one.digit.tobytes() == bytes(submission.digit)


def test_strokes_come_along(send):
    strokes = [{"maxWidth": 11.0, "points": [{"x": 1, "y": 2}]}]
    send("7", strokes=strokes)
    send("7")

    assert [one.strokes for one in labelled()] == [strokes, []]


def test_rows_come_in_one_query_however_many_there_are(send, django_assert_num_queries):
    for _ in range(4):
        send("7")
    with django_assert_num_queries(1):
        assert len(list(labelled())) == 4
