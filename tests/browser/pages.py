"""Every page of the site in every state that a visitor may meet: one line each.

The tests of accessibility and `make screenshots` go by this list.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.test import RequestFactory
from PIL import Image
from playwright.sync_api import Page, Route

from recognizer import problems
from recognizer.problems import Problem
from tests.browser.conftest import draw, file_of, keep
from tests.conftest import drawn_seven, png, three_sevens

# Where the first page sends what was drawn.
READ = re.compile(r"/(upload|read)$")
UNSURE = [0.01, 0.36, 0.01, 0.01, 0.01, 0.01, 0.01, 0.56, 0.01, 0.01]
NO_DIGIT = [0.1, 0.1, 0.31, 0.09, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05]
PARTS = [
    {"digit": 4, "confidence": 0.998, "verdict": "digit", "box": [40, 60, 80, 200]},
    {"digit": 0, "confidence": 0.613, "verdict": "unsure", "box": [110, 60, 160, 200]},
    {"digit": 7, "confidence": 0.972, "verdict": "digit", "box": [190, 60, 240, 200]},
]
# More than a page of the history holds.
NUM_SENT = 30

# Brings an opened page to a state.
Reach = Callable[[Page], None]


@dataclass(frozen=True)
class State:
    """One state of one page.

    Attributes:
        name: As its pictures are called.
        reach: Brings it about, on a page that is open at `/`.
        is_served: Whether a version is active.
        expected: What the browser's console may say of it.
    """

    name: str
    reach: Reach
    is_served: bool = True
    expected: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


# --- How a state is reached -----------------------------------------------------------------------


def nothing(page: Page) -> None:
    """Leave the first page as it came."""


def address(path: str) -> Reach:
    return lambda page: void(page.goto(path))


def answered(**changes: Any) -> Reach:
    """Draw, and let the server's answer be changed on its way."""

    def change(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | changes)

    return drawn(change, changes["verdict"])


def refused(status: int, code: str, state: str) -> Reach:
    """Draw, and let the server refuse."""
    body = {"error": {"code": code, "message": "Try again in 3 seconds."}}
    return drawn(lambda route: route.fulfill(status=status, json=body), state)


def drawn(handle: Callable[[Route], None], state: str) -> Reach:
    def reach(page: Page) -> None:
        page.route(READ, handle)
        read_drawing(page, state)

    return reach


def read_drawing(page: Page, state: str) -> None:
    draw(page)
    page.keyboard.press("Enter")
    page.locator(f"#answer[data-state={state}]").wait_for()


def claiming(page: Page) -> None:
    """Open what says that it was another digit."""
    answered(verdict="digit")(page)
    page.locator(".claim-other > summary").click()


def blank(page: Page) -> None:
    page.locator("#canvas").focus()
    page.keyboard.press("Enter")
    page.locator("#answer[data-state=blank]").wait_for()


def offline(page: Page) -> None:
    page.context.set_offline(True)
    read_drawing(page, "offline")


def reading_of(content: bytes, suffix: str = "") -> Reach:
    """Send a picture as a program does, with the visitor's cookies, and open its own page."""
    return lambda page: void(page.goto(send(page, content) + suffix))


def history(path: str, num: int) -> Reach:
    """Send so many pictures, and open an address of the history."""

    def reach(page: Page) -> None:
        for turn in range(num):
            send(page, png(three_sevens() if turn % 5 == 1 else drawn_seven()))
        page.goto(path)

    return reach


