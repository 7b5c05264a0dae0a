"""A corpus of bad model files: each refused by the right check, in the right words, and none run.

What is refused before TensorFlow is in test_vetting_config, test_vetting_archive and
test_vetting_hdf5. Here is what only Keras can tell, looked at in one process for all; what gets
damaged; and a few that go the whole way, to the admin.
"""

import json
import marshal
import shutil
import signal
import subprocess
import sys
import time
import types
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from recognizer import engine, registry, vetting
from recognizer.models import ModelVersion
from recognizer.vetting import RefusedModel, bounded, contents
from tests.recognizer import bad_models as bad
from tests.recognizer import damaged_models
from tests.recognizer.bad_models import honest, layer, sequential
from tests.recognizer.model_corpus import CASES, GOOD, LOOK_AT_ALL, MAKE_GOOD

Outcomes = dict[str, dict[str, Any]]
MAX_SECONDS = 90


def test_what_all_cases_begin_with_is_accepted(desk):
    """Else each case might be refused for what all have in common."""
    for content, suffix in (
        (bad.keras_file(), ".keras"),
        (bad.h5_file(), ".h5"),
        (bad.keras_2_file(), ".h5"),
    ):
        assert contents.look(desk.write(content, suffix), desk.folder)["num_layers"] == 3


def test_the_code_in_the_bad_files_would_leave_its_mark(desk):
    """Else that no mark was found would prove nothing."""
    code = marshal.loads(bad.payload(desk.marker))  # noqa: S302  (our own)
    types.FunctionType(code, {"open": open})(None)

    assert desk.marker.exists()


# --- What only Keras can tell ---------------------------------------------------------------------


def run(code: str, *arguments: Path) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=bounded.ROOT)
    return done.stdout


@pytest.fixture(scope="module")
def good_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    run(MAKE_GOOD, folder)
    (folder / "sequential.keras").write_bytes(bad.keras_file())
    (folder / "keras_2.h5").write_bytes(bad.keras_2_file())
    return folder


