"""What a request passes on its way to a view: method, size, token; its problems, on the way out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from recognizer import problems
from recognizer.problems import Problem
from recognizer.visitors import is_browser

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
Page = Callable[[HttpRequest, Problem], HttpResponseBase]


def door(
    *methods: str, page: Page = problems.answer, needs_token: bool = True
) -> Callable[[View[P]], View[P]]:
    """Let only proper requests reach a view, and answer its problems.

    A request without a cookie that carries rights has nobody's, so there is nothing to forge and no
    token is asked for: programs. One with such a cookie is asked for it: browsers.

    Args:
        methods: The HTTP methods that the view knows.
        page: What a person is shown for a problem, if not the error page.
        needs_token: Whether a browser is asked for the token.
    """

    def decorate(view: View[P]) -> View[P]:
        checked = csrf_protect(view)

        @wraps(view)
        def enter(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                _check_method(request, methods)
                _check_size(request)
                inner = checked if needs_token and is_browser(request) else view
                response = inner(request, *args, **kwargs)
            except problems.FORESEEN as error:
                answer = problems.answer if problems.wants_json(request) else page
                response = answer(request, Problem.of(error))
            return private(response)

        return cast("View[P]", csrf_exempt(enter))  # asked for above, of browsers

    return decorate


def _check_method(request: HttpRequest, methods: tuple[str, ...]) -> None:
    allowed = (*methods, "HEAD") if "GET" in methods else methods
    if request.method not in allowed:
        raise problems.method_not_allowed(str(request.method), allowed)


def _check_size(request: HttpRequest) -> None:
    """Refuse by the length that the client announces, before a byte of the body is read.

    Django's own limit counts what is not a file; files it would take at any length. A body that
    comes in chunks, without a length, it would take for an empty one.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length and request.META.get("HTTP_TRANSFER_ENCODING"):
        raise Problem.named("length_required")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if limit and length.isdecimal() and float(length) > limit:  # an int has a limit of its own
        raise RequestDataTooBig


def private(response: R) -> R:
    """What one visitor sees is kept by no cache but their own, and asked for again each time."""
    if not response.has_header("Cache-Control"):
        patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Cookie", "Accept"])
    return response
