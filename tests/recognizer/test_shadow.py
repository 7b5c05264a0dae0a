"""The shadow reads what the active version has read, behind the answer, and each thing once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recognizer import engine, recognition, registry, rereading, shadow, tasks
from recognizer.models import ModelVersion, Prediction, Submission
from tests.recognizer.admin.test_versions import make_another

Role = Prediction.Role


@pytest.fixture
def shadow_version(active_version: ModelVersion) -> ModelVersion:
    version = make_another(active_version, name="shadow")
    registry.shadow(version)
    return version


def recognize(drawing: bytes) -> Submission:
    return recognition.recognize(drawing=drawing, source="drawn").submission


def test_what_came_since_is_read_once(shadow_version, drawing_png, several_png):
    seven, number = recognize(drawing_png), recognize(several_png)

    assert shadow.is_behind()
    assert tasks.catch_up.enqueue().return_value == 2
    assert not shadow.is_behind()
    assert shadow.catch_up() == 0
    for submission in (seven, number):
        served = submission.predictions.get(role=Role.SERVED)
        own = submission.predictions.get(role=Role.SHADOW)
        assert own.version == shadow_version
        assert (own.verdict, own.digits) == (served.verdict, served.digits)
        assert own.probabilities == pytest.approx(served.probabilities)  # the same files
        assert own.created_at == submission.created_at
        assert own.agrees is True
        assert served.agrees is None


def test_a_visitor_is_given_what_the_active_version_read(
    client, shadow_version, active_version, drawing_png
):
    submission = recognize(drawing_png)
    shadow.catch_up()

    assert submission.served is not None
    assert submission.served.version == active_version


def test_what_came_before_is_left_alone(active_version, drawing_png):
    recognize(drawing_png)
    registry.shadow(make_another(active_version))

    assert not shadow.is_behind()
    assert shadow.catch_up() == 0


def test_without_a_shadow_there_is_nothing_to_do(active_version, drawing_png):
    recognize(drawing_png)

    assert not shadow.is_behind()
    assert shadow.catch_up() == 0


def test_a_worker_that_was_away_for_long_catches_up(shadow_version, drawing_png):
    since = timezone.now() - timedelta(hours=5)
    ModelVersion.objects.filter(pk=shadow_version.pk).update(shadow_since=since)
    early, late = recognize(drawing_png), recognize(drawing_png)
    Submission.objects.filter(pk=early.pk).update(created_at=since + timedelta(hours=1))
    Submission.objects.filter(pk=late.pk).update(created_at=since + timedelta(hours=4))

    assert shadow.catch_up() == 2


def test_a_picture_that_is_gone_holds_up_no_other(shadow_version, drawing_png, monkeypatch, caplog):
    monkeypatch.setattr(shadow, "BATCH", 1)
    gone, broken, good = (recognize(drawing_png) for _ in range(3))
    gone.image.delete(save=False)
    with broken.image.storage.open(str(broken.image), "wb") as file:
        file.write(b"no picture")

    assert shadow.catch_up() == 1
    assert good.predictions.filter(role=Role.SHADOW).exists()
    assert "its file is gone" in caplog.text


def test_it_stops_after_its_budget_and_goes_on_at_its_next_turn(
    shadow_version, drawing_png, monkeypatch
):
    monkeypatch.setattr(shadow, "BATCH", 2)
    monkeypatch.setattr(shadow, "BUDGET_S", 1e-6)
    for _ in range(3):
        recognize(drawing_png)

    assert [shadow.catch_up() for _ in range(3)] == [2, 1, 0]


def test_what_another_worker_read_at_the_same_moment_is_stored_once(
    shadow_version, drawing_png, monkeypatch
):
    submission = recognize(drawing_png)
    read = rereading._read

    def read_twice(*arguments):
        monkeypatch.setattr(rereading, "_read", read)
        shadow.catch_up()
        return read(*arguments)

    monkeypatch.setattr(rereading, "_read", read_twice)
    shadow.catch_up()

    assert submission.predictions.filter(role=Role.SHADOW).count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_visitor_deletes_while_it_is_read_holds_up_no_other(
    shadow_version, drawing_png, delete_while_read
):
    deleted, kept = recognize(drawing_png), recognize(drawing_png)
    delete_while_read(deleted)

    assert shadow.catch_up() == 1
    assert Prediction.objects.get(role=Role.SHADOW).submission == kept


def test_what_was_deleted_before_it_is_read_is_passed_over(shadow_version, drawing_png):
    rows = [recognize(drawing_png), recognize(drawing_png)]
    Submission.objects.filter(pk=rows[0].pk).delete()  # its file is still there
    loaded = engine.load(engine.source_of(shadow_version, "litert"))

    [read] = rereading.reread(rows, shadow_version, loaded, role=Role.SHADOW)

    assert read.submission == rows[1]


def says(verdict: str, digits: str) -> Prediction:
    parts = [{"digit": int(digit)} for digit in digits]
    return Prediction(verdict=verdict, parts=parts, digit=int(digits[0]) if digits else None)


@pytest.mark.parametrize(
    ("ours", "theirs", "agrees"),
    [
        (("digit", "7"), ("unsure", "7"), True),
        (("digit", "7"), ("digit", "1"), False),
        (("several", "77"), ("digit", "7"), False),
        (("not_a_digit", "7"), ("not_a_digit", "3"), True),
        (("not_a_digit", "7"), ("blank", ""), True),
        (("not_a_digit", "7"), ("digit", "7"), False),
    ],
)
def test_to_agree_is_to_read_the_same_digits(ours, theirs, agrees):
    assert says(*ours).says_the_same_as(says(*theirs)) is agrees
