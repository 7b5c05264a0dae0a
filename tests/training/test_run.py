"""A run leaves all that it should, calibrated and truly described, and survives being killed."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from recognizer import imaging
from training import checkpoints, datasets, evaluation, learning, lessons, network, run
from training.checkpoints import CannotResume, State
from training.learning import Progress
from training.recipe import LARGEST_SEED, PRESETS, Impossible, Recipe

# Keras 3.15 copies tensors in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMOKE = replace(PRESETS["smoke"], epochs=3, sources=(), ema_momentum=0.0)
# With what a shipped model is made of: further sources, averaged weights.
MIXED = replace(
    SMOKE, sources=(("european", 200), ("scribbles", 100), ("letters", 50)), ema_momentum=0.9
)


@pytest.fixture(scope="module")
def reports() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, reports) -> run.Trained:
    """A run of three epochs on the sample."""
    folder = tmp_path_factory.mktemp("runs") / "straight"
    return run.train(SMOKE, run_folder=folder, report=reports.append)


def kill_in_epoch(number: int):
    def report(progress: Progress) -> None:
        if progress.epoch == number and progress.step == 3:
            raise KeyboardInterrupt

    return report


def assert_alike(one: run.Trained, other: run.Trained, *, rtol: float, atol: float) -> None:
    """Both runs ended with the same weights."""
    weights, expected = (
        keras.models.load_model(trained.model_path, compile=False).get_weights()
        for trained in (one, other)
    )
    for mine, theirs in zip(weights, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=atol)


def without_times(folder: Path) -> list[str]:
    """The lines of history.csv less their last column, the seconds."""
    lines = (folder / "history.csv").read_text().splitlines()
    return [line.rpartition(",")[0] for line in lines]


def test_a_run_leaves_its_folder(trained):
    found = {path.name for path in trained.run_folder.iterdir()}

    assert found >= {
        "recipe.json",
        "history.csv",
        "curves.png",
        "confusion.png",
        "tensorboard",
        "model.keras",
        "passport.json",
    }
    assert list((trained.run_folder / "tensorboard").glob("events.out.tfevents.*"))
    assert len(without_times(trained.run_folder)) == 1 + 3
    assert Recipe.read(trained.run_folder / "recipe.json") == SMOKE


def test_the_data_is_announced_before_anything_is_learnt(tmp_path):
    def stop(gathered: lessons.Lessons) -> None:
        raise KeyboardInterrupt(gathered.data.name)

    with pytest.raises(KeyboardInterrupt, match="MNIST sample"):
        run.train(SMOKE, run_folder=tmp_path / "run", announce=stop)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_the_sample_is_learnt(trained):
    assert trained.passport["metrics"]["test"]["accuracy"] > 0.8


def test_the_passport_tells_what_the_model_is_made_of(trained):
    passport = json.loads((trained.run_folder / "passport.json").read_text())
    data = datasets.load("sample", num_validation=200)

    assert passport == trained.passport
    assert passport["data"] == {
        "name": "MNIST sample",
        "sha256": data.sha256,
        "validation_sha256": data.validation.sha256,
        "num_train": 800,
        "num_validation": 200,
        "num_test": 500,
        "licence": datasets.MNIST_LICENCE,
        "sources": {},
        "absent": {},
    }
    assert passport["preprocessing"] == imaging.preprocessing_hash()
    assert passport["libraries"]["keras"] == keras.__version__
    assert passport["best_epoch"] in {1, 2, 3}
    assert set(passport["curves"]) == set(run.CURVES)
    assert [len(curve) for curve in passport["curves"].values()] == [3] * 4
    best = passport["curves"]["validation_accuracy"][passport["best_epoch"] - 1]
    assert best == max(passport["curves"]["validation_accuracy"])
    assert passport["seed"] == SMOKE.seed
    assert passport["recipe"]["strengths"]["rotation_deg"] == SMOKE.strengths.rotation_deg


def test_the_file_itself_answers_calibrated(trained):
    data = datasets.load("sample", num_validation=200)
    model = keras.models.load_model(trained.model_path, compile=False)
    probabilities = model.predict(data.validation.images[..., None].astype("float32"), verbose=0)
    found = evaluation.figures(data.validation.labels, probabilities)

    assert found["nll"] == pytest.approx(trained.passport["metrics"]["validation"]["nll"], abs=1e-4)
    # Nothing is left to mend.
    logits = np.log(probabilities.astype(np.float64))
    assert evaluation.fit_temperature(data.validation.labels, logits) == pytest.approx(1, abs=0.01)


def test_thresholds_are_in_order(trained):
    thresholds = trained.passport["thresholds"]

    assert set(thresholds) == {"unsure_below", "reject_below"}
    assert 0 < thresholds["reject_below"] <= thresholds["unsure_below"] <= 0.95


def test_each_step_and_each_epoch_is_told(trained, reports):
    ends = [progress for progress in reports if progress.is_epoch_end]

    assert len(reports) == 3 * (25 + 1)
    assert [progress.epoch for progress in ends] == [1, 2, 3]
    assert reports[0].validation_accuracy is None
    assert ends[0].validation_accuracy == reports[26].validation_accuracy


def test_a_killed_run_resumes_with_the_same_result(trained, tmp_path):
    folder = tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):  # before there is a checkpoint
        run.train(SMOKE, run_folder=folder, report=kill_in_epoch(1))
    with pytest.raises(KeyboardInterrupt):  # after two of them
        run.train(SMOKE, run_folder=folder, resume=True, report=kill_in_epoch(3))
    (folder / "checkpoints" / "unfinished").mkdir()  # and while the third was written

    resumed = run.train(SMOKE, run_folder=folder, resume=True)

    assert_alike(resumed, trained, rtol=1e-4, atol=1e-5)
    assert (
        resumed.passport["metrics"]["test"]["confusion"]
        == (trained.passport["metrics"]["test"]["confusion"])
    )
    assert len(without_times(folder)) == len(without_times(trained.run_folder))


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_run_killed_around_its_last_checkpoint_has_its_whole_history(
    is_kept, tmp_path, monkeypatch
):
    folder, keep = tmp_path / "run", checkpoints.keep

    def die_in_second_epoch(run_folder: Path, state: State, model: Any) -> None:
        if is_kept or len(state.history) < 2:
            keep(run_folder, state, model)
        if len(state.history) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "keep", die_in_second_epoch)
        with pytest.raises(KeyboardInterrupt):
            run.train(replace(SMOKE, epochs=2), run_folder=folder)
    run.train(replace(SMOKE, epochs=2), run_folder=folder, resume=True)

    assert [line.partition(",")[0] for line in without_times(folder)] == ["epoch", "1", "2"]
    events = sorted(path.suffix for path in (folder / "tensorboard").iterdir())
    assert events == [".epoch-0001", ".epoch-0002"]  # each once


def test_checkpoints_that_are_no_longer_needed_are_dropped(trained):
    found = {path.name for path in (trained.run_folder / "checkpoints").iterdir()}

    assert found == {f"epoch-{epoch:04}" for epoch in (3, trained.passport["best_epoch"])}


def test_a_finished_run_is_left_as_it_is(trained):
    before = trained.model_path.read_bytes()
    again = run.train(SMOKE, run_folder=trained.run_folder, resume=True)

    assert again == trained
    assert again.model_path.read_bytes() == before


def test_a_run_resumes_with_its_own_recipe_only(trained):
    other = replace(SMOKE, learning_rate=0.1)

    with pytest.raises(CannotResume, match="another recipe"):
        run.train(other, run_folder=trained.run_folder, resume=True)


def test_a_run_is_one_process_s_at_a_time(tmp_path):
    """The second one is another process in life; a lock is another holder's in this one, too."""
    folder = tmp_path / "run"
    refusals: list[str] = []

    def look(progress: Progress) -> None:
        with pytest.raises(CannotResume) as refusal:
            run.train(SMOKE, run_folder=folder, resume=True)
        refusals.append(str(refusal.value))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.train(SMOKE, run_folder=folder, report=look)

    [refusal] = refusals
    assert f"Expected {folder} to be nobody's, found that another process works on" in refusal
    with checkpoints.held(folder):  # and it is free again
        pass


