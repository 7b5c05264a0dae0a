"""Addresses as others are told them: whole, with the site's own name."""

from __future__ import annotations

from django import template
from django.core.exceptions import DisallowedHost
from django.template import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def absolute(context: Context, path: str) -> str:
    """Write a path with scheme and host; nothing where the host is none of ours."""
    request = context.get("request")
    try:
        return str(request.build_absolute_uri(path)) if request else ""
    except DisallowedHost:
        return ""
