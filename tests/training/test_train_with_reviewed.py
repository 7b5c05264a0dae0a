"""`manage.py train --with-reviewed` and `--from-active`: from labelled rows to a passport."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from benchmarks import visitors
from recognizer import registry
from recognizer.models import ModelVersion, Submission
from recognizer.people import number_of, part_of
from tests.training.conftest import stopped_after_an_epoch
from training import checkpoints, datasets, field_test, learning, lessons, network, reviewed, run
from training.datasets import NO_DIGIT
from training.lessons import REVIEWED_NAME
from training.processes import runs_folder
from training.recipe import PRESETS, Impossible, Recipe
from training.reviewed import PARTS, Reviewed, Side

# Keras 3.15 copies tensors in a way that NumPy 2 deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.django_db,
]
VISITORS, EACH = 10, 6


@pytest.fixture
def few_dozen(active_version, django_user_model) -> None:
    """What ten invented visitors sent, labelled; one of what is no digit, one of several."""
    reviewer = django_user_model.objects.create_user("reviewer")
    *_before, submission = visitors.store_labelled(VISITORS, EACH, reviewer)
    for label in ("not_a_digit", "several"):
        submission.pk, submission.visitor_key = None, ""
        submission.review(label=label, by=reviewer)
        submission.save(force_insert=True)


@pytest.fixture
def kept(monkeypatch) -> list[Reviewed]:
    """Gets what a run was given, as its folder has it until it is measured."""
    found: list[Reviewed] = []
    compare = field_test.compare

    def noting(version: ModelVersion, before: ModelVersion, folder: Path) -> dict[str, Any]:
        found.append(reviewed.read(folder / REVIEWED_NAME))
        return compare(version, before, folder)

    monkeypatch.setattr(field_test, "compare", noting)
    return found


def train(*arguments: str) -> ModelVersion:
    call_command("train", "--preset=smoke", "--epochs=1", *arguments)
    return ModelVersion.objects.order_by("number")[1]


def test_a_version_learns_from_some_people_and_is_measured_by_others(
    few_dozen, new_run, kept, capsys
):
    version = train("--with-reviewed")
    [mine] = kept
    assert not (new_run() / REVIEWED_NAME).exists()  # a visitor may delete what they sent
    facts, metrics = version.passport["data"]["reviewed"], version.metrics
    people = {part: set(getattr(mine, part).people.tolist()) for part in PARTS}
    printed = capsys.readouterr().out

    # Each person is on one side, which the visitor's key alone decides.
    keys = [visitors.Visitor.numbered(number).key for number in range(VISITORS)]
    for part in ("validation", "field_test"):
        expected = {number_of(key) for key in keys if part_of(number_of(key)) == part}
        assert expected <= people[part]
    assert len(set.union(*people.values())) == sum(map(len, people.values()))
    assert facts["sha256"] == mine.sha256
    assert facts["field_test_sha256"] == mine.field_test.digits.sha256
    assert facts["field_test"]["num_people"] == len(people["field_test"]) >= 2
    # Strokes are drawn with three pens too, by those who are learnt from.
    assert facts["train"]["num"] > 1.5 * facts["train"]["num_submissions"]
    assert facts["field_test"]["num"] == facts["field_test"]["num_submissions"]
    assert facts["repeats"] == 1
    assert version.passport["recipe"]["with_reviewed"] is True
    num_digits = int((mine.field_test.digits.labels != NO_DIGIT).sum())
    assert metrics["field_test"]["num"] == num_digits
    assert 0 < metrics["field_test"]["before"]["accuracy"] < 1
    assert metrics["field_test"]["before"]["version"] == "v1 tiny"
    assert f"{len(mine.train)} pictures of {len(people['train'])} people to learn from" in printed
    assert f"% of {num_digits} digits right, " in printed


def test_people_are_forgotten_where_nobody_is_in_the_field_test(few_dozen, new_run):
    keys = [visitors.Visitor.numbered(number).key for number in range(VISITORS)]
    tested = [key for key in keys if part_of(number_of(key)) == "field_test"]
    Submission.objects.filter(visitor_key__in=[*tested, ""]).delete()

    version = train("--with-reviewed")

    assert "field_test" not in version.metrics
    assert not (new_run() / REVIEWED_NAME).exists()


def test_people_are_forgotten_where_the_version_is_refused(few_dozen, new_run, monkeypatch):
    def refuse(**_: Any) -> ModelVersion:
        raise registry.RefusedModel("test", expected="another", found="this one")

    monkeypatch.setattr(registry, "register", refuse)

    with pytest.raises(CommandError, match="Trained, but refused"):
        train("--with-reviewed")
    assert not (new_run() / REVIEWED_NAME).exists()


def test_the_field_test_is_measured_as_it_is_served(few_dozen, kept):
    version = train("--with-reviewed")
    digits = kept[0].field_test.digits.only_digits()
    found, before = version.metrics["field_test"], version.metrics["field_test"]["before"]
    is_right, was_right = (
        registry.gate.load(one).engine.probabilities(digits.images).argmax(1) == digits.labels
        for one in (version, ModelVersion.objects.get(number=1))
    )

    assert found["accuracy"] == pytest.approx(is_right.mean(), abs=1e-6)
    assert before["accuracy"] == pytest.approx(was_right.mean(), abs=1e-6)
    assert before["num_fixed"] == (is_right & ~was_right).sum()
    assert before["num_broken"] == (was_right & ~is_right).sum()


def test_a_resumed_run_goes_on_with_what_was_labelled_when_it_began(few_dozen, new_run):
    with stopped_after_an_epoch():
        call_command("train", "--preset=smoke", "--epochs=2", "--with-reviewed")
    before = reviewed.read(new_run() / REVIEWED_NAME).facts()
    Submission.objects.update(label="1")
    Submission.objects.filter(visitor_key="").delete()
    call_command("train", f"--resume={new_run().name}")
    facts = ModelVersion.objects.get(number=2).passport["data"]["reviewed"]

    assert facts["sha256"] == before["sha256"]
    assert facts["field_test_sha256"] == before["field_test_sha256"]


def test_the_next_step_starts_from_the_active_versions_weights(few_dozen):
    parent = train()
    call_command("activate_model", "2", "--force", "--reason=for the test")
    call_command("train", "--preset=smoke", "--epochs=1", "--from-active", "--with-reviewed")
    version = ModelVersion.objects.get(number=3)
    recipe = Recipe.read(runs_folder() / version.name / "recipe.json")

    assert version.passport["parent_sha256"] == parent.sha256 == recipe.start_from
    assert recipe.learning_rate < PRESETS["smoke"].learning_rate
    assert list(recipe.widths) == parent.passport["recipe"]["widths"]
    first = version.passport["curves"]["accuracy"][0]
    assert first > parent.passport["curves"]["accuracy"][0] + 0.1  # it did not begin at nothing
    assert version.metrics["field_test"]["before"]["sha256"] == parent.sha256


def test_first_weights_are_the_parents(tmp_path):
    parent = network.build(seed=5)
    parent.save(tmp_path / checkpoints.PARENT_NAME)
    recipe = PRESETS["smoke"].going_on_from("ab", PRESETS["smoke"].widths)
    child = learning.first_model(recipe, tmp_path)

    for mine, theirs in zip(child.get_weights(), parent.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten()]).save(
        tmp_path / checkpoints.PARENT_NAME
    )
    with pytest.raises(Impossible, match="does not have the weights of a network of widths"):
        learning.first_model(recipe, tmp_path)


def test_with_nothing_reviewed_the_command_says_what_to_do(active_version, new_runs):
    with pytest.raises(CommandError, match=r"found none\. Label some in the admin"):
        train("--with-reviewed")
    assert not new_runs()


def test_without_an_active_version_of_ours_there_is_nothing_to_start_from(db):
    with pytest.raises(CommandError, match="Expected an active version to start from, found none"):
        train("--from-active")


def test_a_version_that_was_made_elsewhere_is_nothing_to_start_from(active_version):
    with pytest.raises(CommandError, match=r"v1 tiny has no widths in its passport's recipe"):
        train("--from-active")


def test_a_resumed_run_takes_neither_option():
    with pytest.raises(CommandError, match="Leave out --with-reviewed, --from-active"):
        call_command("train", "--resume=yesterday", "--with-reviewed", "--from-active")


@pytest.mark.parametrize("changes", [{"with_reviewed": True}, {"start_from": "ab" * 32}])
def test_a_run_is_given_what_its_recipe_asks_for(changes, tmp_path):
    with pytest.raises(Impossible, match="Expected"):
        run.train(replace(PRESETS["smoke"], **changes), run_folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def sent_by(part: str, images: np.ndarray) -> Side:
    """Digits of the sample as one person of a part sends them, each by itself."""
    person = next(n for n in map(number_of, map(str, range(1000))) if part_of(n) == part)
    num = len(images)
    digits = datasets.Digits(images, np.full(num, 3, np.uint8))
    return Side(digits, np.full(num, person, np.uint64), np.arange(num, dtype=np.int32))


def test_people_whose_pictures_the_data_has_do_not_measure(tmp_path):
    """The folder of the run has the field test that is measured, also beside the active version."""
    recipe = replace(PRESETS["smoke"], epochs=1, sources=(), with_reviewed=True)
    data = datasets.load("sample", num_validation=recipe.num_validation)
    other = data.train.images[:3][:, ::-1].copy()  # upside down: nobody else's
    given = Reviewed(
        sent_by("train", other[:1]),
        sent_by("validation", other[1:2]),
        sent_by("field_test", np.concatenate([data.train.images[:5], other[2:]])),
        np.zeros(6, bool),
    )
    trained = run.train(recipe, run_folder=tmp_path / "run", given=run.Given(given))
    kept = reviewed.read(tmp_path / "run" / REVIEWED_NAME)

    assert kept.field_test.digits.images.tolist() == other[2:].tolist()
    assert trained.passport["metrics"]["field_test"]["num"] == 1
    facts = trained.passport["data"]["reviewed"]
    assert facts["field_test_sha256"] == kept.field_test.digits.sha256
    assert facts["num_twins_left_out"] == 5


def test_a_run_with_nothing_left_to_learn_from_does_not_begin(tmp_path):
    recipe = replace(PRESETS["smoke"], with_reviewed=True)
    data = datasets.load("sample", num_validation=recipe.num_validation)
    given = Reviewed(
        sent_by("train", data.test.images[:5]),
        sent_by("validation", data.test.images[5:9]),
        sent_by("field_test", data.test.images[9:13]),
        np.zeros(4, bool),
    )
    with pytest.raises(Impossible, match="found none that MNIST sample does not have"):
        run.train(recipe, run_folder=tmp_path / "run", given=run.Given(given))
    assert not (tmp_path / "run").exists()


def test_a_run_whose_reviewed_submissions_are_gone_is_not_resumed_without_them(tmp_path):
    recipe = Recipe("smoke", data="sample", num_validation=200, with_reviewed=True)
    data = datasets.load("sample", num_validation=200)
    with pytest.raises(checkpoints.CannotResume, match="Begin a new run"):
        lessons.gather(recipe, data, tmp_path)


def test_few_reviewed_digits_are_repeated_up_to_a_share_and_a_limit():
    recipe = Recipe("smoke", reviewed_share=0.1, most_repeats=30)

    assert recipe.repeats_of(num_reviewed=300, num_others=9_000) == 3
    assert recipe.repeats_of(num_reviewed=5, num_others=100_000) == 30
    assert recipe.repeats_of(num_reviewed=5_000, num_others=900) == 1
    assert recipe.repeats_of(num_reviewed=0, num_others=900) == 30
    with pytest.raises(Impossible, match="reviewed_share of 0 to 1"):
        Recipe("smoke", reviewed_share=1.0)


def test_an_old_recipe_without_these_knobs_is_read(tmp_path):
    knobs = json.loads(json.dumps(Recipe("quick"), default=lambda one: one.__dict__))
    for name in ("with_reviewed", "reviewed_share", "most_repeats", "start_from"):
        del knobs[name]
    (tmp_path / "recipe.json").write_text(json.dumps(knobs))

    assert Recipe.read(tmp_path / "recipe.json") == Recipe("quick")
