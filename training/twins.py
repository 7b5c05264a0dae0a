"""Near-duplicates: the same picture sent again, re-encoded, scaled or a little blurred."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.datasets import Images

# The least likeness of twins: the cosine of two digits at 14 × 14 px. Of 300 MNIST digits drawn
# large, it finds all as JPEGs of quality 40, 98 % with blur, noise and less contrast, 88 % at half
# their size. Of 3,000 digits, 1.3 % have a twin among 20,000 of other writers: all of them ones,
# whose bars are nobody's own. At 0.98 it finds no more, and 7 % have one.
LEAST_LIKENESS = 0.99
# Rows of either side at a time: their likenesses take 16 MB, whatever is compared. 5,000 digits
# with 60,000 others take 1.1 s on two cores.
_ROWS = 2_000


def likenesses(images: Images, others: Images) -> NDArray[np.float32]:
    """Tell how like digits are to others, at half their size: cosines, 0 to 1.

    Args:
        images: `uint8 (N, 28, 28)`.
        others: `uint8 (M, 28, 28)`.

    Returns:
        `float32 (N, M)`; 0 where one is empty.
    """
    return np.asarray(_directions(images) @ _directions(others).T, np.float32)


def having_twins(images: Images, others: Images) -> NDArray[np.bool_]:
    """Tell which digits have a twin among others.

    Args:
        images: `uint8 (N, 28, 28)`.
        others: `uint8 (M, 28, 28)`.

    Returns:
        `bool (N,)`.
    """
    found = np.zeros(len(images), bool)
    ours = [(mine, _directions(images[mine])) for mine in _blocks(images)]  # each (rows, 196)
    for block in _blocks(others):
        theirs = _directions(others[block])
        for mine, directions in ours:
            found[mine] |= (directions @ theirs.T).max(1) >= LEAST_LIKENESS
    return found


def repeating(images: Images) -> NDArray[np.bool_]:
    """Tell which digits are equal, pixel by pixel, to an earlier one: `bool (N,)`."""
    known: set[bytes] = set()
    found = np.zeros(len(images), bool)
    for row, image in enumerate(images):
        content = image.tobytes()
        found[row] = content in known
        known.add(content)
    return found


def _blocks(images: Images) -> list[slice]:
    return [slice(start, start + _ROWS) for start in range(0, len(images), _ROWS)]


def _directions(images: Images) -> NDArray[np.float32]:
    """Halve digits, and give each as a vector of length 1; an empty one as zeros."""
    halved = images.reshape(-1, 14, 2, 14, 2).mean((2, 4), dtype=np.float32)
    vectors = halved.reshape(len(images), -1)  # (N, 196)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)
