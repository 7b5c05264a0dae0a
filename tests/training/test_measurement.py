"""A suite's figures are what a pencil would get, whatever reads."""

import json
from pathlib import Path

import numpy as np
import pytest

from recognizer import engine
from tests.conftest import drawn_seven, png
from training import corruptions, measurement
from training.measurement import Answer, Row
from training.suite import NamedSet, Suite


def answer(digit: int | None, verdict: str = "digit", confidence: float = 0.91) -> Answer:
    if digit is None:
        return Answer(verdict)
    probabilities = [(1 - confidence) / 9] * 10
    probabilities[digit] = confidence
    return Answer(verdict, digit, confidence, probabilities)


class Reader:
    """Gives these answers, and remembers what it was asked."""

    def __init__(self, answers: list[Answer]) -> None:
        self.answers = answers
        self.asked: list = []

    def __call__(self, drawings):
        self.asked.append(drawings)
        return self.answers[: len(drawings)]


def make_folder(folder: Path, labels: list[str]) -> Path:
    folder.mkdir()
    for place in range(len(labels)):
        (folder / f"{place}.png").write_bytes(png(drawn_seven()))
    rows = [f"{place}.png,{label}" for place, label in enumerate(labels)]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows]))
    return folder


@pytest.fixture
def digits(tmp_path: Path) -> NamedSet:
    return NamedSet("digits", "digits", make_folder(tmp_path / "digits", list("77129")), goal=0.6)


@pytest.fixture
def letters(tmp_path: Path) -> NamedSet:
    return NamedSet("letters", "nondigits", make_folder(tmp_path / "letters", list("AABC")))


def laid_out(tmp_path: Path, **more) -> NamedSet:
    images, labels = engine.probes()
    path = tmp_path / "some.npz"
    np.savez(path, x_test=images, y_test=labels)
    return NamedSet("probes", "digits", path, **more)


ANSWERS = [
    answer(7),
    answer(2, "unsure", 0.6),
    answer(None, "blank"),
    answer(2, "several"),
    answer(9, "not_a_digit", 0.3),
]


def test_digits_are_counted_by_what_was_answered(digits):
    row = measurement.measure(digits, Reader(ANSWERS))
    found = row.figures

    assert (found["num"], found["accuracy"], found["score"]) == (5, 0.6, 0.6)  # 7, 2 and 9
    assert (found["answered"], found["accuracy_answered"]) == (0.2, 1.0)
    assert (found["unsure"], found["several"], found["refused"]) == (0.2, 0.2, 0.4)
    assert found["confusions"] == [[7, 2, 1]]
    assert sum(found["verdicts"].values()) == 5
    assert row.is_met is True  # 0.6 is at least 0.6
    assert json.loads(json.dumps(found)) == found


def test_the_calibration_error_is_of_what_was_read(digits):
    found = measurement.measure(digits, Reader(ANSWERS)).figures

    # Confidences 0.91, 0.91 (right), 0.6 (wrong), 0.3 (right); the blank one is left out.
    assert found["ece"] == pytest.approx((2 * 0.09 + 0.6 + 0.7) / 4, abs=1e-6)


def test_misses_are_what_a_visitor_would_not_be_told_and_the_worst_is_first(digits):
    misses = measurement.measure(digits, Reader(ANSWERS)).misses

    assert [(miss.label, miss.answer.verdict) for miss in misses] == [
        ("7", "unsure"),  # wrong
        ("2", "several"),
        ("9", "not_a_digit"),
        ("1", "blank"),
    ]
    assert misses[0].drawing == digits.path / "1.png"


def test_a_goal_is_missed_below_it(digits):
    row = measurement.measure(digits, Reader([answer(0)] * 5))

    assert row.figures["score"] == 0
    assert row.is_met is False


def test_the_calibration_error_may_be_a_goal(tmp_path):
    labels = engine.probes()[1]
    right = Reader([answer(int(label), confidence=0.99) for label in labels])

    for max_ece, is_met in ((0.02, True), (0.005, False)):
        row = measurement.measure(laid_out(tmp_path, max_ece=max_ece), right)
        assert row.is_met is is_met


def test_non_digits_are_held_to_not_being_read(letters):
    said = [answer(4), answer(4, "unsure"), answer(8, "several"), answer(None, "blank")]
    row = measurement.measure(letters, Reader(said))

    assert row.figures["rejected"] == row.figures["score"] == 0.5  # unsure and blank
    assert row.figures["confusions"] == [["A", 4, 1], ["B", 8, 1]]
    assert [miss.label for miss in row.misses] == ["A", "B"]
    assert row.is_met is None


