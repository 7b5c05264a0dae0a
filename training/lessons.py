"""All that a run learns from and chooses by, put together from its data, sources and reviews."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from training import datasets, reviewed, sources
from training.checkpoints import CannotResume
from training.datasets import DigitData, Digits
from training.recipe import Recipe
from training.reviewed import Reviewed
from training.sources import Pool

# What the run learnt from besides MNIST, kept while it runs: made once, also where it is resumed.
POOLS_NAME = "sources.npz"
# The reviewed submissions that the run was given, kept until it is measured: deletion must reach
# all that there is of them.
REVIEWED_NAME = "reviewed.npz"


@dataclass(frozen=True)
class Lessons:
    """All that a run learns from and chooses by.

    Attributes:
        data: MNIST's digits, in their three parts.
        pools: What the further sources gave.
        absent: Sources that were asked for and are not here, with the reason.
        reviewed: Submissions that reviewers labelled; None where the run was given none.
        repeats: How often each reviewed digit comes in an epoch.
    """

    data: DigitData
    pools: list[Pool] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    reviewed: Reviewed | None = None
    repeats: int = 1

    @property
    def train(self) -> Digits:
        mine = [self.reviewed.train.digits] * self.repeats if self.reviewed else []
        return datasets.joined([self.data.train, *(pool.train for pool in self.pools), *mine])

    @property
    def validation(self) -> Digits:
        """MNIST's part, the sources' and the reviewers', also what is no digit."""
        mine = [self.reviewed.validation.digits] if self.reviewed else []
        parts = [self.data.validation, *(pool.validation for pool in self.pools), *mine]
        return datasets.joined(parts)

    @property
    def sha256(self) -> str:
        """The hash of all of it; of MNIST's alone where there is nothing else."""
        if not self.pools and not self.reviewed:
            return self.data.sha256
        parts = [self.data.sha256, *(pool.sha256 for pool in self.pools)]
        parts += [self.reviewed.sha256] if self.reviewed else []
        return hashlib.sha256("".join(parts).encode()).hexdigest()


def gather(recipe: Recipe, data: DigitData, run_folder: Path) -> Lessons:
    """Put a run's lessons together; what takes minutes is made once a run.

    Args:
        recipe: All knobs.
        data: MNIST's digits.
        run_folder: The run's: keeps what the sources gave, and has what reviewers labelled.

    Raises:
        CannotResume: The reviewed submissions are no longer in the run folder.
    """
    pools, absent = _pools(recipe, data, run_folder / POOLS_NAME)
    if not recipe.with_reviewed:
        return Lessons(data, pools, absent)
    path = run_folder / REVIEWED_NAME
    if not path.is_file():
        raise CannotResume(
            f"Expected the reviewed submissions that the run began with in {path}, found none. "
            "Begin a new run."
        )
    given = reviewed.read(path)
    num_others = len(data.train) + sum(len(pool.train) for pool in pools)
    return Lessons(data, pools, absent, given, recipe.repeats_of(len(given.train), num_others))


def _pools(recipe: Recipe, data: DigitData, path: Path) -> tuple[list[Pool], dict[str, str]]:
    """Make what the further sources give, or read what was made before."""
    if path.is_file():
        return sources.read(path)
    material = sources.Material(
        Path(recipe.sources_folder), data.train, data.validation, recipe.seed
    )
    pools, absent = [], {}
    for name, num in recipe.sources:
        try:
            pools.append(sources.pool_of(name, material, num))
        except datasets.DataUnavailable as error:
            absent[name] = str(error)
    if pools:
        sources.write(path, pools, absent)
    return pools, absent
