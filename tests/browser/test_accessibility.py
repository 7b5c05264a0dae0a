"""Each page in each state can be used by everybody: with a finger, by keys, zoomed, read aloud.

A page or a state is one line of tests/browser/pages.py. What the policy would refuse is looked for
on the way: the same pages are open.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Response

from tests.browser import axe, rules
from tests.browser.conftest import NARROW, WIDE, Watch
from tests.browser.pages import STATES, State

pytestmark = pytest.mark.browser

# A window is made wider as one turns a phone: what was reached stays.
SIZES = {"narrow": NARROW, "wide": WIDE}


@pytest.fixture
def pages_sent() -> list[str]:
    """The addresses from which HTML came, whole pages and parts."""
    return ["/"]


@pytest.fixture
def open_state(
    request: pytest.FixtureRequest,
    open_site: Callable[..., Page],
    watch: Watch,
    pages_sent: list[str],
) -> Callable[[State], Page]:
    """Open the site in a narrow window, and bring it to a state."""

    def note(response: Response) -> None:
        if response.headers.get("content-type", "").startswith("text/html"):
            pages_sent.append(response.url)

    def open_(state: State) -> Page:
        if state.is_served:
            request.getfixturevalue("active_version")
        watch.expected += state.expected
        page = open_site("/", viewport=NARROW, has_touch=True, reduced_motion="reduce")
        page.on("response", note)
        state.reach(page)
        return page

    return open_


@pytest.mark.parametrize("state", STATES, ids=str)
def test_nothing_keeps_anybody_out(open_state, pages_sent, state):
    page = open_state(state)
    faults = [
        f"{name}: {fault}" for name, size in SIZES.items() for fault in _faults_at(page, size)
    ]
    faults += rules.broken_when_narrow(page)
    for url in dict.fromkeys(pages_sent):
        faults += rules.inline(page.request.get(url).text())
    assert not faults, "\n".join(["", *faults])


def _faults_at(page: Page, size: dict[str, int]) -> list[str]:
    page.set_viewport_size(size)  # type: ignore[arg-type]
    found = [f"{scheme}: {fault}" for scheme in ("light", "dark") for fault in _axe(page, scheme)]
    return found + rules.broken(page)


def _axe(page: Page, scheme: str) -> list[str]:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    rules.settle(page)
    return axe.violations(page)


# --- The rules themselves -------------------------------------------------------------------------

BAD_PAGE = """<html><title>Bad</title>
<style>* { outline: none !important } .wide { width: 900px }</style>
<body><main><h1>One</h1><h1>Two</h1><p class="wide">So <a href="#x">wide</a></p>
<button>ok</button><small style="font-size: 9px">tiny</small><img src="data:,">
</main></body></html>"""


@pytest.mark.parametrize(
    "fault",
    [
        "structure: <html> has no lang",
        "structure: expected one <h1>, found 2",
        "small target: main > button",
        "small text: main > small: 9.0 px",
        "focus is not seen: main > p.wide > a",
        "scrolls sideways",
        "inline: a style attribute",
        "inline: an inline style sheet",
        "inline: a data: or blob: address",
        "image-alt: img",
    ],
)
def test_what_is_wrong_with_a_page_is_found(chromium, fault):
    page = chromium.new_page(viewport=WIDE)
    page.set_content(BAD_PAGE)
    found = [*axe.violations(page), *rules.inline(BAD_PAGE), *rules.broken(page)]
    found += rules.broken_when_narrow(page)
    page.close()
    assert any(one.startswith(fault) for one in found), "\n".join(found)
    assert not any("small target" in one and " > a" in one for one in found), "it is in a text"
