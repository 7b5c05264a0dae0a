"""Buttons of an object's page in the admin: each takes a step with it, and needs a permission."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

Object = TypeVar("Object", bound=Model)


def button(
    admin: ModelAdmin[Object],
    name: str,
    change: Callable[[Object], str],
    permission: str,
    *,
    refusals: tuple[type[Exception], ...],
) -> URLPattern:
    """Give the address of a button, behind the admin's login.

    A press takes the step, writes it into the history, says it, and goes back to the page.

    Args:
        admin: Of the objects.
        name: What the address ends with, and is called after app and model.
        change: Takes the step; gives what to say of it.
        permission: What it needs, beside that of looking.
        refusals: What `change` raises where it does not take the step; the message says why.
    """
    called = f"{admin.opts.app_label}_{admin.opts.model_name}"

    @require_POST
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        one = get_object_or_404(admin.model, pk=pk)
        require(admin, request, permission)
        try:
            said = change(one)
        except refusals as refusal:
            admin.message_user(request, str(refusal), messages.WARNING)
        else:
            admin.log_change(request, one, said)
            admin.message_user(request, said, messages.SUCCESS)
        return redirect(f"admin:{called}_change", pk)

    wrapped = admin.admin_site.admin_view(view)
    return path(f"<int:pk>/{name}/", wrapped, name=f"{called}_{name}")


def require(admin: ModelAdmin[Object], request: HttpRequest, permission: str) -> None:
    """Let through whoever may look, and has the permission.

    Raises:
        PermissionDenied: This user may not.
    """
    if not (request.user.has_perm(permission) and admin.has_view_permission(request)):
        raise PermissionDenied
