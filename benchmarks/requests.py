"""`POST /upload` through gunicorn with two workers, each drawing stored, on this machine."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.table import Table

from benchmarks import drawings
from benchmarks.timing import median_and_95th

ROOT = Path(__file__).parent.parent
WORKERS = 2
REQUESTS = 400
BOUNDARY = "digitsite-benchmark"
HEADERS = {
    "Accept": "application/json",
    "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
}


def measure() -> Table:
    """Send the same drawings from one client, then from several at once."""
    table = Table(
        "clients at once",
        "requests",
        "requests/s",
        "median ms",
        "95th ms",
        title=f"POST /upload, stored, gunicorn with {WORKERS} workers (litert)",
    )
    with gunicorn() as port:
        _send(port, 20)  # both workers load the version
        for clients in (1, 2, 8):
            started = time.perf_counter()
            with ThreadPoolExecutor(clients) as pool:
                times = pool.map(_send, [port] * clients, [REQUESTS // clients] * clients)
                sent = np.concatenate(list(times))
            rate = len(sent) / (time.perf_counter() - started)
            table.add_row(str(clients), str(len(sent)), f"{rate:.0f}", *median_and_95th(sent))
    return table


def _send(port: int, count: int) -> np.ndarray:
    """Send so many drawings, one after the other; give their times in ms."""
    body = multipart(drawings.canvas_png())
    times = np.empty(count)
    for turn in range(count):
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/upload", body, HEADERS)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        times[turn] = (time.perf_counter() - started) * 1000
        if answer.status not in {200, 201}:
            raise RuntimeError(f"Expected a reading, received {answer.status}: {content[:200]!r}")
    return times


def multipart(png: bytes) -> bytes:
    head = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        'name="image"; filename="seven.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    return head.encode() + png + f"\r\n--{BOUNDARY}--\r\n".encode()


@contextmanager
def gunicorn() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = ["-m", "gunicorn", "digitsite.wsgi", "--bind", f"127.0.0.1:{port}"]
    options = ["--workers", str(WORKERS), "--log-level", "warning"]
    server = subprocess.Popen([sys.executable, *command, *options], cwd=ROOT)
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"Expected gunicorn on port {port} within 30 s, found nothing there.")
