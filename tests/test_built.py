"""The built script is collected while it is what the modules say, and never longer."""

import os
from pathlib import Path

from digitsite import built


def write(path: Path, *, at: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("export {};")
    os.utime(path, (at, at))


def test_nothing_is_collected_where_nothing_was_built(tmp_path):
    write(tmp_path / "static/site/js/main.js", at=1000)
    assert built.folders(tmp_path) == []


def test_what_was_built_of_the_modules_is_collected(tmp_path):
    write(tmp_path / "static/site/js/main.js", at=1000)
    write(tmp_path / "built/site/built/main.js", at=1000)
    assert built.folders(tmp_path) == [tmp_path / "built"]


def test_what_was_built_before_a_module_changed_is_not(tmp_path):
    write(tmp_path / "built/site/built/main.js", at=1000)
    write(tmp_path / "static/site/js/main.js", at=900)
    write(tmp_path / "static/site/js/pad.js", at=1001)
    assert built.folders(tmp_path) == []
