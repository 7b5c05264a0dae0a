"""Makes digits.npz anew from MNIST: `python -m training.sample.make [mnist | DIR | FILE.npz]`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import datasets

# Balanced: 100 and 50 of each digit.
NUM_TRAIN, NUM_TEST = 1_000, 500
SEED = 1998  # the year of MNIST


def make(source: str, path: Path) -> None:
    """Draw the sample from MNIST and write it as .npz.

    Args:
        source: Where MNIST is, as `datasets.load` takes it.
        path: The file to write, with `x_train`, `y_train`, `x_test` and `y_test`.

    Raises:
        DataUnavailable: There is no MNIST.
    """
    data = datasets.load(source, num_validation=5_000)
    random = np.random.default_rng(SEED)
    # Of the training part only: the validation digits of the full data stay unseen.
    train = data.train.take(_balanced(data.train.labels, NUM_TRAIN, random))
    test = data.test.take(_balanced(data.test.labels, NUM_TEST, random))
    np.savez_compressed(
        path,
        x_train=train.images,
        y_train=train.labels,
        x_test=test.images,
        y_test=test.labels,
    )


def _balanced(labels: datasets.Labels, num: int, random: np.random.Generator) -> NDArray[np.intp]:
    rows = [random.permutation(np.flatnonzero(labels == label))[: num // 10] for label in range(10)]
    return random.permutation(np.concatenate(rows))


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else "mnist", datasets.SAMPLE_PATH)
