"""A model file through the add form: registered, or refused in words."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone

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
    assert answer.url == reverse("admin:recognizer_modelversion_change", args=[version.pk])
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
def test_a_model_that_is_refused_stays_with_the_reason(admin_client, model_of_twelve: Path):
    answer = post(admin_client, model_of_twelve.read_bytes(), "twelve.keras")

    version = ModelVersion.objects.get()
    assert version.status == ModelVersion.Status.REFUSED
    page = admin_client.get(answer.url).content.decode()
    assert "Refused: it cannot serve" in page
    assert "Output: expected one of shape (None, 10)" in page
    assert "Activate…" not in page
    assert "news.js" not in page


def test_a_version_that_waits_for_its_check_says_so_and_looks_again(admin_client, version):
    url = reverse("admin:recognizer_modelversion_change", args=[version.pk])
    rows = ModelVersion.objects.filter(pk=version.pk)
    now = timezone.now()

    rows.update(status=ModelVersion.Status.VETTING, logged_at=None, created_at=now)
    waiting = admin_client.get(url).content.decode()
    rows.update(created_at=now - timedelta(minutes=1))
    forgotten = admin_client.get(url).content.decode()
    rows.update(logged_at=now, log="10:00:00 Looking into the file.\n")
    running = admin_client.get(url).content.decode()
    rows.update(logged_at=now - timedelta(minutes=5))
    dead = admin_client.get(url).content.decode()

    assert "Waiting for its check" in waiting
    assert "manage.py worker" in forgotten
    assert "Being checked…" in running
    assert "Looking into the file." in running
    assert "did not come to its end" in dead
    looks_again = ["news.js" in page for page in (waiting, forgotten, running, dead)]
    assert looks_again == [True, True, True, False]


def test_a_check_may_be_asked_for_again_where_none_is_under_way(admin_client, version):
    url = reverse("admin:recognizer_modelversion_check", args=[version.pk])
    rows = ModelVersion.objects.filter(pk=version.pk)

    answer = admin_client.post(url, follow=True)
    assert "Nothing to check" in answer.content.decode()

    rows.update(status=ModelVersion.Status.REFUSED, compiled="")
    answer = admin_client.post(url, follow=True)
    version.refresh_from_db()

    assert version.status == ModelVersion.Status.READY
    assert version.compiled
    assert admin_client.get(url).status_code == 405


@pytest.mark.parametrize(
    ("content", "filename", "words"),
    [
        (b"garbage", "model.keras", "begins as .keras files do"),
        (b"garbage", "model.pkl", "expected a .keras or .h5 file"),
        (b"", "model.keras", "submitted file is empty"),
    ],
)
@pytest.mark.django_db
def test_garbage_is_refused_in_words(admin_client, content, filename, words):
    answer = post(admin_client, content, filename)

    assert words in answer.context["adminform"].form.errors["file"][0]
    assert not ModelVersion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_others_may_write_while_a_file_is_kept(admin_client, monkeypatch):
    in_transaction = []

    def take(*_, **__):
        in_transaction.append(connection.in_atomic_block)
        raise registry.RefusedModel("Number", "a free one", "none")

    monkeypatch.setattr(registry, "take", take)
    post(admin_client, b"any", "model.keras")

    assert in_transaction == [False]


def test_who_may_only_view_cannot_register(client_who_may):
    client = client_who_may("view_modelversion")

    assert client.get(ADD).status_code == 403
    assert post(client, b"any", "model.keras").status_code == 403
