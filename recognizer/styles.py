"""Which Bootstrap the pages load: the parts that they use, or all of it where nothing was built."""

from __future__ import annotations

from functools import cache

from recognizer import built

WHOLE = "vendor/bootstrap/css/bootstrap.min.css"
BUILT = "site/built/parts_of_bootstrap.css"  # by `npm run build`


@cache
def bootstrap() -> str:
    """Give the static file's name."""
    return BUILT if built.is_served(BUILT) else WHOLE
