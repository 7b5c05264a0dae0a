"""Registering real files and activating versions."""

import json
import shutil

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from recognizer import registry
from recognizer.models import Activation, ModelVersion


@pytest.fixture
def other_version(version: ModelVersion) -> ModelVersion:
    """A second version of the same compiled file."""
    return ModelVersion.objects.create(
        **{**row_of(version), "number": version.number + 1, "name": "other", "sha256": "0" * 64}
    )


def row_of(version: ModelVersion) -> dict:
    names = (
        *("name", "sha256", "file", "compiled", "compiled_sha256", "size_bytes"),
        *("input_shape", "output_shape", "num_parameters", "passport"),
    )
    return {name: getattr(version, name) for name in names}


def test_registering_keeps_both_files_by_their_hash(registered_row):
    assert registered_row.number == 1
    assert registered_row.file.name == f"models/{registered_row.sha256}.keras"
    assert registered_row.compiled.name == f"models/{registered_row.compiled_sha256}.tflite"
    assert default_storage.exists(registered_row.file.name)
    assert default_storage.exists(registered_row.compiled.name)
    assert registered_row.num_parameters == 14 * 14 * 10 + 10
    assert registered_row.passport["probe_accuracy"] >= 0.9
    assert registered_row.warning == ""


def test_the_same_file_twice_is_refused_and_names_the_first(version, tiny_model, tmp_path):
    copy = tmp_path / "copy.keras"
    shutil.copy(tiny_model, copy)

    with pytest.raises(registry.AlreadyRegistered) as refusal:
        registry.register(path=copy, name="again")
    assert refusal.value.version == version


def test_a_file_that_was_cut_off_in_storage_is_written_again(version, tiny_model):
    with default_storage.open(version.file.name, "wb") as stored:
        stored.write(b"cut off")

    name = registry._keep(tiny_model, f"{version.sha256}.keras")

    assert name == version.file.name
    with default_storage.open(name, "rb") as stored:
        assert stored.read() == tiny_model.read_bytes()


def test_activating_replaces_the_active_version_and_says_who_and_why(
    active_version, other_version, admin_user
):
    registry.activate(version=other_version, user=admin_user, reason="reads sevens better")

    assert list(ModelVersion.objects.active()) == [other_version]
    activation = Activation.objects.first()
    assert activation is not None
    assert (activation.version, activation.replaced) == (other_version, active_version)
    assert (activation.activated_by, activation.reason) == (admin_user, "reads sevens better")


def test_activating_the_active_version_is_refused(active_version):
    with pytest.raises(registry.ActivationRefused, match="active already"):
        registry.activate(version=active_version)
    assert Activation.objects.count() == 1


def test_a_version_that_does_not_load_is_not_activated(active_version, other_version):
    other_version.compiled_sha256 = "f" * 64

    with pytest.raises(registry.ActivationRefused, match="cannot serve"):
        registry.activate(version=other_version)
    assert list(ModelVersion.objects.active()) == [active_version]


def test_the_database_allows_one_active_version(active_version, other_version):
    with pytest.raises(IntegrityError):
        ModelVersion.objects.filter(pk=other_version.pk).update(is_active=True)


@pytest.mark.parametrize(
    ("ours", "theirs", "same_data", "is_better"),
    [(0.99, 0.98, True, True), (0.98, 0.98, True, False), (0.99, 0.98, False, False)],
)
def test_better_means_more_right_on_the_same_validation_digits(ours, theirs, same_data, is_better):
    def version(accuracy: float, data: str) -> ModelVersion:
        return ModelVersion(
            metrics={"validation": {"accuracy": accuracy}},
            passport={"data": {"validation_sha256": data}},
        )

    candidate, active = version(ours, "a"), version(theirs, "a" if same_data else "b")

    assert registry.is_better(candidate, active) is is_better
    assert registry.is_better(candidate, None)


def test_a_version_without_figures_is_not_better(version):
    assert not registry.is_better(version, ModelVersion())


def test_the_passport_beside_a_file_is_taken_along_if_it_is_its_own(tmp_path):
    passport = {"seed": 7, "model_sha256s": ["a" * 64]}
    (tmp_path / "passport.json").write_text(json.dumps(passport))

    assert registry._passport_beside(tmp_path / "model.keras", "a" * 64) == passport
    assert registry._passport_beside(tmp_path / "model.keras", "b" * 64) == {}


@pytest.mark.parametrize("content", ["[]", "{}", "no JSON", '{"model_sha256s": null}', "\x00"])
def test_a_passport_that_is_none_is_left_aside(tmp_path, content):
    (tmp_path / "passport.json").write_text(content)

    assert registry._passport_beside(tmp_path / "model.keras", "a" * 64) == {}


def test_a_number_that_another_registration_took_first_is_not_used_twice(version, monkeypatch):
    numbers = iter([version.number, version.number, version.number + 1])
    monkeypatch.setattr(
        type(ModelVersion.objects.all()), "next_number", lambda versions: next(numbers)
    )
    late = ModelVersion(**{**row_of(version), "name": "late", "sha256": "0" * 64})

    registry._number_and_save(late)

    assert late.number == version.number + 1


def test_the_same_file_registered_at_the_same_moment_is_refused(version):
    with pytest.raises(registry.AlreadyRegistered):
        registry._number_and_save(ModelVersion(**row_of(version)))


def test_a_name_that_is_too_long_is_refused_before_anything_is_loaded(db, tiny_model):
    with pytest.raises(registry.RefusedModel, match="at most 80 characters, got 81"):
        registry.register(path=tiny_model, name="x" * 81)


def test_the_command_registers_and_activates(db, tiny_model, capsys):
    call_command("register_model", str(tiny_model), "--name=mine", "--activate", "--reason=why not")

    version = ModelVersion.objects.active().get()
    assert version.name == "mine"
    assert version.activations.get().reason == "why not"
    assert f"Active: v{version.number} mine" in capsys.readouterr().out


def test_the_command_does_nothing_where_the_version_is_active(active_version, tiny_model, capsys):
    call_command("register_model", str(tiny_model), "--activate")

    assert "Active already" in capsys.readouterr().out
    assert Activation.objects.count() == 1


def test_the_command_names_a_missing_file(db, tmp_path):
    with pytest.raises(CommandError, match="found none at"):
        call_command("register_model", str(tmp_path / "none.keras"))


def test_the_command_says_why_a_file_is_refused(db, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"nothing")

    with pytest.raises(CommandError, match=r"Refused: The file is named \.keras"):
        call_command("register_model", str(path))
