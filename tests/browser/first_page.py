"""What the first page weighs, and when one can draw on it: `python -m tests.browser.first_page`.

On a phone that was never here, behind a slow line. The phone is Lighthouse's: 150 ms for a round
trip, 1.6 Mbit/s, a processor four times slower than this machine's. And how long its frames take
while one draws and it reads, on this machine as it is.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, CDPSession, Page
from rich.console import Console
from rich.table import Table

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()  # what draws as the tests do knows the models

from benchmarks.site import machine  # noqa: E402
from tests.browser.conftest import NARROW, SEVEN, draw_slowly, launch  # noqa: E402
from tests.browser.serving import serve  # noqa: E402

LOADS = 7  # of the command

ROUND_TRIP_MS = 150
BYTES_A_SECOND = 1_600_000 / 8
TIMES_SLOWER = 4
# A window that was just opened loads pages of Chromium's own, on the same cores.
SETTLE_MS = 1500

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


def load(browser: Browser, origin: str) -> Load:
    """Open the first page on a phone that was never here."""
    phone: dict[str, Any] = {"viewport": NARROW, "device_scale_factor": 3}
    context = browser.new_context(has_touch=True, is_mobile=True, **phone)
    page = context.new_page()
    page.add_init_script(OBSERVE)
    session = context.new_cdp_session(page)
    found = Load()
    _count(session, origin, found)
    page.wait_for_timeout(SETTLE_MS)
    _slow_down(session)
    page.goto(origin, wait_until="load")
    page.wait_for_function("window.noted.readyMs !== null", timeout=20_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)  # what moves or holds up afterwards
    _note(page, found)
    context.close()
    return found


def _count(session: CDPSession, origin: str, found: Load) -> None:
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


def _slow_down(session: CDPSession) -> None:
    line = {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send(
        "Network.emulateNetworkConditions", {"offline": False, "latency": ROUND_TRIP_MS, **line}
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": TIMES_SLOWER})


def _note(page: Page, found: Load) -> None:
    noted = page.evaluate("noted")
    found.ready_ms, found.shift = noted["readyMs"], noted["shift"]
    found.tasks = [(began, took) for began, took in noted["tasks"]]


def frames(page: Page) -> NDArray[np.float64]:
    """Draw on the opened first page while it reads.

    Returns:
        How long each frame took, in ms.
    """
    page.evaluate(
        """() => {
          window.frames_ = [];
          const step = (now) => { window.frames_.push(now); requestAnimationFrame(step); };
          requestAnimationFrame(step);
        }"""
    )
    draw_slowly(page, (*SEVEN, *SEVEN), pause=16)
    page.mouse.up()
    return np.diff(page.evaluate("frames_"))


def main() -> None:
    console = Console(width=110)
    console.print(f"[bold]make bench-page[/], {datetime.now(UTC):%Y-%m-%d}, {machine()}\n")
    with (
        tempfile.TemporaryDirectory(prefix="digitsite-first-page-") as folder,
        serve(Path(folder)) as origin,
        launch() as browser,
    ):
        load(browser, origin)  # the server's processes are warm
        console.print(_weights(loads := [load(browser, origin) for _ in range(LOADS)]))
        console.print(_times(loads, _frames_of(browser, origin)))


def _frames_of(browser: Browser, origin: str) -> NDArray[np.float64]:
    page = browser.new_context().new_page()
    page.goto(origin)
    page.wait_for_function(READY)
    page.wait_for_timeout(SETTLE_MS)
    return frames(page)


def _weights(loads: list[Load]) -> Table:
    table = Table("file", "kB", title="With an empty cache (bars: 150 kB, 30 files)")
    sizes = loads[0].sizes
    for path in sorted(sizes, key=lambda path: -sizes[path]):
        table.add_row(path, f"{sizes[path] / 1000:.1f}")
    table.add_section()
    table.add_row(f"{len(sizes)} files", f"{sum(sizes.values()) / 1000:.1f}")
    return table


def _times(loads: list[Load], frames_ms: NDArray[np.float64]) -> Table:
    title = f"{len(loads)} loads, and {len(frames_ms)} frames"
    table = Table("", "median", "from", "to", title=title)
    measures = {
        "until one can draw, ms (bar: 1000)": np.array([one.ready_ms for one in loads]),
        "layout shift": np.array([one.shift for one in loads]),
        "a frame while one draws, ms (bar: 16.7)": frames_ms,
    }
    for name, values in measures.items():
        row = (np.median(values), values.min(), values.max())
        table.add_row(name, *(f"{value:.4g}" for value in row))
    return table


if __name__ == "__main__":
    main()
