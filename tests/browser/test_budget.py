"""The first page is small and quick: on a phone, with a slow line and nothing in its cache."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.first_page import Load, load
from tests.browser.serving import serve

pytestmark = pytest.mark.browser

MOST_BYTES = 150_000
MOST_REQUESTS = 30
MOST_MS = 1000
MOST_SHIFT = 0.02
LONGEST_TASK_MS = 200
LOADS = 5


@pytest.fixture(scope="module")
def loads(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Load]]:
    folder = tmp_path_factory.mktemp("budget")
    with serve(Path(folder)) as origin:
        load(chromium, origin)  # the server's processes are warm
        yield [load(chromium, origin) for _ in range(LOADS)]


def quickest(loads: list[Load]) -> Load:
    return min(loads, key=lambda one: one.ready_ms)


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
