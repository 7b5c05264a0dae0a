"""The whole loop in minutes: readings, labels, the next version, and what it is better at.

`python -m benchmarks.loop` fills a fresh site with what invented visitors send, whom the shipped
model reads badly; labels it; trains the next version with `--with-reviewed`; prints both side by
side. Needs nothing but what comes along.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.site import ROOT, machine, make_site

if TYPE_CHECKING:
    from recognizer.models import ModelVersion

# Ten of the visitors are in the field test: 200 digits tell 86 % from 95 %.
VISITORS, EACH = 60, 20
TRAIN = (
    *("train", "--preset", "step", "--data", "sample", "--from-active", "--with-reviewed"),
    *("--name", "next", "--activate-if-better", "--reason", "reads slanted digits"),
)


def main() -> None:
    """Go round the loop once, in a temporary folder, and print the table."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="digitsite-loop-") as folder:
        make_site(Path(folder))
        import django

        django.setup()
        num = _read_and_label()
        print(f"{num} readings of {VISITORS} invented visitors, all labelled", flush=True)
        print("manage.py", shlex.join(TRAIN), flush=True)
        subprocess.run([sys.executable, "manage.py", *TRAIN], cwd=ROOT, check=True)
        Console(width=100).print(_table())
        minutes = (time.monotonic() - started) / 60
        print(f"{machine()}, {datetime.now(UTC):%Y-%m-%d}: {minutes:.1f} minutes in all")


def _read_and_label() -> int:
    """Let all visitors send their digits, and a reviewer label them; give how many were read."""
    from django.contrib.auth import get_user_model

    from benchmarks import visitors

    reviewer = get_user_model().objects.create_user("reviewer")
    return len(visitors.store_labelled(VISITORS, EACH, reviewer))


def _table() -> Table:
    """Put the version before and the one that was trained side by side: digits read rightly."""
    from recognizer import registry
    from recognizer.models import ModelVersion

    before, after = ModelVersion.objects.order_by("number")
    field_test = after.metrics["field_test"]
    outcome = registry.replay(after, before).outcome or {}
    table = Table("", "digits", _title(before), _title(after), "mended", "broken")
    table.add_row(
        f"field test: {field_test['num_people']} visitors whom nothing was learnt from",
        str(field_test["num"]),
        f"{field_test['before']['accuracy']:.1%}",
        f"{field_test['accuracy']:.1%}",
        str(field_test["before"]["num_fixed"]),
        str(field_test["before"]["num_broken"]),
    )
    table.add_row("MNIST: the sample's test part", *_on_sample(before, after))
    table.add_row(
        "the gate's replay: the field test, the sample's test part",
        str(outcome["num_submissions"] + outcome["num_sample"]),
        *("", ""),
        str(outcome["num_fixed"]),
        str(outcome["num_broken"]),
    )
    return table


def _on_sample(before: ModelVersion, after: ModelVersion) -> tuple[str, ...]:
    from recognizer import engine

    digits, labels = engine.sample()
    was_right, is_right = (
        engine.load(engine.source_of(one, "litert")).engine.probabilities(digits).argmax(1)
        == labels
        for one in (before, after)
    )
    return (
        str(len(labels)),
        f"{was_right.mean():.1%}",
        f"{is_right.mean():.1%}",
        str(int((is_right & ~was_right).sum())),
        str(int((was_right & ~is_right).sum())),
    )


def _title(version: ModelVersion) -> str:
    return f"{version}{' (active)' if version.is_active else ''}"


if __name__ == "__main__":
    main()