@pytest.fixture(scope="module")
def mark(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("mark") / "marker"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, good_folder, mark, damaged_folder, damaged_outcomes) -> Outcomes:
    """What Keras's process finds of each file, Lambdas among them that the first look refuses."""
    folder = tmp_path_factory.mktemp("corpus")
    for name, (content, _, _) in CASES.items():
        (folder / name).write_bytes(content)
    (folder / "lambda.keras").write_bytes(bad.keras_file(honest(bad.lambda_layer(mark))))
    (folder / "lambda.h5").write_bytes(bad.h5_file(honest(bad.lambda_layer(mark))))
    (folder / "lambda_2.h5").write_bytes(bad.h5_file(honest(bad.lambda_of_old_files(mark))))
    for path in good_folder.iterdir():
        shutil.copy(path, folder)
    for name in accepted(damaged_outcomes)[:DAMAGED_TO_LOAD]:
        shutil.copy(damaged_folder / name, folder)
    said = run(LOOK_AT_ALL, folder, tmp_path_factory.mktemp("workspace"))
    found: Outcomes = json.loads(said.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", CASES)
def test_what_only_keras_can_tell_is_refused_in_the_right_words(desk, outcomes, name):
    content, check, found = CASES[name]

    assert contents.look(desk.write(content, Path(name).suffix), desk.folder)
    assert outcomes[name]["check"] == check
    assert found in outcomes[name]["found"]


@pytest.mark.parametrize("name", ["lambda.keras", "lambda.h5", "lambda_2.h5"])
def test_keras_runs_no_code_either_should_the_first_look_let_it_pass(outcomes, mark, name):
    assert outcomes[name]["check"] == "Loading"
    assert not mark.exists()


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_of_each_kind_is_accepted(outcomes, good_folder, name):
    shape, gives_logits, input_max = GOOD[name]
    found = outcomes[name]

    assert contents.look(good_folder / name, good_folder)["num_layers"] >= 3
    assert found["input_shape"] == shape
    assert found["contract"] == {"input_max": input_max, "gives_logits": gives_logits}
    assert found["sample_accuracy"] > 0.75
    assert found["engine_difference"] < 1e-4
    assert not found["warning"]


# --- What gets damaged ----------------------------------------------------------------------------

# Of those that the first look lets pass: in a .h5 file nothing tells that a number was another.
DAMAGED_TO_LOAD = 12
ACCEPTED, REFUSED, OUT_OF_TIME = 0, 10, -signal.SIGXCPU


@pytest.fixture(scope="module")
def damaged_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("damaged")
    damaged_models.write_all(folder)
    return folder


@pytest.fixture(scope="module")
def damaged_outcomes(damaged_folder) -> dict[str, int]:
    found: dict[str, int] = json.loads(run(damaged_models.LOOK_INTO_ALL, damaged_folder))
    return found


def accepted(outcomes: dict[str, int]) -> list[str]:
    """Files that the first look lets pass, most of whose damage is beside the large array."""
    return [name for name, end in outcomes.items() if end == ACCEPTED]


def test_a_damaged_file_is_refused_in_words_or_passes(damaged_outcomes):
    assert len(damaged_outcomes) == 2 * (damaged_models.FLIPS + damaged_models.CUTS)
    ends = Counter(damaged_outcomes.values())
    assert set(ends) <= {ACCEPTED, REFUSED, OUT_OF_TIME}
    assert ends[OUT_OF_TIME] <= 2  # a link that leads back: HDF5 follows it for ever


def test_most_damage_to_a_keras_file_is_noticed(damaged_outcomes):
    ends = [end for name, end in damaged_outcomes.items() if name.endswith(".keras")]

    assert ends.count(REFUSED) > 0.9 * len(ends)


def test_a_damaged_file_that_passes_is_refused_by_keras_or_reads_as_before(
    damaged_outcomes, outcomes
):
    names = accepted(damaged_outcomes)[:DAMAGED_TO_LOAD]
    assert len(names) == DAMAGED_TO_LOAD
    for name in names:
        found = outcomes[name]
        assert "check" in found or found["sample_accuracy"] > 0.75, name


# --- The whole way --------------------------------------------------------------------------------


def timed_refusal(path: Path, workspace: Path) -> RefusedModel:
    started = time.monotonic()
    with pytest.raises(RefusedModel) as refusal:
        vetting.vet(path, workspace=workspace)
    assert time.monotonic() - started < MAX_SECONDS
    return refusal.value


def test_a_file_with_code_in_it_is_refused_before_keras_and_leaves_no_mark(desk):
    for content, suffix in (
        (bad.keras_file(honest(bad.lambda_layer(desk.marker))), ".keras"),
        (bad.h5_file(honest(bad.lambda_layer(desk.marker))), ".h5"),
        (bad.h5_file(honest(bad.lambda_of_old_files(desk.marker))), ".h5"),
        (bad.keras_file(honest(honest(bad.lambda_layer(desk.marker)))), ".keras"),
    ):
        refusal = timed_refusal(desk.write(content, suffix), desk.folder)

        assert refusal.check == "Classes"
        assert "Lambda" in refusal.found
        assert not desk.marker.exists()


def test_a_slow_model_is_refused_when_its_time_is_up(desk, monkeypatch):
    """A recurrent layer over 156,800 steps: small, finite, and minutes for twenty digits."""
    slow = [
        layer("Reshape", target_shape=[784, 1]),
        layer("UpSampling1D", size=200),
        layer("SimpleRNN", units=10, name="steps"),
    ]

    def fill(file):
        for row, shape in enumerate([(1, 10), (10, 10), (10,)]):
            file[f"layers/simple_rnn/cell/vars/{row}"] = np.zeros(shape, "f4")

    path = desk.write(bad.keras_file(sequential(*slow), fill=fill))
    monkeypatch.setattr(bounded, "LOADING", replace(bounded.LOADING, wall_s=15))
    refusal = timed_refusal(path, desk.folder)

    assert str(refusal).startswith("Time: expected an end within 15 s, found none.")


def test_a_file_of_keras_2_is_accepted_the_whole_way(desk):
    path = desk.write(bad.keras_2_file(), ".h5")
    report = vetting.vet(path, workspace=desk.folder)

    assert report.saved_by == "2.4.0"
    assert report.keras_file
    assert report.compiled
    answers = engine.LiteRTEngine(report.compiled.read_bytes()).probabilities(engine.probes()[0])
    assert np.allclose(answers, report.golden, atol=1e-4)


@pytest.mark.django_db
def test_a_bad_file_stays_in_the_registry_as_refused_with_its_words(desk):
    path = desk.write(bad.h5_file(honest(bad.lambda_of_old_files(desk.marker))), ".h5")
    with path.open("rb") as file:
        version = registry.take(file, filename=path.name)
    with pytest.raises(RefusedModel):
        registry.vet(version)

    version.refresh_from_db()
    assert version.status == ModelVersion.Status.REFUSED
    assert "Classes: expected Keras's own layers that only compute, found 'Lambda'" in version.log
    assert not version.may_serve
    assert not desk.marker.exists()


UPLOADS = {
    "lambda.h5": "Classes: expected",
    "bomb.keras": "Members: expected",
    "cut.keras": "Format: expected",
    "wide.h5": "Parameters: expected",
}


def test_the_web_process_outlives_every_bad_upload(admin_client, active_version, desk):
    contents_of = {
        "lambda.h5": bad.h5_file(honest(bad.lambda_of_old_files(desk.marker))),
        "bomb.keras": bad.keras_file(weights=bytes(2**26), compression=zipfile.ZIP_DEFLATED),
        "cut.keras": bad.keras_file()[:-200],
        "wide.h5": CASES["wide.h5"][0],
    }
    for name, words in UPLOADS.items():
        upload = SimpleUploadedFile(name, contents_of[name])
        admin_client.post(
            "/admin/recognizer/modelversion/add/", {"file": upload, "name": name, "notes": ""}
        )

        version = ModelVersion.objects.get(name=name)
        assert version.status == ModelVersion.Status.REFUSED
        assert words in version.log
        assert admin_client.get("/healthz").status_code == 200
    assert ModelVersion.objects.active().get() == active_version
    assert not desk.marker.exists()
