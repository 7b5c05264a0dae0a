"""What builds make is collected while it is what its sources say, and never longer."""

import os
from pathlib import Path

import pytest

from digitsite import built

SOURCES = ("static/site/js/main.js", "static/site/css/parts_of_bootstrap.scss", "package.json")


def write(path: Path, *, at: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("export {};")
    os.utime(path, (at, at))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Sources of a second, and what was built of them then."""
    for name in SOURCES:
        write(tmp_path / name, at=1000)
    for name in built.SOURCES:
        write(tmp_path / "built" / name, at=1000)
    return tmp_path


def test_what_was_built_is_collected(project):
    assert built.folders(project) == [project / "built"]


@pytest.mark.parametrize("name", built.SOURCES)
def test_nothing_is_collected_where_something_was_not_built(project, name):
    (project / "built" / name).unlink()
    assert built.folders(project) == []


@pytest.mark.parametrize("name", [*SOURCES, "static/site/js/pad.js"])
def test_what_was_built_before_a_source_changed_is_not(project, name):
    write(project / name, at=1001)
    assert built.folders(project) == []
