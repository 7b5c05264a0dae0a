"""Figures are what a pencil would get, and calibration makes confidence honest."""

import json

import numpy as np
import pytest
from PIL import Image

from training import evaluation

LABELS = np.array([0, 0, 1, 7], np.uint8)


def sure(answers: list[int], confidence: float = 0.82) -> np.ndarray:
    """Probabilities that give each answer that confidence, and share the rest evenly."""
    found = np.full((len(answers), 10), (1 - confidence) / 9)
    found[np.arange(len(answers)), answers] = confidence
    return found


@pytest.fixture(scope="module")
def noisy() -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from the very probabilities of their logits: calibrated at temperature 1."""
    random = np.random.default_rng(3)
    logits = random.normal(0, 3, (20_000, 10))
    draws = random.random((20_000, 1))
    labels = (evaluation.softmax(logits).cumsum(1) < draws).sum(1).clip(0, 9)
    return labels.astype(np.uint8), logits


def test_figures_count_what_was_read():
    found = evaluation.figures(LABELS, sure([0, 3, 1, 7]))

    assert found["num"] == 4
    assert found["accuracy"] == 0.75
    assert found["recall"] == [0.5, 1.0, *[None] * 5, 1.0, None, None]
    assert found["confusion"][0] == [1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert found["nll"] == pytest.approx(-(3 * np.log(0.82) + np.log(0.02)) / 4, abs=1e-6)
    assert json.loads(json.dumps(found)) == found


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    assert evaluation.calibration_error(LABELS, sure([0, 3, 1, 7])) == pytest.approx(0.82 - 0.75)
    assert evaluation.calibration_error(LABELS, sure([0, 0, 1, 7], 1.0)) == 0


def test_a_probability_of_zero_for_the_right_digit_is_no_infinity():
    found = evaluation.figures(LABELS, sure([1, 1, 2, 8], 1.0))

    assert found["accuracy"] == 0
    assert found["nll"] == pytest.approx(-np.log(evaluation.SMALLEST_PROBABILITY))


@pytest.mark.parametrize("excess", [0.5, 1.0, 3.0])
def test_the_temperature_takes_back_what_is_too_sure_or_not_sure_enough(noisy, excess):
    labels, logits = noisy

    assert evaluation.fit_temperature(labels, logits * excess) == pytest.approx(excess, rel=0.03)


def test_a_calibrated_network_has_hardly_a_calibration_error(noisy):
    labels, logits = noisy
    too_sure = logits * 3
    temperature = evaluation.fit_temperature(labels, too_sure)

    before = evaluation.calibration_error(labels, evaluation.softmax(too_sure))
    after = evaluation.calibration_error(labels, evaluation.softmax(too_sure / temperature))
    assert before > 0.1
    assert after < 0.02


def test_readings_are_sure_from_where_nearly_all_are_right():
    labels = np.zeros(2_000, np.uint8)
    confidence = np.linspace(0.5, 1.0, 2_000)
    answers = np.where(confidence < 0.7, 1, 0)  # all wrong below 0.7, all right above
    found = np.zeros((2_000, 10))
    found[np.arange(2_000), answers] = confidence
    found[:, 9] = 1 - confidence

    assert evaluation.unsure_threshold(labels, found) == pytest.approx(0.7, abs=0.011)


def test_the_threshold_stays_within_its_bounds():
    always_right, always_wrong = sure([0] * 50, 0.99), sure([1] * 50, 0.99)
    labels = np.zeros(50, np.uint8)

    assert evaluation.unsure_threshold(labels, always_right) == 0.5
    assert evaluation.unsure_threshold(labels, always_wrong) == 0.95


def test_the_area_under_the_curve_counts_pairs_and_halves_ties():
    assert evaluation.auroc(np.array([0.9, 0.8]), np.array([0.1, 0.2])) == 1
    assert evaluation.auroc(np.array([0.1]), np.array([0.9])) == 0
    assert evaluation.auroc(np.array([0.5, 0.5]), np.array([0.5])) == 0.5
    # Pairs: 0.9 > 0.5, 0.9 > 0.7, 0.5 = 0.5, 0.5 < 0.7.
    assert evaluation.auroc(np.array([0.9, 0.5]), np.array([0.5, 0.7])) == 2.5 / 4


def test_the_area_equals_that_of_all_pairs():
    random = np.random.default_rng(5)
    digits, others = random.integers(0, 9, 80) / 9, random.integers(0, 7, 60) / 9
    above = (digits[:, None] > others).mean() + (digits[:, None] == others).mean() / 2

    assert evaluation.auroc(digits, others) == pytest.approx(above, abs=1e-12)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.015, 0.5, 1.0])
def test_the_reject_threshold_is_the_largest_that_keeps_its_promise(rate):
    confidence = np.random.default_rng(2).permutation(np.linspace(0.11, 0.99, 200))
    threshold = evaluation.reject_threshold(confidence, rate)

    assert evaluation.refused_share(confidence, threshold) <= rate
    if rate < 1:
        assert evaluation.refused_share(confidence, threshold + 0.005) > rate


def test_equal_confidences_are_refused_together_or_not_at_all():
    threshold = evaluation.reject_threshold(np.array([0.6] * 30 + [0.9] * 70), 0.2)

    assert threshold == pytest.approx(0.6, abs=1e-5)
    assert evaluation.refused_share(np.array([0.6, 0.5, 0.9, 0.59]), threshold) == 0.5


def test_the_reject_threshold_takes_probabilities_too():
    probabilities = sure([0, 3, 1, 7], 0.82)

    assert evaluation.reject_threshold(probabilities, 0.0) == pytest.approx(0.82, abs=1e-5)
    assert evaluation.refused_share(probabilities, 0.83) == 1


def test_pictures_are_drawn(tmp_path):
    rows = [
        {
            "epoch": epoch,
            "loss": 1 / epoch,
            "accuracy": 1 - 0.1 / epoch,
            "validation_loss": 0.9 / epoch,
            "validation_accuracy": 1 - 0.05 / epoch,
        }
        for epoch in (1, 2, 3)
    ]
    evaluation.curves_picture(rows, 2, tmp_path / "curves.png")
    confusion = evaluation.figures(LABELS, sure([0, 3, 1, 7]))["confusion"]
    evaluation.confusion_picture(confusion, tmp_path / "confusion.png")

    evaluation.reliability_picture(LABELS, sure([0, 3, 1, 7]), tmp_path / "reliability.png")

    for name in ("curves", "confusion", "reliability"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.format == "PNG"
            assert min(picture.size) > 400
