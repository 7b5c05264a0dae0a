"""Measure readings, processes, requests and learning, on a site that is made for the run."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

ROOT = Path(__file__).parent.parent


def main() -> None:
    console = Console(width=110)
    console.print(f"[bold]make bench[/], {datetime.now(UTC):%Y-%m-%d}, {machine()}\n")
    with tempfile.TemporaryDirectory(prefix="digitsite-bench-") as folder:
        make_site(Path(folder))

        from benchmarks import processes, readings, requests, training

        console.print(processes.measure())  # before TensorFlow fills this process
        console.print(requests.measure())
        console.print(readings.measure())
        console.print(training.measure())


def machine() -> str:
    """Name the processor, its cores and Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (
        f"{models[0] if models else platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}"
    )


def make_site(folder: Path) -> None:
    """Make a database and a media folder with the shipped version active, and name them to all."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "digitsite.settings",
        "SECRET_KEY": "only-for-the-benchmark",
        "DEBUG": "0",
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "STATIC_ROOT": str(folder / "static"),
        "CACHE_DIR": str(folder / "cache"),
        "REDIS_URL": "",
        "DIGITS_ENGINE": "litert",
        "DIGITS_ADDRESS_HEADER": "",
        "DIGITS_RATE_LIMIT": "1000000/s",  # counted, as on a real site, and never reached
        "SECURE_SSL_REDIRECT": "0",
        "SECURE_COOKIES": "0",
        "LOG_LEVEL": "WARNING",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    for command in (
        ["migrate", "-v", "0"],
        ["collectstatic", "--no-input", "-v", "0"],
        ["register_model", "--shipped", "--activate"],
    ):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, check=True, capture_output=True
        )


if __name__ == "__main__":
    main()
