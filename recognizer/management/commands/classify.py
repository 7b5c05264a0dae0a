"""`manage.py classify PATH …`: read image files with the active version, and store nothing."""

from __future__ import annotations

import argparse
import csv
import glob
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, TextIO

from django.core.management.base import BaseCommand, CommandError

from recognizer import imaging, recognition
from recognizer.management import bars
from recognizer.recognition import SUFFIXES

# So many rows of steps fit a screen and a half, and a megabyte or two of memory each.
ROWS_A_SHEET = 20
COLUMNS = (
    "file",
    "verdict",
    "digit",
    "digits",
    "confidence",
    *(f"p{digit}" for digit in range(10)),
    "error",
)


class Command(BaseCommand):
    help = (
        "Read image files, folders and globs with the active version, one line an image. "
        "The exit status is 1 where a file could not be read."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder or a glob")
        parser.add_argument("--format", choices=sorted(WRITERS), default="table")
        parser.add_argument(
            "--explain", type=Path, metavar="DIR", help="draw the steps of each image into DIR"
        )

    def handle(self, **options: Any) -> None:
        files = [file for path in options["paths"] for file in _images(path)]
        try:
            loaded = recognition.active_engine()
        except recognition.NoActiveVersion as error:
            raise CommandError(str(error)) from error
        writer = WRITERS[options["format"]](sys.stdout)
        sheets = Sheets(options["explain"]) if options["explain"] else None
        num_unreadable = 0
        answers = zip(files, recognition.read_files(files, loaded), strict=True)
        for file, answer in bars.follow(answers, "Reading", total=len(files)):
            num_unreadable += isinstance(answer, Exception)
            writer(_line(file, answer))
            if sheets:
                sheets.add(file, answer)
        if sheets:
            sheets.close()
        self.stderr.write(f"{len(files)} files, {num_unreadable} unreadable")
        if num_unreadable:
            sys.exit(1)


def _images(path: str) -> list[Path]:
    """Find the images that a file's, a folder's or a glob's name stands for.

    Raises:
        CommandError: There is none.
    """
    files = list(_files(path))
    if not files:
        raise CommandError(
            f"Expected images in {path}, found no file that ends in {', '.join(sorted(SUFFIXES))}. "
            "A file that is named itself is read whatever it ends in."
        )
    return files


def _files(path: str) -> Iterator[Path]:
    found = [path] if Path(path).exists() else glob.glob(path, recursive=True)  # noqa: PTH207  (any root)
    if not found:
        raise CommandError(f"Expected a file, a folder or a glob, found nothing at {path}.")
    for one in map(Path, sorted(found)):
        if one.is_dir():
            yield from sorted(file for file in one.rglob("*") if file.suffix.lower() in SUFFIXES)
        else:
            yield one


def _line(file: Path, answer: recognition.Reading | Exception) -> dict[str, Any]:
    if isinstance(answer, Exception):
        return {"file": str(file), "error": str(answer)}
    return {"file": str(file)} | asdict(answer) | {"digits": answer.digits}


class Sheets:
    """Draws the steps of each image, a row an image, on one sheet for every `ROWS_A_SHEET`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._rows: list[tuple[str, list[imaging.Step]]] = []
        self._num_sheets = 0

    def add(self, file: Path, answer: recognition.Reading | Exception) -> None:
        if isinstance(answer, Exception):
            return
        title = f"{file.name}: {answer.verdict} {answer.digits} {answer.confidence:.1%}"
        if answer.segmentation:
            title += f" ({answer.segmentation}, best of {answer.num_segmentations})"
        picture = imaging.decode(file.read_bytes())
        steps = imaging.explain(picture, answer.segmentation or "usual")
        self._rows.append((title, steps))
        if len(self._rows) == ROWS_A_SHEET:
            self.close()

    def close(self) -> None:
        """Write the rows that are left."""
        if not self._rows:
            return
        self._num_sheets += 1
        titles, rows = zip(*self._rows, strict=True)
        sheet = self._folder / f"steps-{self._num_sheets:03}.png"
        sheet.write_bytes(imaging.contact_sheet(*rows, titles=titles))
        self._rows = []


class Writer(Protocol):
    """Writes one line an image, as soon as it is read."""

    def __init__(self, output: TextIO) -> None: ...
    def __call__(self, line: dict[str, Any]) -> None: ...


class JsonLines:
    def __init__(self, output: TextIO) -> None:
        self._output = output

    def __call__(self, line: dict[str, Any]) -> None:
        print(json.dumps(line, ensure_ascii=False), file=self._output)


class Csv:
    def __init__(self, output: TextIO) -> None:
        self._csv = csv.DictWriter(output, COLUMNS, lineterminator="\n")
        self._csv.writeheader()

    def __call__(self, line: dict[str, Any]) -> None:
        row = {key: value for key, value in line.items() if key in COLUMNS}
        for digit, probability in enumerate(line.get("probabilities", ())):
            row[f"p{digit}"] = probability
        self._csv.writerow(row)


class Table:
    def __init__(self, output: TextIO) -> None:
        self._output = output
        print(f"{'verdict':12} {'digit':>5} {'confidence':>10}  file", file=output)

    def __call__(self, line: dict[str, Any]) -> None:
        if "error" in line:
            print(
                f"{'error':12} {'':5} {'':10}  {line['file']}: {line['error']}", file=self._output
            )
            return
        digit = line["digits"] or "–"
        print(
            f"{line['verdict']:12} {digit:>5} {line['confidence']:>10.1%}  {line['file']}",
            file=self._output,
        )


WRITERS: dict[str, type[Writer]] = {"csv": Csv, "jsonl": JsonLines, "table": Table}
