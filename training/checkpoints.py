"""Checkpoints of a training run: kept each epoch, whole or not at all, and found again."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

MODEL_NAME = "model.keras"
# The version whose weights are a run's first ones.
PARENT_NAME = "parent.keras"


class CannotResume(ValueError):
    """There is no such run, it was made with another recipe or other data, what it was given or has
    made is no longer there as it was, or another process works on it; the message says what to do.
    """


@dataclass(frozen=True)
class State:
    """How far a run has come: the data it learns from, and a row of figures an epoch."""

    data_sha256: str
    history: list[dict[str, float]]

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, that read most validation digits rightly; the surer one of equals."""
        best = max(
            self.history, key=lambda row: (row["validation_accuracy"], -row["validation_loss"])
        )
        return int(best["epoch"])


@contextmanager
def held(run_folder: Path) -> Iterator[None]:
    """Hold a run's folder for as long as this process works in it.

    Raises:
        CannotResume: Another process does.
    """
    folder = os.open(run_folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotResume(
                f"Expected {run_folder} to be nobody's, found that another process works on this "
                "run. Wait for its end, or end it."
            ) from error
        yield
    finally:
        os.close(folder)


def last(run_folder: Path, data_sha256: str) -> tuple[State, Any]:
    """Load the last whole checkpoint: its state and its compiled model.

    Args:
        run_folder: The run's.
        data_sha256: Of the data that the run is to go on with.

    Returns:
        A fresh state and None where there is no checkpoint yet.

    Raises:
        CannotResume: The run learnt from other data.
    """
    folders = sorted((run_folder / "checkpoints").glob("epoch-*"))
    if not folders:
        return State(data_sha256, []), None
    state = State(**json.loads((folders[-1] / "state.json").read_text()))
    if state.data_sha256 != data_sha256:
        raise CannotResume(
            f"{run_folder} learnt from other data. Expected SHA-256 {state.data_sha256}, "
            f"found {data_sha256}. Give it the data that it began with."
        )
    return state, keras.models.load_model(folders[-1] / MODEL_NAME)


def keep(run_folder: Path, state: State, model: Any) -> None:
    """Keep model, optimizer and state as one folder, whole or not at all; drop older ones."""
    folder = run_folder / "checkpoints"
    unfinished, finished = folder / "unfinished", folder_of(run_folder, len(state.history))
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    model.save(unfinished / MODEL_NAME)
    write_json(unfinished / "state.json", asdict(state))
    unfinished.rename(finished)
    needed = {finished, folder_of(run_folder, state.best_epoch)}
    for other in set(folder.iterdir()) - needed:
        shutil.rmtree(other)


def folder_of(run_folder: Path, epoch: int) -> Path:
    """Name the folder of an epoch's checkpoint; epochs count from 1."""
    return run_folder / "checkpoints" / f"epoch-{epoch:04}"


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    unfinished.replace(path)
