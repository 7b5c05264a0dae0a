"""What is done with a version in the admin, step by step, and who may do it."""

import pytest
from django.contrib.admin.models import LogEntry

from recognizer import registry
from recognizer.models import ModelVersion
from tests.recognizer.admin.test_versions import LIST, make_another, page_of

STEPS = ("check", "shadow", "end-shadow", "retire", "bring-back")


@pytest.fixture
def candidate(active_version: ModelVersion) -> ModelVersion:
    return make_another(active_version, name="candidate")


def test_the_keras_file_is_downloaded_by_who_may(client_who_may, version, tiny_model):
    client = client_who_may("view_modelversion", "download_modelversion")
    answer = client.get(page_of(version, "download"))

    assert b"".join(answer.streaming_content) == tiny_model.read_bytes()
    assert answer["Content-Disposition"] == 'attachment; filename="digitsite-v1-tiny.keras"'
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_looking_at_a_version_is_not_downloading_it(client_who_may, version):
    client = client_who_may("view_modelversion")

    assert client.get(page_of(version, "download")).status_code == 403
    assert "downloadlink" not in client.get(page_of(version)).content.decode()


def test_the_keras_form_of_an_hdf5_file_is_downloaded_too(admin_client, version, tiny_model):
    page = page_of(version, "download")
    assert admin_client.get(f"{page}?form=keras").status_code == 404

    ModelVersion.objects.filter(pk=version.pk).update(keras_file=version.file.name)
    answer = admin_client.get(f"{page}?form=keras")

    assert b"".join(answer.streaming_content) == tiny_model.read_bytes()
    assert f"{page}?form=keras" in admin_client.get(page_of(version)).content.decode()


@pytest.mark.parametrize("step", STEPS)
def test_each_step_needs_its_permission_and_a_press(client_who_may, admin_client, candidate, step):
    page = page_of(candidate, step)

    assert client_who_may("view_modelversion", "change_modelversion").post(page).status_code == 403
    assert admin_client.get(page).status_code == 405
    assert admin_client.post(f"{LIST}99/{step}/").status_code == 404


def test_a_retired_version_cannot_be_activated_until_it_is_brought_back(admin_client, candidate):
    words = admin_client.post(page_of(candidate, "retire"), follow=True).content.decode()
    candidate.refresh_from_db()

    assert candidate.status == ModelVersion.Status.RETIRED
    assert "Retired: v2 candidate stays" in words
    assert page_of(candidate, "activate") not in words
    assert "Retired" in LogEntry.objects.get(object_id=candidate.pk).change_message
    with pytest.raises(registry.ActivationRefused, match="it is retired"):
        registry.activate(version=candidate)
    assert registry.vet(candidate).status == ModelVersion.Status.RETIRED  # not checked again

    admin_client.post(page_of(candidate, "bring-back"))
    candidate.refresh_from_db()
    assert candidate.status == ModelVersion.Status.READY


def test_one_that_was_retired_meanwhile_is_not_activated(active_version, candidate):
    known = ModelVersion.objects.get(pk=candidate.pk)
    registry.retire(candidate)

    with pytest.raises(registry.ActivationRefused, match="it is retired"):
        registry.activate(version=known, force=True)
    assert ModelVersion.objects.active().get() == active_version


def test_what_serves_or_shadows_is_not_retired(admin_client, active_version, candidate):
    registry.shadow(candidate)
    for version in (active_version, candidate):
        answer = admin_client.post(page_of(version, "retire"), follow=True)
        assert "it serves or shadows" in answer.content.decode()
    assert not ModelVersion.objects.filter(status=ModelVersion.Status.RETIRED).exists()


def test_one_version_shadows_at_a_time(admin_client, active_version, candidate):
    third = make_another(active_version, 3)
    admin_client.post(page_of(candidate, "shadow"))
    words = admin_client.post(page_of(third, "shadow"), follow=True).content.decode()

    assert ModelVersion.objects.shadow().get() == third
    assert "it reads behind the active version whatever comes" in words
    assert "mark-shadow" in admin_client.get(LIST).content.decode()

    admin_client.post(page_of(candidate, "end-shadow"))  # a page that was opened before
    assert ModelVersion.objects.shadow().get() == third

    admin_client.post(page_of(third, "end-shadow"))
    assert not ModelVersion.objects.shadow().exists()


def test_the_active_version_is_no_shadow(admin_client, active_version, candidate):
    answer = admin_client.post(page_of(active_version, "shadow"), follow=True)
    assert "it cannot be its own shadow" in answer.content.decode()

    registry.shadow(candidate)
    registry.activate(version=candidate, force=True)
    assert not ModelVersion.objects.shadow().exists()


def test_a_shadow_must_load(admin_client, candidate):
    ModelVersion.objects.filter(pk=candidate.pk).update(compiled_sha256="f" * 64)

    answer = admin_client.post(page_of(candidate, "shadow"), follow=True)

    assert "has changed since it was registered" in answer.content.decode()
    assert not ModelVersion.objects.shadow().exists()


def test_a_version_that_fails_to_load_says_so_on_its_page(admin_client, active_version):
    ModelVersion.objects.update(status=ModelVersion.Status.BROKEN)

    words = admin_client.get(page_of(active_version)).content.decode()

    assert "It fails to load: the version before serves in its place" in words


def test_activating_what_loads_again_takes_the_alert_back(active_version, candidate):
    ModelVersion.objects.filter(pk=candidate.pk).update(status=ModelVersion.Status.BROKEN)
    candidate.refresh_from_db()

    registry.activate(version=candidate, force=True)

    candidate.refresh_from_db()
    assert candidate.status == ModelVersion.Status.READY


def test_the_list_is_filtered_by_status(admin_client, active_version, candidate):
    registry.retire(candidate)

    rows = admin_client.get(LIST, {"status__exact": "retired"}).context["cl"].result_list

    assert list(rows) == [candidate]
