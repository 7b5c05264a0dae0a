"""The list and the pages of model versions."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from recognizer import registry, tenures
from recognizer.models import ModelVersion

LIST = "/admin/recognizer/modelversion/"


def page_of(version: ModelVersion, page: str = "change") -> str:
    return f"{LIST}{version.pk}/{page}/"


def make_another(version: ModelVersion, number: int = 2, **fields) -> ModelVersion:
    """Another version of the same files."""
    other = ModelVersion.objects.get(pk=version.pk)
    other.pk, other.number, other.is_active = None, number, False
    other.sha256 = f"{number:064x}"
    for name, value in fields.items():
        setattr(other, name, value)
    other.save(force_insert=True)
    return other


def test_the_list_shows_which_version_is_active_and_its_figures(
    admin_client, active_version, make_submission
):
    ModelVersion.objects.update(metrics={"test": {"accuracy": 0.9954}}, num_parameters=198_282)
    make_submission()
    tenures.count()

    words = admin_client.get(LIST).content.decode()

    assert "mark-active" in words
    assert "99.54\N{NO-BREAK SPACE}%" in words
    assert "198,282" in words
    assert '1 <span class="headless">readings </span>' in words


def test_the_list_sorts_by_test_accuracy(admin_client, version):
    best = make_another(version, 2, metrics={"test": {"accuracy": 0.99}})
    worse = make_another(version, 3, metrics={"test": {"accuracy": 0.9}})

    rows = list(admin_client.get(LIST, {"o": "-4"}).context["cl"].result_list)

    assert [row for row in rows if row != version] == [best, worse]


def test_the_list_costs_the_same_whatever_its_length(
    admin_client, version, django_assert_max_num_queries
):
    for number in range(2, 12):
        make_another(version, number)

    with django_assert_max_num_queries(4):  # session, user, count, rows
        admin_client.get(LIST)


def test_a_version_shows_figures_layers_files_and_passport(admin_client, active_version):
    figures: dict[str, Any] = {"num": 20, "accuracy": 0.95, "ece": 0.02, "nll": 0.1}
    figures |= {"recall": [0.5, *[1.0] * 8, None], "confusion": [[1, 1, *[0] * 8], *[[0] * 10] * 9]}
    ModelVersion.objects.update(metrics={"test": figures})

    answer = admin_client.get(page_of(active_version))

    words = answer.content.decode()
    for expected in ("95.00", "50.00", "Dense", active_version.sha256, "20 × 10 numbers"):
        assert expected in words
    assert "for the tests" in words  # why it was activated
    assert active_version.file.url not in words


def test_a_version_without_figures_has_a_page(admin_client, version):
    assert "brought no passport" in admin_client.get(page_of(version)).content.decode()


def test_name_and_notes_change_and_nothing_else(admin_client, version):
    fields = {"name": "better name", "notes": "n", "sha256": "0" * 64, "num_parameters": 1}

    admin_client.post(page_of(version), fields)

    stored = ModelVersion.objects.get()
    assert (stored.name, stored.notes) == ("better name", "n")
    assert (stored.sha256, stored.num_parameters) == (version.sha256, version.num_parameters)


def test_an_active_version_is_not_deleted(admin_client, active_version):
    answer = admin_client.post(page_of(active_version, "delete"), {"post": "yes"}, follow=True)

    assert "v1 tiny stays" in answer.content.decode()
    assert "deletelink" not in answer.content.decode()
    assert ModelVersion.objects.exists()


def test_a_version_that_has_served_is_not_deleted(admin_client, active_version, make_submission):
    make_submission()
    second = make_another(active_version)
    registry.activate(version=second)

    admin_client.post(page_of(active_version, "delete"), {"post": "yes"})

    assert ModelVersion.objects.count() == 2


def test_a_version_that_never_served_is_deleted_with_the_files_that_no_other_has(
    admin_client, version, django_capture_on_commit_callbacks
):
    default_storage.save("models/own.keras", ContentFile(b"weights"))
    other = make_another(version, file="models/own.keras")

    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(page_of(other, "delete"), {"post": "yes"})

    assert ModelVersion.objects.get() == version
    assert not default_storage.exists("models/own.keras")
    assert default_storage.exists(version.compiled.name)


def test_versions_are_not_deleted_in_bulk(admin_client, version):
    assert "delete_selected" not in admin_client.get(LIST).content.decode()


@pytest.mark.parametrize("page", ["change", "activate", "download", "delete"])
def test_a_version_that_is_not_there_is_no_error(admin_client, page):
    assert admin_client.get(f"{LIST}77/{page}/").status_code in {302, 404}
