"""`manage.py evaluate [--version N] [--data DIR | --suite FILE]`: measure a version."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from recognizer import engine, recognition
from recognizer.engine import Loaded
from recognizer.models import ModelVersion
from training import datasets, measurement, model_card, report, suite, wording
from training.datasets import Images
from training.evaluation import figures, recalls
from training.management.choosing import chosen_version
from training.measurement import Answer, Row

Figures = dict[str, Any]

SUITES = Path(suite.__file__).parent / "suites"
# What goes with --suite only.
SUITE_OPTIONS = ("mnist", "name", "limit", "check", "html", "record", "passport")


class Command(BaseCommand):
    help = (
        "Measure a version on labelled digits: accuracy, recall of each digit, confusion matrix, "
        "expected calibration error. The verdict is ignored; what cannot be read counts as wrong. "
        "With --suite: on many named sets, with their goals."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # --version is Django's own on every command; here it names a model version.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--version", type=int, help="its number (default: the active one)")
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--data",
            default="sample",
            help="mnist, sample (the default), an .npz, or a folder: MNIST's IDX files, images "
            "with a labels.csv (file,label), or folders 0 … 9 with images",
        )
        which.add_argument(
            "--suite",
            metavar="FILE",
            help="a suite's TOML file, or the name of one that is shipped",
        )
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")
        ours = parser.add_argument_group("with --suite")
        ours.add_argument(
            "--mnist",
            type=Path,
            metavar="DIR",
            help="where MNIST's files lie, in place of what Keras fetches",
        )
        ours.add_argument("--name", help="what to call the suite (default: as it calls itself)")
        ours.add_argument("--limit", type=int, help="at most so many pictures a set")
        ours.add_argument("--check", action="store_true", help="exit with 1 where a goal is missed")
        ours.add_argument(
            "--html", type=Path, metavar="DIR", help="write a report with the misses as pictures"
        )
        ours.add_argument(
            "--record", action="store_true", help="keep the figures with the version, as its card"
        )
        ours.add_argument(
            "--passport",
            type=Path,
            metavar="FILE",
            help="keep them in the passport.json of the version's model file too",
        )

    def handle(self, **options: Any) -> None:
        given = [f"--{name}" for name in SUITE_OPTIONS if options[name]]
        if given and not options["suite"]:
            raise CommandError(f"{', '.join(given)}: expected --suite FILE with it.")
        if options["limit"] and (options["record"] or options["passport"]):
            raise CommandError(
                "--limit is for trying out: expected the whole suite where figures are kept."
            )
        version, loaded = self._load(options["version"])
        try:
            if options["suite"]:
                self._run_suite(version, loaded, options)
            else:
                self._run_data(version, loaded, options)
        except (datasets.DataUnavailable, suite.InvalidSuite, model_card.NotItsPassport) as error:
            raise CommandError(str(error)) from error

    def _run_data(self, version: ModelVersion, loaded: Loaded, options: dict[str, Any]) -> None:
        found = {"version": version.number, "data": options["data"]} | _measure(
            options["data"], loaded
        )
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            _print(version, found)

    def _run_suite(self, version: ModelVersion, loaded: Loaded, options: dict[str, Any]) -> None:
        # What cannot be is said before minutes of measuring.
        if options["passport"]:
            model_card.check_passport(options["passport"], version.sha256)
        if options["html"]:
            _make_folder(options["html"])
        plan = _plan(options["suite"], mnist=options["mnist"], limit=options["limit"])
        plan = replace(plan, name=options["name"] or plan.name)
        rows = list(_rows(plan, loaded))
        found = measurement.summary(plan, rows)
        if options["json"]:
            self.stdout.write(json.dumps({"version": version.number} | found))
        else:
            _print_suite(version, found)
        if options["html"]:
            written = report.write(options["html"], str(version), found, rows)
            self.stderr.write(f"Report: {written}")
        if options["record"] or options["passport"]:
            card = model_card.with_suite(version.metrics.get("card"), found, version.passport)
            if options["record"]:
                version.metrics["card"] = card
                version.save(update_fields=["metrics"])
            if options["passport"]:
                model_card.write_to_passport(options["passport"], card)
        if options["check"] and not found["is_met"]:
            sys.exit(1)

    def _load(self, number: int | None) -> tuple[ModelVersion, Loaded]:
        """Load the version with this number; the active one where there is none.

        Raises:
            CommandError: There is no such version, or it does not load.
        """
        version = chosen_version(number)
        try:
            return version, engine.load(engine.source_of(version, settings.DIGITS_ENGINE))
        except engine.LoadFailed as error:
            raise CommandError(f"{version} does not load: {error}") from error


def _measure(data: str, loaded: Loaded) -> Figures:
    if data in {"mnist", "sample"}:
        digits = datasets.load(data, num_validation=100).test
        return _figures_of_digits(digits, loaded)
    path = Path(data).expanduser()
    if datasets.holds_arrays(path):
        return _figures_of_digits(datasets.read_test(path), loaded)
    return _figures_of_images(datasets.read_image_folder(path), loaded)


def _figures_of_digits(digits: datasets.Digits, loaded: Loaded) -> Figures:
    """Measure digits that are laid out already; they go to the engine as they are."""
    return figures(digits.labels, loaded.engine.probabilities(digits.images))


def _figures_of_images(folder: datasets.ImageFolder, loaded: Loaded) -> Figures:
    """Measure image files by the way that visitors' drawings go.

    What cannot be read, or is blank, counts as wrong in accuracy and recall; confusion, calibration
    error and likelihood are of what was answered.
    """
    bar = Console(stderr=True)
    answers = track(
        _probabilities([file for file, _ in folder.files], loaded),
        "Reading",
        total=len(folder.files),
        console=bar,
        transient=True,
        disable=not bar.is_terminal,
    )
    rows = [(label, row) for (_, label), row in zip(folder.files, answers, strict=True)]
    read = [(label, row) for label, row in rows if row is not None]
    if not read:
        raise datasets.DataUnavailable(f"None of {len(rows)} images could be read.")
    labels, probabilities = (np.array(column) for column in zip(*read, strict=True))
    found = figures(labels.astype(np.uint8), probabilities)
    totals = np.bincount([label for label, _ in rows], minlength=10)
    return found | {
        "num": len(rows),
        "accuracy": round(found["accuracy"] * len(read) / len(rows), 6),
        "recall": recalls(np.array(found["confusion"]).diagonal(), totals),
        "num_unread": len(rows) - len(read),
        "num_skipped": folder.num_skipped,
    }


def _probabilities(files: list[Path], loaded: Loaded) -> Iterator[NDArray[np.float32] | None]:
    """Give ten probabilities a file, in their order; None where it is blank or unreadable."""
    for answer in recognition.read_files(files, loaded):
        if isinstance(answer, recognition.Reading) and answer.digit is not None:
            yield np.array(answer.probabilities, np.float32)
        else:
            yield None


def _print(version: ModelVersion, found: Figures) -> None:
    console = Console()
    console.print(f"{version} on {found['data']}: {found['num']:,} digits")
    console.print(f"accuracy {found['accuracy']:.2%}, calibration error (ECE) {found['ece']:.4f}")
    if found.get("num_unread"):
        console.print(
            f"{found['num_unread']} could not be read: they count as wrong in accuracy and recall, "
            "and are not in the table's counts"
        )
    if found.get("num_skipped"):
        console.print(f"{found['num_skipped']} labelled with no digit were left out")
    table = Table(title="Rows true, columns answered", box=box.SIMPLE, padding=0)
    for title in ("digit", "recall"):
        table.add_column(title, justify="right", no_wrap=True)
    for digit in range(10):  # five-digit counts fit in 80 columns too
        table.add_column(str(digit), justify="right", no_wrap=True, min_width=4)
    for digit, row in enumerate(found["confusion"]):
        recall = found["recall"][digit]
        table.add_row(
            str(digit),
            "–" if recall is None else f"{recall:.1%}",
            *(str(count) if count else "·" for count in row),
        )
    console.print(table)


# --- Suites -------------------------------------------------------------------------------------


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"Expected a folder for --html, or room for one: {error}") from error


def _plan(named: str, *, mnist: Path | None, limit: int | None) -> suite.Suite:
    """Read a suite by its file, or by its name where it is shipped; take less of it when asked."""
    if limit is not None and limit < 1:
        raise CommandError(f"Expected a --limit of 1 or more, got {limit}.")
    shipped = SUITES / f"{named}.toml"
    plan = suite.read(shipped if shipped.is_file() else Path(named).expanduser())
    sets = plan.sets
    if mnist:
        sets = [
            replace(one, builtin="", path=mnist.expanduser()) if one.builtin == "mnist" else one
            for one in sets
        ]
    if limit:
        sets = [replace(one, limit=min(one.limit or limit, limit)) for one in sets]
    return replace(plan, sets=sets)


def _rows(plan: suite.Suite, loaded: Loaded) -> Iterator[Row]:
    """Measure the sets, with a line for each while it lasts."""
    console = Console(stderr=True)
    reader = _Reader(loaded)
    for one in plan.sets:
        with console.status(f"Reading {one.name}") if console.is_terminal else nullcontext():
            yield measurement.measure(one, reader)


class _Reader:
    """Reads a suite's pictures with a loaded version: laid out already, or as a visitor's."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def __call__(self, drawings: Images | Sequence[Path] | Sequence[bytes]) -> Iterable[Answer]:
        if isinstance(drawings, np.ndarray):
            return map(self._of_row, self._loaded.engine.probabilities(drawings))
        files = [drawing for drawing in drawings if isinstance(drawing, Path)]
        if files:
            return map(_answer, recognition.read_files(files, self._loaded))
        return self._of_bytes([drawing for drawing in drawings if isinstance(drawing, bytes)])

    def _of_bytes(self, drawings: list[bytes]) -> Iterator[Answer]:
        for start in range(0, len(drawings), recognition.FILES_AT_ONCE):
            some = drawings[start : start + recognition.FILES_AT_ONCE]
            yield from map(_answer, recognition.read_drawings(some, self._loaded))

    def _of_row(self, row: NDArray[np.float32]) -> Answer:
        """Judge a digit by its confidence alone: nothing is known of glyphs beside it."""
        confidence, thresholds = float(row.max()), self._loaded.thresholds
        verdict = "digit"
        if confidence < thresholds.reject_below:
            verdict = "not_a_digit"
        elif confidence < thresholds.unsure_below:
            verdict = "unsure"
        return Answer(verdict, int(row.argmax()), confidence, row.tolist())