def test_digits_that_are_laid_out_go_as_they_are(tmp_path):
    images, labels = engine.probes()
    reader = Reader([answer(int(label)) for label in labels])
    row = measurement.measure(laid_out(tmp_path), reader)

    assert (reader.asked[0] == images).all()
    assert row.figures["accuracy"] == 1
    assert not row.is_real


def test_digits_may_go_the_way_of_pictures(tmp_path):
    reader = Reader([answer(0)] * 20)
    row = measurement.measure(laid_out(tmp_path, through="imaging"), reader)

    assert all(drawing.startswith(b"\x89PNG") for drawing in reader.asked[0])
    assert isinstance(row.misses[0].drawing, bytes)


@pytest.mark.parametrize("way", ["engine", ""])
def test_mnist_c_is_the_mean_of_its_fifteen(tmp_path, way):
    labels = engine.probes()[1][[0, 5, 10, 15]]
    reader = Reader([answer(int(label)) for label in labels])
    reader.answers[0] = answer((int(labels[0]) + 1) % 10)
    one = laid_out(tmp_path, corruption="mnist-c", limit=4, through=way)
    row = measurement.measure(one, reader)

    assert list(row.figures["parts"]) == list(corruptions.CORRUPTIONS)
    assert set(row.figures["parts"].values()) == {0.75}
    assert (row.figures["num"], row.figures["accuracy"]) == (60, 0.75)
    assert isinstance(reader.asked[0], list) is (way == "")  # as pictures, where nothing is said
    assert not row.is_real
    assert {miss.corruption for miss in row.misses} >= {"fog", "canny edges"}


def test_a_part_of_a_set_is_corrupted_as_the_whole(tmp_path):
    reader = Reader([answer(0)] * 20)
    measurement.measure(laid_out(tmp_path, corruption="fog", through="engine"), reader)
    part = laid_out(tmp_path, corruption="fog", through="engine", limit=4)
    measurement.measure(part, reader)
    whole, some = reader.asked

    assert (whole[[0, 5, 10, 15]] == some).all()


def test_a_set_that_is_not_here_has_no_figures(tmp_path):
    row = measurement.measure(NamedSet("far", "digits", tmp_path / "far", goal=1.0), Reader([]))

    assert row.missing
    assert row.figures == {}
    assert row.is_met is None


def test_together_are_photos_and_drawings_against_all_non_digits(digits, letters, tmp_path):
    far = Reader([answer(4, "not_a_digit", 0.4), *[answer(None, "blank")] * 3])
    rows = [
        measurement.measure(digits, Reader(ANSWERS)),
        measurement.measure(laid_out(tmp_path), Reader([answer(0)] * 20)),
        measurement.measure(letters, far),
    ]
    found = measurement.together(rows)

    assert (found["num"], found["num_nondigits"]) == (5, 4)  # without what is laid out
    assert found["refused"] == 0.4
    assert found["rejected"] == 1
    # Digits: 0.91, 0.6, 0 (blank), 0.91, 0.3; letters: 0.4 and three times 0.
    assert found["auroc"] == pytest.approx((3 * 4 + 3 + 3 * 0.5) / 20)
    met = {goal["figure"]: goal["is_met"] for goal in found["goals"]}
    assert met == {"ece": False, "refused": False, "auroc": False, "rejected": True}


def test_without_non_digits_there_is_nothing_to_tell_digits_from(digits):
    found = measurement.together([measurement.measure(digits, Reader([answer(7)] * 5))])

    assert "auroc" not in found
    assert [goal["figure"] for goal in found["goals"]] == ["ece", "refused"]


def test_without_photos_there_is_nothing_together(tmp_path):
    row = measurement.measure(laid_out(tmp_path), Reader([answer(0)] * 20))

    assert measurement.together([row]) == {}


def test_the_summary_tells_whether_all_goals_are_met_and_no_path(digits, tmp_path):
    plan = Suite("some", [digits, NamedSet("far", "digits", tmp_path / "far", goal=1.0)])
    rows = list(measurement.run(plan, Reader(ANSWERS)))
    found = measurement.summary(plan, rows)

    assert found["is_met"] is False  # of all together
    assert [row["is_here"] for row in found["sets"]] == [True, False]
    assert str(tmp_path) not in json.dumps(found)
    assert measurement.summary(plan, [Row(plan.sets[1])])["is_met"] is True
