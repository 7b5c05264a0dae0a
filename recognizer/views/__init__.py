"""The pages of the site and the answers to programs. What is done is done in recognition.py."""

from recognizer.views.drawing import EXAMPLES, index, read, upload, why
from recognizer.views.errors import bad_request, csrf_failure, forbidden, not_found, server_error
from recognizer.views.histories import PER_PAGE, all_deleted, delete, delete_all, export, history
from recognizer.views.readings import (
    claim,
    digit,
    image,
    reading,
    reading_step,
    reading_steps,
    reading_why,
)
from recognizer.views.sharing import share, shared, shared_digit, shared_image, unshare
from recognizer.views.site import about, health, language, manifest, offline_page, service_worker

__all__ = [
    "EXAMPLES",
    "PER_PAGE",
    "about",
    "all_deleted",
    "bad_request",
    "claim",
    "csrf_failure",
    "delete",
    "delete_all",
    "digit",
    "export",
    "forbidden",
    "health",
    "history",
    "image",
    "index",
    "language",
    "manifest",
    "not_found",
    "offline_page",
    "read",
    "reading",
    "reading_step",
    "reading_steps",
    "reading_why",
    "server_error",
    "service_worker",
    "share",
    "shared",
    "shared_digit",
    "shared_image",
    "unshare",
    "upload",
    "why",
]
