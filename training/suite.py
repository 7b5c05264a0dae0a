"""A suite's file: named sets of pictures with their goals, and where their pictures are.

No database is known here, and nothing is read off a picture.
"""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from training import corruptions, datasets
from training.datasets import DataUnavailable, Images

KINDS = ("digits", "nondigits")
BUILTINS = ("sample", "mnist")
WAYS = ("imaging", "engine")
ALL_CORRUPTIONS = "mnist-c"


class InvalidSuite(ValueError):
    """A suite's file asks for what cannot be; the message says what was expected."""


class NotHere(RuntimeError):
    """A set's data is not on this machine; the message says what was looked for."""


@dataclass(frozen=True)
class NamedSet:
    """One `[[set]]` of a suite's file.

    Attributes:
        name: What it is called.
        kind: `digits`, or `nondigits` for pictures without one.
        path: A folder or an .npz; None where it is built in.
        builtin: `sample` (what comes along) or `mnist` (what Keras fetches), their test digits;
            empty where it has a path.
        goal: The least accuracy with the verdict ignored; of non-digits the least share that is
            not read as a digit. None where there is none.
        max_ece: The largest calibration error; None where there is none.
        where: Columns of labels.csv and the values that are kept.
        limit: How many are taken, evenly from the whole; None takes all.
        corruption: One of MNIST-C's, or `mnist-c` for all fifteen; empty for none.
        through: `imaging`, the way of a visitor's picture, or `engine`, as the digit is. Empty is
            `engine` for digits that are laid out as MNIST's, and `imaging` for all others.
    """

    name: str
    kind: str
    path: Path | None = None
    builtin: str = ""
    goal: float | None = None
    max_ece: float | None = None
    where: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    corruption: str = ""
    through: str = ""


@dataclass(frozen=True)
class Suite:
    """A name and its sets."""

    name: str
    sets: list[NamedSet]


# --- Reading a suite's file ---------------------------------------------------------------------


