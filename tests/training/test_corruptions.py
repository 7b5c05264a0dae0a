"""MNIST-C's corruptions are what the paper defines, and the same each time."""

import numpy as np
import pytest

from recognizer import engine
from training import corruptions


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return engine.probes()[0]


@pytest.fixture(scope="module")
def blank() -> np.ndarray:
    return np.zeros((40, 28, 28), np.uint8)


def shift_of_mass(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far ink moved, (N, 2), in pixels to the right and down."""

    def centres(images: np.ndarray) -> np.ndarray:
        ink = images.astype(float)
        places = np.arange(28)
        total = ink.sum((1, 2))
        return np.stack([(ink.sum(axis) * places).sum(1) / total for axis in (1, 2)], 1)

    return centres(after) - centres(before)


def test_there_are_the_fifteen_of_the_paper():
    assert len(corruptions.CORRUPTIONS) == 15


@pytest.mark.parametrize("name", corruptions.CORRUPTIONS)
def test_a_corruption_is_the_same_each_time_and_changes_the_digit(digits, name):
    once = corruptions.corrupt(digits, name)

    assert once.dtype == np.uint8
    assert once.shape == digits.shape
    assert (once == corruptions.corrupt(digits, name)).all()
    assert (once != digits).any((1, 2)).all()


@pytest.mark.parametrize("name", ["shot_noise", "glass_blur", "fog", "zigzag"])
def test_a_part_is_corrupted_as_it_is_in_the_whole(digits, name):
    whole = corruptions.corrupt(digits, name)

    assert (corruptions.corrupt(digits[[3, 11]], name, [3, 11]) == whole[[3, 11]]).all()


def test_digits_are_corrupted_each_in_its_own_way(digits):
    twice = corruptions.corrupt(np.stack([digits[0]] * 2), "impulse_noise")

    assert (twice[0] != twice[1]).any()


def test_impulses_strike_the_share_of_the_paper(blank):
    struck = corruptions.corrupt(blank, "impulse_noise")

    assert set(np.unique(struck)) == {0, 255}
    assert (struck > 0).mean() == pytest.approx(0.17 / 2, abs=0.01)  # the other half is paper


def test_shots_are_thirds_of_the_ink(digits):
    assert set(np.unique(corruptions.corrupt(digits, "shot_noise"))) <= {0, 85, 170, 255}


def test_the_digit_moves_by_three_pixels_both_ways():
    dot = np.zeros((30, 28, 28), np.uint8)
    dot[:, 12:16, 12:16] = 255
    shift = shift_of_mass(dot, corruptions.corrupt(dot, "translate"))

    assert np.abs(shift) == pytest.approx(3)
    assert len(np.unique(shift.round(), axis=0)) == 4


@pytest.mark.parametrize(("name", "share"), [("scale", 0.49), ("rotate", 1), ("shear", 1.09)])
def test_geometry_keeps_the_centre_and_the_ink(name, share):
    bar = np.zeros((8, 28, 28), np.uint8)
    bar[:, 6:22, 12:16] = 255
    warped = corruptions.corrupt(bar, name)

    assert shift_of_mass(bar, warped) == pytest.approx(0, abs=0.1)
    assert warped.sum() / bar.sum() == pytest.approx(share, abs=0.03)


def test_rotation_and_shear_go_to_both_sides(digits):
    for name in ("rotate", "shear"):
        assert len(np.unique(corruptions.corrupt(np.stack([digits[0]] * 9), name), axis=0)) == 2


def test_brightness_lifts_the_paper_to_half_of_the_ink(blank):
    assert (corruptions.corrupt(blank, "brightness") == 128).all()


def test_stripes_swap_ink_and_paper_at_both_sides(digits):
    striped = corruptions.corrupt(digits, "stripe")

    assert (striped[:, :, :7] == 255 - digits[:, :, :7]).all()
    assert (striped[:, :, 21:] == 255 - digits[:, :, 21:]).all()
    assert (striped[:, :, 7:21] == digits[:, :, 7:21]).all()


def test_fog_leaves_the_digit_a_quarter_of_its_contrast(digits):
    foggy = corruptions.corrupt(digits, "fog").astype(float)
    inked = digits[0].astype(float)
    slope = np.polyfit(inked.ravel(), foggy[0].ravel(), 1)[0]

    assert slope == pytest.approx(1 / 4, abs=0.12)  # 1 / (1 + 3), beside what clouds add
    assert foggy.std() > 20


def test_spatter_is_dark_grey_mud_that_hides_ink(blank):
    inked = np.full_like(blank, 255)
    on_paper, on_ink = (corruptions.corrupt(images, "spatter") for images in (blank, inked))
    mud = on_paper > 55

    assert on_paper.max() <= 64
    assert 0.02 < mud.mean() < 0.6
    assert on_ink[mud].max() < 120


def test_a_dotted_line_goes_across_in_dashes_of_two(blank):
    lines = corruptions.corrupt(blank, "dotted_line")
    is_marked = lines.max(1) > 0  # (N, 28) columns

    assert is_marked[:, :27].sum(1).max() <= 13
    assert not is_marked[:, [0, 1, 4, 5, 8, 9]].any()
    assert is_marked[:, 2:27:4].all()


def test_a_zigzag_turns_again_and_again(blank):
    rows = corruptions.corrupt(blank, "zigzag")[:, :, 4:22].argmax(1)  # the line's height
    turns = (np.diff(np.sign(np.diff(rows)), axis=1) != 0).sum(1)

    assert np.median(turns) >= 4


def test_edges_are_thin_and_go_around_the_ink(digits):
    edges = corruptions.corrupt(digits, "canny_edges")

    assert set(np.unique(edges)) == {0, 255}
    full = np.zeros((1, 28, 28), np.uint8)
    full[0, 8:20, 8:20] = 255
    [around] = corruptions.corrupt(full, "canny_edges")
    assert not around[11:17, 11:17].any()
    assert around.astype(bool).sum() == pytest.approx(4 * 12, abs=8)


def test_a_blur_spreads_the_ink_and_keeps_it(digits):
    for name in ("glass_blur", "motion_blur"):
        blurred = corruptions.corrupt(digits, name)
        assert blurred.sum() / digits.sum() == pytest.approx(1, abs=0.03)
        assert (blurred > 0).sum() > 1.2 * (digits > 0).sum()