def test_what_is_no_run_cannot_be_resumed(tmp_path):
    with pytest.raises(CannotResume, match=r"found no .*recipe\.json"):
        run.train(SMOKE, run_folder=tmp_path, resume=True)


def test_a_run_resumes_with_its_own_data_only(tmp_path):
    with np.load(datasets.SAMPLE_PATH) as file:
        arrays = dict(file)
    np.savez(tmp_path / "digits.npz", **arrays)
    mine = replace(SMOKE, data=str(tmp_path / "digits.npz"))
    with pytest.raises(KeyboardInterrupt):
        run.train(mine, run_folder=tmp_path / "run", report=kill_in_epoch(2))
    np.savez(tmp_path / "digits.npz", **arrays | {"x_train": 255 - arrays["x_train"]})

    with pytest.raises(CannotResume, match="learnt from other data"):
        run.train(mine, run_folder=tmp_path / "run", resume=True)


def test_a_passport_never_tells_where_the_data_lay(trained, tmp_path):
    data = datasets.load("sample", num_validation=200)
    elsewhere = replace(SMOKE, data=str(tmp_path))
    row = dict.fromkeys(run.CURVES, 0.5) | {"epoch": 1, "seconds": 1.0}
    passport = run._passport(elsewhere, lessons.Lessons(data), State(data.sha256, [row]))

    assert str(tmp_path) not in json.dumps(passport)
    assert passport["recipe"]["data"] == "MNIST sample"


