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
from tests.recognizer.bad_models import dense, honest, layer, sequential

Outcomes = dict[str, dict[str, Any]]
MAX_SECONDS = 90
KERNEL, BIAS = bad.nearest_mean()


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

WIDE = honest(dense(10**6, name="first"), dense(10**6, name="second"))
LATE = dense(64, name="first") | {"build_config": {"input_shape": [None, 10**6]}}
VAST = honest(layer("RepeatVector", n=10**6), layer("GlobalAveragePooling1D"))
TWELVE = (np.ones((784, 12), "f4"), np.ones(12, "f4"))
NOISE = np.random.default_rng(1).normal(0, 0.01, KERNEL.shape).astype("f4")


def without_input(model: bad.Node) -> bad.Node:
    """A Sequential model that does not say what it takes in."""
    return sequential() | {"config": {"name": "x", "layers": model["config"]["layers"][1:]}} | NONE


NONE = {"build_config": None}


def with_two_outputs() -> bad.Node:
    def call(of: str) -> list[bad.Node]:
        tensor = {"shape": [None, 784], "dtype": "float32", "keras_history": [of, 0, 0]}
        return [{"args": [{"class_name": "__keras_tensor__", "config": tensor}], "kwargs": {}}]

    pixels = layer("InputLayer", batch_shape=[None, 784], name="pixels")
    layers = [
        pixels | {"name": "pixels", "inbound_nodes": []},
        dense() | {"name": "dense", "inbound_nodes": call("pixels")},
        dense(name="other") | {"name": "other", "inbound_nodes": call("pixels")},
    ]
    ends = {"input_layers": ["pixels", 0, 0], "output_layers": [["dense", 0, 0], ["other", 0, 0]]}
    return layer("Functional", "keras.src.models.functional", layers=layers, **ends)


# A file's name → its bytes, the check that refuses it, and what it says that it found.
CASES: dict[str, tuple[bytes, str, str]] = {
    "wide.keras": (bad.keras_file(WIDE), "Parameters", "1,000,796,000,010"),
    "wide.h5": (bad.h5_file(WIDE), "Parameters", "1,000,796,000,010"),
    "late.keras": (bad.keras_file(honest(LATE)), "Loading", "1000000"),
    "vast.keras": (bad.keras_file(VAST), "Memory", "more"),
    "vast.h5": (bad.h5_file(VAST), "Memory", "more"),
    "twelve.keras": (
        bad.keras_file(sequential(layer("Flatten"), dense(12)), fill=bad.with_weights(*TWELVE)),
        "Output",
        "(None, 12)",
    ),
    "two.keras": (bad.keras_file(with_two_outputs()), "Output", "(None, 10) and (None, 10)"),
    "none.keras": (bad.keras_file(without_input(honest())), "Input", "none"),
    "none.h5": (bad.h5_file(without_input(honest())), "Input", "none"),
    "colour.keras": (
        bad.keras_file(sequential(layer("Flatten"), dense(), shape=(None, 28, 28, 3))),
        "Input",
        "(None, 28, 28, 3)",
    ),
    "fixed.keras": (
        bad.keras_file(sequential(layer("Flatten"), dense(), shape=(1, 28, 28, 1))),
        "Input",
        "(1, 28, 28, 1)",
    ),
    "nan.keras": (
        bad.keras_file(fill=bad.with_weights(KERNEL * np.nan, BIAS)),
        "Weights",
        "others in sequential/dense/kernel",
    ),
    "infinite.h5": (bad.h5_file(weights=(KERNEL, BIAS + np.inf)), "Weights", "dense/bias"),
    "zeros.keras": (
        bad.keras_file(fill=bad.with_weights(KERNEL * 0, BIAS * 0)),
        "Answers",
        "the same ones for all",
    ),
    "zeros.h5": (bad.h5_file(weights=(KERNEL * 0, BIAS * 0)), "Answers", "the same ones for all"),
    "overflow.keras": (
        bad.keras_file(fill=bad.with_weights(KERNEL * 0 + 3e38, BIAS)),
        "Answers",
        "NaN or inf",
    ),
    "guessing.h5": (bad.h5_file(weights=(NOISE, BIAS * 0)), "Accuracy", "%"),
    "short.keras": (
        bad.keras_file(fill=bad.with_weights(KERNEL[1:], BIAS)),
        "Loading",
        "value.shape=(783, 10)",
    ),
    "short.h5": (bad.h5_file(weights=(KERNEL[1:], BIAS)), "Loading", "shape (783, 10)"),
    "empty.keras": (bad.keras_file(fill=lambda file: None), "Loading", "received 0 variables"),
}

