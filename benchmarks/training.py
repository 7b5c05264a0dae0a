"""Whether the input pipeline keeps up: steps a second with distorted batches and with one batch."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from rich.table import Table

ROUNDS, STEPS = 6, 60


def measure() -> Table:
    """Time the same network on a recipe's batches and on one constant batch, by turns."""
    import tensorflow as tf

    from training import datasets, learning, network
    from training.recipe import PRESETS

    recipe = PRESETS["best"]
    rows = np.resize(np.arange(800), recipe.batch_size * STEPS)
    digits = datasets.load("sample", num_validation=200).train.take(rows)
    model = network.build(widths=recipe.widths, seed=recipe.seed)
    learning.compile_model(recipe, model, STEPS)
    distorted = learning.batches_by_epoch(recipe, digits, STEPS)(0)
    [first] = distorted.take(1)
    constant = tf.data.Dataset.from_tensors(first).repeat(STEPS)
    batches = {"distorted batches": distorted, "one constant batch": constant}
    for source in batches.values():
        _steps_a_second(model, source)
    turns = [
        {name: _steps_a_second(model, one) for name, one in batches.items()} for _ in range(ROUNDS)
    ]
    best = {name: max(turn[name] for turn in turns) for name in batches}
    table = Table(f"learning, batches of {recipe.batch_size}", "steps/s", "share", title="Training")
    for name, speed in best.items():
        table.add_row(name, f"{speed:.1f}", f"{speed / best['one constant batch']:.2f}")
    return table


def _steps_a_second(model: Any, batches: Any) -> float:
    started = time.perf_counter()
    model.fit(batches, epochs=1, verbose=0, shuffle=False)
    return STEPS / (time.perf_counter() - started)
