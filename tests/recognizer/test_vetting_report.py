"""What a process reports that a model file may have taken over."""

import copy
import os
from pathlib import Path
from typing import Any

import pytest

from recognizer import engine
from recognizer.vetting import RefusedModel, bounded, report

TENTHS = [[0.1] * 10] * 20
HONEST: dict[str, Any] = {
    "input_shape": [None, 28, 28, 1],
    "output_shape": [None, 10],
    "num_parameters": 7850,
    "layers": [
        {"name": "dense", "kind": "Dense", "output_shape": [None, 10], "num_parameters": 7850},
        {"name": "odd", "kind": "Odd", "output_shape": None, "num_parameters": 0},
    ],
    "contract": {"input_max": 1.0, "gives_logits": True},
    "golden": TENTHS,
    "probe_accuracy": 0.9,
    "sample_accuracy": 1,
    "keras_version": "3.15.1",
    "warning": "",
    "engine_difference": 1e-7,
    "latency_ms": None,
}


def read(workspace: Path, **changes: Any) -> report.Report:
    return report.read(copy.deepcopy(HONEST) | changes, saved_by="3.15.1", workspace=workspace)


def refusal_of(workspace: Path, **changes: Any) -> RefusedModel:
    with pytest.raises(RefusedModel) as refusal:
        read(workspace, **changes)
    return refusal.value


def test_what_a_check_reports_is_taken(tmp_path):
    found = read(tmp_path)

    assert found.contract == engine.Contract(input_max=1.0, gives_logits=True)
    assert found.golden == TENTHS
    assert found.sample_accuracy == 1.0
    assert (found.latency_ms, found.compiled, found.keras_file) == (None, None, None)


def test_each_field_must_be_there():
    for name in HONEST:
        found = {key: value for key, value in HONEST.items() if key != name}
        with pytest.raises(RefusedModel, match=name):
            report.read(found, saved_by="", workspace=Path("/nowhere"))


@pytest.mark.parametrize(
    "changes",
    [
        {"golden": TENTHS[1:]},
        {"golden": [[0.1] * 9] * 20},
        {"golden": [[float("nan")] * 10] * 20},
        {"golden": [[1.0] * 10] * 20},
        {"golden": "none"},
        {"golden": 7},
        {"sample_accuracy": 1.5},
        {"sample_accuracy": True},
        {"probe_accuracy": "good"},
        {"latency_ms": -1},
        {"latency_ms": float("inf")},
        {"engine_difference": []},
        {"num_parameters": 2**40},
        {"num_parameters": 1.5},
        {"input_shape": None},
        {"input_shape": [28] * 9},
        {"output_shape": ["ten"]},
        {"layers": HONEST["layers"] * 600},
        {"layers": [{"name": "dense"}]},
        {"layers": [7]},
        {"contract": {"input_max": 7, "gives_logits": True}},
        {"contract": {"input_max": 1.0, "gives_logits": "no"}},
        {"contract": []},
        {"keras_version": 3},
    ],
)
def test_what_no_check_says_is_refused(tmp_path, changes):
    refusal = refusal_of(tmp_path, **changes)

    assert (refusal.check, refusal.expected) == ("Report", "what the check reports")


def test_names_are_such_as_every_database_takes(tmp_path):
    odd = {"name": "a\0b\ud800" + "c" * 999, "kind": "D\n"}
    found = read(tmp_path, layers=[HONEST["layers"][0] | odd], warning="x" * 10_000)

    assert found.layers[0]["name"].startswith("a\ufffdb\ufffdccc")
    assert len(found.layers[0]["name"]) == report.MAX_NAME
    assert found.layers[0]["kind"] == "D\ufffd"
    assert len(found.warning) == 1_000


def test_a_compiled_form_of_its_own_is_taken(tmp_path):
    made = tmp_path / bounded.COMPILED_NAME
    made.write_bytes(b"\x1c\0\0\0TFL3 and more")

    assert read(tmp_path).compiled == made


@pytest.mark.parametrize("name", [bounded.COMPILED_NAME, bounded.KERAS_NAME])
@pytest.mark.parametrize("kind", ["symbolic", "hard", "dangling", "pipe", "folder", "other"])
def test_what_is_no_file_of_its_own_is_refused_and_never_waited_for(tmp_path, name, kind):
    secret, made = tmp_path / "secret", tmp_path / name
    secret.write_bytes(b"PK\x03\x04TFL3")
    if kind == "symbolic":
        made.symlink_to(secret)
    elif kind == "hard":
        made.hardlink_to(secret)
    elif kind == "dangling":
        made.symlink_to(tmp_path / "nothing")
    elif kind == "pipe":
        os.mkfifo(made)
    elif kind == "folder":
        made.mkdir()
    else:
        made.write_bytes(b"\x7fELF")

    assert refusal_of(tmp_path).check == "Report"


def test_a_file_past_its_bound_is_refused(tmp_path):
    made = tmp_path / bounded.COMPILED_NAME
    made.write_bytes(b"\x1c\0\0\0TFL3")
    os.truncate(made, bounded.LOADING.written_bytes + 1)

    assert "no file of its own" in refusal_of(tmp_path).found


@pytest.mark.parametrize("name", ["num_layers", "declared_bytes", "keras_version"])
@pytest.mark.parametrize("value", [None, [], -1])
def test_what_the_first_look_says_is_checked_too(name, value):
    honest = {"num_layers": 3, "declared_bytes": 31_440, "keras_version": "3.15.1"}

    assert report.contents(honest).num_layers == 3
    with pytest.raises(RefusedModel, match="what the check reports"):
        report.contents(honest | {name: value})
