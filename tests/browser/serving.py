"""A site in processes of its own, as in production: gunicorn, and hashed static files."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from benchmarks.requests import ROOT, gunicorn
from benchmarks.site import make_site


@contextmanager
def serve(folder: Path, *, has_model: bool = True) -> Iterator[str]:
    """Serve a site with the shipped version active, or with none; give its origin.

    Args:
        folder: Where its database and files go.
        has_model: Whether a version is active.
    """
    with mock.patch.dict(os.environ):  # the site's own environment ends with it
        make_site(folder)
        if not has_model:
            os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'without_model.sqlite3'}"
            migrate = [sys.executable, "manage.py", "migrate", "-v", "0"]
            subprocess.run(migrate, cwd=ROOT, check=True)
        with gunicorn() as port:
            yield f"http://127.0.0.1:{port}"
