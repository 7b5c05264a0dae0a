"""A real Chromium on the live site: it reports everything that a visitor should never meet."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from recognizer.models import ModelVersion

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WIDE = {"width": 1280, "height": 720}
NARROW = {"width": 390, "height": 844}

# Relative to the paper: a seven with a bar, as one draws it.
SEVEN = (
    (
        (0.28, 0.26),
        (0.40, 0.25),
        (0.56, 0.255),
        (0.71, 0.23),
        (0.60, 0.40),
        (0.51, 0.58),
        (0.46, 0.79),
    ),
    ((0.39, 0.52), (0.50, 0.50), (0.62, 0.495)),
)
ONE = (((0.5, 0.2), (0.5, 0.4), (0.49, 0.6), (0.49, 0.8)),)


@contextmanager
def launch() -> Iterator[Browser]:
    """Start the machine's Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Playwright's loop runs in this thread; Django would take it for an async server's.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with launch() as browser:
        yield browser
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Watch:
    """What a page did that it should not: errors, refused policies, requests to elsewhere.

    Attributes:
        faults: One line each.
        expected: Texts; a fault that holds one of them is meant by the test.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.faults: list[str] = []
        self.expected: list[str] = []

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(
            "addEventListener('securitypolicyviolation', (event) => console.error("
            "'policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
        )
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"error: {error.error}"))
        context.on("request", lambda request: self._request(request.url))

    def check(self) -> None:
        left = [fault for fault in self.faults if not any(text in fault for text in self.expected)]
        assert not left

    def _console(self, message) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.type}: {message.text}")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if (
            parts.scheme not in {"data", "blob"}
            and f"{parts.scheme}://{parts.netloc}" != self.origin
        ):
            self.faults.append(f"request to elsewhere: {url}")


@pytest.fixture
def watch(live_server) -> Watch:
    return Watch(live_server.url)


@pytest.fixture
def open_site(
    chromium: Browser, live_server, watch: Watch, transactional_db
) -> Iterator[Callable[..., Page]]:
    """Open an address in a browser of its own: `open_site("/history", has_touch=True)`."""
    contexts: list[BrowserContext] = []

    def open_(path: str = "/", **options) -> Page:
        context = chromium.new_context(**{"viewport": WIDE, "base_url": live_server.url} | options)
        context.set_default_timeout(10_000)  # ms
        watch.over(context)
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")  # what is still held at the end
        context.close()
    watch.check()


@pytest.fixture
def open_admin(
    admin_user, open_site: Callable[..., Page], live_server, settings
) -> Callable[..., Page]:
    """Open a page of the admin as whoever may do anything; `test_life` logs in by the form."""
    client = Client()
    client.force_login(admin_user)
    cookie = {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "domain": urlsplit(live_server.url).hostname,
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }

    def open_(path: str = "/admin/", **options) -> Page:
        return open_site(path, storage_state={"cookies": [cookie]}, **options)

    return open_


@pytest.fixture
def page(active_version: ModelVersion, open_site: Callable[..., Page]) -> Page:
    """The first page in a wide window."""
    return open_site("/")


@pytest.fixture
def phone(active_version: ModelVersion, open_site: Callable[..., Page]) -> Page:
    """The first page on a phone."""
    return open_site("/", viewport=NARROW, has_touch=True, is_mobile=True, device_scale_factor=3)


def requests_of(page: Page, path: str = "/upload") -> list[str]:
    """List the requests to a path, from now on; a press of a button sends before it returns."""
    sent: list[str] = []
    page.on(
        "request",
        lambda request: sent.append(request.url) if urlsplit(request.url).path == path else None,
    )
    return sent


def be_busy_once(page: Page, path: str, *, retry_after: int) -> None:
    """Answer the next request to a path with 429."""
    problem = {"error": {"code": "too_many_requests", "message": "That was a lot."}}
    headers = {"Retry-After": str(retry_after)}
    page.route(
        f"**{path}",
        lambda route: route.fulfill(status=429, json=problem, headers=headers),
        times=1,
    )


def keep(page: Page) -> None:
    """Keep what is on the paper, and wait until it is stored."""
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.get_by_role("button", name="Kept", exact=True)).to_be_visible()


def file_of(content: bytes, name: str = "seven.png", mime: str = "image/png"):
    return {"name": name, "mimeType": mime, "buffer": content}


def send_picture(page: Page, file, picker: str = "#id_image") -> None:
    """Pick a picture and send it as it is."""
    page.locator(picker).set_input_files(file)
    page.get_by_role("button", name="Read it").click()


def points_on(page: Page, stroke) -> list[tuple[float, float]]:
    canvas = page.locator("#canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]


def ink(page: Page) -> int:
    return ink_on(page).num_pixels


def draw(page: Page, strokes=SEVEN) -> None:
    """Draw with the mouse."""
    for stroke in strokes:
        first, *rest = points_on(page, stroke)
        page.mouse.move(*first)
        page.mouse.down()
        for point in rest:
            page.mouse.move(*point, steps=6)
        page.mouse.up()


def draw_slowly(page: Page, strokes=SEVEN, pause: int = 20) -> None:
    """Draw as a hand does, and leave the pen on the paper."""
    for number, stroke in enumerate(strokes):
        first, *rest = points_on(page, stroke)
        page.mouse.move(*first)
        page.mouse.down()
        for last, point in zip((first, *rest), rest, strict=False):
            for step in range(1, 5):
                part = step / 4
                page.mouse.move(
                    last[0] + (point[0] - last[0]) * part, last[1] + (point[1] - last[1]) * part
                )
                page.wait_for_timeout(pause)
        if number < len(strokes) - 1:
            page.mouse.up()


def draw_by_touch(page: Page, strokes=SEVEN) -> None:
    """Draw with a finger: real touch events, by the debugging protocol."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    for stroke in strokes:
        first, *rest = points_on(page, stroke)
        touch("touchStart", first)
        last = first
        for point in rest:
            for step in range(1, 7):
                part = step / 6
                touch(
                    "touchMove",
                    (last[0] + (point[0] - last[0]) * part, last[1] + (point[1] - last[1]) * part),
                )
            last = point
        touch("touchEnd")
    # A hand takes longer to a button; sooner, Chromium takes the tap for the same gesture.
    page.wait_for_timeout(300)


class Ink(NamedTuple):
    """How many of the canvas's pixels are full of ink, and how red it is, 0 to 255."""

    num_pixels: int
    red: float


def ink_on(page: Page) -> Ink:
    found = page.evaluate(
        """() => {
          const shown = document.getElementById("canvas");
          const copy = new OffscreenCanvas(shown.width, shown.height);
          const context = copy.getContext("2d");
          context.drawImage(shown, 0, 0);
          const {data} = context.getImageData(0, 0, copy.width, copy.height);
          let [count, red] = [0, 0];
          for (let i = 0; i < data.length; i += 4) {
            if (data[i + 3] < 255) continue;
            count += 1;
            red += data[i];
          }
          return [count, red / count];
        }"""
    )
    return Ink(*found)
