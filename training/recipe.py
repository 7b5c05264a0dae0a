"""One training run, from its recipe to its run folder. Touches no database and knows no Django."""

from __future__ import annotations

import csv
import hashlib
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from recognizer import imaging
from training import checkpoints, datasets, evaluation, network, sources
from training.augmentation import Strengths, augment
from training.checkpoints import MODEL_NAME, CannotResume, State, write_json
from training.datasets import NO_DIGIT, DigitData, Digits
from training.sources import Pool

PASSPORT_NAME = "passport.json"
HISTORY = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "seconds")
# Where nothing was learnt of what is no digit: below it no digit is likelier than all the others
# together.
REJECT_BELOW = 0.5
# What the run learnt from besides MNIST, kept while it runs: made once, also where it is resumed.
POOLS_NAME = "sources.npz"
# Digits at once where nothing is learnt: large enough that overhead no longer counts.
READ_BATCH = 500
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
    # What ten minutes on two cores hold, with a margin for slower ones.
    epochs: int = 22
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
    # The share of real digits that may be refused as none: chosen on validation, by confidence.
    false_refusal_rate: float = 0.005
    # Channels of the three blocks.
    widths: tuple[int, int, int] = (16, 48, 96)
    strengths: Strengths = field(default_factory=Strengths)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise Impossible(f"Expected {name} of 1 or more, got {getattr(self, name)}.")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise Impossible(f"Expected a seed of 0 to {LARGEST_SEED}, got {self.seed}.")

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
        num_validation=200,
        epochs=3,
        batch_size=32,
        sources=(("european", 200), ("scribbles", 100)),
    ),
    # At most ten minutes on two cores.
    "quick": Recipe("quick"),
    # The same network, for longer.
    "best": Recipe("best", epochs=60),
}


@dataclass(frozen=True)
class Progress:
    """Where a run stands: at a step of an epoch, both counted from 1.

    `validation_accuracy` is that of the last whole epoch, None before there is one; `is_epoch_end`
    marks the report with an epoch's own.
    """

    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    loss: float
    accuracy: float
    validation_accuracy: float | None
    is_epoch_end: bool = False


Report = Callable[[Progress], None]
Announce = Callable[["Lessons"], None]