def test_a_folder_that_is_there_is_not_written_over(trained):
    with pytest.raises(FileExistsError):
        run.train(SMOKE, run_folder=trained.run_folder)


def test_knobs_below_one_are_refused():
    with pytest.raises(Impossible, match="Expected epochs of 1 or more, got 0"):
        replace(SMOKE, epochs=0)
    with pytest.raises(Impossible, match="Expected batch_size of 1 or more, got 0"):
        replace(SMOKE, batch_size=0)


@pytest.mark.parametrize("calm", [-0.1, 1.5])
def test_a_share_of_strengths_beyond_all_of_them_is_refused(calm):
    with pytest.raises(Impossible, match=f"Expected calm of 0 to 1, got {calm}"):
        replace(SMOKE, calm=calm)


def test_distortions_fall_evenly_to_their_last_share():
    calming = replace(SMOKE, epochs=5, calm=0.2)
    shares = [calming.strengths_in(epoch).shear / calming.strengths.shear for epoch in range(5)]

    assert shares == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])
    assert replace(SMOKE, epochs=1).strengths_in(0) == SMOKE.strengths


def test_the_last_epoch_learns_from_calmer_digits():
    still = replace(SMOKE, epochs=3, calm=0.0)
    digits = datasets.load("sample", num_validation=200).train
    batches = learning.batches_by_epoch(still, digits, 2)
    [(first, _), _], [(last, _), _] = list(batches(0)), list(batches(2))
    known = {image.tobytes() for image in digits.images}

    assert not any(image.tobytes() in known for image in first.numpy()[..., 0].astype(np.uint8))
    assert all(image.tobytes() in known for image in last.numpy()[..., 0].astype(np.uint8))


@pytest.mark.parametrize("seed", [-1, 2**31, 99_999_999_999_999_999_999_999])
def test_a_seed_that_tensorflow_could_not_take_is_refused(seed):
    with pytest.raises(Impossible, match=f"Expected a seed of 0 to 2147483647, got {seed}"):
        replace(SMOKE, seed=seed)


def test_the_largest_seed_gives_weights_and_batches():
    mine = replace(SMOKE, seed=LARGEST_SEED)
    data = datasets.load("sample", num_validation=200)

    model = network.build(seed=mine.seed)
    learning.compile_model(mine, model, 25)

    assert model.count_params() > 0
    assert len(list(learning.batches_by_epoch(mine, data.train, 2)(0))) == 2


