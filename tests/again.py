"""The same tests once more, on PostgreSQL."""

import os
import subprocess
import sys


def on_postgresql(url: str, file: str) -> None:
    """Run a file's tests on a PostgreSQL, but for the one that asks for it."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file]
    run = subprocess.run(
        [*command, "-k", "not on_postgresql"],
        env=os.environ | {"TEST_DATABASE_URL": url},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