def send(page: Page, content: bytes) -> str:
    """Send a picture; give the address of its reading."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    answer = page.request.post(
        "/upload",
        headers={"Accept": "application/json", "X-CSRFToken": cookies["csrftoken"]},
        multipart={"image": {"name": "seven.png", "mimeType": "image/png", "buffer": content}},
    )
    url: str = answer.json()["url"]
    return url


def kept(page: Page) -> None:
    """Draw, and keep it."""
    draw(page)
    keep(page)


def live(page: Page) -> None:
    """Draw, and leave it unkept."""
    page.get_by_role("switch").uncheck()
    draw(page)
    page.get_by_text("Not kept yet").wait_for()


def asking(name: str, shown: str) -> Reach:
    """Keep a drawing, and ask something of its answer."""

    def reach(page: Page) -> None:
        kept(page)
        page.locator(f"#ask-{name}").click()
        page.locator(shown).first.wait_for()

    return reach


def cropping(page: Page) -> None:
    page.locator("#id_image").set_input_files(file_of(SEVEN_PNG))
    page.get_by_role("button", name="Read it").wait_for()


def batch(page: Page) -> None:
    files = [file_of(content, f"{name}.png") for name, content in BATCH.items()]
    page.locator("#id_image").set_input_files(files)
    page.locator("#batch[data-state=done]").wait_for()


def example(page: Page) -> None:
    page.locator(".example").first.click()
    page.get_by_text("An example").wait_for()


def sharing(page: Page) -> None:
    """Open a reading, and make a link to it."""
    page.goto(send(page, SEVEN_PNG))
    page.get_by_role("button", name="Share").click()
    page.locator("#share-link").wait_for()


def shared(page: Page) -> None:
    """Open a reading by its link."""
    sharing(page)
    page.goto(page.locator("#share-link").input_value())


def problem(named: Problem) -> Reach:
    """Show the page of a problem that a test cannot well bring about."""

    def reach(page: Page) -> None:
        answer = problems.answer(RequestFactory().get("/problem"), named)
        body = answer.content.decode()
        page.route(
            "**/problem",
            lambda route: route.fulfill(
                status=named.status, body=body, content_type="text/html; charset=utf-8"
            ),
        )
        page.goto("/problem")

    return reach


def without_token(page: Page) -> None:
    """Send a form as another site would, without the token."""
    with page.expect_navigation():
        page.evaluate(
            """() => {
              const form = document.createElement("form");
              Object.assign(form, {method: "post", action: "/upload"});
              document.body.append(form);
              form.submit();
            }"""
        )


def void(_: object) -> None:
    """Let an expression stand where nothing is given back."""


# --- The list -------------------------------------------------------------------------------------

SEVEN_PNG, SEVERAL_PNG = png(drawn_seven()), png(three_sevens())
BLANK_PNG = png(Image.new("L", (60, 60), 255))
BATCH = {"seven": SEVEN_PNG, "several": SEVERAL_PNG, "blank": BLANK_PNG}

STATES: tuple[State, ...] = (
    State("first", nothing),
    State("first-digit", answered(verdict="digit")),
    State("first-live", live),
    State("first-kept", kept),
    State("first-why", asking("why", "#more .why-sentence")),
    State("first-steps", asking("steps", "#more .steps li")),
    State("first-cropping", cropping),
    State("first-batch", batch, expected=("422",)),
    State("first-example", example),
    State("first-claiming", claiming),
    State("first-unsure", answered(verdict="unsure", probabilities=UNSURE, confidence=0.56)),
    State(
        "first-several",
        answered(verdict="unsure", digits="407", parts=PARTS, advice="unclear_part"),
    ),
    State(
        "first-not-a-digit",
        answered(
            verdict="not_a_digit", probabilities=NO_DIGIT, confidence=0.31, advice="one_digit"
        ),
    ),
    State("first-blank", blank),
    State("first-problem", refused(500, "unexpected", "problem"), expected=("500",)),
    State("first-too-many", refused(429, "too_many_requests", "problem"), expected=("429",)),
    State("first-offline", offline, expected=("ERR_INTERNET_DISCONNECTED",)),
    State("first-without-model", nothing, is_served=False),
    State("reading", reading_of(SEVEN_PNG)),
    State("reading-several", reading_of(SEVERAL_PNG)),
    State("reading-why", reading_of(SEVEN_PNG, "?why")),
    State("reading-steps", reading_of(SEVEN_PNG, "?steps")),
    State("reading-shared", sharing),
    State("shared", shared),
    State("reading-delete", reading_of(SEVEN_PNG, "/delete")),
    State("history-empty", address("/history")),
    State("history", history("/history", 3)),
    State("history-second-page", history("/history?page=2", NUM_SENT)),
    State("history-none-of-that-kind", history("/history?digit=3&verdict=several", 1)),
    State("history-one-deleted", history("/history?deleted", 1)),
    State("history-delete", history("/history/delete", 2)),
    State("history-deleted", address("/history/deleted")),
    State("about", address("/about")),
    State("about-without-model", address("/about"), is_served=False),
    State("offline", address("/offline")),
    State("error-403", without_token, expected=("403",)),
    State("error-404", address("/nowhere"), expected=("404",)),
    State("error-405", address("/upload"), expected=("405",)),
    State("error-413", problem(Problem.named("too_large")), expected=("413",)),
    State("error-429", problem(problems.too_many_requests(40)), expected=("429",)),
    State("error-500", problem(Problem.named("server_error")), expected=("500",)),
    State("error-503", problem(Problem.named("no_active_version")), expected=("503",)),
)


def named(names: Iterable[str]) -> list[State]:
    """Give these states; all where none is named."""
    wanted = set(names)
    if unknown := wanted - {state.name for state in STATES}:
        raise ValueError(
            f"Expected names of tests/browser/pages.py, found {', '.join(sorted(unknown))}. "
            f"There are: {', '.join(map(str, STATES))}."
        )
    return [state for state in STATES if not wanted or state.name in wanted]
