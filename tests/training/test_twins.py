"""Near-duplicates are found wherever they lie, and never all against all at once."""

import numpy as np
import pytest

from tests.training.test_splitting import digit
from training import twins


@pytest.fixture
def sides(monkeypatch) -> list[int]:
    """Cuts in blocks of three digits, and notes how many are halved at once."""
    found: list[int] = []
    directions = twins._directions

    def noting(images: np.ndarray) -> np.ndarray:
        found.append(len(images))
        return directions(images)

    monkeypatch.setattr(twins, "_ROWS", 3)
    monkeypatch.setattr(twins, "_directions", noting)
    return found


def test_a_twin_is_found_in_whichever_block_it_lies(sides):
    others = np.stack([digit(seed) for seed in range(10)])
    images = np.stack([digit(9), digit(50), digit(0), digit(51), digit(4), digit(52)])

    assert twins.having_twins(images, others).tolist() == [True, False] * 3
    assert max(sides) <= 3


def test_where_one_side_is_empty_nothing_has_a_twin():
    nothing, one = np.zeros((0, 28, 28), np.uint8), digit(1)[None]

    assert twins.having_twins(one, nothing).tolist() == [False]
    assert twins.having_twins(nothing, one).tolist() == []
