"""Learning: a network's epochs on distorted batches, the same ones each time, with checkpoints."""

from __future__ import annotations

import csv
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training import checkpoints, datasets, network
from training.augmentation import augment
from training.checkpoints import State
from training.datasets import Digits
from training.recipe import Impossible, Recipe

HISTORY = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "seconds")
# Digits at once where nothing is learnt: large enough that overhead no longer counts.
READ_BATCH = 500
# Batches that lie ready: one is distorted in a tenth of the time that the network takes for it.
READY_BATCHES = 4


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

    @property
    def num_done(self) -> int:
        """How many of all steps are done, also before the run was resumed."""
        return (self.epoch - 1) * self.num_steps + self.step

    @property
    def num_in_all(self) -> int:
        return self.num_epochs * self.num_steps


Report = Callable[[Progress], None]


def learn(
    recipe: Recipe,
    train: Digits,
    validation: Digits,
    *,
    sha256: str,
    run_folder: Path,
    report: Report,
) -> State:
    """Run the epochs that are left, with a checkpoint after each.

    Args:
        recipe: All knobs.
        train: What is learnt from; labels may be `NO_DIGIT`.
        validation: Digits that epochs are chosen by.
        sha256: The hash of all that the run learns from.
        run_folder: The run's. Gets history.csv, tensorboard/ and checkpoints/; has the parent's
            file, where the recipe starts from one.
        report: Called after each step and each epoch.

    Raises:
        CannotResume: The run learnt from other data before.
        Impossible: The run's parent is another network.
    """
    num_steps = len(train) // recipe.batch_size
    state, model = checkpoints.last(run_folder, sha256)
    if model is None:
        model = first_model(recipe, run_folder)
    compile_model(recipe, model, num_steps)
    batches = batches_by_epoch(recipe, train, num_steps)
    pairs = (as_input(validation.images), targets(validation.labels))
    chosen_by = _untuned(tf.data.Dataset.from_tensor_slices(pairs).batch(READ_BATCH))
    averaging = [keras.callbacks.SwapEMAWeights()] if recipe.ema_momentum else []
    for epoch in range(len(state.history), recipe.epochs):
        started = time.monotonic()
        reporter = _Reporter(recipe.epochs, num_steps, state, report)
        model.fit(
            batches(epoch),
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=chosen_by,
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


def first_model(recipe: Recipe, run_folder: Path) -> Any:
    """Build the network with its first weights: those of the run's parent, where it has one.

    Only weights are read of the parent's file, and none of its code.

    Raises:
        Impossible: The parent's weights are those of another network.
    """
    model = network.build(widths=recipe.widths, seed=recipe.seed)
    if recipe.start_from:
        path = run_folder / checkpoints.PARENT_NAME
        try:
            with warnings.catch_warnings():
                # Keras warns of layers that it leaves as they are.
                warnings.simplefilter("error", UserWarning)
                model.load_weights(path)
        except (ValueError, UserWarning) as error:
            raise Impossible(
                f"{path} does not have the weights of a network of widths {recipe.widths}: {error} "
                "Expected a version that `manage.py train` made."
            ) from error
    return model


def compile_model(recipe: Recipe, model: Any, num_steps: int) -> None:
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


def batches_by_epoch(recipe: Recipe, train: Digits, num_steps: int) -> Callable[[int], Any]:
    """Give a function of an epoch, from 0, to its distorted batches: the same ones each time."""
    labels = targets(train.labels)
    shapes = (recipe.batch_size, *train.images.shape[1:], 1), (recipe.batch_size, labels.shape[1])

    def distorted(rows: NDArray[np.intp], number: np.int64) -> tuple[Any, Any]:
        random = np.random.default_rng((recipe.seed, int(number)))
        strengths = recipe.strengths_in(int(number) // num_steps)
        return augment(train.images[rows], random, strengths), labels[rows]

    def batch(rows: Any, number: Any) -> tuple[Any, ...]:
        made = tf.numpy_function(distorted, (rows, number), (tf.float32, tf.float32))
        return tuple(map(tf.ensure_shape, made, shapes))

    def batches(epoch: int) -> Any:
        order = np.random.default_rng((recipe.seed, epoch)).permutation(len(train))
        rows = order[: num_steps * recipe.batch_size].reshape(num_steps, recipe.batch_size)
        numbers = np.arange(num_steps, dtype=np.int64) + epoch * num_steps
        source = tf.data.Dataset.from_tensor_slices((rows, numbers))
        return _untuned(source.map(batch))

    return batches


def _untuned(batches: Any) -> Any:
    """Make some batches beforehand, as many as are stated here.

    tf.data's own tuning sleeps for 10 ms, 20 ms … 41 s, and the end of an epoch waits until it
    wakes: of epochs of 30 s every other one took 41.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(READY_BATCHES).with_options(options)


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


def as_input(images: datasets.Images) -> Any:
    return images[..., None].astype(np.float32)  # (N, 28, 28, 1)


def targets(labels: datasets.Labels) -> Any:
    """Give each label's target: its digit's own; for no digit, each digit as likely as any.

    Source: Hendrycks, Mazeika, Dietterich (2019), "Deep anomaly detection with outlier exposure".
    """
    targets = np.concatenate([np.eye(10), np.full((1, 10), 0.1)]).astype(np.float32)
    return targets[labels]  # (N, 10)
