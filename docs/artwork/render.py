"""The icon and the picture for links, drawn again from our own numerals by Chromium.

`PYTHONPATH=. python docs/artwork/render.py` writes static/site/: favicon.svg, the icons and
social.png. It needs what the browser's tests need.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numerals
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
STATIC = numerals.ROOT / "static" / "site"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# Bold enough to be seen at 16 px; the picture for links has the pen of the site's own numerals.
ICON_RADIUS, SOCIAL_RADIUS = 9.5, 6.0
SOCIAL_SIZE = (1200, 630)  # what Open Graph's readers show whole
# What a launcher may cut off: all but a circle of four fifths of the side.
SAFE_SHARE = 0.62
PAPER, INK = "#faf8f3", "#1b2a4a"
# How likely each digit is, in percent, for the ten bars of the picture: a seven, surely.
BARS = (0, 3, 2, 1, 0, 0, 0, 96, 0, 2)


def icon() -> str:
    """Write the favicon: its colours follow the system's."""
    seven = numerals.path("7", ICON_RADIUS)
    return (HERE / "icon.svg").read_text("utf-8").replace("SEVEN", seven)


def full_icon(side: int, share: float) -> str:
    """Write a page with the seven on paper to the edges, for those who cut the corners off."""
    scale = side * share / numerals.HEIGHT
    left, top = (side - numerals.WIDTH * scale) / 2, (side - numerals.HEIGHT * scale) / 2
    ink = f'<path fill="{INK}" d="{numerals.path("7", ICON_RADIUS)}"/>'
    return (
        f'<body style="margin:0;background:{PAPER}"><svg width="{side}" height="{side}">'
        f'<g transform="translate({left} {top}) scale({scale})">{ink}</g></svg>'
    )


def social() -> str:
    """Write the page that becomes the picture for links."""
    rows = [
        f'<div class="bar{" is-read" if share > 50 else ""}">{digit}'
        f'<i><b style="width:{share}%"></b></i></div>'
        for digit, share in enumerate(BARS)
    ]
    page = (HERE / "social.html").read_text("utf-8")
    return page.replace("SEVEN", numerals.path("7", SOCIAL_RADIUS)).replace("BARS", "".join(rows))


def shot(browser: Browser, html: str, size: tuple[int, int], name: str) -> None:
    """Take a page's picture, in few colours: they are flat, and the file is small."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_content(html)
    png = page.screenshot()
    page.close()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(64, dither=Image.Dither.NONE).save(STATIC / name, optimize=True)


def main() -> None:
    (STATIC / "favicon.svg").write_text(icon(), "utf-8")
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        shot(browser, full_icon(180, 0.7), (180, 180), "apple-touch-icon.png")
        shot(browser, full_icon(192, 0.7), (192, 192), "icon-192.png")
        shot(browser, full_icon(512, SAFE_SHARE), (512, 512), "icon-512.png")
        shot(browser, social(), SOCIAL_SIZE, "social.png")
        browser.close()


if __name__ == "__main__":
    main()
