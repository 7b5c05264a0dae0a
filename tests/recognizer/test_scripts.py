"""What the first page loads is what its main.js imports."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage

from recognizer import scripts

STATIC = Path(__file__).parents[2] / "static"
IMPORT = re.compile(r"""^(?:import|export) .*?["'](\./\w+\.js)["'];$""", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _asked_anew():
    scripts.first_page.cache_clear()
    yield
    scripts.first_page.cache_clear()


def imported_by(path: Path) -> set[Path]:
    """A module's own imports, and theirs."""
    own = {(path.parent / name).resolve() for name in IMPORT.findall(path.read_text())}
    return own.union(*map(imported_by, own)) if own else own


def test_all_that_main_imports_is_fetched_at_once():
    imported = imported_by(STATIC / "site/js/main.js")
    assert {str(path.relative_to(STATIC)) for path in imported} == set(scripts.MODULES)


def test_without_a_built_file_the_page_has_its_modules():
    assert scripts.first_page() == scripts.Scripts("site/js/main.js", scripts.MODULES)


def test_a_built_file_is_taken_in_their_place(monkeypatch):
    collected = {scripts.BUILT: "site/built/main.0123456789ab.js"}
    monkeypatch.setattr(staticfiles_storage, "hashed_files", collected, raising=False)
    assert scripts.first_page() == scripts.Scripts(scripts.BUILT)


def test_one_who_changes_modules_gets_them(monkeypatch, settings):
    settings.DEBUG = True
    collected = {scripts.BUILT: "site/built/main.0123456789ab.js"}
    monkeypatch.setattr(staticfiles_storage, "hashed_files", collected, raising=False)
    assert scripts.first_page().main == "site/js/main.js"
