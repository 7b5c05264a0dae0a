"""Whether a file that a build makes is there to be served; nothing has to be built to run."""

from __future__ import annotations

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage


def is_served(name: str) -> bool:
    """Tell whether `collectstatic` found it, made of its sources as they are.

    Of what was collected before, only what was collected again is in the list of hashed files.
    One who develops gets the sources themselves.

    Args:
        name: The static file's name, such as `site/built/main.js`.
    """
    return not settings.DEBUG and name in getattr(staticfiles_storage, "hashed_files", ())
