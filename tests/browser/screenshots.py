"""Pictures of every page in every state: `python -m tests.browser.screenshots OUT [STATE …]`.

A temporary site is served with the shipped version active. Each state is pictured whole, in three
widths, light and dark; a contact sheet for each of the six shows them side by side.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import django
from PIL import Image, ImageDraw
from playwright.sync_api import Browser

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()  # the list of pages draws as the tests do, which know the models

from tests.browser import pages  # noqa: E402
from tests.browser.conftest import launch  # noqa: E402
from tests.browser.serving import serve  # noqa: E402

if TYPE_CHECKING:
    from tests.browser.pages import State

SIZES = {390: 844, 768: 1024, 1280: 720}  # a phone, a tablet, a small laptop; CSS pixels
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Of a contact sheet, in pixels: how wide each picture is, at most how high, and what is between.
THUMB, HIGHEST, GAP, CAPTION = 300, 640, 16, 20
COLUMNS = 6


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    states = pages.named(asked.states)
    asked.out.mkdir(parents=True, exist_ok=True)
    for is_served in (True, False):
        some = [state for state in states if state.is_served is is_served]
        if some:
            _picture_all(some, asked.out, is_served=is_served)
    for width in SIZES:
        for scheme in SCHEMES:
            _sheet(states, asked.out, f"{width}-{scheme}").save(
                asked.out / f"sheet-{width}-{scheme}.png"
            )
    print(f"{len(states) * len(SIZES) * len(SCHEMES)} pictures and the sheets are in {asked.out}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("out", type=Path, help="the folder for the pictures")
    parser.add_argument("states", nargs="*", metavar="STATE", help="some alone, as first-unsure")
    return parser


def _picture_all(states: list[State], out: Path, *, is_served: bool) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="digitsite-screenshots-") as folder,
        serve(Path(folder), has_model=is_served) as origin,
        launch() as browser,
    ):
        for state in states:
            for width in SIZES:
                _picture(browser, origin, state, width, out)
            print(state.name, flush=True)


def _picture(browser: Browser, origin: str, state: State, width: int, out: Path) -> None:
    """Bring a new visitor to a state, and picture it in both schemes."""
    context = browser.new_context(
        base_url=origin,
        viewport={"width": width, "height": SIZES[width]},
        has_touch=width < max(SIZES),
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)  # ms
    page = context.new_page()
    page.goto("/")
    state.reach(page)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(200)  # until pictures are there and colours have changed
        page.screenshot(path=out / f"{state}-{width}-{scheme}.png", full_page=True)
    context.close()


def _sheet(states: Sequence[State], out: Path, kind: str) -> Image.Image:
    """Put the pictures of one width and scheme side by side, each under its name."""
    thumbs = list(_thumbs(states, out, kind))
    rows = [thumbs[at : at + COLUMNS] for at in range(0, len(thumbs), COLUMNS)]
    heights = [max(thumb.height for _, thumb in row) + CAPTION + GAP for row in rows]
    width = min(COLUMNS, len(thumbs)) * (THUMB + GAP) + GAP
    sheet = Image.new("RGB", (width, sum(heights) + GAP), "#888")
    pen = ImageDraw.Draw(sheet)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, (name, thumb) in enumerate(row):
            left = GAP + column * (THUMB + GAP)
            pen.text((left, top), name, "#fff", font_size=14)
            sheet.paste(thumb, (left, top + CAPTION))
        top += height
    return sheet


def _thumbs(states: Sequence[State], out: Path, kind: str) -> Iterator[tuple[str, Image.Image]]:
    for state in states:
        with Image.open(out / f"{state}-{kind}.png") as picture:
            scale = THUMB / picture.width
            thumb = picture.convert("RGB").resize((THUMB, round(picture.height * scale)))
        yield state.name, thumb.crop((0, 0, THUMB, min(thumb.height, HIGHEST)))


if __name__ == "__main__":
    main()
