"""The limit: for each visitor, for each address, over several processes."""

import os
import subprocess
import sys
import time
import traceback
from types import SimpleNamespace

import pytest
import redis
from django.conf import settings as project_settings
from django.core.cache import cache
from django.core.cache.backends.dummy import DummyCache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from recognizer import limits, tasks
from recognizer.visitors import Visitor

JSON = {"accept": "application/json"}


def ask(client: Client, **extra):
    """The cheapest request that counts: it is refused after it was counted."""
    return client.post("/upload", {}, headers=JSON, **extra)


def test_a_visitor_may_ask_so_often_and_no_more(browser, settings):
    settings.DIGITS_RATE_LIMIT = "3/d"
    assert [ask(browser).status_code for _ in range(4)] == [400, 400, 400, 429]


def test_a_refusal_says_when_to_come_back(browser, settings):
    settings.DIGITS_RATE_LIMIT = "1/h"
    ask(browser)
    response = ask(browser)
    assert response.json()["error"]["code"] == "too_many_requests"
    assert 1 <= int(response["Retry-After"]) <= 3600
    assert f"{response['Retry-After']} second" in response.json()["error"]["message"]


def test_a_refusal_is_a_page_for_people(browser, settings):
    settings.DIGITS_RATE_LIMIT = "1/d"
    ask(browser)
    response = browser.post("/upload", {})
    assert response.status_code == 429
    assert int(response["Retry-After"]) >= 1
    assert "A moment, please" in response.content.decode()


def test_claims_are_counted_with_uploads(browser, settings):
    settings.DIGITS_RATE_LIMIT = "1/d"
    ask(browser)
    claim = "/readings/00000000-0000-0000-0000-000000000000/claim"
    assert browser.post(claim, {"claim": 1}).status_code == 429


@pytest.mark.parametrize(
    ("path", "limit"), [("/read", "DIGITS_LIVE_RATE_LIMIT"), ("/why", "DIGITS_WHY_RATE_LIMIT")]
)
def test_live_readings_and_reasons_have_each_a_limit_of_their_own(browser, settings, path, limit):
    settings.DIGITS_RATE_LIMIT = settings.DIGITS_LIVE_RATE_LIMIT = "1/d"
    settings.DIGITS_WHY_RATE_LIMIT = "1/d"
    setattr(settings, limit, "2/d")
    ask(browser)
    other = "/why" if path == "/read" else "/read"
    browser.post(other, {}, headers=JSON)
    statuses = [browser.post(path, {}, headers=JSON).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]
    assert ask(browser).status_code == 429
    assert browser.post(other, {}, headers=JSON).status_code == 429


def test_reasons_of_a_reading_are_counted_with_those_of_a_drawing(browser, settings):
    settings.DIGITS_WHY_RATE_LIMIT = "1/d"
    browser.post("/why", {}, headers=JSON)
    reading = "/readings/00000000-0000-0000-0000-000000000000"
    assert browser.get(f"{reading}/why").status_code == 429
    assert browser.get(f"{reading}/steps/ink.png").status_code == 404


def test_a_live_refusal_says_when_to_come_back(browser, settings):
    settings.DIGITS_LIVE_RATE_LIMIT = "1/h"
    browser.post("/read", {})
    response = browser.post("/read", {})
    assert response.json()["error"]["code"] == "too_many_requests"
    assert 1 <= int(response["Retry-After"]) <= 3600


def test_an_address_may_read_live_ten_times_as_often(db, settings):
    settings.DIGITS_LIVE_RATE_LIMIT = "1/d"
    statuses = [Client().post("/read", {}).status_code for _ in range(11)]
    assert statuses == [400] * 10 + [429]


def test_pages_are_not_counted(browser, settings, active_version):
    settings.DIGITS_RATE_LIMIT = "1/d"
    for path in ("/", "/history", "/healthz") * 3:
        assert browser.get(path).status_code == 200


def test_visitors_of_one_address_are_counted_apart(browser, settings):
    settings.DIGITS_RATE_LIMIT = "1/d"
    ask(browser)
    neighbour = Client()
    neighbour.get("/")
    assert ask(neighbour).status_code == 400


def test_an_address_may_ask_ten_times_as_often(db, settings):
    settings.DIGITS_RATE_LIMIT = "1/d"
    statuses = [ask(Client()).status_code for _ in range(11)]
    assert statuses == [400] * 10 + [429]
    assert ask(Client(), REMOTE_ADDR="192.0.2.9").status_code == 400


def test_a_program_that_drops_its_cookies_does_not_escape(db, settings):
    settings.DIGITS_RATE_LIMIT = "1/d"
    statuses = []
    for _ in range(11):
        client = Client()
        client.cookies["visitor"] = "forged"
        statuses.append(ask(client).status_code)
    assert statuses[-1] == 429


def test_zero_is_no_limit(browser, settings):
    settings.DIGITS_RATE_LIMIT = "0"
    assert {ask(browser).status_code for _ in range(20)} == {400}


