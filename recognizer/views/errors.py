"""What goes wrong before a view is reached, or in it: Django's handlers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from recognizer import problems
from recognizer.doors import private
from recognizer.problems import Problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, Problem.of(exception))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, Problem.named("forbidden"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, Problem.named("csrf"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, Problem.named("not_found"))


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, Problem.named("server_error"))


def _answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Answer as behind a door: the page is in one visitor's language, or for staff."""
    return private(problems.answer(request, problem))
