"""`manage.py train`: options → recipe → registry, and words for whatever is wrong with them."""

import os
import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

import training.run
from recognizer import registry
from recognizer.models import Activation, ModelVersion
from tests.training.conftest import stopped_after_an_epoch

# Keras 3.15 copies tensors in a way that NumPy 2 deprecates.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.django_db,
]


def train(*arguments: str) -> None:
    call_command("train", "--preset=smoke", "--epochs=1", *arguments)


def test_a_version_is_trained_registered_compared_and_activated(active_version, new_run, capsys):
    # After one epoch it reads worse than the linear model, and the gate says so.
    with pytest.raises(CommandError, match=r"activate_model 2 --force") as refused:
        train("--name=mine", "--notes=a try", "--h5", "--activate", "--reason=it is mine")
    call_command("activate_model", "2", "--force", "--reason=it is mine")
    printed = capsys.readouterr().out
    version = ModelVersion.objects.get(name="mine")

    assert "labelled digits wrongly that v1 tiny reads rightly" in str(refused.value)

    assert new_run().name.endswith("-smoke")
    assert (new_run() / "model.h5").exists()
    assert version.is_active
    assert version.notes == "a try"
    assert version.passport["data"]["name"] == "MNIST sample"
    assert version.metrics["test"]["num"] == 500
    assert Activation.objects.get(version=version).reason == "it is mine"
    assert "Data: MNIST sample: 800 digits to learn from, 200 to choose by, 500" in printed
    assert "epoch 1/1: loss " in printed
    assert f"{active_version} (active)" in printed
    assert f"{version.test_accuracy:.2%}" in printed


@pytest.mark.django_db(transaction=True)  # in a transaction no connection is made anew
def test_a_connection_that_was_lost_while_it_learnt_costs_nothing(monkeypatch):
    learn = training.run.train

    def long(*arguments: Any, **named: Any) -> training.run.Trained:
        ModelVersion.objects.exists()
        trained = learn(*arguments, **named)
        connection.connection.close()  # as a server, or a firewall, ends what is idle
        return trained

    monkeypatch.setattr(training.run, "train", long)
    train("--name=mine")

    assert ModelVersion.objects.get().name == "mine"


def test_a_stopped_run_says_how_to_go_on_and_does(db, new_run, capsys):
    shipped = registry.register_shipped()
    registry.activate(version=shipped, reason="reads far more than two epochs learn")
    with stopped_after_an_epoch():
        train("--epochs=2")
    call_command("train", f"--resume={new_run().name}", "--activate-if-better")
    printed = capsys.readouterr().out

    assert "epoch 1/2: " not in printed
    assert "epoch 2/2: " in printed
    assert ModelVersion.objects.get(name=new_run().name).metrics["test"]["num"] == 500
    assert f"Not activated: not better than {shipped}" in printed
    assert ModelVersion.objects.active().get() == shipped


def test_a_run_that_was_killed_while_it_was_registered_ends_the_check(new_run):
    train("--name=mine")
    ModelVersion.objects.update(status=ModelVersion.Status.VETTING, compiled="")

    call_command("train", f"--resume={new_run().name}")

    version = ModelVersion.objects.get()
    assert version.status == ModelVersion.Status.READY
    assert version.compiled


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs=0"], "Expected epochs of 1 or more, got 0"),
        (["--batch-size=-1"], "Expected batch_size of 1 or more"),
        (["--batch-size=5000"], "Expected a batch size of at most the 800"),
        (["--seed=-1"], "Expected a seed of 0 to 2147483647, got -1"),
        (["--seed=99999999999999999999999"], "Expected a seed of 0 to 2147483647, got 9999"),
        ([f"--name={'n' * 81}"], "Expected a name of at most 80 characters, got 81"),
        (["--data=/no/such/folder"], "found nothing at /no/such/folder"),
        (["--preset=great"], "invalid choice: 'great'"),
        (["--activate", "--activate-if-better"], "not allowed with"),
    ],
)
def test_options_that_cannot_be_are_refused_in_words(arguments, message):
    with pytest.raises(CommandError, match=message):
        train(*arguments)
    assert not ModelVersion.objects.exists()


def test_only_a_run_can_be_resumed():
    with pytest.raises(CommandError, match=r"Expected a run, found none at .*runs/yesterday\."):
        call_command("train", "--resume=yesterday")


def test_a_resumed_run_keeps_its_own_recipe():
    with pytest.raises(CommandError, match="Leave out --preset, --epochs"):
        train("--resume=yesterday")


def test_a_damaged_recipe_is_named(tmp_path):
    (tmp_path / "recipe.json").write_text('{"strengths": {}, "widths": []}')

    with pytest.raises(CommandError, match=r"recipe\.json is no recipe"):
        call_command("train", f"--resume={tmp_path}")


def test_a_name_that_is_too_long_is_refused_before_anything_is_trained(new_runs):
    with pytest.raises(CommandError, match="Give a shorter one as --name"):
        train(f"--name={'n' * 81}")

    assert not new_runs()


def test_without_tensorflow_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)

    with pytest.raises(CommandError, match=r"pip install -r requirements\.txt"):
        train()


def test_tensorflow_is_told_to_be_quiet():
    import training.management.commands.train  # noqa: F401

    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
