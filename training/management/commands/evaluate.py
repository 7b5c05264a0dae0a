"""`manage.py evaluate [--version N] [--data DIR]`: measure a version on labelled digits."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
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
from training import datasets
from training.evaluation import figures, recalls

Figures = dict[str, Any]


class Command(BaseCommand):
    help = (
        "Measure a version on labelled digits: accuracy, recall of each digit, confusion matrix, "
        "expected calibration error. The verdict is ignored; what cannot be read counts as wrong."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # --version is Django's own on every command; here it names a model version.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--version", type=int, help="its number (default: the active one)")
        parser.add_argument(
            "--data",
            default="sample",
            help="mnist, sample (the default), an .npz, or a folder: MNIST's IDX files, images "
            "with a labels.csv (file,label), or folders 0 … 9 with images",
        )
        parser.add_argument("--json", action="store_true", help="print JSON, for programs")

    def handle(self, **options: Any) -> None:
        version, loaded = self._load(options["version"])
        try:
            found = _measure(options["data"], loaded)
        except datasets.DataUnavailable as error:
            raise CommandError(str(error)) from error
        found = {"version": version.number, "data": options["data"]} | found
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            _print(version, found)

    def _load(self, number: int | None) -> tuple[ModelVersion, Loaded]:
        """Load the version with this number; the active one where there is none.

        Raises:
            CommandError: There is no such version, or it does not load.
        """
        which = {"number": number} if number is not None else {"is_active": True}
        version = ModelVersion.objects.filter(**which).first()
        if version is None:
            known = ", ".join(map(str, ModelVersion.objects.values_list("number", flat=True)))
            raise CommandError(
                f"Expected {'an active version' if number is None else f'version {number}'}, "
                f"found none. Registered: {known or 'none'}. "
                "`manage.py register_model --shipped --activate` registers the one that is shipped."
            )
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
