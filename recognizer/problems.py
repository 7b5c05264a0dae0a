"""What can go wrong with a request: its status, its code, kind words. Nothing of the inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django import forms
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recognizer import imaging
from recognizer.limits import TooManyRequests
from recognizer.recognition import NoActiveVersion
from recognizer.why import SeveralDigits

F = TypeVar("F", bound=forms.BaseForm)

TITLES = {
    400: gettext_lazy("I did not understand that"),
    403: gettext_lazy("Not from this page"),
    404: gettext_lazy("Nothing here"),
    405: gettext_lazy("Not in this way"),
    411: gettext_lazy("How long is it?"),
    413: gettext_lazy("Too large"),
    415: gettext_lazy("Not a picture I know"),
    422: gettext_lazy("I cannot read that"),
    429: gettext_lazy("A moment, please"),
    500: gettext_lazy("My mistake"),
    503: gettext_lazy("No model is at work"),
}

# Where the status says too little.
TITLES_BY_CODE = {
    "blank": gettext_lazy("I find nothing on it"),
    "forbidden": gettext_lazy("Not open to you"),
}

# One word for programs, the same in all languages: its status, and the words for people.
PROBLEMS = {
    "malformed": (
        400,
        gettext_lazy(
            "The request could not be understood, so nothing was done. "
            "Reload the page and try again; a program sends a whole form, or a JSON object."
        ),
    ),
    "wrong_host": (
        400,
        gettext_lazy("This site goes by another name than the one you asked for. Check the name."),
    ),
    "forbidden": (403, gettext_lazy("You may not see this.")),
    "csrf": (
        403,
        gettext_lazy(
            "I could not tell that this came from my own page. Reload the page and send it again. "
            "A program sends no cookies, or the token with them (header X-CSRFToken)."
        ),
    ),
    "not_found": (
        404,
        gettext_lazy("There is nothing at this address. Check it, or start from the first page."),
    ),
    "length_required": (
        411,
        gettext_lazy(
            "The body came in chunks, without its length. "
            "Expected: the header Content-Length. Send the picture in one piece."
        ),
    ),
    "too_large": (413, gettext_lazy("This is larger than 10 MB. Send a smaller picture.")),
    "blank": (
        422,
        gettext_lazy(
            "I looked for ink and found none. Draw one digit, large and dark; "
            "of a photo, more light or coming closer helps."
        ),
    ),
    "several_digits": (
        422,
        gettext_lazy(
            "There are several digits here, and of one alone I can say why. "
            "Send one of them by itself."
        ),
    ),
    "server_error": (
        500,
        gettext_lazy(
            "Something broke on my side. It is written down; please try again in a while."
        ),
    ),
    "no_active_version": (
        503,
        gettext_lazy(
            "No model is reading just now, so nothing was stored. "
            "Keep your drawing and try again in a while."
        ),
    ),
}


class Problem(Exception):
    """A request that is answered with an error.

    Attributes:
        status: The HTTP status.
        code: One word for programs.
        message: For people: what was expected, what came, what to do.
        headers: Those that go with the status (Allow, Retry-After).
    """

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    @property
    def retry_after(self) -> int:
        """In so many seconds it may be asked again; 0 where that is not known."""
        return int(self.headers.get("Retry-After", 0))

    @property
    def title(self) -> str:
        return str(TITLES_BY_CODE.get(self.code) or TITLES.get(self.status, TITLES[500]))

    @classmethod
    def named(cls, code: str) -> Problem:
        status, message = PROBLEMS[code]
        return cls(status, code, str(message))

    @classmethod
    def of(cls, error: Exception) -> Problem:
        """Say one of the `FORESEEN` in our words."""
        match error:
            case Problem():
                return error
            case TooManyRequests():
                return too_many_requests(error.retry_after)
            case imaging.BlankImage():
                return cls.named("blank")
            case imaging.UnreadableImage():
                return cls(error.status, error.code, error.in_words(_))
            case SeveralDigits():
                return cls.named("several_digits")
            case NoActiveVersion():
                return cls.named("no_active_version")
            case RequestDataTooBig():
                return cls.named("too_large")
            case Http404():
                return no_reading()
            case DisallowedHost():
                return cls.named("wrong_host")
            case _:
                return cls.named("malformed")

    @classmethod
    def of_form(cls, form: forms.BaseForm) -> Problem:
        """The first thing that is wrong with a form."""
        error = next(iter(form.errors.as_data().values()))[0]
        return cls(400, error.code or "invalid", " ".join(error.messages))


# What a request may end with that is not a fault of ours.
FORESEEN = (
    Problem,
    TooManyRequests,
    imaging.UnreadableImage,
    imaging.BlankImage,
    NoActiveVersion,
    SeveralDigits,
    Http404,
    BadRequest,
    MultiPartParserError,
    SuspiciousOperation,  # RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
    UnreadablePostError,
)


def checked(form: F) -> F:
    """Give a form back that is valid.

    Raises:
        Problem: It is not; its first error says why.
    """
    if not form.is_valid():
        raise Problem.of_form(form)
    return form


def no_reading() -> Problem:
    """A view's own 404: what is looked for there is a reading. It is nobody's business whose."""
    message = _(
        "There is no such reading, or it is somebody else’s. "
        "A reading can be seen only by the browser that asked for it."
    )
    return Problem(404, "not_found", message)


def no_shared_reading() -> Problem:
    """A link that leads nowhere: it is nobody's business whether it ever led anywhere."""
    message = _(
        "There is nothing behind this link. "
        "Whoever shared it has taken it back, or its time is over; ask for a new one."
    )
    return Problem(404, "not_found", message)


