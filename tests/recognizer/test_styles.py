"""Pages load the Bootstrap that was built for them, and the whole of it where none was."""

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage

from recognizer import styles


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
