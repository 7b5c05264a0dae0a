"""The model card says what was measured, and belongs to the model that it describes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from recognizer import registry
from recognizer.models import ModelVersion
from training import model_card

ROOT = Path(__file__).parents[2]

PASSPORT = {
    "recipe": {"epochs": 22, "widths": [16, 48], "strengths": {"blur": 0.7}},
    "data": {"name": "MNIST", "num_train": 55_000, "licence": "CC BY-SA 3.0"},
    "thresholds": {"unsure_below": 0.82, "reject_below": 0.5},
    "model_sha256s": ["ab" * 32],
}


def summary(**more: Any) -> dict[str, Any]:
    row = {
        "name": "phone photos",
        "kind": "digits",
        "is_here": True,
        "num": 353,
        "score": 0.9,
        "accuracy": 0.9,
        "accuracy_answered": 0.99999,
        "refused": 0.01,
        "ece": 0.015,
        "confusions": [[1, 7, 3], [4, 9, 2]],
        "goal": 0.98,
        "is_met": False,
    }
    absent = {"name": "far", "kind": "digits", "is_here": False, "goal": 1.0}
    goals = [{"figure": "auroc", "value": 0.995, "bound": "least", "goal": 0.99, "is_met": True}]
    whole = row | {"answered": 0.97, "several": 0.002, "goals": goals}
    return {"suite": "some", "is_met": False, "sets": [row | more, absent], "together": whole}


@pytest.fixture
def card() -> dict[str, Any]:
    return model_card.with_suite(None, summary(), PASSPORT)


@pytest.fixture
def passport_file(tmp_path: Path, version: ModelVersion) -> Path:
    path = tmp_path / "passport.json"
    path.write_text(json.dumps({"model_sha256s": [version.sha256], "metrics": {"test": {}}}))
    return path


def test_a_card_keeps_each_suite_once(card):
    again = model_card.with_suite(card, summary(num=100), PASSPORT)
    both = model_card.with_suite(again, summary() | {"suite": "other"}, PASSPORT)

    assert again["suites"]["some"]["sets"][0]["num"] == 100
    assert list(both["suites"]) == ["some", "other"]
    assert both["suites"]["some"]["measured_at"]


def test_what_is_read_badly_is_among_the_limits(card):
    assert "phone photos: 90.00 % of 353 are read rightly." in card["limits"]
    assert set(model_card.KNOWN_LIMITS) < set(card["limits"])
    fine = model_card.with_suite(None, summary(score=0.99, is_met=True), PASSPORT)
    assert fine["limits"] == list(model_card.KNOWN_LIMITS)


def test_the_worst_corruptions_are_among_the_limits():
    parts = {"fog": 0.5, "zigzag": 0.6, "stripe": 0.2, "scale": 0.99}
    found = model_card.limits({"some": summary(parts=parts)})

    assert "phone photos: worst are stripe 20.00 %, fog 50.00 %, zigzag 60.00 %." in found


def test_the_text_has_figures_recipe_limits_and_licences(card):
    text = model_card.markdown(
        name="tiny", passport=PASSPORT, metrics={"card": card}, num_parameters=76_314
    )

    for line in (
        "| phone photos | 353 | 90.00 % | 99.99 % | 1.00 % | 1.50 % | 1→7 3×, 4→9 2× | ≥ 98 % ✗ |",
        "| far | not measured |  |  |  |  |  |  |",
        "| Area under the ROC curve, digits against non-digits | 0.995 | ≥ 0.99 ✓ |",
        "| `widths` | 16, 48 |",
        "| `strengths` | blur 0.7 |",
        "| MNIST | 55,000 | CC BY-SA 3.0 | – |",
        "| unsure below | a confidence of 0.82 |",
        "- phone photos: 90.00 % of 353 are read rightly.",
    ):
        assert line in text.splitlines()


def test_every_source_of_learning_is_named_with_its_licence():
    pen = {"num_train": 7_494, "licence": "CC BY 4.0", "address": "https://example.org/pen"}
    found = model_card.licences({"data": {"name": "MNIST", "sources": {"pendigits": pen}}})

    assert [one["name"] for one in found] == ["MNIST", "pendigits"]
    assert (found[1]["num"], found[1]["licence"]) == (7_494, "CC BY 4.0")
    assert found[1]["address"] == "https://example.org/pen"
    assert model_card.licences({}) == []


def test_a_card_is_written_into_the_passport_beside_what_is_there(card, passport_file, version):
    model_card.check_passport(passport_file, version.sha256)
    model_card.write_to_passport(passport_file, card)

    found = json.loads(passport_file.read_text())
    assert found["metrics"] == {"test": {}, "card": card}
    assert list(passport_file.parent.iterdir()) == [passport_file]


@pytest.mark.parametrize("content", [None, "no JSON", "[]", '{"model_sha256s": ["0"]}'])
def test_another_models_passport_is_refused(tmp_path, content):
    path = tmp_path / "passport.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(model_card.NotItsPassport):
        model_card.check_passport(path, "1" * 64)


def test_the_command_writes_what_was_recorded(active_version, card, tmp_path, capsys):
    active_version.metrics = {"card": card}
    active_version.save(update_fields=["metrics"])
    path = tmp_path / "card.md"
    call_command("model_card", f"--output={path}")
    call_command("model_card", f"--version={active_version.number}")

    printed = capsys.readouterr().out
    assert path.read_text().startswith("# Model card")
    assert path.read_text() in printed


def test_the_shipped_card_is_what_the_command_writes_of_the_shipped_model():
    """A new model, or a hand in the text, asks for `evaluate --passport` and `model_card` again."""
    passport = json.loads(registry.SHIPPED_MODEL.with_name(registry.PASSPORT_NAME).read_text())
    shipped = (ROOT / "docs" / "model-card.md").read_text("utf-8")
    parameters = re.search(r"\| parameters \| ([\d,]+) \|", shipped)
    assert parameters  # vetting counts them: they are not in the passport

    assert shipped == model_card.markdown(
        name="shipped",
        passport=passport,
        metrics=passport["metrics"],
        num_parameters=int(parameters[1].replace(",", "")),
    )
    assert passport["metrics"]["card"]["licences"] == model_card.licences(passport)


def test_without_figures_there_is_no_card(active_version):
    with pytest.raises(CommandError, match="evaluate --suite public --record"):
        call_command("model_card")


def test_a_version_that_is_not_there_has_no_card(db):
    with pytest.raises(CommandError, match="Expected version 9, found none"):
        call_command("model_card", "--version=9")
    with pytest.raises(CommandError, match="Expected an active version"):
        call_command("model_card")
