"""Registering real files and activating versions."""

import json
import shutil

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError

from recognizer import registry, vetting
from recognizer.models import Activation, ModelVersion
from recognizer.registry import files, registration


@pytest.fixture
def other_version(version: ModelVersion) -> ModelVersion:
    """A second version of the same compiled file."""
    return ModelVersion.objects.create(
        **{**row_of(version), "number": version.number + 1, "name": "other", "sha256": "0" * 64}
    )


def row_of(version: ModelVersion) -> dict:
    names = (
        *("name", "sha256", "file", "compiled", "compiled_sha256", "size_bytes"),
        *("input_shape", "output_shape", "num_parameters", "passport", "status"),
    )
    return {name: getattr(version, name) for name in names}


def test_registering_keeps_both_files_by_their_hash(registered_row):
    assert registered_row.number == 1
    assert registered_row.file.name == f"models/{registered_row.sha256}.keras"
    assert registered_row.compiled.name == f"models/{registered_row.compiled_sha256}.tflite"
    assert default_storage.exists(registered_row.file.name)
    assert default_storage.exists(registered_row.compiled.name)
    assert registered_row.num_parameters == 14 * 14 * 10 + 10
    assert registered_row.passport["sample_accuracy"] >= 0.7
    assert registered_row.warning == ""


def test_the_same_file_twice_is_refused_and_names_the_first(version, tiny_model, tmp_path):
    copy = tmp_path / "copy.keras"
    shutil.copy(tiny_model, copy)

    with pytest.raises(registry.AlreadyRegistered) as refusal:
        registry.register(path=copy, name="again")
    assert refusal.value.version == version


def test_a_file_that_was_cut_off_in_storage_is_written_again(version, tiny_model):
    with default_storage.open(str(version.file), "wb") as stored:
        stored.write(b"cut off")

    name = files.keep_path(tiny_model, f"{version.sha256}.keras")

    assert name == version.file.name
    with default_storage.open(name, "rb") as stored:
        assert stored.read() == tiny_model.read_bytes()


def test_what_is_taken_waits_for_its_check_and_cannot_serve(db, tiny_model):
    with tiny_model.open("rb") as file:
        version = registry.take(file, filename="tiny.KERAS", passport={"seed": 3})

    assert version.status == ModelVersion.Status.VETTING
    assert version.name == "tiny"
    assert str(version.file).endswith(".keras")
    with pytest.raises(registry.ActivationRefused, match="it is being checked"):
        registry.activate(version=version)

    registry.vet(version)

    assert version.status == ModelVersion.Status.READY
    assert version.passport["seed"] == 3
    assert "Accepted." in version.log.splitlines()[-1]
    registry.activate(version=version)


def test_one_that_was_vetted_is_not_vetted_again(version, monkeypatch):
    monkeypatch.setattr(vetting, "vet", None)

    assert registry.vet(version) == version


def test_a_refusal_stays_in_the_log_and_may_be_checked_again(db, model_of_twelve):
    with pytest.raises(registry.RefusedModel) as refusal:
        registry.register(path=model_of_twelve)

    version = ModelVersion.objects.get()
    assert version.status == ModelVersion.Status.REFUSED
    assert str(refusal.value) in version.log
    with pytest.raises(registry.AlreadyRegistered, match="refused"):
        registry.register(path=model_of_twelve)
    with pytest.raises(registry.RefusedModel, match="Output"):
        registry.vet(version)


def test_a_file_that_was_changed_in_storage_is_not_vetted(db, tiny_model):
    with tiny_model.open("rb") as file:
        version = registry.take(file, filename="tiny.keras")
    with default_storage.open(str(version.file), "ab") as stored:
        stored.write(b"more")

    with pytest.raises(registry.RefusedModel, match="File: expected SHA-256"):
        registry.vet(version)


def test_an_hdf5_file_is_kept_and_a_keras_file_made_of_it(db, tiny_h5):
    version = registry.register(path=tiny_h5)

    assert str(version.file).endswith(".h5")
    assert str(version.keras_file).endswith(".keras")
    assert default_storage.exists(str(version.keras_file))


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


def test_the_passport_beside_a_file_is_taken_along_if_it_is_its_own(tmp_path):
    passport = {"seed": 7, "model_sha256s": ["a" * 64]}
    (tmp_path / "passport.json").write_text(json.dumps(passport))

    assert registration.passport_beside(tmp_path / "model.keras", "a" * 64) == passport
    assert registration.passport_beside(tmp_path / "model.keras", "b" * 64) == {}


@pytest.mark.parametrize("content", ["[]", "{}", "no JSON", '{"model_sha256s": null}', "\x00"])
def test_a_passport_that_is_none_is_left_aside(tmp_path, content):
    (tmp_path / "passport.json").write_text(content)

    assert registration.passport_beside(tmp_path / "model.keras", "a" * 64) == {}


def test_a_number_that_another_registration_took_first_is_not_used_twice(version, monkeypatch):
    numbers = iter([version.number, version.number, version.number + 1])
    monkeypatch.setattr(
        type(ModelVersion.objects.all()), "next_number", lambda versions: next(numbers)
    )
    late = ModelVersion(**{**row_of(version), "name": "late", "sha256": "0" * 64})

    registration.number_and_save(late)

    assert late.number == version.number + 1


def test_the_same_file_registered_at_the_same_moment_is_refused(version):
    with pytest.raises(registry.AlreadyRegistered):
        registration.number_and_save(ModelVersion(**row_of(version)))


def test_a_name_that_is_too_long_is_refused_before_anything_is_loaded(db, tiny_model):
    with pytest.raises(
        registry.RefusedModel, match="Name: expected at most 80 characters, found 81"
    ):
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


def test_the_command_does_not_activate_what_breaks_more(active_version, other_model):
    with pytest.raises(CommandError, match=r"To do so: manage.py activate_model 2 --force"):
        call_command("register_model", str(other_model), "--activate")

    assert ModelVersion.objects.active().get() == active_version
    assert ModelVersion.objects.get(number=2).status == ModelVersion.Status.READY


def test_what_ships_takes_no_better_version_s_place_and_the_site_starts_all_the_same(
    active_version, other_model, monkeypatch, capsys
):
    monkeypatch.setattr(registration, "SHIPPED_MODEL", other_model)

    call_command("register_model", "--shipped", "--activate")

    assert "Not activated: v2 shipped reads" in capsys.readouterr().err
    assert ModelVersion.objects.active().get() == active_version


def test_the_command_names_a_missing_file(db, tmp_path):
    with pytest.raises(CommandError, match="found none at"):
        call_command("register_model", str(tmp_path / "none.keras"))


def test_the_command_says_why_a_file_is_refused(db, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"nothing")

    with pytest.raises(
        CommandError, match=r"Refused: Format: expected a file that begins as \.keras files do"
    ):
        call_command("register_model", str(path))
