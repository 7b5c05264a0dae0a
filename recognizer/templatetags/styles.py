"""The address of the Bootstrap that pages load."""

from __future__ import annotations

from django import template
from django.templatetags.static import static

from recognizer import styles

register = template.Library()


@register.simple_tag
def bootstrap() -> str:
    """Write the stylesheet's address."""
    return static(styles.bootstrap())
