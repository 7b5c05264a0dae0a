"""What every page has: its name for others, its languages, its icons, its worker."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from django.http import HttpResponse
from django.test import Client
from PIL import Image

from recognizer import offline
from tests.recognizer.test_views import words_of

pytestmark = pytest.mark.django_db

PAGES = ("/", "/history", "/about", "/offline", "/nowhere")


def opened(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(path.read_bytes()))


def head_of(response: HttpResponse) -> str:
    return response.content.decode().partition("</head>")[0]


# --- Names for others -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/about"])
def test_a_page_for_all_has_one_address_and_a_picture_for_links(client, path):
    head = head_of(client.get(f"{path}?from=elsewhere"))

    assert f'<link rel="canonical" href="http://testserver{path}">' in head
    assert f'property="og:url" content="http://testserver{path}"' in head
    assert re.search(r'property="og:image" content="http://testserver/\S*social[^"]*\.png"', head)
    assert 'name="twitter:card" content="summary_large_image"' in head
    assert head.count("<title>") == head.count('name="description"') == 1


@pytest.mark.parametrize("path", ["/history", "/offline", "/nowhere"])
def test_a_page_for_one_alone_is_not_to_be_found(client, path):
    head = head_of(client.get(path))
    assert "canonical" not in head
    assert '<meta name="robots" content="noindex">' in head


def test_a_name_that_is_not_ours_is_repeated_nowhere(client, settings):
    settings.ALLOWED_HOSTS = ["example.org"]
    response = client.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in response.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_inline_script_or_style(client, path):
    page = client.get(path).content.decode()
    assert "<style" not in page
    assert not re.search(r"\sstyle=|\son\w+=", page)
    assert not re.search(r"<script(?![^>]*\b(src=|application/json))", page)


def test_what_is_stored_is_a_link_on_every_page(client):
    for path in PAGES:
        assert 'href="/about#privacy"' in client.get(path).content.decode()


# --- Languages ------------------------------------------------------------------------------------


def test_the_switch_has_the_languages_of_the_site_by_their_own_names(client, settings):
    [form] = re.findall(
        r'<form class="languages".*?</form>', client.get("/about?a=1").content.decode(), re.DOTALL
    )
    names = re.findall(r'value="(\w+)" lang="\w+"[^>]*>(\w+)<', form)
    assert names == [("en", "English"), ("es", "Español")]
    assert 'name="next" value="/about?a=1"' in form

    settings.LANGUAGES = [("en", "English")]
    assert "set_language" not in client.get("/about").content.decode()


def test_a_language_is_kept_in_a_cookie_and_leads_back(settings):
    settings.LANGUAGE_COOKIE_SECURE = True
    browser = Client(enforce_csrf_checks=True)
    browser.get("/")

    response = browser.post("/language", {"language": "es", "next": "/about?a=1"})

    assert (response.status_code, response["Location"]) == (302, "/about?a=1")
    cookie = response.cookies["django_language"]
    assert cookie.value == "es"
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    page = Client(headers={"cookie": "django_language=es"}).get("/about").content.decode()
    assert '<html lang="es">' in page


@pytest.mark.parametrize(
    "after", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_a_language_leads_nowhere_else(client, after):
    assert client.post("/language", {"language": "es", "next": after})["Location"] == "/"


def test_a_language_that_the_site_has_not_is_not_kept(client):
    response = client.post("/language", {"language": "xx", "next": "/"})
    assert "django_language" not in response.cookies


def test_a_language_is_no_longer_than_anything_else_that_is_sent(settings):
    browser = Client(enforce_csrf_checks=True)
    browser.get("/about")
    too_long = {"language": "es", "next": "/" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}
    assert browser.post("/language", too_long).status_code == 413
    assert browser.put("/language").status_code == 405


def test_a_page_that_was_sent_to_changes_its_language_on_the_first_page(client):
    page = client.put("/history").content.decode()
    assert 'name="next" value="/"' in page


# --- Icons ----------------------------------------------------------------------------------------


def test_the_manifest_names_icons_that_are_there(client, settings):
    response = client.get("/manifest.webmanifest")
    manifest = json.loads(response.content)

    assert response["Content-Type"] == "application/manifest+json"
    assert manifest["start_url"] == manifest["scope"] == "/"
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    assert any(icon.get("purpose") == "maskable" for icon in manifest["icons"])
    for icon in manifest["icons"]:
        path = settings.BASE_DIR / "static" / icon["src"].removeprefix("/static/")
        if icon["type"] == "image/png":
            assert "x".join(map(str, opened(path).size)) == icon["sizes"]
        else:
            assert "prefers-color-scheme: dark" in path.read_text()


def test_a_launcher_that_cuts_corners_off_cuts_no_ink(settings):
    """What is safe of a maskable icon: the circle of four fifths of its side."""
    image = np.asarray(opened(settings.BASE_DIR / "static/site/icon-512.png").convert("L"))
    dark = np.argwhere(image < 128)  # (N, 2)
    assert len(dark) > 5000
    assert np.hypot(*(dark - 255.5).T).max() < 0.4 * 512


def test_the_picture_for_links_is_of_the_size_they_ask_for_and_small(settings):
    path = settings.BASE_DIR / "static" / "site" / "social.png"
    assert opened(path).size == (1200, 630)
    assert path.stat().st_size < 100_000


# --- Offline --------------------------------------------------------------------------------------


def test_the_worker_is_a_script_at_the_root_that_is_asked_for_again(client):
    response = client.get("/sw.js")
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert "no-cache" in response["Cache-Control"]
    assert "default-src 'self'" in response["Content-Security-Policy"]


def test_the_worker_keeps_the_offline_page_and_all_that_it_asks_for(client):
    [kept] = re.findall(r"const KEPT = (.*);", client.get("/sw.js").content.decode())
    page = client.get("/offline").content.decode()

    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    others = re.findall(r' (?:src|href)="([^"]+\.(?:js|svg))"', page)
    assert json.loads(kept)["page"] == "/offline"
    assert {*styles, *others} == set(json.loads(kept)["files"])


def version_of(client: Client) -> str:
    [version] = re.findall(r"digitsite-([0-9a-f]{12})", client.get("/sw.js").content.decode())
    return version


def test_the_worker_stays_the_same_until_something_it_keeps_changes(client, monkeypatch):
    first = version_of(client)
    assert version_of(Client()) == first

    monkeypatch.setattr(offline, "_unhashed", lambda name: b"another look")
    second = version_of(client)
    monkeypatch.setattr(offline, "page", lambda request: "other words")
    third = version_of(client)

    assert len({first, second, third}) == 3


def test_who_reads_another_language_has_another_page_offline(client):
    english = version_of(client)
    client.cookies["django_language"] = "es"
    assert version_of(client) != english


def test_the_offline_page_is_the_same_for_all(client, admin_client, django_assert_num_queries):
    with django_assert_num_queries(0):
        page = client.get("/offline")
    assert page.content == admin_client.get("/offline").content
    assert not page.cookies
    assert "csrf" not in page.content.decode()
    assert "is read when the connection is back" in words_of(page)
