"""Lists of a million rows: pages that an index finds, one order at a time, cheap counts."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from recognizer.admin import counts

# More than any table has, and its first row's number is still one that databases understand.
LAST_PAGE = 10**9


class LongPaginator(Paginator):  # type: ignore[type-arg]
    """Finds the ids of the one page that is asked for by an index alone, and counts after it.

    Where the page is not full, its end is the list's: there is nothing to count. Where it is, how
    many rows there are may be an estimate. Of all rows by date, every page is offered: deep among
    them they are counted after all, and the page is looked for from its nearer end. Of rows that
    are filtered or sorted, pages are offered as far as rows are counted, and the next one always:
    a narrower filter, or the order turned around, shows the others. A page past the end is the
    last one.

    Attributes:
        number: Of the page, from 1.
        is_whole: Whether it is all rows by date.
        has_next: Whether there are rows after it.
        ids: Of its rows.
    """

    def __init__(
        self, rows: QuerySet[Any], per_page: int, *, number: int, is_by_date: bool
    ) -> None:
        super().__init__(rows, per_page)
        self.rows = rows
        self.number = max(1, number)
        self.is_whole = is_by_date and not rows.query.where
        if self._is_deep and self.is_whole:
            self._go_by(counts.count_all(rows))
        found = self._find()
        if not found and self.number > 1:
            self._go_by(rows.order_by().count())
            found = self._find()
        self.has_next = len(found) > per_page
        self.ids = found[:per_page]

    @cached_property
    def count(self) -> int:
        end = (self.number - 1) * self.per_page + len(self.ids)
        return counts.count(self.rows, known=end + 1) if self.has_next else end

    @cached_property
    def num_pages(self) -> int:
        """How many pages are offered."""
        if self.count > counts.COUNTED and not self.is_whole:
            return max(counts.COUNTED // self.per_page, self.number + self.has_next)
        return max(super().num_pages, self.number + self.has_next)

    def page(self, number: Any) -> Page[Any]:
        """Give the one page there is here, whatever its number was asked to be."""
        return Page(self.ids, self.number, self)

    @property
    def _is_deep(self) -> bool:
        return (self.number - 1) * self.per_page > counts.COUNTED

    def _go_by(self, count: int) -> None:
        self.count = count
        self.number = min(self.number, super().num_pages)

    def _find(self) -> list[Any]:
        """Find the page's ids and, where there is one, the id after them."""
        start = (self.number - 1) * self.per_page
        ids = self.rows.values_list("pk", flat=True)
        known = self.__dict__.get("count")  # where all were counted
        if known is None or start < known / 2:
            return list(ids[start : start + self.per_page + 1])
        end = min(start + self.per_page + 1, known)
        return list(ids.reverse()[known - end : known - start])[::-1]


class LongList(ChangeList):
    """A list as the admin shows it, of `LongPaginator`'s pages, sorted by one column at a time."""

    model_admin: LongListAdmin
    paginator: LongPaginator

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not (self.show_all and self.can_show_all):
            self.page_num = self.paginator.number
            page = self.apply_select_related(self.root_queryset).filter(pk__in=self.paginator.ids)
            self.result_list = page.order_by(*self.queryset.query.order_by)
        self.result_list = self.result_list.defer(*self.model_admin.heavy_fields)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """Sort by one column, and what is equal there by date: as the column's index does.

        Downwards the index is read backwards. A second column would have all rows sorted for one
        page of them.
        """
        column = str(super().get_ordering(request, queryset)[0])
        date = self.date_hierarchy
        if column == "-pk":  # where the address names no column that there is
            column = f"-{date}"
        if column.removeprefix("-") == date:
            return [column, column.replace(date, "pk")]
        ties = "" if column.startswith("-") else "-"
        return [column, f"{ties}{date}", f"{ties}pk"]

    def get_ordering_field_columns(self) -> dict[int, Any]:
        return dict(islice(super().get_ordering_field_columns().items(), 1))


class LongListAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin whose list may have a million rows, newest first.

    Attributes:
        heavy_fields: What the list never shows, and which is most of a row.
    """

    heavy_fields: tuple[str, ...] = ()
    list_per_page = 25  # most of a page's time is its rows: 3 ms each on a slow machine
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongList

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        per_page: int,
        *args: Any,
        **kwargs: Any,
    ) -> Paginator[Any]:
        if queryset.model is not self.model:  # the history of one row
            return super().get_paginator(request, queryset, per_page, *args)
        asked = request.GET.get(PAGE_VAR, "")
        number = min(int(asked), LAST_PAGE) if asked.isdecimal() else 1
        by_date = str(queryset.query.order_by[0]).removeprefix("-") == self.date_hierarchy
        return LongPaginator(queryset, per_page, number=number, is_by_date=by_date)