def read(path: Path) -> Suite:
    """Read a suite from a TOML file. The sets' data is not looked for.

    Args:
        path: A file with a `[[set]]` for each set, and perhaps a `name`; paths in it are relative
            to its folder. The keys are `NamedSet`'s.

    Raises:
        InvalidSuite: It is not there, is no TOML, or asks for what cannot be.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidSuite(f"Expected a suite's file, found none at {path}: {error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSuite(f"{path} is no TOML: {error}") from error
    _check_keys(content, {"name", "set"}, str(path))
    tables = content.get("set")
    if not isinstance(tables, list) or not tables:
        raise InvalidSuite(f"Expected at least one [[set]] in {path}, found none.")
    sets = [_named_set(table, place, path.parent) for place, table in enumerate(tables, 1)]
    twice = [name for name, count in Counter(one.name for one in sets).items() if count > 1]
    if twice:
        raise InvalidSuite(f"Expected each set's name once in {path}, found {twice[0]!r} again.")
    return Suite(str(content.get("name", path.stem)), sets)


# What a key's value must be, and how to say it.
TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "goal": ((int, float), "a share of 0 to 1"),
    "max_ece": ((int, float), "a share of 0 to 1"),
    "limit": ((int,), "a whole number of 1 or more"),
    "where": ((dict,), "a table of columns and values"),
}
CHOICES = {
    "kind": KINDS,
    "builtin": BUILTINS,
    "through": WAYS,
    "corruption": (ALL_CORRUPTIONS, *corruptions.CORRUPTIONS),
}


def _named_set(table: Any, place: int, folder: Path) -> NamedSet:
    who = f"[[set]] {place}"
    if not isinstance(table, dict):
        raise InvalidSuite(f"Expected {who} to be a table, found {table!r}.")
    _check_keys(table, {one.name for one in fields(NamedSet)}, who)
    who = f"The set {table.get('name', place)!r}"
    for key, value in table.items():
        _check_value(key, value, who)
    if missing := {"name", "kind"} - set(table):
        raise InvalidSuite(f"{who}: expected {' and '.join(sorted(missing))}.")
    path = (folder / Path(table["path"]).expanduser()) if "path" in table else None
    where = {str(key): str(value) for key, value in table.get("where", {}).items()}
    one = NamedSet(**{**table, "path": path, "where": where})
    if problem := _problem(one):
        raise InvalidSuite(f"{who}: {problem}.")
    return one


def _check_keys(table: dict[str, Any], known: set[str], who: str) -> None:
    if unknown := set(table) - known:
        raise InvalidSuite(
            f"{who}: expected the keys {', '.join(sorted(known))}, "
            f"found {', '.join(sorted(unknown))} too."
        )


def _check_value(key: str, value: Any, who: str) -> None:
    types, words = TYPES.get(key, ((str,), "a text"))
    is_fit = isinstance(value, types) and not isinstance(value, bool)
    if is_fit and key in ("goal", "max_ece"):
        is_fit = 0 <= value <= 1
    if is_fit and key == "limit":
        is_fit = value >= 1
    if is_fit and key in CHOICES:
        is_fit, words = value in CHOICES[key], f"one of {', '.join(CHOICES[key])}"
    if is_fit and key == "name":
        is_fit = bool(value.strip())
    if not is_fit:
        raise InvalidSuite(f"{who}: expected {key} to be {words}, found {value!r}.")


def _problem(one: NamedSet) -> str:
    """Say what of a set does not go together; nothing where all does."""
    if bool(one.path) == bool(one.builtin):
        return "expected either a path or a builtin"
    if one.kind == "nondigits" and (one.builtin or one.corruption or one.through):
        return "expected non-digits as a folder of images, without corruption or through"
    if one.kind == "nondigits" and one.max_ece is not None:
        return "expected max_ece of digits only"
    return ""


# --- Finding a set's pictures -------------------------------------------------------------------


@dataclass(frozen=True)
class Pictures:
    """A set's pictures.

    Attributes:
        names: What each is: its digit as a text, or whatever is known of one without.
        files: Their image files; empty where the digits are laid out already.
        digits: `uint8 (N, 28, 28)`, laid out as MNIST's; None where they are files.
        num_skipped: How many more there are in the data, which are not of this set.
    """

    names: list[str]
    files: list[Path] = field(default_factory=list)
    digits: Images | None = None
    num_skipped: int = 0

    def __len__(self) -> int:
        return len(self.names)


def pictures_of(one: NamedSet) -> Pictures:
    """Find a set's pictures, all of them.

    Raises:
        NotHere: Its data is not on this machine.
        DataUnavailable: It is here, and is damaged.
        InvalidSuite: It is asked for what it has not.
    """
    if one.path is None:
        return _built_in(one.builtin)
    if not one.path.exists():
        raise NotHere(f"nothing at {one.path}")
    if datasets.holds_arrays(one.path):
        if one.kind == "nondigits" or one.where:
            raise InvalidSuite(
                f"The set {one.name!r}: expected a folder of images for non-digits and for where, "
                f"found digits that are laid out already at {one.path}."
            )
        return _laid_out(datasets.read_test(one.path))
    if one.corruption or one.through == "engine":
        raise InvalidSuite(
            f"The set {one.name!r}: expected digits that are laid out as MNIST's for corruption "
            f'and for through = "engine", found images at {one.path}.'
        )
    return _image_files(one)


def _built_in(name: str) -> Pictures:
    try:
        return _laid_out(datasets.load(name, num_validation=100).test)
    except DataUnavailable as error:
        raise NotHere(str(error)) from error


def _laid_out(digits: datasets.Digits) -> Pictures:
    return Pictures([str(label) for label in digits.labels], digits=digits.images)


def _image_files(one: NamedSet) -> Pictures:
    folder = one.path
    assert folder is not None  # noqa: S101  (for the type checker: `pictures_of` has looked)
    table = folder / "labels.csv"
    if one.where or (one.kind == "nondigits" and table.is_file()):
        return _chosen(one, table)
    if one.kind == "nondigits":
        return _unlabelled(folder)
    found = datasets.read_image_folder(folder)
    if not found.files:
        raise DataUnavailable(f"Expected pictures of digits in {folder}, found other labels only.")
    names = [str(label) for _, label in found.files]
    return Pictures(names, [file for file, _ in found.files], num_skipped=found.num_skipped)


def _unlabelled(folder: Path) -> Pictures:
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in datasets.IMAGE_SUFFIXES)
    if not files:
        raise DataUnavailable(f"Expected images in {folder}, found none.")
    return Pictures([file.parent.name for file in files], files)


def _chosen(one: NamedSet, table: Path) -> Pictures:
    """Follow a labels.csv as far as `where` goes. What a non-digit is called is only shown."""
    rows = _rows(one, table)
    kept = [row for row in rows if all(row[key] == value for key, value in one.where.items())]
    if one.kind == "digits":
        kept = [row for row in kept if row["label"] in set("0123456789")]
    files = [table.parent / row["file"] for row in kept]
    if missing := [file for file in files if not file.is_file()]:
        raise DataUnavailable(
            f"{table} names {len(missing)} files that are not there, {missing[0]} first."
        )
    if not files:
        raise DataUnavailable(f"Expected pictures in {table} where {one.where}, found none.")
    names = [_name(row) for row in kept]
    return Pictures(names, files, num_skipped=len(rows) - len(kept))


def _name(row: dict[str, str]) -> str:
    """Say what a picture shows; some tables call what is no digit -1."""
    label = row.get("label", "")
    return row.get("what", "") if label in ("", "-1") else label


def _rows(one: NamedSet, table: Path) -> list[dict[str, str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise DataUnavailable(f"Expected a labels.csv for {one.name!r}: {error}.") from error
    have = set(rows[0]) if rows else set()
    need = {"file", *one.where} | ({"label"} if one.kind == "digits" else set())
    if lacking := need - have:
        raise InvalidSuite(
            f"The set {one.name!r}: expected the columns {', '.join(sorted(need))} in {table}, "
            f"found no {', '.join(sorted(lacking))}."
        )
    return rows


def limited(pictures: Pictures, limit: int | None) -> tuple[Pictures, list[int]]:
    """Take pictures evenly from the whole, since MNIST's first half is the easier one.

    Returns:
        The pictures that are taken, and each one's number in the whole, from 0.
    """
    num = min(limit or len(pictures), len(pictures))
    numbers = [int(place) for place in np.arange(num) * len(pictures) // num]
    part = replace(
        pictures,
        names=[pictures.names[place] for place in numbers],
        files=[pictures.files[place] for place in numbers] if pictures.files else [],
        digits=None if pictures.digits is None else pictures.digits[numbers],
    )
    return part, numbers