def test_a_batch_larger_than_the_data_is_refused(tmp_path):
    with pytest.raises(Impossible, match="at most the 800 training digits, got 900"):
        run.train(replace(SMOKE, batch_size=900), run_folder=tmp_path / "run")


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def copied(trained, tmp_path) -> run.Trained:
    """The run, in a folder of its own to change."""
    folder = shutil.copytree(trained.run_folder, tmp_path / "copied")
    return run.train(SMOKE, run_folder=folder, resume=True)


def test_the_passport_carries_the_hash_of_each_file_that_it_describes(copied):
    of_keras = sha256_of(copied.model_path)
    assert copied.passport["model_sha256s"] == [of_keras]

    for _ in range(2):  # and once more, without growing
        path = run.write_h5(copied)
        again = run.train(SMOKE, run_folder=copied.run_folder, resume=True)
        assert again.passport["model_sha256s"] == [of_keras, sha256_of(path)]
    assert again.passport | {"model_sha256s": [of_keras]} == copied.passport


def test_a_passport_beside_another_model_is_not_taken_for_its_own(copied):
    copied.model_path.write_bytes(b"another model")

    with pytest.raises(CannotResume, match=r"is not the passport of model\.keras .* Train again"):
        run.train(SMOKE, run_folder=copied.run_folder, resume=True)


def test_the_model_is_written_as_hdf5_when_asked(trained, copied):
    path = run.write_h5(copied)
    digits = datasets.read_test(datasets.SAMPLE_PATH).images[:20, ..., None].astype("float32")
    answers, expected = (
        keras.models.load_model(file, compile=False).predict(digits, verbose=0)
        for file in (path, trained.model_path)
    )

    assert path.name == "model.h5"
    np.testing.assert_allclose(answers, expected, atol=1e-6)


# --- Further sources and averaged weights -------------------------------------------------------


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> run.Trained:
    folder = tmp_path_factory.mktemp("runs") / "mixed"
    return run.train(replace(MIXED, sources_folder=str(folder / "nowhere")), run_folder=folder)


def test_the_passport_tells_of_each_source_and_of_the_absent_one(mixed):
    data, metrics = mixed.passport["data"], mixed.passport["metrics"]

    assert set(data["sources"]) == {"european", "scribbles"}
    assert 150 <= data["sources"]["european"]["num_train"] <= 200
    assert "letters" in data["absent"]
    assert "sources_folder" not in mixed.passport["recipe"]  # no path of anybody's machine
    assert 0 <= metrics["sources"]["european"]["accuracy"] <= 1
    assert metrics["no_digits"]["num"] == data["sources"]["scribbles"]["num_validation"]


def test_what_is_no_digit_is_surer_refused_than_digits(mixed):
    found = mixed.passport["metrics"]["no_digits"]

    assert found["auroc"] > 0.7
    assert found["unsure_or_refused"] > found["digits_unsure_or_refused"]
    assert found["digits_refused"] <= MIXED.false_refusal_rate
    assert found["digits_unsure_or_refused"] <= MIXED.false_doubt_rate
    assert found["unsure_or_refused"] >= found["refused"]


def test_the_run_folder_has_a_reliability_diagram_and_no_copy_of_the_sources(mixed):
    assert (mixed.run_folder / "reliability.png").is_file()
    assert not (mixed.run_folder / lessons.POOLS_NAME).exists()


def test_a_killed_run_with_sources_and_an_average_resumes_with_the_same_result(mixed, tmp_path):
    folder = tmp_path / "killed"
    same = Recipe.read(mixed.run_folder / "recipe.json")
    with pytest.raises(KeyboardInterrupt):
        run.train(same, run_folder=folder, report=kill_in_epoch(2))

    resumed = run.train(same, run_folder=folder, resume=True)

    assert_alike(resumed, mixed, rtol=1e-3, atol=1e-4)
