"""Distorted digits stay digits, and come out the same for the same seed."""

from dataclasses import fields

import numpy as np
import pytest

from training import datasets
from training.augmentation import Strengths, augment

NONE = Strengths(**{knob.name: 0.0 for knob in fields(Strengths)})


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return datasets.read_test(datasets.SAMPLE_PATH).images[:64]  # (64, 28, 28)


def augmented(digits: np.ndarray, strengths: Strengths, seed: tuple[int, int] = (1, 0)):
    return augment(digits, np.random.default_rng(seed), strengths)[..., 0]


def only(**strengths: float) -> Strengths:
    return Strengths(**{knob.name: strengths.get(knob.name, 0.0) for knob in fields(Strengths)})


def test_without_strength_nothing_changes(digits):
    assert np.array_equal(augmented(digits, NONE), digits)


def test_a_seed_gives_the_same_distortions_each_time_and_another_gives_others(digits):
    first, again = (augmented(digits, Strengths(), seed=(1, 5)) for _ in range(2))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, augmented(digits, Strengths(), seed=(1, 6)))
    assert not np.array_equal(first, augmented(digits, Strengths(), seed=(2, 5)))


def test_distorted_digits_keep_shape_and_range(digits):
    found = augment(digits, np.random.default_rng(1), Strengths())

    assert found.shape == (*digits.shape, 1)
    assert found.dtype == np.float32
    assert found.min() >= 0
    assert found.max() <= 255
    assert found.reshape(64, -1).max(1).min() > 50  # no digit fades away


@pytest.mark.parametrize("knob", [knob.name for knob in fields(Strengths)])
def test_each_knob_distorts_by_itself(digits, knob):
    found = augmented(digits, only(**{knob: getattr(Strengths(), knob)}))

    assert np.abs(found - digits).mean() > 0.1


def test_nothing_is_flipped():
    corner = np.zeros((200, 28, 28), np.uint8)
    corner[:, 6:10, 7:11] = 255
    found = augmented(corner, Strengths())
    rows, columns = (
        (found.sum(axis) * np.arange(28)).sum(1) / found.sum((1, 2)) for axis in (2, 1)
    )

    assert rows.max() < 14
    assert columns.max() < 14


def test_strokes_grow_thicker_and_thinner(digits):
    ink = digits.mean((1, 2))

    assert (augmented(digits, only(thicker=1.0)).mean((1, 2)) >= ink - 1e-3).all()
    assert (augmented(digits, only(thinner=1.0)).mean((1, 2)) <= ink + 1e-3).all()


def test_turning_keeps_the_ink(digits):
    found = augmented(digits, only(rotation_deg=20.0))

    assert found.sum() == pytest.approx(digits.sum(dtype=float), rel=0.02)


def test_a_shift_moves_no_digit_further_than_its_strength():
    dot = np.zeros((100, 28, 28), np.uint8)
    dot[:, 14, 14] = 255
    found = augmented(dot, only(shift_px=2.0))
    rows = (found.sum(2) * np.arange(28)).sum(1) / found.sum((1, 2))

    assert np.abs(rows - 14).max() <= 2.0
    assert np.abs(rows - 14).max() > 1.5
