"""The formats of a data set, each written row by row: its memory does not grow with the rows."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import shutil
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from numpy.lib import format as npy

from recognizer.exporting.writers import TEST, TRAIN
from recognizer.models import DIGIT_LABELS, Submission

SIDE = 28
# The names that readers of MNIST look for, and those of the same arrays in Keras's .npz.
IDX_NAMES = {
    TRAIN: ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    TEST: ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
NPZ_NAMES = {TRAIN: ("x_train", "y_train"), TEST: ("x_test", "y_test")}
# The earliest that a zip can hold: the same rows are the same bytes, whenever.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class Item(NamedTuple):
    """A submission, the number of who drew it, and the part that it is in."""

    submission: Submission
    writer: int
    part: str


class Format(Protocol):
    """Writes a data set into a folder of its own, which is there.

    `opened` closes its files once all rows were added, or one failed; in the first case `finish` is
    called after it.

    Attributes:
        left_out: How many rows are not in it, by why.
        num_bytes: How much it has written so far, where a row may be large.
    """

    left_out: Counter[str]
    num_bytes: int

    def __init__(self, folder: Path, digits: Digits, opened: ExitStack) -> None: ...
    def add(self, item: Item) -> None: ...
    def finish(self) -> None: ...


class Digits:
    """The 28 × 28 digits of a data set as raw bytes, by part; what is no digit is not among them.

    Attributes:
        nums: How many there are, by part.
    """

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self._folder = folder
        self._files = {
            (part, what): opened.enter_context((folder / f"{part}-{what}").open("wb"))
            for part in (TRAIN, TEST)
            for what in ("images", "labels")
        }
        self.nums: Counter[str] = Counter()

    def add(self, item: Item) -> None:
        if item.submission.label not in DIGIT_LABELS:
            return
        self._files[item.part, "images"].write(bytes(item.submission.digit))
        self._files[item.part, "labels"].write(bytes([int(item.submission.label)]))
        self.nums[item.part] += 1

    def arrays(self, part: str) -> Iterator[tuple[Path, tuple[int, ...]]]:
        """Give the files of images, `uint8 (N, 28, 28)`, and of labels, `uint8 (N,)`; closed."""
        num = self.nums[part]
        yield self._folder / f"{part}-images", (num, SIDE, SIDE)
        yield self._folder / f"{part}-labels", (num,)

    def sha256(self, part: str) -> str:
        """The hash that `training.datasets.Digits` has of the same."""
        whole = hashlib.sha256()
        for path, shape in self.arrays(part):
            whole.update(_idx_header(shape))
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    whole.update(block)
        return whole.hexdigest()


class Png:
    """The stored pictures in folders by label, and labels.csv."""

    COLUMNS = ("file", "label", "writer", "part", "source", "received_at")

    def __init__(self, folder: Path, digits: Digits, opened: ExitStack) -> None:
        self._folder = folder
        file = opened.enter_context((folder / "labels.csv").open("w", newline="", encoding="utf-8"))
        self._table = csv.writer(file, lineterminator="\n")
        self._table.writerow(self.COLUMNS)
        self.left_out: Counter[str] = Counter()
        self.num_bytes = 0

    def add(self, item: Item) -> None:
        submission = item.submission
        try:
            with submission.image.open("rb") as file:
                png = file.read()
        except (OSError, ValueError):  # ValueError: it never had one
            self.left_out["the drawing's file is gone"] += 1
            return
        path = self._folder / submission.label / f"{submission.pk}.png"
        path.parent.mkdir(exist_ok=True)
        self.num_bytes += path.write_bytes(png)
        name = path.relative_to(self._folder).as_posix()
        facts = (submission.source, _moment(submission.created_at))
        self._table.writerow((name, submission.label, item.writer, item.part, *facts))

    def finish(self) -> None:
        """Nothing is left to be done."""


class _OfDigits:
    """What holds the ten digits alone."""

    num_bytes = 0  # 785 a row

    def __init__(self, folder: Path, digits: Digits, opened: ExitStack) -> None:
        self._folder = folder
        self._digits = digits
        self.left_out: Counter[str] = Counter()

    def add(self, item: Item) -> None:
        if item.submission.label not in DIGIT_LABELS:
            self.left_out["it holds the ten digits alone"] += 1

    def _arrays(
        self, names: dict[str, tuple[str, str]]
    ) -> Iterator[tuple[str, Path, tuple[int, ...]]]:
        """Give the name, the raw bytes' file and the shape of each array that is not empty."""
        for part in (TRAIN, TEST):
            if self._digits.nums[part]:
                arrays = self._digits.arrays(part)
                for name, (path, shape) in zip(names[part], arrays, strict=True):
                    yield name, path, shape


class Idx(_OfDigits):
    """MNIST's own format.

    Source: LeCun, Cortes, Burges (1998), "The MNIST database", file formats.
    """

    def finish(self) -> None:
        for name, path, shape in self._arrays(IDX_NAMES):
            with (self._folder / name).open("wb") as file, path.open("rb") as raw:
                file.write(_idx_header(shape))
                shutil.copyfileobj(raw, file)


class Npz(_OfDigits):
    """`digits.npz`, with the arrays that Keras's mnist.npz has."""

    def finish(self) -> None:
        with zipfile.ZipFile(self._folder / "digits.npz", "w") as archive:
            for name, path, shape in self._arrays(NPZ_NAMES):
                entry = zipfile.ZipInfo(f"{name}.npy", ZIP_DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                # More than 4 GiB of digits is possible; whether it is, is not known before.
                with archive.open(entry, "w", force_zip64=True) as file, path.open("rb") as raw:
                    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
                    npy.write_array_header_1_0(file, header)
                    shutil.copyfileobj(raw, file)


class JsonLines:
    """`submissions.jsonl`: all that is known of each, but for who sent it and the picture."""

    def __init__(self, folder: Path, digits: Digits, opened: ExitStack) -> None:
        self._file = opened.enter_context(
            (folder / "submissions.jsonl").open("w", encoding="utf-8")
        )
        self.left_out: Counter[str] = Counter()
        self.num_bytes = 0

    def add(self, item: Item) -> None:
        line = json.dumps(_line(item), ensure_ascii=False, sort_keys=True)
        print(line, file=self._file)
        self.num_bytes += len(line)  # nearly all of it is ASCII

    def finish(self) -> None:
        """Nothing is left to be done."""


FORMATS: dict[str, type[Format]] = {"png": Png, "idx": Idx, "npz": Npz, "jsonl": JsonLines}


def _line(item: Item) -> dict[str, Any]:
    submission, served = item.submission, item.submission.served
    return {
        "id": str(submission.pk),
        "label": submission.label,
        "writer": item.writer,
        "part": item.part,
        "source": submission.source,
        "received_at": _moment(submission.created_at),
        "claim": submission.claim,
        "is_audited": submission.audited_at is not None,
        "digit": base64.b64encode(bytes(submission.digit)).decode(),  # uint8 (28, 28)
        "receipt": submission.receipt,
        "strokes": submission.strokes,
        "reading": served
        and {
            "model_version": served.version.number,
            "verdict": served.verdict,
            "digit": served.digit,
            "digits": served.digits,
            "confidence": served.confidence,
            "probabilities": served.probabilities,
            "parts": served.parts,
        },
    }


def _moment(at: Any) -> str:
    return str(at.astimezone(UTC).isoformat(timespec="seconds"))


def _idx_header(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)  # 8: unsigned bytes