# Kinds that take Keras to make. Each reads what the nearest mean reads.
MAKE_GOOD = """
import sys
from pathlib import Path
import keras
import numpy as np
from keras import layers
from tests.recognizer import bad_models as bad

folder = Path(sys.argv[1])

def save(name, model, input_max=255.0):
    model.layers[-1].set_weights(bad.nearest_mean(input_max))
    model.save(folder / name)

last = lambda: layers.Dense(10, name="last")
centre = np.zeros((3, 3, 1, 1), "float32")
centre[1, 1] = 1
convolution = layers.Conv2D(1, 3, padding="same", use_bias=False)
parts = [
    layers.RandomRotation(0.1), layers.RandomTranslation(0.1, 0.1), layers.RandomZoom(0.1),
    convolution, layers.BatchNormalization(), layers.Dropout(0.3),
    layers.Conv2D(1, 1, kernel_initializer="ones", kernel_regularizer="l2"), layers.ReLU(),
    layers.Flatten(), last(),
]
model = keras.Sequential([keras.Input((28, 28, 1)), *parts])
convolution.set_weights([centre])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
save("convolving.keras", model)
save("convolving.h5", model)

pixels = keras.Input((28, 28))
inked = keras.ops.clip(pixels * np.ones((28, 1), "float32"), 0, 255)[:, 0:28, ...]
save("functional.keras", keras.Model(pixels, last()(layers.Flatten()(inked))))
inner = keras.Sequential([keras.Input((28, 28)), layers.Flatten()])
rows = keras.Input((28, 28))
save("nested.h5", keras.Model(rows, last()(inner(rows))), input_max=1.0)
flat = keras.Sequential([keras.Input((784,)), last(), layers.Softmax()])
flat.layers[0].set_weights(bad.nearest_mean(1.0))
flat.save(folder / "flat.keras")
"""
# A good file's name → what it takes in, whether it gives logits, and what ink is to it.
GOOD: dict[str, tuple[list[int | None], bool, float]] = {
    "convolving.keras": ([None, 28, 28, 1], True, 255.0),
    "convolving.h5": ([None, 28, 28, 1], True, 255.0),
    "functional.keras": ([None, 28, 28], True, 255.0),
    "nested.h5": ([None, 28, 28], True, 1.0),
    "flat.keras": ([None, 784], False, 1.0),
    "sequential.keras": ([None, 28, 28, 1], False, 255.0),
    "keras_2.h5": ([None, 28, 28, 1], False, 255.0),
}
LOOK_AT_ALL = """
import json, sys
from pathlib import Path
from recognizer.vetting import RefusedModel, bounded, loading

bounded._hold(bounded.LOADING)
found, workspace = {}, Path(sys.argv[2])
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        found[path.name] = loading.look(path, workspace)
    except RefusedModel as refusal:
        found[path.name] = refusal.as_dict()
    except MemoryError:
        found[path.name] = {"check": "Memory", "expected": "", "found": "more"}
print("\\n" + json.dumps(found))
"""


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
LOOK_INTO_ALL = """
import json, os, resource, sys
from pathlib import Path
from recognizer.vetting import RefusedModel, contents

def end_of(path):
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    resource.setrlimit(resource.RLIMIT_CPU, (2, 3))
    try:
        contents.look(path, path.parent)
    except RefusedModel as refusal:
        os._exit(10 if str(refusal).isprintable() else 11)
    except BaseException as error:
        print(path, repr(error), file=sys.stderr, flush=True)
        os._exit(12)
    os._exit(0)

print(json.dumps({path.name: end_of(path) for path in sorted(Path(sys.argv[1]).iterdir())}))
"""


@pytest.fixture(scope="module")
def damaged_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("damaged")
    damaged_models.write_all(folder)
    return folder


@pytest.fixture(scope="module")
def damaged_outcomes(damaged_folder) -> dict[str, int]:
    found: dict[str, int] = json.loads(run(LOOK_INTO_ALL, damaged_folder))
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
