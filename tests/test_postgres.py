"""The PostgreSQL of the tests' own: it answers, keeps what it shall, and leaves nothing behind."""

import tempfile
from pathlib import Path

import psycopg
import pytest

from benchmarks import postgres
from digitsite.settings import env


def ask(url: str, sql: str) -> list:
    settings = env.db_url_config(url)
    with psycopg.connect(dbname=settings["NAME"], **settings["OPTIONS"]) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


def folder_of(url: str) -> Path:
    return Path(env.db_url_config(url)["OPTIONS"]["host"])


def test_it_answers_at_its_url(postgres_url):
    assert ask(postgres_url, "SELECT 1") == [(1,)]


def test_it_is_reached_by_nobody_else(postgres_url):
    assert ask(postgres_url, "SHOW listen_addresses") == [("",)]
    assert folder_of(postgres_url).stat().st_mode & 0o077 == 0


def test_a_second_one_is_another_one_and_is_gone_at_its_end(postgres_url):
    with postgres.serve() as url:
        ask(url, "CREATE TABLE drawing (id int)")
        assert ask(postgres_url, "SELECT to_regclass('drawing')") == [(None,)]

    assert not folder_of(url).exists()
    with pytest.raises(psycopg.OperationalError):
        ask(url, "SELECT 1")


def test_rows_in_a_named_folder_are_found_again():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL's own user has to enter it
        with postgres.serve(Path(folder) / "rows") as url:
            ask(url, "CREATE TABLE drawing AS SELECT 7 AS digit")
        with postgres.serve(Path(folder) / "rows") as url:
            assert ask(url, "SELECT digit FROM drawing") == [(7,)]


def test_without_postgresql_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "DEBIAN_FOLDERS", tmp_path)

    with pytest.raises(postgres.NoPostgres, match="apt-get install postgresql"), postgres.serve():
        pass
