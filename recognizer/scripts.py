"""Which scripts the first page loads: its modules as they are, or the one file built of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from recognizer import built

# What main.js imports, and what that imports: fetched at once, not one after the other.
# test_scripts.py holds it.
MODULES = tuple(
    f"site/js/{name}.js"
    for name in (
        *("answer", "batch", "buttons", "canvases", "claim", "client", "cropping", "events"),
        *("hand", "haptics", "incoming", "keeper", "live", "overlay", "pad", "paper", "parts"),
        *("pen", "pen_keys", "photos", "pictures", "preferences", "sentences", "studio"),
        *("tools", "why", "words"),
    )
)
# Made by `npm run build`, where that was run before collectstatic: one request instead of thirty.
BUILT = "site/built/main.js"


@dataclass(frozen=True)
class Scripts:
    """Static files: the one that runs, and what is fetched along with it."""

    main: str
    preloads: tuple[str, ...] = ()


@cache
def first_page() -> Scripts:
    """Give the first page's scripts; nothing has to be built for it to run."""
    if built.is_served(BUILT):
        return Scripts(BUILT)
    return Scripts("site/js/main.js", MODULES)
