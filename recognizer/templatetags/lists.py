"""What our templates of lists have beyond the admin's own: cheap dates, the next page."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.admin.views.main import PAGE_VAR, ChangeList

from recognizer.admin import dates

register = template.Library()


@register.inclusion_tag("admin/date_hierarchy.html")
def date_links(changelist: ChangeList) -> dict[str, Any]:
    return dates.hierarchy(changelist)


@register.simple_tag
def page_url(changelist: ChangeList, steps: int) -> str:
    """Give the address of the page so many steps from the one that is shown."""
    return changelist.get_query_string({PAGE_VAR: changelist.page_num + steps})
