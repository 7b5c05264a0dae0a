"""`manage.py export_dataset --output DIR`: labelled submissions as a data set."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from recognizer import aggregates, exporting
from recognizer.management import bars
from recognizer.models import DIGIT_LABELS, Label, ModelVersion, Submission

ALL = "all"
# `training.datasets` takes what bears MNIST's names and is as large for a broken MNIST.
MNIST_SIZES = {"train": 60_000, "test": 10_000}


class Command(BaseCommand):
    help = (
        "Write reviewed submissions as a data set: PNG and labels.csv, IDX as MNIST has it, .npz, "
        "JSON lines with receipts and strokes; with a manifest and the hash of each file."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        # --version is Django's own on every command; here it names a model version.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--output",
            type=Path,
            required=True,
            metavar="DIR|FILE.zip",
            help="what is not there yet; nothing is overwritten",
        )
        parser.add_argument(
            "--format", nargs="+", choices=[*exporting.FORMATS, ALL], default=[ALL], metavar="NAME"
        )
        parser.add_argument(
            "--test-share",
            type=_share,
            default=1.0,
            metavar="SHARE",
            help="share of the visitors, 0 to 1, whose digits are the test part; the others' are "
            "the training part (default: 1, all are the test part); who is in the field test, a "
            "quarter of them, is in the test part always",
        )
        _add_filters(parser.add_argument_group("which ones"))

    def handle(self, **options: Any) -> None:
        formats = list(exporting.FORMATS) if ALL in options["format"] else options["format"]
        selection = _selection(options)
        try:
            with bars.bar() as bar:
                task = bar.add_task("Exporting", total=selection.rows().count())
                manifest = exporting.export(
                    selection,
                    output=options["output"],
                    formats=list(dict.fromkeys(formats)),
                    test_share=options["test_share"],
                    on_row=lambda: bar.advance(task),
                )
        except (exporting.OutputExists, exporting.NothingToExport) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"Expected room to write a data set to {options['output']}, found: {error}. "
                "Name another place, or make room."
            ) from error
        self._tell(manifest, options["output"])

    def _tell(self, manifest: dict[str, Any], output: Path) -> None:
        counts = ", ".join(f"{label}: {num:,}" for label, num in manifest["labels"].items())
        self.stdout.write(f"{manifest['num']:,} submissions ({counts})")
        for label, num in manifest["left_out"].items():
            self.stdout.write(f"left out: {num:,} labelled {label}")
        for name, one in manifest["formats"].items():
            for why, num in one["left_out"].items():
                self.stdout.write(f"left out of {name}: {num:,}: {why}")
        self.stdout.write(self.style.SUCCESS(f"{output}: SHA-256 {manifest['sha256']}"))
        for part, digits in manifest["digits"].items():
            if "idx" in manifest["formats"] and digits["num"] == MNIST_SIZES[part]:
                self.stderr.write(
                    self.style.WARNING(
                        f"The {part} part is exactly as large as MNIST's: `evaluate` and `train` "
                        "take its IDX files for a broken MNIST. Use the .npz."
                    )
                )


def _add_filters(which: argparse._ArgumentGroup) -> None:
    which.add_argument(
        *("--labels", "--label"),
        nargs="+",
        choices=[*Label.values, ALL],
        default=DIGIT_LABELS,
        metavar="LABEL",
        help="all, or some of 0 … 9, not_a_digit, several, bad_image (default: the ten digits)",
    )
    which.add_argument("--since", type=_begin, metavar="DATE", help="from its beginning")
    which.add_argument("--until", type=_end, metavar="DATE", help="to its end")
    which.add_argument("--source", nargs="+", choices=Submission.Source.values, default=[])
    which.add_argument(
        "--version", nargs="+", type=int, default=[], help="numbers of those that read them"
    )
    which.add_argument(
        "--lane", choices=["audit"], help="only what was chosen by chance, and reviewed so"
    )


def _selection(options: dict[str, Any]) -> exporting.Selection:
    known = set(ModelVersion.objects.values_list("number", flat=True))
    if unknown := sorted(set(options["version"]) - known):
        raise CommandError(f"Expected numbers of versions, found {unknown}. There is no such one.")
    labels = Label.values if ALL in options["labels"] else options["labels"]
    return exporting.Selection(
        labels=list(dict.fromkeys(labels)),
        since=options["since"],
        until=options["until"],
        sources=options["source"],
        versions=options["version"],
        is_audited=options["lane"] == "audit",
    )


def _begin(text: str) -> datetime:
    return _moment(text, days=0)


def _end(text: str) -> datetime:
    return _moment(text, days=1)


def _moment(text: str, *, days: int) -> datetime:
    """Read a moment, or a day of the site's time zone: its beginning, or that of a later one."""
    try:
        day, moment = parse_date(text), parse_datetime(text)
    except ValueError:  # as 2026-02-30
        day = moment = None
    if day:
        return aggregates.begin_of(day + timedelta(days=days))
    if moment:
        is_naive = timezone.is_naive(moment)
        return timezone.make_aware(moment, aggregates.site_zone()) if is_naive else moment
    raise argparse.ArgumentTypeError(
        f"expected a day or a moment, as 2026-03-31 or 2026-03-31T12:00, found {text!r}"
    )


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"expected a share of 0 to 1, found {text!r}")
    return share
