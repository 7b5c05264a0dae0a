"""Pages load the Bootstrap that was built for them, and the whole of it where none was."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

from recognizer import styles

ROOT = Path(settings.BASE_DIR)
WHOLE = ROOT / "node_modules/bootstrap/dist/css/bootstrap.min.css"
PARTS = ROOT / "built" / styles.BUILT  # by `make built/site/built/parts_of_bootstrap.css`
CLASS = re.compile(r"\.([a-z][a-z0-9-]*)")
# In templates and forms, and in what scripts make.
NAMED = re.compile(r"""class(?:Name)?_?[:=]\s?["'`]([^"'`]*)""")
TAG = re.compile(r"\{[{%].*?[%}]\}")
LISTED = re.compile(r"classList\.\w+\(([^)]*)\)")


@pytest.fixture(autouse=True)
def _asked_anew():
    styles.bootstrap.cache_clear()
    yield
    styles.bootstrap.cache_clear()


def test_where_nothing_was_built_pages_have_the_whole(client, db):
    assert f"/static/{styles.WHOLE}" in client.get("/about").text


def test_what_was_built_is_taken_in_its_place(monkeypatch, client, db):
    collected = {styles.BUILT: "site/built/parts_of_bootstrap.0123456789ab.css"}
    monkeypatch.setattr(staticfiles_storage, "hashed_files", collected, raising=False)
    page = client.get("/about").text
    assert f"/static/{styles.BUILT}" in page
    assert styles.WHOLE not in page


def test_the_parts_have_each_class_of_bootstrap_that_pages_name(client, db):
    texts = [
        client.get("/").text,  # with what crispy-forms writes
        *(path.read_text() for path in sorted((ROOT / "templates/recognizer").glob("*.html"))),
        *(path.read_text() for path in sorted((ROOT / "templates").glob("*.html"))),
        *(path.read_text() for path in sorted((ROOT / "static/site/js").glob("*.js"))),
    ]
    named = {
        name
        for text in texts
        for found in [*NAMED.findall(text), *LISTED.findall(text)]
        for name in re.findall(r"[a-z][a-z0-9-]*", TAG.sub("", found))
    }
    whole, parts = (set(CLASS.findall(path.read_text())) for path in (WHOLE, PARTS))
    assert {"btn", "btn-primary", "visually-hidden", "form-control", "mb-3"} <= named & whole
    assert named & whole <= parts
