"""One training run, from its recipe to its run folder. Touches no database and knows no Django."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import keras

from recognizer import imaging
from training import checkpoints, datasets, evaluation, metrics, reviewed, sources
from training.checkpoints import MODEL_NAME, PARENT_NAME, CannotResume, State, write_json
from training.datasets import NO_DIGIT, DigitData, Digits
from training.learning import READ_BATCH, Report, as_input, learn
from training.lessons import POOLS_NAME, REVIEWED_NAME, Lessons, gather
from training.recipe import Impossible, Recipe
from training.reviewed import Reviewed

PASSPORT_NAME = "passport.json"
# What a passport keeps of each epoch.
CURVES = ("loss", "accuracy", "validation_loss", "validation_accuracy")


@dataclass(frozen=True)
class Given:
    """What a run is given beside its recipe, and keeps in its folder.

    Attributes:
        reviewed: Submissions that reviewers labelled, where the recipe is with them.
        parent: The Keras file whose weights are the first ones, where the recipe starts from one.
    """

    reviewed: Reviewed | None = None
    parent: bytes = b""


@dataclass(frozen=True)
class Trained:
    """What a run leaves: its folder, the calibrated model in it, and the model's passport."""

    run_folder: Path
    model_path: Path
    passport: dict[str, Any]


Announce = Callable[[Lessons], None]


def train(
    recipe: Recipe,
    *,
    run_folder: Path,
    resume: bool = False,
    given: Given | None = None,
    announce: Announce | None = None,
    report: Report | None = None,
) -> Trained:
    """Train a network by a recipe, calibrate it, and measure it on the test digits once.

    A checkpoint is kept each epoch; a run that was killed goes on from the last one, and ends as it
    would have ended: the order of digits and their distortions follow from seed and epoch alone.

    Args:
        recipe: All knobs.
        run_folder: Made here. Gets recipe.json, history.csv, curves.png, confusion.png,
            tensorboard/, model.keras and passport.json.
        resume: Go on with the run in `run_folder`. One that is finished stays as it is.
        given: What the recipe asks for beside data and sources; a resumed run has it already.
        announce: Called with the data before anything is learnt from it.
        report: Called after each step and each epoch.

    Raises:
        DataUnavailable: There is nothing to learn from.
        CannotResume: There is no such run, it was made with another recipe or other data, its
            reviewed submissions are gone, its model is no longer the one that its passport
            describes, or another process works on it.
        FileExistsError: `run_folder` is there, and `resume` is not asked for.
        Impossible: The batch is larger than the training part, what the recipe asks for is not
            given, or the version to start from is another network.
    """
    if resume:
        _check_resumable(recipe, run_folder)
        if (run_folder / PASSPORT_NAME).is_file():  # written last: nothing is left to do
            return _trained(run_folder)
    data = datasets.load(recipe.data, num_validation=recipe.num_validation)
    if recipe.batch_size > len(data.train):
        raise Impossible(
            f"Expected a batch size of at most the {len(data.train)} training digits, "
            f"got {recipe.batch_size}."
        )
    if not resume:
        _begin(recipe, data, run_folder, given or Given())
    with checkpoints.held(run_folder):
        lessons = gather(recipe, data, run_folder)
        if announce:
            announce(lessons)
        state = learn(
            recipe,
            lessons.train,
            lessons.validation.only_digits(),
            sha256=lessons.sha256,
            run_folder=run_folder,
            report=report or (lambda progress: None),
        )
        trained = _finish(recipe, lessons, run_folder, state)
        (run_folder / POOLS_NAME).unlink(missing_ok=True)
    return trained


def _begin(recipe: Recipe, data: DigitData, run_folder: Path, given: Given) -> None:
    """Make the run folder, with all that it takes to resume; the recipe makes it a run, at last."""
    if recipe.with_reviewed != (given.reviewed is not None):
        raise Impossible("Expected reviewed submissions where the recipe is with them, else none.")
    if recipe.start_from != (_hash_of(given.parent) if given.parent else ""):
        raise Impossible(
            f"Expected the file to start from to have SHA-256 {recipe.start_from or '(no file)'}, "
            "found another. Register that version again."
        )
    kept = given.reviewed
    if kept:
        # What the parent may have learnt from is nothing to measure its child by.
        kept = _apart(kept.unseen() if given.parent else kept, data)
    run_folder.mkdir(parents=True)
    if kept:
        reviewed.write(run_folder / REVIEWED_NAME, kept)
    if given.parent:
        (run_folder / PARENT_NAME).write_bytes(given.parent)
    write_json(run_folder / "recipe.json", asdict(recipe))


def _apart(given: Reviewed, data: DigitData) -> Reviewed:
    """Leave out of the reviewed submissions what has a twin in another part of the run's data.

    Raises:
        Impossible: Nothing is left to learn from.
    """
    kept = given.apart_from_data(data)
    if not len(kept.train):
        raise Impossible(
            f"Expected reviewed submissions to learn from, found none that {data.name} does not "
            "have where it chooses or measures. Label more, or leave out --with-reviewed."
        )
    return kept


