"""Without a connection: the page for it, what it keeps, and the way back."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

# The worker has installed itself, and has this page.
READY = "navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null)"
NAMES = "caches.keys()"
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys())
      found.push(new URL(request.url).pathname);
  return found;
}"""


@pytest.fixture
def kept(page: Page) -> Page:
    """The first page, once its browser keeps what it needs without a connection."""
    page.wait_for_function(READY)
    return page


def test_without_a_connection_there_is_a_page_and_it_leads_back(kept, watch):
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    kept.context.set_offline(True)

    kept.goto("/history")

    expect(kept.get_by_role("heading", name="No connection")).to_be_visible()
    expect(kept.locator("main")).to_contain_text("is read when the connection is back")
    expect(kept.locator(".notice")).to_have_css("border-radius", "20px")  # it has its looks
    assert kept.evaluate("document.querySelector('.brand img').naturalWidth") > 0
    kept.get_by_role("link", name="Try again").click()
    expect(kept.get_by_role("heading", name="No connection")).to_be_visible()

    kept.context.set_offline(False)
    by_itself = kept.get_by_role("heading", name="Nothing yet")
    expect(by_itself).to_be_visible(timeout=15_000)  # ms
    assert kept.url.endswith("/history")


def test_the_pages_own_address_is_no_place_to_come_back_from(kept):
    kept.goto("/offline")
    kept.evaluate("window.isTheSame = true")
    kept.evaluate("dispatchEvent(new Event('online'))")
    kept.wait_for_timeout(500)
    assert kept.evaluate("window.isTheSame")


def test_nothing_of_the_visitors_is_kept(kept):
    kept.goto("/history")
    kept.goto("/about")
    assert set(kept.evaluate(KEPT)) == {
        "/offline",
        "/static/vendor/bootstrap/css/bootstrap.min.css",
        "/static/site/css/site.css",
        "/static/site/css/pages.css",
        "/static/site/favicon.svg",
        "/static/site/js/offline.js",
    }


def test_what_an_older_worker_kept_is_forgotten(kept, open_site):
    [name] = kept.evaluate(NAMES)
    kept.evaluate("caches.open('digitsite-000000000000').then(() => caches.open('another'))")
    kept.evaluate("navigator.serviceWorker.ready.then((found) => found.unregister())")
    kept.goto("/about")
    kept.wait_for_function(READY)
    kept.wait_for_function(f"{NAMES}.then((names) => names.length === 2)")
    assert set(kept.evaluate(NAMES)) == {name, "another"}


def test_what_was_to_be_sent_is_not_replaced_by_a_page(kept, watch):
    watch.expected += ["ERR_INTERNET_DISCONNECTED", "Failed to fetch"]
    kept.context.set_offline(True)
    sent = "fetch('/upload', {method: 'POST'}).then(() => 'answered', () => 'failed')"
    assert kept.evaluate(sent) == "failed"
