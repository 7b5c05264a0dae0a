"""One pass over the selected submissions → all formats, and the manifest that tells what it is."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
import numpy as np
from django.utils import timezone

from recognizer import imaging
from recognizer.exporting.formats import FORMATS, Digits, Format, Item
from recognizer.exporting.output import MANIFEST, fresh, write_sums
from recognizer.exporting.selection import Selection
from recognizer.exporting.writers import TEST, TRAIN, Writers, part_of

# Of the layout: another number where a reader of this one would fail.
FORMAT_VERSION = 1
ROWS_AT_ONCE = 500  # with strokes some 20 MB at most


class NothingToExport(LookupError):
    """No submission is selected."""


class TooLarge(ValueError):
    """The data set is larger than was allowed."""


def export(
    selection: Selection,
    *,
    output: Path,
    formats: Sequence[str],
    test_share: float = 1.0,
    most_bytes: float = float("inf"),
    on_row: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Write a data set, whole or not at all.

    The same rows give the same files: only the manifest has a date.

    Args:
        selection: Which submissions.
        output: A folder that is not there yet, or a .zip that is not. Each format has a folder of
            its name in it.
        formats: Of `FORMATS`.
        test_share: Share of the visitors whose digits are the test part, 0 to 1; the others' are
            the training part.
        most_bytes: How large its files may become before they are packed.
        on_row: Called after each row.

    Returns:
        The manifest.

    Raises:
        OutputExists: There is something in the place.
        OSError: It cannot be written there.
        NothingToExport: No submission is selected.
        TooLarge: Its files become larger than `most_bytes`; they are gone by then.

    Queries: 3, and 1 for each 500 rows; 2 more where versions are named.
    """
    with fresh(output) as (folder, scratch):
        with ExitStack() as opened:
            digits, tally = Digits(scratch, opened), Tally()
            writing = {name: _begin(name, folder, digits, opened) for name in formats}
            for item in _items(selection, test_share):
                tally.add(item)
                digits.add(item)
                for one in writing.values():
                    one.add(item)
                _check_size(writing.values(), most_bytes)
                on_row()
        _check(tally, selection)
        for one in writing.values():
            one.finish()
        manifest = {
            "format_version": FORMAT_VERSION,
            "made_at": timezone.now().isoformat(timespec="seconds"),
            "filters": selection.as_dict() | {"test_share": test_share},
            **tally.counts(),
            "digits": _parts(digits),
            "left_out": selection.left_out(),
            "formats": {name: {"left_out": dict(one.left_out)} for name, one in writing.items()},
            "preprocessing": imaging.preprocessing_hash(),
            "software": _software(),
            "sha256": write_sums(folder),
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8")
    return manifest


def _items(selection: Selection, test_share: float) -> Iterator[Item]:
    writers = Writers()
    rows = selection.rows().with_served_prediction()
    for submission in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield Item(submission, writers.number(submission), part_of(submission, test_share))


def _check_size(writing: Iterable[Format], most_bytes: float) -> None:
    if sum(one.num_bytes for one in writing) > most_bytes:
        raise TooLarge(
            f"Expected a data set of {most_bytes:,} bytes at most, found more. Select fewer rows."
        )


def _check(tally: Tally, selection: Selection) -> None:
    if not tally.num:
        raise NothingToExport(
            "Expected reviewed submissions with one of these labels, found none: "
            f"{', '.join(selection.labels)}. Review some, or select others."
        )


class Tally:
    """Counts what goes into a data set: by label, by source, by the version that read it."""

    def __init__(self) -> None:
        self.num_writers = 0
        self._labels: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()
        self._versions: Counter[str] = Counter()

    @property
    def num(self) -> int:
        return self._labels.total()

    def add(self, item: Item) -> None:
        served = item.submission.served
        self.num_writers = max(self.num_writers, item.writer)
        self._labels[item.submission.label] += 1
        self._sources[item.submission.source] += 1
        self._versions[f"v{served.version.number}" if served else "none"] += 1

    def counts(self) -> dict[str, Any]:
        return {
            "num": self.num,
            "num_writers": self.num_writers,
            "labels": dict(sorted(self._labels.items())),
            "sources": dict(sorted(self._sources.items())),
            "model_versions": dict(sorted(self._versions.items())),
        }


def _begin(name: str, folder: Path, digits: Digits, opened: ExitStack) -> Format:
    own = folder / name
    own.mkdir()
    return FORMATS[name](own, digits, opened)


def _parts(digits: Digits) -> dict[str, dict[str, Any]]:
    return {
        part: {"num": digits.nums[part], "sha256": digits.sha256(part)}
        for part in (TRAIN, TEST)
        if digits.nums[part]
    }


def _software() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "django": django.get_version(),
        "numpy": np.__version__,
    }
