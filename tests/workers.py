"""Processes on the tests' database: real workers, as `make serve` starts them, and their queue."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings as site

# Longer than a worker takes to end by itself.
END_S = 30


def keep_tasks(settings: Any) -> None:
    """Let what is put into the queue stay there, as on a real host."""
    backend = {"BACKEND": "django_tasks_db.DatabaseBackend"}
    settings.TASKS = {"default": site.TASKS["default"] | backend}


def environment() -> dict[str, str]:
    """Give the environment of a process that works on the test's database."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "digitsite.settings",
        "DATABASE_URL": f"sqlite:///{site.DATABASES['default']['NAME']}",
    }


@contextmanager
def run_worker(settings: Any, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `manage.py worker` on the test's database; what is put into the queue stays for it.

    The test needs `transactional_db`, so that another process sees its rows.
    """
    keep_tasks(settings)
    command = [sys.executable, "manage.py", "worker", "--interval=0.2", "-v", "0", *options]
    process = subprocess.Popen(command, cwd=site.BASE_DIR, env=environment())
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=END_S)
