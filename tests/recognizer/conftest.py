"""What the tests of vetting share: a place for bad files."""

from pathlib import Path

import pytest

from tests.recognizer.bad_models import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A place for bad files, and for the mark that one would leave if it were run."""
    return Desk(tmp_path)
