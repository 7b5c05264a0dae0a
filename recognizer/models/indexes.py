"""Indexes by which the lists of a million rows are filtered and sorted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


def list_index(
    name: str, *lead: str, filters: dict[str, str], condition: Q | None = None
) -> models.Index:
    """Give an index that leads with columns, goes on by date, and holds what may be filtered by.

    The other filters then cost no look at the rows, wherever these lie.

    Args:
        name: Of the index.
        lead: Columns that are filtered or sorted by first.
        filters: What the list is filtered by: parts of names → fields.
        condition: Which rows it has; all where it is None.
    """
    rest = [field for field in filters.values() if field not in lead]
    return models.Index(fields=[*lead, *BY_DATE, *rest], name=name, condition=condition)


BY_DATE = ("-created_at", "-id")


def list_indexes(table: str, filters: dict[str, str], **orders: str) -> list[models.Index]:
    """Give the indexes by which a list of a million rows finds any page in milliseconds.

    One has the dates alone, for pages as deep as there are rows. All others lead with one column,
    for the filter and the order by it.

    Args:
        table: Names the indexes.
        filters: What the list is filtered by: parts of names → fields.
        orders: By what else it is sorted.
    """
    return [
        models.Index(fields=BY_DATE, name=f"{table}_by_date"),
        list_index(f"{table}_newest", filters=filters),
        *(
            list_index(f"{table}_by_{name}", field, filters=filters)
            for name, field in (filters | orders).items()
        ),
    ]