def write_h5(trained: Trained) -> Path:
    """Write a run's model as HDF5 too, beside the Keras file, and give its path.

    The passport in the run folder is then the passport of both files.
    """
    path = trained.model_path.with_suffix(".h5")
    keras.models.load_model(trained.model_path, compile=False).save(path)
    both = [_sha256_of(trained.model_path), _sha256_of(path)]
    write_json(trained.run_folder / PASSPORT_NAME, trained.passport | {"model_sha256s": both})
    return path


def _check_resumable(recipe: Recipe, run_folder: Path) -> None:
    path = run_folder / "recipe.json"
    if not path.is_file():
        raise CannotResume(f"Expected the folder of a run with its recipe.json, found no {path}.")
    if Recipe.read(path) != recipe:
        raise CannotResume(
            f"{run_folder} was made with another recipe. Resume it with its own: {path}."
        )


# --- Finishing ----------------------------------------------------------------------------------


def _finish(recipe: Recipe, lessons: Lessons, run_folder: Path, state: State) -> Trained:
    """Calibrate the best epoch's model, measure it, and write what a run leaves."""
    model = keras.models.load_model(
        checkpoints.folder_of(run_folder, state.best_epoch) / MODEL_NAME, compile=False
    )
    chosen_by = lessons.validation
    are_digits = chosen_by.labels != NO_DIGIT
    digits = chosen_by.only_digits()
    temperature = _calibrate(model, digits)
    model.save(run_folder / MODEL_NAME)
    answers = _read(model, chosen_by)
    on_digits, on_others = answers[are_digits], answers[~are_digits]
    thresholds = metrics.thresholds(recipe, digits.labels, on_digits, on_others)
    found = metrics.measured(lessons, answers, thresholds, read=lambda rest: _read(model, rest))
    passport = _passport(recipe, lessons, state) | {
        "model_sha256s": [_sha256_of(run_folder / MODEL_NAME)],
        "temperature": round(temperature, 6),
        "thresholds": thresholds,
        "metrics": found,
    }
    evaluation.curves_picture(state.history, state.best_epoch, run_folder / "curves.png")
    evaluation.confusion_picture(found["test"]["confusion"], run_folder / "confusion.png")
    evaluation.reliability_picture(digits.labels, on_digits, run_folder / "reliability.png")
    write_json(run_folder / PASSPORT_NAME, passport)
    return _trained(run_folder)


def _trained(run_folder: Path) -> Trained:
    passport = json.loads((run_folder / PASSPORT_NAME).read_text())
    model_path = run_folder / MODEL_NAME
    expected, found = passport.get("model_sha256s", []), _sha256_of(model_path)
    if found not in expected:
        raise CannotResume(
            f"{run_folder / PASSPORT_NAME} is not the passport of {MODEL_NAME} beside it. Expected "
            f"SHA-256 {' or '.join(expected) or 'in it'}, found {found}. Train again."
        )
    return Trained(run_folder, model_path, passport)


def _sha256_of(path: Path) -> str:
    return _hash_of(path.read_bytes())


def _hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _calibrate(model: Any, validation: Digits) -> float:
    """Fold the temperature into the last layer, so that the file itself answers calibrated."""
    features = keras.Model(model.input, model.get_layer("features").output)
    last = model.get_layer("probabilities")
    kernel, bias = last.get_weights()
    logits = features.predict(as_input(validation.images), READ_BATCH, verbose=0) @ kernel + bias
    temperature = evaluation.fit_temperature(validation.labels, logits)
    last.set_weights([kernel / temperature, bias / temperature])
    return temperature


def _passport(recipe: Recipe, lessons: Lessons, state: State) -> dict[str, Any]:
    """Tell where a model comes from: by what the data is, never by where it lay."""
    data = lessons.data
    own = asdict(recipe) | {"data": data.name, "widths": list(recipe.widths)}
    del own["sources_folder"]
    return {
        "recipe": own,
        "data": {
            "name": data.name,
            "sha256": data.sha256,
            "validation_sha256": data.validation.sha256,
            "num_train": len(data.train),
            "num_validation": len(data.validation),
            "num_test": len(data.test),
            "licence": data.licence,
            "sources": {
                pool.name: {
                    "num_train": len(pool.train),
                    "num_validation": len(pool.validation),
                    "sha256": pool.sha256,
                    "is_as_published": pool.is_as_published,
                    "licence": sources.SOURCES[pool.name].licence,
                    "address": sources.SOURCES[pool.name].address,
                }
                for pool in lessons.pools
            },
            "absent": lessons.absent,
            **_reviewed_facts(lessons),
        },
        **({"parent_sha256": recipe.start_from} if recipe.start_from else {}),
        "seed": recipe.seed,
        "libraries": {
            "python": platform.python_version(),
            **{name: version_of(name) for name in ("tensorflow", "keras", "numpy")},
        },
        "preprocessing": imaging.preprocessing_hash(),
        "best_epoch": state.best_epoch,
        "curves": {name: [round(row[name], 5) for row in state.history] for name in CURVES},
        "duration_s": round(sum(row["seconds"] for row in state.history), 1),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _reviewed_facts(lessons: Lessons) -> dict[str, Any]:
    if not lessons.reviewed:
        return {}
    return {"reviewed": lessons.reviewed.facts() | {"repeats": lessons.repeats}}


def _read(model: Any, digits: Digits) -> Any:
    return model.predict(as_input(digits.images), READ_BATCH, verbose=0)  # (N, 10)
