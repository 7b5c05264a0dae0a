"""The page that says which model serves, how good it is, and what is stored."""

import pytest

from recognizer import about, registry
from recognizer.models import ModelVersion
from tests.recognizer.test_views import words_of

pytestmark = pytest.mark.django_db

SETS = [
    {"name": "MNIST test", "kind": "digits", "is_here": True, "num": 10000, "score": 0.9955},
    {"name": "phone photos", "kind": "digits", "is_here": True, "num": 353, "score": 1.0},
    {"name": "a set of one's own", "kind": "digits", "is_here": True, "num": 10, "score": 0.9},
    {"name": "not there", "kind": "digits", "is_here": False},
    {"name": "MNIST-C, network alone", "kind": "digits", "is_here": True, "num": 9, "score": 0.1},
    {"name": "empty boxes", "kind": "nondigits", "is_here": True, "num": 28, "score": 0.964286},
]
TOGETHER = {"num": 2609, "accuracy": 0.996167, "num_nondigits": 762, "rejected": 0.986877}


@pytest.fixture
def measured(active_version: ModelVersion) -> ModelVersion:
    """The active version with the figures of a test, and of one suite twice."""
    active_version.passport = {
        "trained_at": "2026-11-24T12:00:13+00:00",
        "data": {"name": "MNIST"},
    }
    suites = {
        "development": {"sets": SETS, "together": TOGETHER},
        "public": {"sets": SETS[:1], "together": None},
    }
    active_version.metrics = {
        "test": {"num": 10000, "accuracy": 0.9955},
        "card": {"suites": suites},
    }
    active_version.num_parameters = 433242
    active_version.save()
    return active_version


def test_it_says_how_good_the_serving_model_is_and_on_what(client, measured):
    words = words_of(client.get("/about"))

    assert f"model {measured.number}" in words
    assert "99.55 % of 10,000 MNIST test digits" in words
    assert "Of 2,609 photos and drawings by other hands and other cameras it reads 99.62 %" in words
    assert "Of 762 letters, empty boxes and blank sheets it takes 98.69 % for no digit." in words
    assert "It does worst on a set of one's own: 90.00 %." in words
    assert "Nov. 24, 2026" in words
    assert "433,242" in words


def test_each_set_is_in_the_table_once_digits_first_and_the_best_first(measured):
    standing = about.standing()

    assert standing
    assert [one.name for one in standing.sets] == [
        "phone photos",
        "MNIST test",
        "a set of one's own",
        "empty boxes",
    ]
    assert [one.is_of_digits for one in standing.sets] == [True, True, True, False]


def test_the_shipped_version_has_its_card(client, db):
    registry.activate(version=registry.register_shipped(), reason="for the page")
    words = words_of(client.get("/about"))
    assert "99.55 % of 10,000 MNIST test digits" in words
    assert "phone photos 353 100.00 %" in words
    assert "It does worst on" in words


def test_a_version_without_a_card_says_so(client, active_version):
    words = words_of(client.get("/about"))
    assert "It was measured on no test digits yet." in words
    assert "no suite of pictures was measured" in words
    assert "Set by set" not in words


def test_without_an_active_version_the_rest_is_there(client):
    response = client.get("/about")
    assert response.status_code == 200
    words = words_of(response)
    assert "No model is at work just now" in words
    assert "What is stored about you" in words
    assert "make serve" in words


@pytest.mark.parametrize(
    ("share", "shown"), [(1.0, "100.00"), (0.99999, "99.99"), (0.9955, "99.55"), (0.0, "0.00")]
)
def test_what_is_not_all_is_never_said_to_be_all(share, shown):
    measured = about.Measured("", "1", share, is_of_digits=True)
    assert measured.percent == f"{shown}\N{NO-BREAK SPACE}%"


@pytest.mark.parametrize(
    ("days", "keeps", "words"),
    [
        (None, False, "For how long: until you delete it."),
        (1, False, "For how long: 1 day, then it is deleted."),
        (90, False, "For how long: 90 days, then it is deleted."),
        (90, True, "What a person has looked at and labelled stays."),
    ],
)
def test_it_says_how_long_drawings_are_kept(client, settings, days, keeps, words):
    settings.RETENTION_DAYS, settings.RETENTION_KEEP_LABELLED = days, keeps
    text = words_of(client.get("/about"))
    assert words in text
    assert ("labelled stays" in text) == keeps


def test_it_asks_the_database_for_the_version_and_its_activation_alone(
    client, measured, django_assert_num_queries
):
    with django_assert_num_queries(2):
        client.get("/about")


@pytest.mark.parametrize("trained_at", [None, "yesterday", 7])
def test_a_passport_that_does_not_say_when_is_no_fault(client, measured, trained_at):
    measured.passport = {"trained_at": trained_at}
    measured.save()
    response = client.get("/about")
    assert response.status_code == 200
    assert "Trained" not in words_of(response)


def test_it_says_that_some_drawings_are_reviewed_by_chance(client, db):
    words = words_of(client.get("/about"))
    assert "who review: what the model was not sure of, and some by chance." in words
