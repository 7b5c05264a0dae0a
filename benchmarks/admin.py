"""`make bench-admin`: the admin over a million rows, on SQLite and on PostgreSQL.

Exit status 1 where a page takes more than 250 ms at the 95th percentile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import postgres
from benchmarks.site import ROOT, machine, make_site

LIMIT_MS = 250  # at the 95th percentile
DATABASES = ("SQLite", "PostgreSQL")


def main() -> int:
    options = _options()
    console = Console(width=110)
    console.print(f"[bold]make bench-admin[/], {datetime.now(UTC):%Y-%m-%d}, {machine()}")
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    console.print(f"{options.rows:,} submissions; load of the machine before: {load}\n")
    with _folder(options.keep) as folder:
        found = {name: _measure(name, folder / name.lower(), options.rows) for name in DATABASES}
    for name, figures in found.items():
        built = f"built in {figures['seconds']:.0f} s" if figures["seconds"] else "built before"
        console.print(f"{name}: {figures['bytes'] / 1e9:.1f} GB, {built}")
    console.print(_table(found))
    slow = [page for figures in found.values() for page in figures["pages"] if _is_slow(page)]
    for page in slow:
        console.print(f"over {LIMIT_MS} ms: {page['name']}, slowest at {page['slowest']}")
    return 1 if slow else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.admin", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="submissions to build")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the rows, or find them")
    return parser.parse_args()


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep:
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="digitsite-bench-admin-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's own user goes through it
        yield Path(folder)


def _measure(name: str, folder: Path, rows: int) -> dict[str, Any]:
    """Build and measure in a process of its own, since settings are read once."""
    folder.mkdir(parents=True, exist_ok=True)
    server = postgres.serve(folder / "data") if name == "PostgreSQL" else contextlib.nullcontext("")
    with server as url:
        make_site(folder, database_url=url)
        command = [sys.executable, "-m", "benchmarks.lists", str(rows)]
        run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(run.stdout)
    return figures


def _is_slow(page: dict[str, Any]) -> bool:
    return bool(page["high"] > LIMIT_MS)


def _table(found: dict[str, dict[str, Any]]) -> Table:
    table = Table("page", title="The admin's pages")
    for name in found:
        for figure in (f"{name}: queries", "median ms", "95th ms"):
            table.add_column(figure, justify="right")
    for pages in zip(*(figures["pages"] for figures in found.values()), strict=True):
        cells = [cell for page in pages for cell in _cells(page)]
        table.add_row(pages[0]["name"], *cells)
    return table


def _cells(page: dict[str, Any]) -> tuple[str, str, str]:
    high = f"{page['high']:.0f}"
    return str(page["queries"]), f"{page['median']:.0f}", f"> {high}" if _is_slow(page) else high


if __name__ == "__main__":
    sys.exit(main())
