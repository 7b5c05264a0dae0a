"""Many requests at two workers while versions are activated: is one lost, mixed up or refused?

`python -m benchmarks.switching [--requests N] [--activations N]`; the exit status is 1 if so.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks import requests
from benchmarks.site import ROOT, machine, make_site
from recognizer.engine import SAMPLE_PATH

CLIENTS = 4
DRAWINGS = 10
# What is asked of a switch: every process serves the new version so soon.
SWITCH_S = 2.0

# Another model than the shipped one, which answers otherwise: linear, made in seconds.
MAKE_OTHER = """
import sys
import keras
import numpy as np
keras.utils.set_random_seed(7)
with np.load(sys.argv[2]) as file:
    digits, labels = file["x_train"], file["y_train"]
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
model.fit(digits[..., None], labels, batch_size=100, epochs=10, verbose=0)
model.save(sys.argv[1])
"""


@dataclass
class Found:
    """What came of the requests.

    Attributes:
        answers: The status codes, counted.
        mixed: Answers or rows whose probabilities are not those of the version they name.
        lost: Answered readings that are not stored once.
        times_ms: How long each took.
        lags_s: For each activation, how long after it the version before still answered.
    """

    answers: Counter[int] = field(default_factory=Counter)
    mixed: int = 0
    lost: int = 0
    times_ms: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        only_readings = set(self.answers) <= {200, 201}
        in_time = max(self.lags_s, default=0.0) <= SWITCH_S
        return only_readings and not self.mixed and not self.lost and in_time


@dataclass(frozen=True)
class Answer:
    status: int
    drawing: int
    milliseconds: float
    reading: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--activations", type=int, default=100)
    options = parser.parse_args()
    console = Console(width=110)
    console.print(
        f"[bold]python -m benchmarks.switching[/], {datetime.now(UTC):%Y-%m-%d}, {machine()}\n"
    )
    with tempfile.TemporaryDirectory(prefix="digitsite-switching-") as folder:
        make_site(Path(folder))
        _register_another(Path(folder))
        found = measure(options.requests, options.activations)
    console.print(table(found))
    sys.exit(0 if found.is_well else 1)


def measure(num_requests: int, num_activations: int) -> Found:
    """Send the requests, activate the two versions by turns meanwhile, and look into each row."""
    import django

    django.setup()
    pngs = list(_drawings())
    known = _known_answers(pngs)
    with requests.gunicorn() as port, ThreadPoolExecutor(CLIENTS) as pool:
        clock = Clock(num_requests, num_activations)
        switcher = threading.Thread(target=clock.switch)
        switcher.start()
        rows = pool.map(lambda number: _send(port, pngs, number, clock), range(num_requests))
        answers = list(rows)
        switcher.join()
    return _judge(answers, known, clock.activations)


class Clock:
    """Activates a version after each so many requests, spread evenly over them all."""

    def __init__(self, num_requests: int, num_activations: int) -> None:
        self._every = max(1, num_requests // (num_activations + 1))
        self._num_activations = num_activations
        self._num_sent = 0
        self._is_due = threading.Semaphore(0)
        self._lock = threading.Lock()
        self.activations: list[Any] = []

    def count(self) -> None:
        with self._lock:
            self._num_sent += 1
            if self._num_sent % self._every == 0:
                self._is_due.release()

    def switch(self) -> None:
        from django.db import connection

        from recognizer import registry
        from recognizer.models import ModelVersion

        for turn in range(self._num_activations):
            self._is_due.acquire()
            version = ModelVersion.objects.get(is_active=False)
            made = registry.activate(version=version, reason=f"turn {turn}", force=True)
            self.activations.append(made)
        connection.close()


def table(found: Found) -> Table:
    shown = Table(
        "what", "found", title=f"{sum(found.answers.values()):,} readings while switching"
    )
    times = np.array(found.times_ms)
    for what, value in (
        ("answers by status", ", ".join(f"{code}: {num:,}" for code, num in found.answers.items())),
        ("lost", f"{found.lost}"),
        ("mixed", f"{found.mixed}"),
        ("activations", f"{len(found.lags_s)}"),
        ("the version before answered at most so long after", f"{max(found.lags_s):.3f} s"),
        ("… in the median", f"{np.median(found.lags_s):.3f} s"),
        ("median reading", f"{np.median(times):.1f} ms"),
        ("99th percentile", f"{np.percentile(times, 99):.1f} ms"),
        ("slowest", f"{times.max():.0f} ms"),
    ):
        shown.add_row(what, value)
    return shown


def _register_another(folder: Path) -> None:
    path = folder / "other.keras"
    make = [sys.executable, "-c", MAKE_OTHER, str(path), str(SAMPLE_PATH)]
    register = [sys.executable, "manage.py", "register_model", str(path)]
    for command in (make, register):
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def _drawings() -> Iterator[bytes]:
    """Give digits of the sample as a canvas would send them: dark on white, 280 px."""
    with np.load(SAMPLE_PATH, allow_pickle=False) as file:
        for digit in file["x_test"][:DRAWINGS]:
            image = Image.fromarray(255 - digit).resize((280, 280), Image.Resampling.BICUBIC)
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, "PNG")
            yield buffer.getvalue()


def _known_answers(pngs: list[bytes]) -> dict[int, list[list[float]]]:
    """Give what each version, by its number, answers to each drawing."""
    from recognizer import engine, recognition
    from recognizer.models import ModelVersion

    return {
        version.number: [
            reading.probabilities  # type: ignore[union-attr]
            for reading in recognition.read_drawings(
                pngs, engine.load(engine.source_of(version, "litert"))
            )
        ]
        for version in ModelVersion.objects.all()
    }


def _send(port: int, pngs: list[bytes], number: int, clock: Clock) -> Answer:
    drawing = number % len(pngs)
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/upload", requests.multipart(pngs[drawing]), requests.HEADERS)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    milliseconds = (time.perf_counter() - started) * 1000
    clock.count()
    is_reading = answer.status in {200, 201}
    return Answer(answer.status, drawing, milliseconds, json.loads(content) if is_reading else {})


def _judge(
    answers: list[Answer], known: dict[int, list[list[float]]], activations: list[Any]
) -> Found:
    from recognizer.models import Prediction

    found = Found(
        answers=Counter(answer.status for answer in answers),
        times_ms=[answer.milliseconds for answer in answers],
    )
    stored: dict[str, tuple[int, list[float]]] = {
        str(submission): (number, probabilities)
        for submission, number, probabilities in Prediction.objects.served().values_list(
            "submission", "version__number", "probabilities"
        )
    }
    readings = [(answer.drawing, answer.reading) for answer in answers if answer.reading]
    for drawing, reading in readings:
        told = (reading["model_version"], reading["probabilities"])
        row = stored.pop(reading["id"], None)
        found.lost += row is None
        found.mixed += told != row or told[1] != known[told[0]][drawing]
    found.lost += len(stored)  # rows that nobody was told of
    found.lags_s = [_lag(activation) for activation in activations]
    return found


def _lag(activation: Any) -> float:
    """Tell how many seconds after an activation the version before still read.

    A reading is dated as it is stored, a few milliseconds after its version was chosen.
    """
    from recognizer.models import Activation, Prediction

    later = Activation.objects.filter(pk__gt=activation.pk).order_by("pk").first()
    readings = Prediction.objects.served().filter(
        version=activation.replaced, created_at__gt=activation.activated_at
    )
    if later:
        readings = readings.filter(created_at__lt=later.activated_at)
    last = readings.order_by("-created_at").values_list("created_at", flat=True).first()
    return float((last - activation.activated_at).total_seconds()) if last else 0.0


if __name__ == "__main__":
    main()
