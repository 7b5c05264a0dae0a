"""Measure readings, processes, requests and learning, on a site that is made for the run."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.site import machine, make_site


def main() -> None:
    console = Console(width=110)
    console.print(f"[bold]make bench[/], {datetime.now(UTC):%Y-%m-%d}, {machine()}\n")
    with tempfile.TemporaryDirectory(prefix="digitsite-bench-") as folder:
        make_site(Path(folder))

        from benchmarks import live, processes, readings, requests, training

        console.print(processes.measure())  # before TensorFlow fills this process
        console.print(requests.measure())
        console.print(live.measure())
        console.print(readings.measure())
        console.print(live.measure_steps())
        console.print(live.measure_worst())
        console.print(training.measure())


if __name__ == "__main__":
    main()
