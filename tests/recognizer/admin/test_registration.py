"""A model file through the add form: registered, or refused in words."""

from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from recognizer import registry
from recognizer.models import ModelVersion

ADD = "/admin/recognizer/modelversion/add/"


def post(client, content: bytes, filename: str, **fields):
    upload = SimpleUploadedFile(filename, content)
    return client.post(ADD, {"file": upload, "name": "", "notes": ""} | fields)


@pytest.mark.django_db
def test_a_keras_file_is_registered_with_who_did_it(admin_client, admin_user, tiny_model: Path):
    answer = post(admin_client, tiny_model.read_bytes(), "My Model.keras", notes="for a try")

    version = ModelVersion.objects.get()
    assert answer.url == reverse("admin:recognizer_modelversion_changelist")
    assert (version.name, version.notes, version.number) == ("My Model", "for a try", 1)
    assert version.created_by == admin_user
    assert version.compiled
    assert not version.is_active
    assert LogEntry.objects.get().object_id == str(version.pk)


def test_the_same_file_again_is_refused_with_a_link_to_the_first(
    admin_client, version, tiny_model: Path
):
    answer = post(admin_client, tiny_model.read_bytes(), "again.keras")

    assert ModelVersion.objects.count() == 1
    assert f'<a href="/admin/recognizer/modelversion/{version.pk}/change/">v1 tiny</a>' in (
        answer.content.decode()
    )


@pytest.mark.django_db
def test_a_model_of_the_wrong_shape_is_refused_with_what_was_expected(
    admin_client, model_of_twelve: Path
):
    answer = post(admin_client, model_of_twelve.read_bytes(), "twelve.keras")

    assert "one for each digit" in answer.context["adminform"].form.errors["file"][0]
    assert not ModelVersion.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("content", "filename", "words"),
    [
        (b"garbage", "model.keras", "does not begin as one"),
        (b"garbage", "model.pkl", "Expected a .keras or .h5 file"),
        (b"", "model.keras", "submitted file is empty"),
    ],
)
@pytest.mark.django_db
def test_garbage_is_refused_in_words(admin_client, content, filename, words):
    answer = post(admin_client, content, filename)

    assert words in answer.context["adminform"].form.errors["file"][0]
    assert not ModelVersion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_others_may_write_while_a_model_is_vetted(admin_client, monkeypatch):
    in_transaction = []

    def register(**_):
        in_transaction.append(connection.in_atomic_block)
        raise registry.RefusedModel("enough")

    monkeypatch.setattr(registry, "register", register)
    post(admin_client, b"any", "model.keras")

    assert in_transaction == [False]


def test_who_may_only_view_cannot_register(client_who_may):
    client = client_who_may("view_modelversion")

    assert client.get(ADD).status_code == 403
    assert post(client, b"any", "model.keras").status_code == 403
