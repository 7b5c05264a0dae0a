"""Models that cannot serve, and what vetting finds of those that can."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recognizer import engine, vetting
from recognizer.vetting import bounded

# Models that read about eight digits in ten, without learning: what is nearest to a digit's mean.
MAKE_MODELS = """
import sys
from pathlib import Path
import keras
import numpy as np
from keras import layers

folder, sample = map(Path, sys.argv[1:])
keras.utils.set_random_seed(1)
with np.load(sample) as file:
    digits, labels = file["x_train"].reshape(-1, 784) / 255.0, file["y_train"]
means = np.array([digits[labels == digit].mean(0) for digit in range(10)])

def dense(input_max=255.0, activation=None, **options):
    return layers.Dense(10, activation=activation, **options), [
        8 * means.T / input_max, -4 * (means ** 2).sum(1)
    ]

def save(name, *parts, shape=(28, 28, 1), weights=None):
    model = keras.Sequential([keras.Input(shape), *parts])
    if weights is not None:
        model.layers[-1].set_weights(weights)
    model.save(folder / name)

last, weights = dense()
save("logits.keras", layers.Flatten(), last, weights=weights)
last, weights = dense(activation="softmax")
save("flat.h5", last, shape=(784,), weights=weights)
last, weights = dense(1.0, "softmax")
save("ones.keras", layers.Flatten(), last, shape=(28, 28), weights=weights)

pixels = keras.Input((28, 28, 1))
last, weights = dense(1.0, "softmax")
model = keras.Model(pixels, last(layers.Flatten()(pixels / 255)))
model.layers[-1].set_weights(weights)
model.compile("adam", "sparse_categorical_crossentropy")
model.save(folder / "functional.keras")

save("nine.keras", layers.Flatten(), layers.Dense(9))
save("many.keras", layers.Flatten(), layers.Dense(25_600, dtype="float16"), layers.Dense(10))
last, [kernel, bias] = dense()
save("nan.keras", layers.Flatten(), last, weights=[np.where(kernel > 0.02, np.nan, kernel), bias])
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    subprocess.run(
        [sys.executable, "-c", MAKE_MODELS, str(folder), str(engine.SAMPLE_PATH)],
        check=True,
        capture_output=True,
    )
    return folder


def refusal_of(path: Path, workspace: Path) -> vetting.RefusedModel:
    with pytest.raises(vetting.RefusedModel) as refusal:
        vetting.vet(path, workspace=workspace)
    return refusal.value


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.txt", b"hello", "expected a .keras or .h5 file, found '.txt'"),
        ("model", b"hello", "expected a .keras or .h5 file, found no suffix"),
        ("model.keras", b"hello", "begins as .keras files do, found 'hello'"),
        ("model.keras", b"\x80\x04\x95pickle", "begins as .keras files do"),
        ("model.h5", b"PK\x03\x04", "begins as .h5 files do"),
        ("model.keras", b"", "found an empty one"),
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

    with pytest.raises(vetting.RefusedModel, match="Size: expected at most 50 MB"):
        vetting.check_format(path)


@pytest.mark.parametrize(
    ("name", "check", "found"),
    [
        ("nine.keras", "Output", "(None, 9)"),
        ("many.keras", "Parameters", "20,352,010"),
        ("nan.keras", "Weights", "kernel"),
    ],
)
def test_a_model_that_cannot_serve_is_refused_with_the_reason(models, tmp_path, name, check, found):
    refusal = refusal_of(models / name, tmp_path)

    assert refusal.check == check
    assert found in refusal.found


def test_logits_are_found_and_made_probabilities(models, tmp_path):
    report = vetting.vet(models / "logits.keras", workspace=tmp_path)

    assert report.contract == engine.Contract(input_max=255.0, gives_logits=True)
    assert np.allclose(np.sum(report.golden, axis=1), 1, atol=1e-5)
    assert report.engine_difference is not None
    assert report.engine_difference <= 1e-4


@pytest.mark.parametrize("name", ["ones.keras", "functional.keras"])
def test_whether_ink_is_one_or_255_is_found(models, tmp_path, name):
    report = vetting.vet(models / name, workspace=tmp_path)

    assert report.contract.input_max == {"ones.keras": 1.0, "functional.keras": 255.0}[name]
    assert report.sample_accuracy > 0.75


def test_hdf5_files_with_flat_input_are_converted_too(models, tmp_path):
    said: list[str] = []
    report = vetting.vet(models / "flat.h5", workspace=tmp_path, tell=said.append)

    assert report.input_shape == [None, 784]
    assert report.num_parameters == 7850
    assert report.compiled is not None
    answers = engine.LiteRTEngine(report.compiled.read_bytes()).probabilities(engine.probes()[0])
    assert np.allclose(answers, report.golden, atol=1e-4)
    assert report.latency_ms is not None
    assert 0 < report.latency_ms < 50
    assert len(said) == 4
    assert "Keras 3." in said[1]


def test_an_accepted_hdf5_file_becomes_a_keras_file_that_answers_the_same(models, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    report = vetting.vet(models / "flat.h5", workspace=first)
    assert report.keras_file is not None
    again = vetting.vet(report.keras_file, workspace=second)

    assert again.keras_file is None
    assert np.allclose(again.golden, report.golden, atol=1e-6)


def test_all_looks_end_within_ninety_seconds():
    """What a bad file may cost: the clock's limits are the only ones that all files meet."""
    most = 2 * bounded.LOOKING.wall_s + bounded.LOADING.wall_s  # a .h5 file's copy is looked into
    assert most <= 90
