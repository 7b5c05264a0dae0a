"""A site made for a measurement: its database and folders, the shipped version active."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def machine() -> str:
    """Name the processor, its cores and Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (
        f"{models[0] if models else platform.processor() or platform.machine()}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}"
    )


def make_site(folder: Path, *, database_url: str = "") -> None:
    """Make a database and a media folder with the shipped version active, and name them to all.

    Args:
        folder: Where its files go; those of a run before are used again.
        database_url: As DATABASE_URL; empty: a SQLite file in the folder.
    """
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "digitsite.settings",
        "SECRET_KEY": "only-for-the-benchmark",
        "DEBUG": "0",
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "DATABASE_URL": database_url or f"sqlite:///{folder / 'db.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "STATIC_ROOT": str(folder / "static"),
        "CACHE_DIR": str(folder / "cache"),
        "REDIS_URL": "",
        "DIGITS_ENGINE": "litert",
        "DIGITS_ADDRESS_HEADER": "",
        "DIGITS_RATE_LIMIT": "1000000/s",  # counted, as on a real site, and never reached
        "DIGITS_LIVE_RATE_LIMIT": "1000000/s",
        "DIGITS_WHY_RATE_LIMIT": "1000000/s",
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
