"""Timing by turns: what is compared runs in one process, one after the other, again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from rich.table import Table


def by_turns(
    tasks: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: int = 5
) -> dict[str, NDArray[np.float64]]:
    """Time each task once a round, so that all share the machine's good and bad moments.

    Returns:
        For each task its times in ms, `float64 (rounds,)`.
    """
    times = {name: np.empty(rounds) for name in tasks}
    for turn in range(-warm_up, rounds):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            if turn >= 0:
                times[name][turn] = (time.perf_counter() - started) * 1000
    return times


def timed(title: str, tasks: Mapping[str, Callable[[], object]], *, rounds: int) -> Table:
    """Time tasks by turns, and write the median and the 95th percentile of each."""
    table = Table("one at a time", "median ms", "95th ms", title=title)
    for name, times in by_turns(tasks, rounds=rounds).items():
        table.add_row(name, *median_and_95th(times))
    return table


def median_and_95th(times: NDArray[np.float64]) -> tuple[str, str]:
    """Write the median and the 95th percentile, in ms."""
    median, high = np.percentile(times, [50, 95])
    return f"{median:.2f}", f"{high:.2f}"
