"""What `python -m benchmarks.switching` measures holds, with fewer requests."""

import subprocess
import sys

from django.conf import settings


def test_nothing_is_lost_or_mixed_while_versions_are_switched():
    command = [sys.executable, "-m", "benchmarks.switching", "--requests=200", "--activations=6"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=300, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "200: 200" in done.stdout