@pytest.mark.parametrize(
    ("header", "meta", "address"),
    [
        ("", {"REMOTE_ADDR": "192.0.2.1"}, "192.0.2.1"),
        ("", {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_REAL_IP": "1.1.1.1"}, "192.0.2.1"),
        ("HTTP_X_REAL_IP", {"HTTP_X_REAL_IP": "192.0.2.2"}, "192.0.2.2"),
        ("HTTP_X_REAL_IP", {"REMOTE_ADDR": "192.0.2.3"}, "192.0.2.3"),
        ("HTTP_X_FORWARDED_FOR", {"HTTP_X_FORWARDED_FOR": "1.1.1.1, 192.0.2.4"}, "192.0.2.4"),
        ("", {"REMOTE_ADDR": "2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::"),
        ("", {"REMOTE_ADDR": "::ffff:192.0.2.5"}, "192.0.2.5"),
    ],
)
def test_the_address_is_where_the_settings_say(rf, settings, header, meta, address):
    settings.DIGITS_ADDRESS_HEADER = header
    assert limits.address(rf.post("/upload", **meta)) == address


@pytest.mark.parametrize("meta", [{"REMOTE_ADDR": ""}, {"REMOTE_ADDR": "unix:"}])
def test_an_unknown_address_says_what_to_set(rf, settings, meta):
    settings.DIGITS_ADDRESS_HEADER = ""
    with pytest.raises(ImproperlyConfigured, match="DIGITS_ADDRESS_HEADER"):
        limits.address(rf.post("/upload", **meta))


def test_an_address_that_is_written_in_another_way_is_not_logged(rf, settings):
    settings.DIGITS_ADDRESS_HEADER = "HTTP_X_REAL_IP"
    request = rf.post("/upload", HTTP_X_REAL_IP="203.0.113.77:4711")

    with pytest.raises(ImproperlyConfigured) as error:
        limits.address(request)

    assert "203.0.113.77" not in "".join(traceback.format_exception(error.value))


def test_nobody_can_try_addresses_on_the_counters_without_the_key(rf, settings):
    settings.DIGITS_RATE_LIMIT = "9/d"
    found = []
    for secret in ("a" * 50, "b" * 50):
        settings.SECRET_KEY = secret
        cache.clear()
        limits.count(rf.post("/upload"), Visitor("a" * 32, is_known=True))
        found.append({*cache._cache})  # type: ignore[attr-defined]  # diskcache's keys

    first, second = found
    assert len(first) == len(second) == 2, "one for the address, one for the visitor"
    assert first.isdisjoint(second)


def test_counters_whose_time_is_over_are_deleted_also_where_nobody_comes(
    db, kept_tasks, rf, settings
):
    settings.DIGITS_RATE_LIMIT = "9/d"
    limits.count(rf.post("/upload"), Visitor())
    cache.set("over", 1, timeout=0.001)
    time.sleep(0.01)

    tasks.prune.func()

    [left] = cache._cache  # type: ignore[attr-defined]
    assert "over" not in str(left)


def test_the_wait_is_never_zero(rf, settings, monkeypatch):
    settings.DIGITS_RATE_LIMIT = "1/s"
    monkeypatch.setattr(
        limits, "get_usage", lambda *_, **__: {"limit": 1, "should_limit": True, "time_left": 0}
    )
    with pytest.raises(limits.TooManyRequests) as error:
        limits.count(rf.post("/upload"), Visitor())
    assert error.value.retry_after == 1


class BrokenCache(DummyCache):
    """A cache whose server is gone."""

    def add(self, *args, **kwargs):
        raise redis.exceptions.ConnectionError("Error 111 connecting to redis:6379.")


class SilentCache(DummyCache):
    """A cache that fails without a word, as memcached's clients do."""

    def add(self, *args, **kwargs):
        return False


@pytest.mark.parametrize("backend", [BrokenCache, SilentCache])
def test_without_counters_requests_pass_and_one_error_a_minute_is_logged(
    browser, settings, monkeypatch, caplog, backend
):
    now = 1000.0
    monkeypatch.setattr(limits, "_alarm", limits._Alarm())
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: now))
    settings.DIGITS_RATE_LIMIT = "1/d"
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.{backend.__name__}"}}

    def alarms() -> int:
        return sum(record.name == "recognizer.limits" for record in caplog.records)

    assert [ask(browser).status_code for _ in range(3)] == [400] * 3
    assert alarms() == 1
    now += 61
    assert ask(browser).status_code == 400
    assert alarms() == 2


COUNT = """
import django
django.setup()
from django.test import RequestFactory
from recognizer import limits
from recognizer.visitors import Visitor

visitor, request, allowed = Visitor("a" * 32, is_known=True), RequestFactory().post("/upload"), 0
for _ in range(40):
    try:
        limits.count(request, visitor)
        allowed += 1
    except limits.TooManyRequests:
        pass
print(allowed)
"""


def test_several_processes_count_together(tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "digitsite.settings",
        "CACHE_DIR": str(tmp_path),
        "DIGITS_RATE_LIMIT": "50/d",
        "PYTHONPATH": str(project_settings.BASE_DIR),
    }
    workers = [
        subprocess.Popen([sys.executable, "-c", COUNT], env=environment, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    allowed = [int(worker.communicate()[0]) for worker in workers]
    assert sum(allowed) == 50


@pytest.mark.parametrize(
    "name", ["DIGITS_RATE_LIMIT", "DIGITS_LIVE_RATE_LIMIT", "DIGITS_WHY_RATE_LIMIT"]
)
@pytest.mark.parametrize("rate", ["sixty", "60", "60/x", "-1/m", "60/0m", "0/0"])
def test_a_limit_that_means_nothing_stops_the_start(rate, name, tmp_path):
    environment = os.environ | {name: rate}
    result = subprocess.run(
        [sys.executable, "-c", "import digitsite.settings"],
        env=environment,
        cwd=project_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{name} is" in result.stderr
