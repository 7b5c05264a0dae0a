"""Who a visitor is: a random key in a signed cookie, and nothing else. No tables."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

COOKIE = "visitor"
SALT = "recognizer.visitors"
MAX_AGE = 365 * 24 * 60 * 60  # seconds: a year, renewed by the first page, the history and uploads

AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)


@dataclass(frozen=True)
class Visitor:
    """One browser, or one program.

    Attributes:
        key: 32 hexadecimal digits; what a submission's `visitor_key` holds.
        is_known: The request carried the key. A cookie that was tampered with makes a new visitor.
    """

    key: str = field(default_factory=lambda: secrets.token_hex(16))
    is_known: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> Visitor:
        key = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=MAX_AGE) or ""
        return cls(key, is_known=True) if re.fullmatch(r"[0-9a-f]{32}", key) else cls()

    def remember(self, response: AnyResponse, *, path: str | None = None) -> AnyResponse:
        """Give the visitor the key to keep.

        Args:
            response: What they are about to get.
            path: Where alone the key is to be sent back to; None for the whole site.
        """
        response.set_signed_cookie(
            COOKIE,
            self.key,
            salt=SALT,
            max_age=MAX_AGE,
            path=path or settings.SESSION_COOKIE_PATH,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        patch_vary_headers(response, ["Cookie"])
        return response

    @staticmethod
    def forget(response: AnyResponse) -> AnyResponse:
        """Take the key back, and what the browser has kept of the visitor's pictures."""
        response.delete_cookie(COOKIE, path=settings.SESSION_COOKIE_PATH, samesite="Lax")
        return Visitor.forget_pictures(response)

    @staticmethod
    def forget_pictures(response: AnyResponse) -> AnyResponse:
        """Let the browser drop the pictures that it has kept: of one alone it can not be asked."""
        response["Clear-Site-Data"] = '"cache"'
        return response


def is_browser(request: HttpRequest) -> bool:
    """Tell a browser, which sends who it is by itself, from a program, which is nobody.

    The cookies that count are those that carry rights, good or not: the visitor's and a session's.
    The token's own cookie carries none; a program with a cookie jar has it from any page.
    """
    return not {COOKIE, settings.SESSION_COOKIE_NAME}.isdisjoint(request.COOKIES)