@dataclass(frozen=True)
class Lessons:
    """All that a run learns from and chooses by.

    Attributes:
        data: MNIST's digits, in their three parts.
        pools: What the further sources gave.
        absent: Sources that were asked for and are not here, with the reason.
    """

    data: DigitData
    pools: list[Pool] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def train(self) -> Digits:
        return datasets.joined([self.data.train, *(pool.train for pool in self.pools)])

    @property
    def validation(self) -> Digits:
        """MNIST's part and the sources', also what is no digit."""
        return datasets.joined([self.data.validation, *(pool.validation for pool in self.pools)])

    @property
    def sha256(self) -> str:
        """The hash of all of it; of MNIST's alone where there is nothing else."""
        if not self.pools:
            return self.data.sha256
        parts = [self.data.sha256, *(pool.sha256 for pool in self.pools)]
        return hashlib.sha256("".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Trained:
    """What a run leaves: its folder, the calibrated model in it, and the model's passport."""

    run_folder: Path
    model_path: Path
    passport: dict[str, Any]


def train(
    recipe: Recipe,
    *,
    run_folder: Path,
    resume: bool = False,
    announce: Announce | None = None,
    report: Report | None = None,
) -> Trained:
    """Train a network by a recipe, calibrate it, and measure it on the test digits once.

    A checkpoint is kept each epoch; a run that was killed goes on from the last one, and ends as it
    would have ended: the order of digits and their distortions follow from seed and epoch alone.

    Args:
        recipe: All knobs.
        run_folder: Made here. Gets recipe.json, history.csv, curves.png, confusion.png,
            tensorboard/, model.keras and passport.json.
        resume: Go on with the run in `run_folder`. One that is finished stays as it is.
        announce: Called with the data before anything is learnt from it.
        report: Called after each step and each epoch.

    Raises:
        DataUnavailable: There is nothing to learn from.
        CannotResume: There is no such run, it was made with another recipe or other data, or its
            model is no longer the one that its passport describes.
        FileExistsError: `run_folder` is there, and `resume` is not asked for.
        Impossible: The batch is larger than the training part.
    """
    if resume:
        _check_resumable(recipe, run_folder)
        if (run_folder / PASSPORT_NAME).is_file():  # written last: nothing is left to do
            return _trained(run_folder)
    data = datasets.load(recipe.data, num_validation=recipe.num_validation)
    if recipe.batch_size > len(data.train):
        raise Impossible(
            f"Expected a batch size of at most the {len(data.train)} training digits, "
            f"got {recipe.batch_size}."
        )
    if not resume:
        run_folder.mkdir(parents=True)
        write_json(run_folder / "recipe.json", asdict(recipe))
    lessons = _lessons(recipe, data, run_folder / POOLS_NAME)
    if announce:
        announce(lessons)
    state = _learn(recipe, lessons, run_folder, report or (lambda progress: None))
    trained = _finish(recipe, lessons, run_folder, state)
    (run_folder / POOLS_NAME).unlink(missing_ok=True)
    return trained


def write_h5(trained: Trained) -> Path:
    """Write a run's model as HDF5 too, beside the Keras file, and give its path.

    The passport in the run folder is then the passport of both files.
    """
    path = trained.model_path.with_suffix(".h5")
    keras.models.load_model(trained.model_path, compile=False).save(path)
    both = [_sha256_of(trained.model_path), _sha256_of(path)]
    write_json(trained.run_folder / PASSPORT_NAME, trained.passport | {"model_sha256s": both})
    return path


# --- Gathering ----------------------------------------------------------------------------------


def _lessons(recipe: Recipe, data: DigitData, path: Path) -> Lessons:
    """Make what the further sources give; once a run, since it takes minutes."""
    if path.is_file():
        return Lessons(data, *sources.read(path))
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
    return Lessons(data, pools, absent)


# --- Learning -----------------------------------------------------------------------------------


def _learn(recipe: Recipe, lessons: Lessons, run_folder: Path, report: Report) -> State:
    """Run the epochs that are left, with a checkpoint after each."""
    train, chosen_by = lessons.train, lessons.validation
    num_steps = len(train) // recipe.batch_size
    state, model = checkpoints.last(run_folder, lessons.sha256)
    if model is None:
        model = network.build(widths=recipe.widths, seed=recipe.seed)
    _compile(recipe, model, num_steps)
    batches = _batches_by_epoch(recipe, train, num_steps)
    chosen_by = chosen_by.take(np.flatnonzero(chosen_by.labels != NO_DIGIT))
    validation = (_as_input(chosen_by.images), _targets(chosen_by.labels))
    averaging = [keras.callbacks.SwapEMAWeights()] if recipe.ema_momentum else []
    for epoch in range(len(state.history), recipe.epochs):
        started = time.monotonic()
        reporter = _Reporter(recipe.epochs, num_steps, state, report)
        model.fit(
            batches(epoch),
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=validation,
            validation_batch_size=READ_BATCH,
            callbacks=[*averaging, reporter],
            shuffle=False,  # the batches come in their order
            verbose=0,
        )
        row = reporter.row | {"seconds": round(time.monotonic() - started, 2)}
        state = replace(state, history=[*state.history, row])
        # Before the checkpoint: a run that is killed in between does the epoch, and this, again.
        _write_history(run_folder, state.history)
        checkpoints.keep(run_folder, state, model)
        reporter.report_epoch(row)
    return state


def _compile(recipe: Recipe, model: Any, num_steps: int) -> None:
    """Compile a model by the recipe; one from a checkpoint goes on where its optimizer stood.

    What is excluded from weight decay is no part of a saved optimizer: it is made anew, and given
    the saved one's variables.
    """
    warmup_steps = min(round(recipe.warmup_epochs * num_steps), recipe.epochs * num_steps // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup_steps,
        decay_steps=recipe.epochs * num_steps - warmup_steps,
    )
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=recipe.weight_decay,
        use_ema=recipe.ema_momentum > 0,
        ema_momentum=recipe.ema_momentum,
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    optimizer.build(model.trainable_variables)
    saved = model.optimizer.variables if model.compiled else []
    for variable, value in zip(optimizer.variables, saved, strict=False):
        variable.assign(value)
    model.compile(
        optimizer,
        keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
        jit_compile=False,  # Keras would choose XLA, which takes twice as long on CPUs
    )


def _batches_by_epoch(recipe: Recipe, train: Digits, num_steps: int) -> Callable[[int], Any]:
    """Give a function of an epoch, from 0, to its distorted batches: the same ones each time."""
    images, labels = tf.constant(train.images[..., None]), tf.constant(_targets(train.labels))

    @tf.function  # type: ignore[untyped-decorator]
    def batch(rows: Any, number: Any) -> tuple[Any, Any]:
        seed = tf.stack([tf.constant(recipe.seed, tf.int64), number])
        return augment(tf.gather(images, rows), seed, recipe.strengths), tf.gather(labels, rows)

    def batches(epoch: int) -> Any:
        order = np.random.default_rng((recipe.seed, epoch)).permutation(len(train))
        rows = order[: num_steps * recipe.batch_size].reshape(num_steps, recipe.batch_size)
        numbers = np.arange(num_steps, dtype=np.int64) + epoch * num_steps
        source = tf.data.Dataset.from_tensor_slices((rows, numbers))
        return source.map(batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    return batches


class _Reporter(keras.callbacks.Callback):
    """Tells of each step, and collects an epoch's figures in `row`."""

    def __init__(self, num_epochs: int, num_steps: int, state: State, report: Report) -> None:
        super().__init__()
        self._num_epochs, self._num_steps, self._report = num_epochs, num_steps, report
        self._epoch = len(state.history) + 1
        self._last = state.history[-1]["validation_accuracy"] if state.history else None
        self.row: dict[str, float] = {}

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._tell(batch + 1, logs or {}, self._last)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        logs = logs or {}
        self.row = {
            "epoch": epoch + 1,
            "loss": float(logs["loss"]),
            "accuracy": float(logs["accuracy"]),
            "validation_loss": float(logs["val_loss"]),
            "validation_accuracy": float(logs["val_accuracy"]),
        }

    def report_epoch(self, row: dict[str, float]) -> None:
        self._tell(self._num_steps, row, row["validation_accuracy"], is_epoch_end=True)

    def _tell(
        self,
        step: int,
        figures: dict[str, float],
        validation_accuracy: float | None,
        *,
        is_epoch_end: bool = False,
    ) -> None:
        self._report(
            Progress(
                epoch=self._epoch,
                num_epochs=self._num_epochs,
                step=step,
                num_steps=self._num_steps,
                loss=float(figures["loss"]),
                accuracy=float(figures["accuracy"]),
                validation_accuracy=validation_accuracy,
                is_epoch_end=is_epoch_end,
            )
        )


def _check_resumable(recipe: Recipe, run_folder: Path) -> None:
    path = run_folder / "recipe.json"
    if not path.is_file():
        raise CannotResume(f"Expected the folder of a run with its recipe.json, found no {path}.")
    if Recipe.read(path) != recipe:
        raise CannotResume(
            f"{run_folder} was made with another recipe. Resume it with its own: {path}."
        )


def _write_history(run_folder: Path, history: list[dict[str, float]]) -> None:
    """Write all epochs to history.csv, and the last one to TensorBoard's events, once."""
    with (run_folder / "history.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, HISTORY, lineterminator="\n")
        table.writeheader()
        table.writerows(history)
    last, folder = history[-1], run_folder / "tensorboard"
    suffix = f".epoch-{last['epoch']:04}"
    for killed in folder.glob(f"*{suffix}"):
        killed.unlink()
    with tf.summary.create_file_writer(str(folder), filename_suffix=suffix).as_default():
        for key in HISTORY[1:]:
            tf.summary.scalar(key, last[key], step=int(last["epoch"]))


# --- Finishing ----------------------------------------------------------------------------------


def _finish(recipe: Recipe, lessons: Lessons, run_folder: Path, state: State) -> Trained:
    """Calibrate the best epoch's model, measure it, and write what a run leaves."""
    model = keras.models.load_model(
        checkpoints.folder_of(run_folder, state.best_epoch) / MODEL_NAME, compile=False
    )
    chosen_by = lessons.validation
    are_digits = chosen_by.labels != NO_DIGIT
    digits = chosen_by.take(np.flatnonzero(are_digits))
    temperature = _calibrate(model, digits)
    model.save(run_folder / MODEL_NAME)
    answers, on_test = _read(model, chosen_by), _read(model, lessons.data.test)
    on_digits, on_others = answers[are_digits], answers[~are_digits]
    thresholds = _thresholds(recipe, digits.labels, on_digits, on_others)
    passport = _passport(recipe, lessons, state) | {
        "model_sha256s": [_sha256_of(run_folder / MODEL_NAME)],
        "temperature": round(temperature, 6),
        "thresholds": thresholds,
        "metrics": {
            "validation": evaluation.figures(
                lessons.data.validation.labels, answers[: len(lessons.data.validation)]
            ),
            "test": evaluation.figures(lessons.data.test.labels, on_test),
            "sources": _by_source(lessons, answers, thresholds),
            **(
                {"no_digits": _no_digits(on_digits, on_others, thresholds)}
                if len(on_others)
                else {}
            ),
        },
    }
    evaluation.curves_picture(state.history, state.best_epoch, run_folder / "curves.png")
    confusion = passport["metrics"]["test"]["confusion"]
    evaluation.confusion_picture(confusion, run_folder / "confusion.png")
    evaluation.reliability_picture(digits.labels, on_digits, run_folder / "reliability.png")
    write_json(run_folder / PASSPORT_NAME, passport)
    return _trained(run_folder)


def _trained(run_folder: Path) -> Trained:
    passport = json.loads((run_folder / PASSPORT_NAME).read_text())
    model_path = run_folder / MODEL_NAME
    expected, found = passport.get("model_sha256s", []), _sha256_of(model_path)
    if found not in expected:
        raise CannotResume(
            f"{run_folder / PASSPORT_NAME} is not the passport of {MODEL_NAME} beside it. Expected "
            f"SHA-256 {' or '.join(expected) or 'in it'}, found {found}. Train again."
        )
    return Trained(run_folder, model_path, passport)


def _sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _calibrate(model: Any, validation: Digits) -> float:
    """Fold the temperature into the last layer, so that the file itself answers calibrated."""
    features = keras.Model(model.input, model.get_layer("features").output)
    last = model.get_layer("probabilities")
    kernel, bias = last.get_weights()
    logits = features.predict(_as_input(validation.images), READ_BATCH, verbose=0) @ kernel + bias
    temperature = evaluation.fit_temperature(validation.labels, logits)
    last.set_weights([kernel / temperature, bias / temperature])
    return temperature


def _thresholds(
    recipe: Recipe, labels: datasets.Labels, on_digits: Any, on_others: Any
) -> dict[str, float]:
    unsure_below = evaluation.unsure_threshold(labels, on_digits)
    reject_below = REJECT_BELOW
    if len(on_others):
        reject_below = evaluation.reject_threshold(on_digits, recipe.false_refusal_rate)
    return {"unsure_below": max(unsure_below, reject_below), "reject_below": reject_below}


def _by_source(
    lessons: Lessons, answers: Any, thresholds: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Measure each source's validation part: accuracy of digits, refused of what is none."""
    start, found = len(lessons.data.validation), {}
    for pool in lessons.pools:
        labels = pool.validation.labels
        own = answers[start : start + len(labels)]
        start += len(labels)
        confidence = own.max(1)
        found[pool.name] = {
            "num": len(labels),
            "is_digits": pool.is_digits,
            "unsure_or_refused": _share(confidence < thresholds["unsure_below"]),
            "refused": _share(confidence < thresholds["reject_below"]),
        } | ({"accuracy": _share(own.argmax(1) == labels)} if pool.is_digits else {})
    return found


def _no_digits(on_digits: Any, on_others: Any, thresholds: dict[str, float]) -> dict[str, float]:
    """Measure how well confidence tells digits from what is none."""
    sure, others = on_digits.max(1), on_others.max(1)
    return {
        "num": len(others),
        "auroc": round(evaluation.auroc(sure, others), 6),
        "unsure_or_refused": _share(others < thresholds["unsure_below"]),
        "refused": _share(others < thresholds["reject_below"]),
        "digits_unsure_or_refused": _share(sure < thresholds["unsure_below"]),
        "digits_refused": _share(sure < thresholds["reject_below"]),
    }


def _share(which: Any) -> float:
    return round(float(which.mean()), 6) if len(which) else 0.0


def _passport(recipe: Recipe, lessons: Lessons, state: State) -> dict[str, Any]:
    """Tell where a model comes from: by what the data is, never by where it lay."""
    data = lessons.data
    own = asdict(recipe) | {"data": data.name, "widths": list(recipe.widths)}
    del own["sources_folder"]
    return {
        "recipe": own,
        "data": {
            "name": data.name,
            "sha256": data.sha256,
            "validation_sha256": data.validation.sha256,
            "num_train": len(data.train),
            "num_validation": len(data.validation),
            "num_test": len(data.test),
            "licence": data.licence,
            "sources": {
                pool.name: {
                    "num_train": len(pool.train),
                    "num_validation": len(pool.validation),
                    "sha256": pool.sha256,
                    "is_as_published": pool.is_as_published,
                    "licence": sources.SOURCES[pool.name].licence,
                    "address": sources.SOURCES[pool.name].address,
                }
                for pool in lessons.pools
            },
            "absent": lessons.absent,
        },
        "seed": recipe.seed,
        "libraries": {
            "python": platform.python_version(),
            **{name: version_of(name) for name in ("tensorflow", "keras", "numpy")},
        },
        "preprocessing": imaging.preprocessing_hash(),
        "best_epoch": state.best_epoch,
        "duration_s": round(sum(row["seconds"] for row in state.history), 1),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _read(model: Any, digits: Digits) -> Any:
    return model.predict(_as_input(digits.images), READ_BATCH, verbose=0)  # (N, 10)


def _as_input(images: datasets.Images) -> Any:
    return images[..., None].astype(np.float32)  # (N, 28, 28, 1)


def _targets(labels: datasets.Labels) -> Any:
    """Give each label's target: its digit's own; for no digit, each digit as likely as any.

    Source: Hendrycks, Mazeika, Dietterich (2019), "Deep anomaly detection with outlier exposure".
    """
    targets = np.concatenate([np.eye(10), np.full((1, 10), 0.1)]).astype(np.float32)
    return targets[labels]  # (N, 10)