def _answer(reading: recognition.Reading | Exception) -> Answer:
    if isinstance(reading, Exception):
        return Answer(measurement.UNREADABLE)
    return Answer(str(reading.verdict), reading.digit, reading.confidence, reading.probabilities)


def _print_suite(version: ModelVersion, found: Figures) -> None:
    console = Console()
    console.print(f"{version} on the suite {found['suite']}: {wording.tally(found)}")
    table = Table(box=box.SIMPLE, padding=0, collapse_padding=True)
    table.add_column("set", overflow="fold", ratio=1)
    for title in ("n", "right", "answered", "refused", "ECE"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("worst", overflow="fold")
    table.add_column("goal", overflow="fold")
    for kind in suite.KINDS:
        for row in found["sets"]:
            if row["kind"] == kind:
                table.add_row(*_cells(row), style="" if row["is_here"] else "dim")
        table.add_section()
    console.print(table)
    console.print(EXPLAINED)
    _print_parts(console, found)
    _print_together(console, found["together"])


EXPLAINED = (
    "right: share with the likeliest digit right; of non-digits, not read as a digit. answered: "
    "share right where the verdict is a digit. refused: not a digit, blank or unreadable. "
    "ECE: expected calibration error."
)


def _cells(row: Figures) -> list[str]:
    if not row["is_here"]:
        return [row["name"], row["missing"], *[""] * 6]
    return [*wording.figures(row, num_confusions=2)]


def _print_parts(console: Console, found: Figures) -> None:
    for row in found["sets"]:
        if parts := row.get("parts"):
            said = ", ".join(f"{name} {wording.percent(share, 1)}" for name, share in parts.items())
            console.print(f"{row['name']}: {said}")


def _print_together(console: Console, found: Figures) -> None:
    if not found:
        return
    console.print(
        f"Photos and drawings together: {found['num']:,} digits, "
        f"{wording.percent(found['accuracy'])} right, "
        f"{wording.percent(found['accuracy_answered'])} where answered "
        f"({wording.percent(found['answered'])} are), "
        f"{wording.percent(found['several'])} taken for several"
        + (f"; {found['num_nondigits']:,} non-digits" if "num_nondigits" in found else "")
    )
    table = Table(box=box.SIMPLE, padding=0, show_header=False)
    for goal in found["goals"]:
        name = goal["figure"]
        value = wording.figure(name, goal["value"])
        table.add_row(wording.TOGETHER[name], f" {value} ", wording.goal_together(goal))
    console.print(table)
