"""What a browser keeps for when it has no connection: one page, its looks, nobody's drawings."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse

from recognizer import styles

PAGE = "recognizer/offline.html"
WORKER = "recognizer/worker.js"
# All that the page asks for, beside Bootstrap.
FILES = (
    "site/css/site.css",
    "site/css/pages.css",
    "site/favicon.svg",
    "site/js/offline.js",
)


def page(request: HttpRequest) -> str:
    """Write the page: the same for all who read its language."""
    return render_to_string(PAGE, request=request)


def worker(request: HttpRequest) -> str:
    """Write the service worker; each change of what it keeps makes it another one."""
    files = (styles.bootstrap(), *FILES)
    kept = {"page": reverse("offline"), "files": [static(name) for name in files]}
    digest = hashlib.sha256(page(request).encode() + json.dumps(kept).encode())
    for name in files:
        digest.update(_unhashed(name))
    context = {"kept": json.dumps(kept), "version": digest.hexdigest()[:12]}
    return render_to_string(WORKER, context, request=request)


def _unhashed(name: str) -> bytes:
    """Give a file's bytes where its address does not tell them: while one develops."""
    if hasattr(staticfiles_storage, "hashed_files"):
        return b""
    found = finders.find(name)
    return Path(found).read_bytes() if found else b""
