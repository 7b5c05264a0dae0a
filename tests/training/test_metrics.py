"""What a model reads rightly is told part by part, and each part is read once."""

import numpy as np
import pytest

from training import metrics
from training.datasets import NO_DIGIT, DigitData, Digits
from training.lessons import Lessons
from training.reviewed import Reviewed, Side

LIMITS = {"unsure_below": 0.8, "reject_below": 0.5}


def digits(*labels: int) -> Digits:
    return Digits(np.zeros((len(labels), 28, 28), np.uint8), np.array(labels, np.uint8))


def sent(*labels: int) -> Side:
    """What people sent, each of them one submission."""
    num = len(labels)
    return Side(digits(*labels), np.arange(num, dtype=np.uint64), np.arange(num, dtype=np.int32))


def answers(*readings: int) -> np.ndarray:
    """What a model answers that is sure of these; of `NO_DIGIT` it finds all as likely."""
    return np.concatenate([0.9 * np.eye(10) + 0.01, np.full((1, 10), 0.1)])[list(readings)]


@pytest.fixture
def read_again() -> list[list[int]]:
    """The labels of each part that was read."""
    return []


@pytest.fixture
def measure(read_again):
    """Measures by a model that reads the test and the field test rightly."""

    def measured(lessons: Lessons, on_validation: np.ndarray) -> dict:
        def read(part: Digits) -> np.ndarray:
            read_again.append(part.labels.tolist())
            return answers(*part.labels)

        return metrics.measured(lessons, on_validation, LIMITS, read=read)

    return measured


DATA = DigitData("custom data", digits(1, 2), digits(1, 2, 3), digits(4, 5), "", "")


def test_the_people_of_validation_are_measured_by_what_was_read_of_them(measure, read_again):
    people = Reviewed(sent(6), sent(7, 7, NO_DIGIT), sent(8, NO_DIGIT), np.zeros(2, bool))
    found = measure(Lessons(DATA, reviewed=people), answers(1, 2, 3, 7, 9, NO_DIGIT))

    assert read_again == [[4, 5], [8, NO_DIGIT]]
    assert found["validation"]["accuracy"] == found["test"]["accuracy"] == 1
    chosen_by = found["reviewed_validation"]
    assert (chosen_by["accuracy"], chosen_by["num"], chosen_by["num_people"]) == (0.5, 2, 3)
    assert chosen_by["no_digits"]["refused"] == 1
    assert found["field_test"]["accuracy"] == 1


def test_where_nobody_sent_digits_that_validate_there_is_nothing_to_measure(measure, read_again):
    people = Reviewed(sent(6), sent(), sent(NO_DIGIT), np.zeros(1, bool))
    found = measure(Lessons(DATA, reviewed=people), answers(1, 2, 3))

    assert read_again == [[4, 5]]
    assert not {"reviewed_validation", "field_test"} & set(found)
