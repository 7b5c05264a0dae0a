"""Activating a version with a reason, and the list of what served when."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from recognizer.models import Activation, ModelVersion
from tests.recognizer.admin.test_versions import LIST, make_another, page_of

ACTIVATIONS = "/admin/recognizer/activation/"


@pytest.fixture
def candidate(active_version: ModelVersion) -> ModelVersion:
    return make_another(active_version, name="candidate")


def test_looking_at_the_page_changes_nothing(admin_client, candidate, active_version):
    words = admin_client.get(page_of(candidate, "activate")).content.decode()

    assert "in place of v1 tiny" in words
    assert ModelVersion.objects.active().get() == active_version
    assert Activation.objects.count() == 1


def test_the_page_lays_the_figures_side_by_side(admin_client, candidate, active_version):
    ModelVersion.objects.filter(pk=candidate.pk).update(metrics={"test": {"accuracy": 0.99}})
    ModelVersion.objects.filter(pk=active_version.pk).update(metrics={"test": {"accuracy": 0.98}})

    rows = admin_client.get(page_of(candidate, "activate")).context["figures"]

    assert (rows[0]["candidate"][:5], rows[0]["active"][:5]) == ("99.00", "98.00")
    assert rows[0]["difference"] == "better"


def test_a_version_is_activated_with_a_reason(admin_client, admin_user, candidate, active_version):
    answer = admin_client.post(
        page_of(candidate, "activate"), {"reason": "it reads ones"}, follow=True
    )

    made = Activation.objects.first()
    assert made is not None
    assert (made.version, made.replaced) == (candidate, active_version)
    assert (made.activated_by, made.reason) == (admin_user, "it reads ones")
    assert ModelVersion.objects.active().get() == candidate
    assert "From the next reading on, v2 candidate serves." in answer.content.decode()
    assert "it reads ones" in LogEntry.objects.get(object_id=candidate.pk).change_message


def test_without_a_reason_nothing_is_activated(admin_client, candidate, active_version):
    answer = admin_client.post(page_of(candidate, "activate"), {"reason": " "})

    assert answer.context["form"].errors["reason"]
    assert ModelVersion.objects.active().get() == active_version


def test_a_version_that_does_not_load_is_refused_in_words(admin_client, candidate, active_version):
    ModelVersion.objects.filter(pk=candidate.pk).update(compiled_sha256="f" * 64)

    answer = admin_client.post(page_of(candidate, "activate"), {"reason": "try"})

    assert "has changed since it was registered" in answer.content.decode()
    assert ModelVersion.objects.active().get() == active_version
    assert not LogEntry.objects.exists()


def test_the_action_leads_to_the_page_of_exactly_one(admin_client, candidate, active_version):
    def run(*versions: ModelVersion) -> Any:
        data = {"action": "activate_selected", "_selected_action": [v.pk for v in versions]}
        return admin_client.post(LIST, data)

    assert run(candidate).url == page_of(candidate, "activate")
    assert run(candidate, active_version).url == LIST
    assert ModelVersion.objects.active().get() == active_version


def test_activating_needs_its_own_permission(client_who_may, candidate, active_version):
    client = client_who_may("view_modelversion", "change_modelversion")

    assert client.post(page_of(candidate, "activate"), {"reason": "x"}).status_code == 403
    words = client.get(page_of(candidate)).content.decode()
    assert page_of(candidate, "activate") not in words
    assert "activate_selected" not in client.get(LIST).content.decode()
    assert ModelVersion.objects.active().get() == active_version


def test_who_may_activate_need_not_change(client_who_may, candidate):
    client = client_who_may("view_modelversion", "activate_modelversion")

    client.post(page_of(candidate, "activate"), {"reason": "x"})

    assert ModelVersion.objects.active().get() == candidate


def test_the_list_tells_who_when_why_from_and_to(
    admin_client, candidate, django_assert_max_num_queries
):
    admin_client.post(page_of(candidate, "activate"), {"reason": "it reads ones"})

    with django_assert_max_num_queries(6):  # session, user, count, rows, two for the dates
        words = admin_client.get(ACTIVATIONS).content.decode()

    for expected in ("it reads ones", "v2 candidate", "v1 tiny", "admin"):
        assert expected in words


def test_activations_are_neither_added_nor_changed_nor_deleted(admin_client, active_version):
    activation = Activation.objects.get()

    assert admin_client.get(f"{ACTIVATIONS}add/").status_code == 403
    page = f"{ACTIVATIONS}{activation.pk}/"
    assert admin_client.post(f"{page}change/", {"reason": "other"}).status_code == 403
    assert admin_client.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(f"{page}change/").status_code == 200
