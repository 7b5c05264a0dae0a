"""The panel on top of the admin's first page."""

from datetime import timedelta

import pytest
from django.utils import timezone


def words(client) -> str:
    return client.get("/admin/").content.decode()


@pytest.mark.django_db
def test_without_a_version_it_says_what_to_do(admin_client):
    assert "/admin/recognizer/modelversion/add/" in words(admin_client)
    assert "None: visitors get no reading." in words(admin_client)


def test_with_versions_and_none_active_it_says_to_choose(admin_client, version):
    assert "Choose a version" in words(admin_client)


def test_it_names_what_serves_what_came_today_and_what_waits(admin_client, make_submission):
    for _ in range(3):
        make_submission()
    make_submission(created_at=timezone.now() - timedelta(days=2), review_state="second_look")

    shown = words(admin_client)

    assert "v1 tiny" in shown
    assert "mark-active" in shown
    assert shown.count(">3</a>") == 2
    assert "1 needs a second look." in shown


def test_it_shows_only_what_the_user_may_see(client_who_may, make_submission):
    make_submission()

    assert "Readings today" not in words(client_who_may("view_modelversion"))
    assert "Active version" not in words(client_who_may("view_submission", username="other"))


def test_its_links_lead_to_what_they_count(admin_client, make_submission):
    make_submission()
    make_submission(created_at=timezone.now() - timedelta(days=2))
    context = admin_client.get("/admin/").context

    today = context["today"].strftime("%Y-%m-%d %H:%M:%S%z")
    answer = admin_client.get("/admin/recognizer/submission/", {"created_at__gte": today})

    assert len(answer.context["cl"].result_list) == 1
