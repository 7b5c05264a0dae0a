"""What leans on the database's own ways holds on PostgreSQL as it does on SQLite."""

import os
import subprocess
import sys

from django.conf import settings

FILES = (
    "recognizer/test_live.py",
    "recognizer/test_review.py",
    "recognizer/test_shadow.py",
    "recognizer/test_sharing.py",
    "recognizer/admin/test_lists.py",
    "recognizer/admin/test_reviewing.py",
    "training/test_attempts.py",
    "training/test_models.py",
)


def test_the_same_holds_on_postgresql(postgres_url):
    files = [f"tests/{name}" for name in FILES]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=settings.BASE_DIR,
        env=os.environ | {"TEST_DATABASE_URL": postgres_url},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
