"""A web process with each engine: from its start to the first stored reading, and its memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from rich.table import Table

ROOT = Path(__file__).parent.parent
ROUNDS = 3

# What a worker does at its start, and its first request.
FIRST_READING = """
from digitsite.wsgi import application
from django.test import Client
from django.core.files.uploadedfile import SimpleUploadedFile
from benchmarks.drawings import canvas_png
drawing = SimpleUploadedFile("seven.png", canvas_png(), "image/png")
answer = Client().post("/upload", {"image": drawing}, headers={"accept": "application/json"})
assert answer.status_code in (200, 201), answer.content
import re
print(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def measure() -> Table:
    """Start processes by turns, and take the median of each."""
    found: dict[str, list[tuple[float, float]]] = {"litert": [], "keras": []}
    for _ in range(ROUNDS):
        for kind, starts in found.items():
            starts.append(_start(kind))
    table = Table("engine", "start to first stored reading, s", "memory, MB", title="Web process")
    for kind, starts in found.items():
        seconds, megabytes = np.median(starts, axis=0)
        table.add_row(kind, f"{seconds:.2f}", f"{megabytes:.0f}")
    return table


def _start(kind: str) -> tuple[float, float]:
    started = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", FIRST_READING],
        cwd=ROOT,
        env=os.environ | {"DIGITS_ENGINE": kind},
        check=True,
        capture_output=True,
        text=True,
    )
    return time.perf_counter() - started, int(run.stdout.split()[-1]) / 1024
