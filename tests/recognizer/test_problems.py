"""The pages of what went wrong: each says what, in ink, and what to do next."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest
from django.test import Client

from recognizer import problems, views
from recognizer.problems import TITLES, Problem, too_many_requests
from tests.recognizer.test_views import words_of


def page_of(request: HttpRequest, problem: Problem) -> str:
    response = problems.answer(request, problem)
    assert response.status_code == problem.status
    return response.content.decode()


# --- Drawn, and particular ------------------------------------------------------------------------


@pytest.mark.parametrize("status", TITLES)
def test_each_status_is_written_by_hand_and_read_by_the_model(rf, status):
    page = page_of(rf.get("/somewhere"), Problem(status, "a_code", "What happened."))

    [written] = re.findall(r'<div class="written".*?</div>', page, re.DOTALL)
    assert "".join(re.findall(r"<text[^>]*>(\d)</text>", written)) == str(status)
    assert written.count('class="box"') == written.count('class="ink"') == 3
    assert f"{status}. I see three digits." in page
    assert str(TITLES[status]) in page
    assert "What happened." in page
    assert '<meta name="robots" content="noindex">' in page


@pytest.mark.parametrize(
    ("status", "address", "label"),
    [
        (400, "/", "Start from the first page"),
        (403, "/somewhere?a=1", "Try again"),
        (404, "/", "Draw a digit"),
        (404, "/history", "What I sent"),
        (405, "/", "Start from the first page"),
        (411, "/", "Send it in one piece"),
        (413, "/", "Send a smaller one"),
        (415, "/", "Pick another picture"),
        (422, "/", "Draw it again"),
        (500, "/somewhere?a=1", "Try again"),
        (503, "/somewhere?a=1", "Try again"),
    ],
)
def test_each_status_has_a_next_step_of_its_own(rf, status, address, label):
    page = page_of(rf.get("/somewhere?a=1"), Problem(status, "a_code", "What happened."))
    [ways] = re.findall(r'<div class="notice-ways">.*?</div>', page, re.DOTALL)
    steps = re.findall(r'<a class="btn[^>]*href="([^"]*)"[^>]*>.*?</svg>(.*?)</a>', ways)
    assert (address, label) in steps


def test_too_many_requests_say_when_to_come_back(rf):
    page = page_of(rf.get("/history/export.zip"), too_many_requests(12))

    assert 'href="/history/export.zip" data-seconds="12"' in page
    assert "site/js/waiting.js" in page
    assert "Try again in 12 seconds." in page


# --- The way back ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        ("http://testserver/readings/x?a=1", "http://testserver/readings/x?a=1"),
        ("https://elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_what_was_sent_goes_back_to_the_page_of_ours_it_came_from(rf, came_from, back):
    request = rf.post("/readings/x/claim", headers={"referer": came_from})
    assert problems.way_back(request) == back


def test_where_the_host_is_not_ours_the_way_back_is_the_first_page(rf, settings):
    settings.ALLOWED_HOSTS = ["example.org"]
    request = rf.post("/", headers={"referer": "http://testserver/"})
    assert problems.way_back(request) == "/"


# --- Where little works ---------------------------------------------------------------------------


def test_a_broken_site_says_so_without_its_database(client):
    """No database here: whoever asks for it fails the test."""
    request = client.get("/offline").wsgi_request
    response = views.server_error(request)
    assert response.status_code == 500
    assert "My mistake" in words_of(response)
    assert not response.cookies


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_goes_wrong_outside_of_a_view_is_kept_by_no_cache_but_the_visitors_own(rf, accept):
    request = rf.get("/nowhere", headers={"accept": accept})
    request.user = AnonymousUser()
    for response in (
        views.bad_request(request, BadRequest()),
        views.forbidden(request, PermissionDenied()),
        views.csrf_failure(request),
        views.not_found(request, Http404()),
        views.server_error(request),
    ):
        assert response["Cache-Control"] == "private, no-cache", response.status_code
        assert {"Cookie", "Accept"} <= set(response["Vary"].split(", ")), response.status_code


@pytest.mark.django_db
def test_without_a_model_visitors_are_told_kindly_and_operators_what_to_do(client, admin_client):
    visitor, staff = (
        page_of(one.get("/about").wsgi_request, Problem.named("no_active_version"))
        for one in (client, admin_client)
    )
    for page in (visitor, staff):
        assert "No model is reading just now" in page
        assert "manage.py register_model --shipped --activate" in page
    assert "/admin/" not in visitor
    assert 'href="/admin/recognizer/modelversion/"' in staff


@pytest.mark.django_db
def test_who_is_no_staff_is_not_led_to_the_admin():
    User.objects.create_user("plain", password="x")
    client = Client()
    client.login(username="plain", password="x")
    assert "/admin/" not in client.get("/about").content.decode()
