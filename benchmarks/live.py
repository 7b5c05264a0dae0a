"""Readings while somebody draws: `POST /read` through gunicorn, and what each step of it takes."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.cookies import SimpleCookie
from typing import Any

import django
import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.requests import WORKERS, gunicorn
from benchmarks.timing import median_and_95th, timed

# As often the page asks while the pen moves; of one visitor one request is under way at a time.
INTERVAL_S = 0.12
SECONDS = 12
ROUNDS = 200


def measure() -> Table:
    """Let one visitor draw, then ten at once."""
    table = Table(
        *("visitors", "requests", "median ms", "95th ms"),
        title=f"POST /read with strokes, each 120 ms, gunicorn with {WORKERS} workers (litert)",
    )
    with gunicorn() as port:
        for _ in range(20):
            _Visitor(port).read()  # both workers load the version
        for num in (1, 10):
            with ThreadPoolExecutor(num) as pool:
                times = pool.map(lambda place: _draw_for_a_while(port, place), np.arange(num) / num)
                sent = np.concatenate(list(times))
            table.add_row(str(num), str(len(sent)), *median_and_95th(sent))
    return table


def measure_steps() -> Table:
    """Time the same in this process: all of Django, the drawing of strokes, and the reasons."""
    django.setup()
    return timed("Live readings", _tasks(), rounds=ROUNDS)


def measure_worst() -> Table:
    """Time the reasons of what no digit is like."""
    django.setup()
    tasks = {
        f"why, {num} long strokes that cross (bar: 50)": partial(_explain, _star(num))
        for num in (3, 5, 6, 12)
    }
    return timed("The worst to explain", tasks, rounds=ROUNDS)


def strokes() -> list[dict[str, Any]]:
    """A seven with a bar, as the page records it: 200 points in two strokes."""
    across = [(160 + 230 * n / 60, 140 + n / 6) for n in range(60)]
    down = [(390 - 140 * n / 90, 150 + 280 * n / 90) for n in range(90)]
    bar = [(220 + 3 * n, 290) for n in range(50)]
    return [_stroke(across + down), _stroke(bar)]


def _star(num: int) -> list[dict[str, Any]]:
    """Long strokes that all cross in one point: the worst that is left out stroke by stroke."""
    lengths = np.linspace(-200, 200, 40)
    angles = np.pi * np.arange(num) / num
    ways = [(280 + lengths * np.cos(one), 280 + lengths * np.sin(one)) for one in angles]
    return [_stroke(list(zip(x.tolist(), y.tolist(), strict=True))) for x, y in ways]


def _stroke(points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    return {
        "penColor": "#1b2a4a",
        "dotSize": 0,
        "minWidth": 11.6875,
        "maxWidth": 13.75,
        "velocityFilterWeight": 0.7,
        "compositeOperation": "source-over",
        "points": [
            {"x": x, "y": y, "pressure": 0.5 + 0.3 * float(np.sin(place / 9)), "time": 8 * place}
            for place, (x, y) in enumerate(points)
        ],
    }


class _Visitor:
    """A browser that has seen the page: its cookies, and the token with each request."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.body = json.dumps({"strokes": strokes()}).encode()
        cookies = SimpleCookie()
        for name, value in self._ask("GET", "/", {}).getheaders():
            if name == "Set-Cookie":
                cookies.load(value)
        self.headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Cookie": "; ".join(f"{name}={one.value}" for name, one in cookies.items()),
            "X-CSRFToken": cookies["csrftoken"].value,
        }

    def read(self) -> float:
        """Have the drawing read; give the time it took, in ms."""
        started = time.perf_counter()
        answer = self._ask("POST", "/read", self.headers, self.body)
        if answer.status != 200:
            raise RuntimeError(f"Expected a reading, received {answer.status}.")
        return (time.perf_counter() - started) * 1000

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer


def _draw_for_a_while(port: int, share: float) -> NDArray[np.float64]:
    """Have a drawing read at each tick, begun at a visitor's own share of one; a late one is left.

    Returns:
        Their times in ms.
    """
    visitor, times = _Visitor(port), []
    begun = time.perf_counter() + share * INTERVAL_S
    tick = 0
    while tick * INTERVAL_S < SECONDS:
        time.sleep(max(begun + tick * INTERVAL_S - time.perf_counter(), 0))
        times.append(visitor.read())
        tick = int((time.perf_counter() - begun) / INTERVAL_S) + 1
    return np.array(times)


def _tasks() -> dict[str, Callable[[], object]]:
    from django.test import Client

    from recognizer import pen, recognition

    browser = Client()
    browser.get("/")
    several = strokes()
    single = several[:1]
    body = json.dumps({"strokes": several})
    return {
        "POST /read with strokes, all of Django (bar: 10)": lambda: browser.post(
            "/read", body, "application/json"
        ),
        "drawing the strokes": lambda: pen.draw(several),
        "reading them, drawn": lambda: recognition.look(strokes=several),
        "why, two strokes (bar: 50)": lambda: _explain(several),
        "why, squares of the digit (bar: 50)": lambda: _explain(single),
    }


def _explain(drawn: list[dict[str, Any]]) -> object:
    from recognizer import why

    return why.explain_drawing(drawing=None, strokes=drawn, source="drawn")
