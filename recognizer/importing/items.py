"""Which images a collection has, and what its labels.csv or its folders say of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from recognizer.importing.collection import Collection, Unread, UnusableCollection
from recognizer.models import Label
from recognizer.recognition import SUFFIXES

TABLE = "labels.csv"
MAX_TABLE_BYTES = 64 << 20  # half a million lines of 128
WRITER_COLUMNS = ("writer", "visitor")


@dataclass(frozen=True)
class Item:
    """An image of a collection.

    Attributes:
        name: Of its file in the collection.
        label: What it is said to be, as `Label` has it; empty where nothing is said.
        writer: Whose hand it is said to be; empty where nothing is said.
        line: Of labels.csv, where that says so; 0 where it says nothing.
        problem: Why it cannot be read, where that is known by now; empty where nothing is.
    """

    name: str
    label: str = ""
    writer: str = ""
    line: int = field(default=0, compare=False)
    problem: str = ""


def items_of(collection: Collection) -> list[Item]:
    """List a collection's images.

    Labels come from the labels.csv that lies highest (columns `file`, which is relative to it,
    `label`, and where there is one `writer` or `visitor`). Where there is none, they come from the
    names of the folders that the images lie in. Images that nothing is said of are listed too.

    Raises:
        UnusableCollection: It has no images, two tables, or a table that says what is no label.
    """
    names = collection.names()
    images = [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if not images:
        raise UnusableCollection(
            f"Expected images ({', '.join(sorted(SUFFIXES))}), found none among {len(names):,} "
            "files."
        )
    table = _table_of(names)
    if table is None:
        return [Item(name, label=_folder_label(name)) for name in images]
    said = _said_by(collection, table)
    return [
        *(said.get(name, Item(name)) for name in images),
        *(_without_image(said.values(), {*images}, {*names})),
    ]


def _table_of(names: list[str]) -> str | None:
    tables = [name for name in names if PurePosixPath(name).name.lower() == TABLE]
    if not tables:
        return None
    depth = min(name.count("/") for name in tables)
    highest = [name for name in tables if name.count("/") == depth]
    if len(highest) > 1:
        raise UnusableCollection(
            f"Expected one {TABLE}, found {len(highest)}: {', '.join(highest[:3])}. "
            "Import the folders one by one."
        )
    return highest[0]


def _folder_label(name: str) -> str:
    folder = PurePosixPath(name).parent.name
    return folder if folder in Label.values else ""


def _without_image(said: Iterable[Item], images: set[str], names: set[str]) -> Iterator[Item]:
    """Give what the table names and is no image of the collection, with why it is none."""
    for one in said:
        if one.name in images:
            continue
        where = f"It is named in line {one.line} of {TABLE}"
        if one.name in names:
            kinds = ", ".join(sorted(SUFFIXES))
            yield replace(one, problem=f"{where}; expected an image ({kinds}). Save it as one.")
        else:
            yield replace(one, problem=f"{where} and is not there.")


def _said_by(collection: Collection, table: str) -> dict[str, Item]:
    """Read a table: what it says of each file, by the file's name in the collection."""
    lines = csv.DictReader(io.StringIO(_text_of(collection, table), newline=""))
    said: dict[str, Item] = {}
    try:
        columns = lines.fieldnames or []
        if not {"file", "label"} <= {*columns}:
            raise UnusableCollection(
                f"Expected the columns file and label at the top of {table}, "
                f"found {', '.join(columns) or 'nothing'}."
            )
        for line in lines:
            item = _item(line, table, lines.line_num)
            if said.setdefault(item.name, item) != item:
                raise UnusableCollection(
                    f"{table} says two things of {item.name}, again in line {lines.line_num}. "
                    "Keep one of them."
                )
    except csv.Error as error:
        raise UnusableCollection(f"{table} is no CSV: {error}, line {lines.line_num}.") from error
    return said


def _text_of(collection: Collection, table: str) -> str:
    try:
        content = collection.read(table, most=MAX_TABLE_BYTES)
        text = content.decode("utf-8-sig")
    except (Unread, UnicodeDecodeError) as error:
        raise UnusableCollection(f"{table} cannot be read: {error}. Save it as UTF-8.") from error
    if len(content) > MAX_TABLE_BYTES:
        raise UnusableCollection(f"Expected a {table} of {MAX_TABLE_BYTES >> 20} MiB at most.")
    return text


def _item(line: dict[str, str | None], table: str, number: int) -> Item:
    file, label = ((line[column] or "").strip() for column in ("file", "label"))
    if not file:
        raise UnusableCollection(
            f"Expected the name of a file in line {number} of {table}, found none. "
            "Name it, or take the line out."
        )
    if label and label not in Label.values:
        raise UnusableCollection(
            f"Expected one of {', '.join(Label.values)} or nothing as a label, "
            f"found {label!r} in line {number} of {table}."
        )
    writers = [(line.get(column) or "").strip() for column in WRITER_COLUMNS]
    name = (PurePosixPath(table).parent / file).as_posix()
    return Item(name, label, next(filter(None, writers), ""), number)
