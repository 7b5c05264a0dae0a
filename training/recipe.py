"""Recipes: all knobs of a training run, each with its reason, and the named presets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from training.augmentation import Strengths

# Of a run that goes on from a version's weights. 0005-sources-and-doubt.md: at the end of such a
# rate, half the distortions mend more than all of them.
NEXT_RATE, NEXT_STRENGTH = 5e-4, 0.5
# Of the sample's 1,000 training digits, those that validate.
SAMPLE_VALIDATION = 200
# What TensorFlow and NumPy both take as a seed, with room to count on from it.
LARGEST_SEED = 2**31 - 1


class Impossible(ValueError):
    """A recipe asks for what cannot be; the message says what was expected."""


@dataclass(frozen=True)
class Recipe:
    """All knobs of a training run. Figures are in docs/decisions/0004-network-and-recipe.md."""

    preset: str
    # `mnist`, `sample`, or where the data lies, as `datasets.load` takes it.
    data: str = "mnist"
    # One in twelve: ±0.1 % on an accuracy of 99.5 %, and hardly a loss to learning.
    num_validation: int = 5_000
    # Of the first weights, the order of digits and their distortions.
    seed: int = 1
    # Over all digits, also the sources'.
    epochs: int = 14
    # Two cores are kept busy from 128 on; more digits a step would mean fewer steps.
    batch_size: int = 128
    # Further sources, and how many digits of each are made; validation gets 8 % of that again.
    sources: tuple[tuple[str, int], ...] = ()
    # Where local copies of theirs lie.
    sources_folder: str = "media/sources"
    # At the peak, after the warm-up; it falls to 0 along a cosine.
    learning_rate: float = 3e-3
    # Epochs of rising rate, while the normalisation's averages settle.
    warmup_epochs: float = 1.0
    # Decoupled (AdamW).
    weight_decay: float = 0.01
    # The share of probability that learning gives to the other nine digits.
    label_smoothing: float = 0.0
    # Of the moving average of the weights, which validates, and at each epoch's end goes on in the
    # weights' place; 0 is none.
    # Source: Li et al. (2024), "Switch EMA: a free lunch for better flatness and sharpness".
    ema_momentum: float = 0.0
    # The shares of validation digits that may be refused as none, and that may be called unsure
    # or refused, where the run learnt of what is no digit. Validation is harder than what people
    # send: under `best`, more than half of its digits are photographed, scanned, disturbed or made.
    false_refusal_rate: float = 0.005
    false_doubt_rate: float = 0.02
    # Channels, as `network.build` takes them.
    widths: tuple[int, int, int, int, int] = (16, 16, 48, 48, 192)
    # Of the distortions, in the first epoch.
    strengths: Strengths = field(default_factory=Strengths)
    # The share of those strengths that is left in the last epoch: they fall to it evenly, so that
    # learning ends on digits as they are.
    calm: float = 0.25
    # Whether reviewed submissions are learnt from too. The share of an epoch that they are repeated
    # to, and how often each at most: docs/decisions/0012-split-by-visitor.md.
    with_reviewed: bool = False
    reviewed_share: float = 0.1
    most_repeats: int = 30
    # The SHA-256 of the Keras file whose weights are the first ones; empty: they are drawn by lot.
    start_from: str = ""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "most_repeats"):
            if getattr(self, name) < 1:
                raise Impossible(f"Expected {name} of 1 or more, got {getattr(self, name)}.")
        if not 0 <= self.calm <= 1:
            raise Impossible(f"Expected calm of 0 to 1, got {self.calm}.")
        if not 0 <= self.reviewed_share < 1:
            raise Impossible(f"Expected reviewed_share of 0 to 1, got {self.reviewed_share}.")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise Impossible(f"Expected a seed of 0 to {LARGEST_SEED}, got {self.seed}.")

    def strengths_in(self, epoch: int) -> Strengths:
        """Give the distortions' strengths in an epoch, counted from 0."""
        gone = epoch / max(self.epochs - 1, 1)
        return self.strengths.scaled(1 - gone * (1 - self.calm))

    def going_on_from(self, sha256: str, widths: Sequence[int]) -> Recipe:
        """Give the recipe of a next step: from a version's weights, slower and less distorted.

        Args:
            sha256: Of the version's Keras file.
            widths: Of its network.

        Raises:
            Impossible: The widths are of another network than `network.build` makes.
        """
        try:
            finest, fine, middle, coarse, whole = widths
        except ValueError as error:
            raise Impossible(f"Expected five widths of a network, got {widths}.") from error
        return replace(
            self,
            start_from=sha256,
            widths=(finest, fine, middle, coarse, whole),
            learning_rate=NEXT_RATE,
            strengths=self.strengths.scaled(NEXT_STRENGTH),
        )

    def repeats_of(self, num_reviewed: int, num_others: int) -> int:
        """Give how often each reviewed digit comes in an epoch, 1 or more, beside so many others.

        So often that they are `reviewed_share` of all, and `most_repeats` at most.
        """
        wanted = self.reviewed_share / (1 - self.reviewed_share) * num_others
        return min(max(round(wanted / max(num_reviewed, 1)), 1), self.most_repeats)

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe from the recipe.json of a run."""
        knobs = json.loads(path.read_text())
        strengths, widths = Strengths(**knobs.pop("strengths")), tuple(knobs.pop("widths"))
        shares = tuple((name, num) for name, num in knobs.pop("sources"))
        return cls(**knobs, strengths=strengths, widths=widths, sources=shares)


PRESETS = {
    # Seconds: shows that everything works, and learns from the sample that comes along.
    "smoke": Recipe(
        "smoke",
        data="sample",
        num_validation=SAMPLE_VALIDATION,
        epochs=3,
        batch_size=32,
        sources=(("european", 200), ("scribbles", 100)),
    ),
    # A few minutes on two cores: a small next step, `--from-active`, with some of each source that
    # the version before learnt from, lest it forget.
    "step": Recipe(
        "step",
        epochs=4,
        sources=(
            ("photographed", 2_000),
            ("disturbed", 2_000),
            ("pendigits", 2_000),
            ("european", 2_000),
            ("printed", 1_000),
            ("letters", 500),
            ("omniglot", 100),
            ("handwritten", 700),
            ("characters", 700),
            ("scribbles", 700),
            ("empty", 500),
        ),
    ),
    # At most ten minutes on two cores, three of them to make the sources' pictures.
    "quick": Recipe(
        "quick",
        epochs=8,
        sources=(
            ("photographed", 4_000),
            ("disturbed", 4_000),
            ("pendigits", 3_500),
            ("european", 2_500),
            ("printed", 1_800),
            ("letters", 1_200),
            ("omniglot", 200),
            ("handwritten", 1_400),
            ("characters", 1_400),
            ("scribbles", 1_400),
            ("empty", 700),
        ),
    ),
    # At most two hours on two cores, a quarter of an hour of them for the pictures.
    "best": Recipe(
        "best",
        epochs=40,
        widths=(16, 32, 64, 128, 256),
        sources=(
            ("photographed", 26_000),
            ("disturbed", 18_000),
            ("pendigits", 18_000),
            ("european", 16_000),
            ("printed", 12_000),
            ("letters", 4_000),
            ("omniglot", 600),
            ("handwritten", 9_000),
            ("characters", 8_000),
            ("scribbles", 7_000),
            ("empty", 6_000),
        ),
    ),
}
