"""A version's page shows what a suite found of it: table, limits, recipe, licences."""

from typing import Any

import pytest
from django.core.management import call_command

from recognizer.admin import suites
from recognizer.models import ModelVersion

ROW: dict[str, Any] = {
    "name": "phone photos",
    "kind": "digits",
    "is_here": True,
    "num": 1_353,
    "score": 0.99996,
    "accuracy_answered": 0.995,
    "refused": 0.01,
    "ece": 0.0123,
    "confusions": [[1, 7, 3], ["<b>", 4, 2]],
    "goal": 0.9975,
    "max_ece": 0.005,
    "is_met": False,
}
TOGETHER: dict[str, Any] = {
    "num": 2_609,
    "accuracy": 0.987,
    "accuracy_answered": 0.995,
    "several": 0.002,
    "goals": [
        {"figure": "auroc", "value": 0.9454, "bound": "least", "goal": 0.99, "is_met": False},
        {"figure": "refused", "value": 0.001, "bound": "most", "goal": 0.015, "is_met": True},
    ],
}
CARD: dict[str, Any] = {
    "suites": {
        "public": {
            "measured_at": "2026-11-22T10:00:00+00:00",
            "sets": [
                ROW,
                {"name": "far", "is_here": False},
                ROW
                | {"name": "MNIST-C", "goal": None, "max_ece": None, "is_met": None}
                | {"parts": {"fog": 0.9, "canny_edges": 0.5}},
            ],
            "together": TOGETHER,
        }
    },
    "limits": ["It reads no letters."],
    "licences": [{"name": "MNIST", "num": 55_000, "licence": "CC BY-SA 3.0"}],
}
SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture
def measured(version: ModelVersion) -> ModelVersion:
    version.metrics = {"card": CARD}
    version.passport = version.passport | {"recipe": {"learning_rate": 0.003}}
    version.save()
    return version


def words_of(client, version: ModelVersion) -> str:
    page = client.get(f"/admin/recognizer/modelversion/{version.pk}/change/")
    assert page.status_code == 200
    words: str = page.content.decode()
    return words


def test_the_page_shows_table_limits_recipe_and_licences(admin_client, measured):
    words = words_of(admin_client, measured)

    for expected in (
        "Suite “public”, measured on 2026-11-22",
        "phone photos",
        f"99.99{SPACE}%",  # never rounded up to all
        "1,353",
        "1→7 3×, &lt;b&gt;→4 2×",
        f"≥ 99.75{SPACE}%, ECE ≤ 0.5{SPACE}%",
        "its data was not there",
        "All photos and drawings together: 2,609 digits.",
        "0.9454",
        "It reads no letters.",
        "Learning rate",
        "CC BY-SA 3.0",
    ):
        assert expected in words
    assert "brought no passport" not in words


def test_goals_are_told_apart_by_icon_and_not_by_colour_alone(measured):
    [suite] = suites.measured(measured)
    area, refused = suite["facts"][-2:]

    assert "#cross" in suite["rows"][0]["goal"]
    assert "#cross" in area["goal"]
    assert "≥ 0.99" in area["goal"]
    assert "#check" in refused["goal"]
    assert f"≤ 1.5{SPACE}%" in refused["goal"]
    assert suite["rows"][2]["goal"] == "–"


def test_corruptions_are_listed_with_the_worst_first(measured):
    [suite] = suites.measured(measured)

    assert [share["name"] for share in suite["parts"][0]["shares"]] == ["canny edges", "fog"]


def test_the_recipe_is_shown_once(admin_client, measured):
    assert words_of(admin_client, measured).lower().count("learning rate") == 1


def test_a_version_that_no_suite_measured_shows_none(admin_client, version):
    words = words_of(admin_client, version)

    assert "Suite “" not in words
    assert "Licences of" not in words
    assert "brought no passport" in words


def test_what_evaluate_records_is_what_the_page_shows(admin_client, active_version, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[[set]]\nname = "some digits"\nbuiltin = "sample"\nkind = "digits"\n')
    call_command("evaluate", f"--suite={path}", "--record")
    words = words_of(admin_client, active_version)

    assert "Suite “mine”" in words
    assert "some digits" in words
    assert "It reads the digits 0 to 9" in words
