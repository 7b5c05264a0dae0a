"""The first page is small and quick: on a phone, with a slow line and nothing in its cache.

The phone is Lighthouse's: 150 ms for a round trip, 1.6 Mbit/s, a processor four times slower.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from tests.browser.conftest import NARROW
from tests.browser.serving import serve

pytestmark = pytest.mark.browser

MOST_BYTES = 150_000
MOST_REQUESTS = 30
MOST_MS = 1000
MOST_SHIFT = 0.02
LONGEST_TASK_MS = 200
LOADS = 5

ROUND_TRIP_MS = 150
BYTES_A_SECOND = 1_600_000 / 8
TIMES_SLOWER = 4

# When the page says that one can draw: its module marks it as the last thing it does.
READY = "document.documentElement.hasAttribute('data-ready')"

# Notes when the page was ready, what moved, and what held it up afterwards.
OBSERVE = f"""
  window.noted = {{readyMs: null, shift: 0, tasks: []}};
  const look = () => {{
    if (noted.readyMs === null && document.documentElement && {READY}) {{
      noted.readyMs = performance.now();
    }}
  }};
  const all = {{subtree: true, attributes: true, childList: true}};
  new MutationObserver(look).observe(document, all);
  const each = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({{type, buffered: true}});
  each("layout-shift", (entry) => {{ if (!entry.hadRecentInput) noted.shift += entry.value; }});
  each("longtask", ({{startTime, duration}}) => noted.tasks.push([startTime, duration]));
"""


@dataclass
class Load:
    """One load of the first page.

    Attributes:
        sizes: By path: the bytes of the answer, head and compressed body.
        elsewhere: Addresses of other origins that were asked for.
        ready_ms: From the request until one can draw.
        shift: How much moved by itself (cumulative layout shift).
        tasks: When a long task began, and how long it took, in ms.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    elsewhere: list[str] = field(default_factory=list)
    ready_ms: float = 0
    shift: float = 0
    tasks: list[tuple[float, float]] = field(default_factory=list)

    def __str__(self) -> str:
        by_size = sorted(self.sizes.items(), key=lambda item: -item[1])
        lines = [f"{size:7} {path}" for path, size in by_size]
        return "\n".join([f"{self.ready_ms:.0f} ms, {sum(self.sizes.values())} bytes", *lines])


@pytest.fixture(scope="module")
def loads(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Load]]:
    folder = tmp_path_factory.mktemp("budget")
    with serve(Path(folder)) as origin:
        load(chromium, origin)  # the server's processes are warm
        yield [load(chromium, origin) for _ in range(LOADS)]


def quickest(loads: list[Load]) -> Load:
    return min(loads, key=lambda one: one.ready_ms)


def load(chromium: Browser, origin: str) -> Load:
    """Open the first page on a phone that was never here."""
    phone: dict[str, Any] = {"viewport": NARROW, "device_scale_factor": 3}
    context = chromium.new_context(has_touch=True, is_mobile=True, **phone)
    page = context.new_page()
    page.add_init_script(OBSERVE)
    session = context.new_cdp_session(page)
    found = Load()
    count(session, origin, found)
    slow_down(session)
    page.goto(origin, wait_until="load")
    page.wait_for_function("window.noted.readyMs !== null", timeout=20_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)  # what moves or holds up afterwards
    note(page, found)
    context.close()
    return found


def count(session: CDPSession, origin: str, found: Load) -> None:
    """Note what each answer weighs, by the debugging protocol."""
    paths: dict[str, str] = {}

    def begin(event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        paths[event["requestId"]] = urlsplit(url).path
        if not url.startswith(f"{origin}/"):
            found.elsewhere.append(url)

    def end(event: dict[str, Any]) -> None:
        path = paths[event["requestId"]]
        found.sizes[path] = found.sizes.get(path, 0) + int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", begin)
    session.on("Network.loadingFinished", end)
    session.send("Network.enable")


def slow_down(session: CDPSession) -> None:
    line = {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send(
        "Network.emulateNetworkConditions", {"offline": False, "latency": ROUND_TRIP_MS, **line}
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": TIMES_SLOWER})


def note(page: Page, found: Load) -> None:
    noted = page.evaluate("noted")
    found.ready_ms, found.shift = noted["readyMs"], noted["shift"]
    found.tasks = [(began, took) for began, took in noted["tasks"]]


def test_the_first_page_weighs_little(loads):
    for one in loads:
        assert one.sizes
        assert sum(one.sizes.values()) <= MOST_BYTES, str(one)


def test_the_first_page_asks_for_few_files_and_nobody_else(loads):
    for one in loads:
        assert len(one.sizes) <= MOST_REQUESTS, str(one)
        assert not one.elsewhere


def test_one_can_draw_within_a_second(loads):
    """The quickest counts: other tests run beside it, on the same two cores, and only add."""
    assert quickest(loads).ready_ms <= MOST_MS, "\n".join(map(str, loads))


def test_nothing_moves_while_the_page_comes(loads):
    assert max(one.shift for one in loads) < MOST_SHIFT


def test_nothing_holds_up_who_draws(loads):
    one = quickest(loads)
    late = [took for began, took in one.tasks if began + took > one.ready_ms]
    assert max(late, default=0) <= LONGEST_TASK_MS
