"""A passport or a receipt, which are trees of JSON, as rows that a person can read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.formats import localize
from django.utils.translation import gettext as _

# What a row writes out; of longer lists it tells the size.
MAX_ITEMS = 12


@dataclass(frozen=True)
class Row:
    """One line: a name and its value in words, or a name over rows of its own."""

    name: str
    text: str = ""
    rows: list[Row] = field(default_factory=list)
    is_code: bool = False


def rows_of(tree: dict[str, Any]) -> list[Row]:
    return [_row(name, value) for name, value in tree.items()]


def _row(key: str, value: Any) -> Row:
    name = key.removeprefix("num_").removeprefix("is_").replace("_", " ")
    if isinstance(value, dict):
        return Row(name, rows=rows_of(value))
    return Row(name, _words(value), is_code=isinstance(value, str) and len(value) >= 32)


def _words(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return _list(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value.isidentifier():  # dark_on_light
        return value.replace("_", " ")
    return str(localize(value))


def _list(values: list[Any]) -> str:
    if not values:
        return _("none")
    if _is_table(values) and len(values) * len(values[0]) > MAX_ITEMS:
        return _("%(rows)d × %(columns)d numbers") % {
            "rows": len(values),
            "columns": len(values[0]),
        }
    if len(values) > MAX_ITEMS:
        return _("%(num)d values") % {"num": len(values)}
    if isinstance(values[0], list):
        return "; ".join(_list(row) for row in values)
    return ", ".join(_words(value) for value in values)


def _is_table(values: list[Any]) -> bool:
    """Whether it is rows of numbers, as golden outputs are; names with their numbers are not."""
    return all(
        isinstance(row, list) and all(isinstance(value, (int, float)) for value in row)
        for row in values
    )