def too_many_requests(retry_after: int) -> Problem:
    message = ngettext(
        "That was a lot in a short time. Try again in %(seconds)d second.",
        "That was a lot in a short time. Try again in %(seconds)d seconds.",
        retry_after,
    ) % {"seconds": retry_after}
    return Problem(429, "too_many_requests", message, {"Retry-After": str(retry_after)})


def method_not_allowed(method: str, allowed: tuple[str, ...]) -> Problem:
    message = _("%(method)s does not work here. Expected: %(allowed)s.") % {
        "method": method,
        "allowed": ", ".join(allowed),
    }
    return Problem(405, "method_not_allowed", message, {"Allow": ", ".join(allowed)})


def wants_json(request: HttpRequest) -> bool:
    """Tell whether the answer goes to a program: it prefers JSON to a page, and says so."""
    preferred = request.get_preferred_type(["text/html", "application/json"])
    return preferred == "application/json"


def way_back(request: HttpRequest) -> str:
    """Where "Try again" leads: the same address, or for what was sent, the page it came from."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    came_from = request.headers.get("Referer", "")
    try:
        host = request.get_host()
    except DisallowedHost:
        return "/"
    is_ours = url_has_allowed_host_and_scheme(came_from, {host}, require_https=request.is_secure())
    return came_from if is_ours and came_from else "/"


def answer(
    request: HttpRequest, problem: Problem, template: str = "error.html", **context: object
) -> HttpResponse:
    """Answer with a problem: JSON to a program, a page to a person; the words are the same."""
    if wants_json(request):
        response = answer_in_json(request, problem)
    else:
        context = {"problem": problem, "way_back": way_back(request), **context}
        response = render(request, template, context, status=problem.status)
        _add_headers(response, problem)
    patch_vary_headers(response, ["Accept"])
    return response


def answer_in_json(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Answer with a problem where there is no page that could show it."""
    body = {"error": {"code": problem.code, "message": problem.message}}
    return _add_headers(JsonResponse(body, status=problem.status), problem)


def _add_headers(response: HttpResponse, problem: Problem) -> HttpResponse:
    for name, value in problem.headers.items():
        response[name] = value
    return response
