"""Files that are no models, models that do not fit, and what vetting finds of one that does."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recognizer import engine, vetting

MAKE_MODELS = """
import sys
from pathlib import Path
import keras
from keras import layers

folder = Path(sys.argv[1])
keras.utils.set_random_seed(1)

def save(name, *parts, shape=(28, 28, 1)):
    keras.Sequential([keras.Input(shape), *parts]).save(folder / name)

save("nine.keras", layers.Flatten(), layers.Dense(9))
save("large.keras", layers.Flatten(), layers.Dense(10), shape=(32, 32, 1))
save("lambda.keras", layers.Flatten(), layers.Dense(10), layers.Lambda(lambda x: x * 2))
save("logits.keras", layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10))
save("flat.h5", layers.Dense(10, activation="softmax"), shape=(784,))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    subprocess.run(
        [sys.executable, "-c", MAKE_MODELS, str(folder)], check=True, capture_output=True
    )
    return folder


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.txt", b"hello", "Expected a .keras or .h5 file, got '.txt'"),
        ("model.keras", b"hello", "does not begin as one"),
        ("model.h5", b"PK\x03\x04", "does not begin as one"),
        ("model.keras", b"", "does not begin as one"),
    ],
)
def test_a_file_that_is_no_model_is_refused_before_it_is_loaded(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(vetting.RefusedModel, match=words):
        vetting.check_format(path)


def test_a_file_that_is_too_large_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(vetting.MAX_FILE_BYTES + 1)

    with pytest.raises(vetting.RefusedModel, match="at most 50 MB"):
        vetting.check_format(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nine.keras", r"Expected one output of shape \(None, 10\)"),
        ("large.keras", r"Expected one input of shape \(None, 28, 28, 1\)"),
        ("lambda.keras", "cannot load it in safe mode"),
    ],
)
def test_a_model_that_cannot_serve_is_refused_with_the_reason(models, tmp_path, name, words):
    with pytest.raises(vetting.RefusedModel, match=words):
        vetting.vet(models / name, workspace=tmp_path)


def test_a_zip_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"PK\x03\x04" + bytes(100))

    with pytest.raises(vetting.RefusedModel, match="cannot load it in safe mode"):
        vetting.vet(path, workspace=tmp_path)


def test_logits_are_found_and_made_probabilities(models, tmp_path):
    report = vetting.vet(models / "logits.keras", workspace=tmp_path)

    assert report.contract == engine.Contract(input_max=255.0, gives_logits=True)
    assert np.allclose(np.sum(report.golden, axis=1), 1, atol=1e-5)
    assert report.engine_difference is not None
    assert report.engine_difference <= 1e-4


def test_hdf5_files_with_flat_input_are_converted_too(models, tmp_path):
    report = vetting.vet(models / "flat.h5", workspace=tmp_path)

    assert report.input_shape == [None, 784]
    assert report.num_parameters == 7850
    assert report.compiled is not None
    answers = engine.LiteRTEngine(report.compiled.read_bytes()).probabilities(engine.probes()[0])
    assert np.allclose(answers, report.golden, atol=1e-4)


def test_the_process_that_loads_a_model_sees_no_secrets(monkeypatch, tmp_path):
    seen = {}

    def run(command, *, env, **options):
        seen.update(env)
        return subprocess.CompletedProcess(command, 1, "", "stopped here")

    monkeypatch.setenv("SECRET_KEY", "a secret")
    monkeypatch.setattr(subprocess, "run", run)
    path = tmp_path / "model.keras"
    path.write_bytes(b"PK\x03\x04")

    with pytest.raises(vetting.RefusedModel, match="exit status 1"):
        vetting.vet(path, workspace=tmp_path)
    assert seen
    assert "a secret" not in seen.values()
    assert "DATABASE_URL" not in seen
