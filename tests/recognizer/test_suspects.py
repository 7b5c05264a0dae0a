"""Suspect labels: which are, in what order, and that an answered one rests."""

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError
from django.db.models import QuerySet
from django.utils import timezone
from PIL import Image

from recognizer import engine, recognition, registry, review, suspects
from recognizer.models import ModelVersion, Prediction, Submission
from recognizer.review import Lane
from tests.conftest import png

State = Submission.ReviewState


@pytest.fixture
def anna(db):
    return get_user_model().objects.create_user("anna", is_staff=True)


@pytest.fixture
def labelled(active_version, anna):
    """Twenty digits of the sample, labelled as they are read, but for the surest, the first."""
    rows = []
    for digit in engine.sample()[0][:20]:
        drawing = png(Image.fromarray(255 - digit).resize((280, 280)))
        rows.append(recognition.recognize(drawing=drawing, source="drawn").submission)
    rows.sort(key=lambda row: -read_in(row).confidence)
    for row in rows:
        read = read_in(row).digit or 0
        row.review(label=str(read if row != rows[0] else (read + 1) % 10), by=anna)
        row.save()
    return rows


def read_in(row: Submission) -> Prediction:
    return row.predictions.served().get()


def suspicion_of(row: Submission) -> float | None:
    return Submission.objects.values_list("suspicion", flat=True).get(pk=row.pk)


def test_a_label_is_suspect_where_another_digit_is_likelier_than_usual_for_it():
    certain = np.eye(10, dtype=np.float32)
    labels = np.array([3, 3, 3, 5, 5, 5], np.uint8)
    #        right   right  5, surely     right   right  3, hardly
    rows = np.stack([certain[3], certain[3], certain[5], certain[5], certain[5], certain[0]])
    rows[5] = 0.0
    rows[5, [3, 5]] = [0.55, 0.45]

    found = suspects.suspicions(labels, rows)

    # Of those labelled 3, a 3 has 0.67 on average: 0.55 is not confident.
    assert found[2] == 1.0
    assert np.isnan(np.delete(found, 2)).all()


def test_nothing_labelled_is_nothing_suspect(db):
    assert len(suspects.suspicions(np.zeros(0, np.uint8), np.zeros((0, 10), np.float32))) == 0
    assert suspects.find() == 0


def test_a_wrong_label_is_found_and_what_the_version_reads_is_kept(labelled, active_version):
    assert suspects.find() == 1

    first = review.waiting(Lane.SUSPECT).get()
    assert first == labelled[0]
    kept = Prediction.objects.get(submission=first, role="replay")
    assert (kept.version, str(kept.digit)) == (active_version, str(read_in(first).digit))


def test_it_rests_once_a_reviewer_has_answered(labelled, anna):
    suspects.find()
    row = Submission.objects.get(pk=labelled[0].pk)
    seen = review.Decision.on(row).revision
    review.decide_one(row.pk, lane=Lane.SUSPECT, label=row.label, seen=seen, by=anna)

    suspects.find()

    assert suspicion_of(row) is None


def test_an_answer_that_was_undone_is_asked_for_again(labelled, anna):
    suspects.find()
    row = Submission.objects.get(pk=labelled[0].pk)
    seen = review.Decision.on(row).revision
    change = review.decide_one(row.pk, lane=Lane.SUSPECT, label=row.label, seen=seen, by=anna)
    review.undo(change.pk, by=anna)

    assert suspects.find() == 1
    assert suspicion_of(row) is not None


def test_what_is_reviewed_while_it_is_read_is_not_suspect(labelled, anna, monkeypatch):
    read_all = suspects._read_all

    def correct_meanwhile(loaded):
        found = read_all(loaded)
        row = Submission.objects.get(pk=labelled[0].pk)
        row.review(label=str(read_in(row).digit), by=anna)
        row.save()
        return found

    monkeypatch.setattr(suspects, "_read_all", correct_meanwhile)
    suspects.find()

    assert suspicion_of(labelled[0]) is None


def test_what_was_claimed_long_ago_is_read_no_more(active_version, other_model, drawing_png):
    row = recognition.recognize(drawing=drawing_png, source="drawn").submission
    long_ago = timezone.now() - suspects.CLAIMS_ARE_READ_FOR
    Submission.objects.filter(pk=row.pk).update(claim=1, created_at=long_ago)
    registry.register(path=other_model, name="other", passport={})

    assert not suspects.has_claims()


def test_a_corrected_label_is_suspect_no_more(labelled, anna):
    suspects.find()
    row = Submission.objects.get(pk=labelled[0].pk)
    row.review(label=str(read_in(row).digit), by=anna)
    row.save()
    assert suspicion_of(row) is None

    suspects.find()

    assert suspicion_of(row) is None


def test_nothing_is_written_where_nothing_has_changed(labelled, django_assert_num_queries):
    suspects.find()

    with django_assert_num_queries(4):  # the version, the labelled, those answered, those read
        suspects.find()


def test_a_reading_that_could_not_be_kept_is_kept_by_the_next_turn(labelled, monkeypatch):
    def fail(*_, **__):
        raise OperationalError("the database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(QuerySet, "bulk_create", fail)
        with pytest.raises(OperationalError):
            suspects.find()
    assert suspicion_of(labelled[0]) is not None
    assert not Prediction.objects.filter(role="replay").exists()

    suspects.find()

    assert Prediction.objects.get(role="replay").submission == labelled[0]


@pytest.mark.django_db(transaction=True)
def test_a_suspect_that_is_deleted_while_it_is_read_is_passed_over(labelled, delete_while_read):
    delete_while_read(labelled[0])

    assert suspects.find() == 1
    assert not Prediction.objects.filter(role="replay").exists()


def test_what_was_claimed_is_read_by_another_version(
    active_version: ModelVersion, other_model, drawing_png
):
    row = recognition.recognize(drawing=drawing_png, source="drawn").submission
    Submission.objects.filter(pk=row.pk).update(claim=1)
    assert not suspects.has_claims()  # there is one version alone
    assert suspects.reread_claims() == 0

    other = registry.register(path=other_model, name="other", passport={})

    assert suspects.has_claims()
    assert suspects.reread_claims() == 1
    assert Prediction.objects.get(submission=row, role="replay").version == other
    assert not suspects.has_claims()


def test_what_the_newest_served_is_read_by_the_one_before(
    active_version: ModelVersion, other_model, drawing_png
):
    other = registry.register(path=other_model, name="other", passport={})
    registry.activate(version=other, reason="a try", force=True)
    row = recognition.recognize(drawing=drawing_png, source="drawn").submission
    Submission.objects.filter(pk=row.pk).update(claim=1)

    assert suspects.reread_claims() == 1
    assert Prediction.objects.get(submission=row, role="replay").version == active_version
