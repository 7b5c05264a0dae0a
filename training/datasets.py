"""Labelled digits to train on and to measure by: read, checked, hashed and split. No Django."""

from __future__ import annotations

import csv
import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]

SAMPLE_PATH = Path(__file__).parent / "sample" / "digits.npz"
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"}
# IDX file names as MNIST has them, by the name that Keras's .npz gives the same array.
IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
# MD5s of MNIST's four unpacked IDX files. Source: LeCun, Cortes, Burges (1998), as torchvision
# and the files themselves have them.
MNIST_MD5S = {
    "x_train": "6bbc9ace898e44ae57da46a324031adb",
    "y_train": "a25bea736e30d166cdddb491f175f624",
    "x_test": "2646ac647ad5339dbf082846283269ea",
    "y_test": "27ae3e4e09519cfbb04c329615203637",
}
MNIST_SIZES = {"x_train": 60_000, "y_train": 60_000, "x_test": 10_000, "y_test": 10_000}
MNIST_LICENCE = "CC BY-SA 3.0, Yann LeCun, Corinna Cortes, Christopher J. C. Burges"
# How data is called that is neither MNIST nor its sample; and one in how many of its training
# digits validates at most, so that a preset meant for 60,000 takes some thousand, too.
CUSTOM, CUSTOM_VALIDATION = "custom data", 6
# The label of what is no digit.
NO_DIGIT = 10
# Fixed for good: versions are compared on the same validation digits, whatever seed trained them.
SPLIT_SEED = 20_260_101


class DataUnavailable(RuntimeError):
    """The data is not there, is cut off or is not what it says; the message tells what to do."""


@dataclass(frozen=True)
class Digits:
    """Labelled digits.

    Attributes:
        images: `uint8 (N, 28, 28)`, 0 paper … 255 ink.
        labels: `uint8 (N,)`, 0 to 9; `NO_DIGIT` where a source has what is none.
    """

    images: Images
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.intp]) -> Digits:
        return Digits(self.images[rows], self.labels[rows])

    def only_digits(self) -> Digits:
        """Leave out what is no digit."""
        return self.take(np.flatnonzero(self.labels != NO_DIGIT))

    @property
    def sha256(self) -> str:
        """The hash of the digits and their labels, in their order."""
        return hashlib.sha256(idx_bytes(self.images) + idx_bytes(self.labels)).hexdigest()


def joined(parts: Sequence[Digits]) -> Digits:
    """Put digits behind each other."""
    return Digits(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


@dataclass(frozen=True)
class DigitData:
    """Digits in three parts, and where they come from.

    Attributes:
        name: What they are called: "MNIST", or "custom data" with the start of their hash.
        train: What a network learns from.
        validation: What epochs, temperature and thresholds are chosen by.
        test: What is measured once, at the end.
        sha256: The hash of all of them, as they were before the split.
        licence: Under which the digits may be used; empty where it is not known.
    """

    name: str
    train: Digits
    validation: Digits
    test: Digits
    sha256: str
    licence: str


@dataclass(frozen=True)
class ImageFolder:
    """Image files with their digits; `num_skipped` others were labelled with something else."""

    files: list[tuple[Path, int]]
    num_skipped: int


def load(source: str, *, num_validation: int) -> DigitData:
    """Read digits and split them.

    Args:
        source: `mnist` (Keras's own loader: downloaded once and checked), `sample` (the 1,500
            digits that come along), a folder with MNIST's four IDX files (gzipped or not) or an
            `mnist.npz`, or an `.npz` file itself.
        num_validation: How many digits are taken off the training part; of data of one's own a
            sixth at most.

    Raises:
        DataUnavailable: There is nothing to read, it is cut off or malformed, or it bears MNIST's
            name and size and is something else.
    """
    arrays = _read(source)
    _check(arrays, source)
    _check_mnist(arrays, source)
    name, licence = _describe(arrays)
    training = Digits(arrays["x_train"], arrays["y_train"])
    if name.startswith(CUSTOM):
        num_validation = min(num_validation, max(len(training) // CUSTOM_VALIDATION, 10))
    train, validation = split(training, num_validation)
    test = Digits(arrays["x_test"], arrays["y_test"])
    return DigitData(name, train, validation, test, _sha256(arrays), licence)


def split(digits: Digits, num_validation: int) -> tuple[Digits, Digits]:
    """Take a validation part off, the same one each time, with each label's share kept.

    Args:
        digits: What to split, N of them.
        num_validation: How many to take, 10 to N / 2.

    Returns:
        The rest, and the validation part, both in their order.

    Raises:
        DataUnavailable: There are too few digits for that.
    """
    if not 10 <= num_validation <= len(digits) // 2:
        raise DataUnavailable(
            f"Expected at least {2 * num_validation} training digits to take {num_validation} "
            f"for validation (10 or more), found {len(digits)}. Use more data."
        )
    random = np.random.default_rng(SPLIT_SEED)
    place = np.empty(len(digits))  # 0 to 1, each digit's place among those of its label
    for label in range(10):
        rows = random.permutation(np.flatnonzero(digits.labels == label))
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    order = np.argsort(place, kind="stable")
    validation, train = np.sort(order[:num_validation]), np.sort(order[num_validation:])
    return digits.take(train), digits.take(validation)


def holds_arrays(path: Path) -> bool:
    """Tell whether a path is read by `read_test`: an .npz, or a folder with IDX files or one."""
    if path.is_file():
        return path.suffix == ".npz"
    named = any(_idx_path(path, name) for name in IDX_NAMES.values())
    return named or (path / "mnist.npz").exists()


def read_test(path: Path) -> Digits:
    """Read the test part of an .npz or of a folder with IDX files.

    Args:
        path: Where `holds_arrays` is true. The test part alone is enough.

    Raises:
        DataUnavailable: There is no test part, it is cut off or malformed, or it bears MNIST's
            name and size and is something else.
    """
    arrays = _read_path(path, ("x_test", "y_test"))
    _check_pair(arrays["x_test"], arrays["y_test"], str(path))
    _check_mnist(arrays, str(path))
    return Digits(arrays["x_test"], arrays["y_test"])


def read_image_folder(path: Path) -> ImageFolder:
    """List a folder's images with their labels, by its labels.csv or its folders 0 … 9.

    Args:
        path: A folder with a labels.csv (columns `file` and `label`), or with folders 0 … 9.

    Raises:
        DataUnavailable: It has neither, or labels.csv names a file that is not there.
    """
    table = path / "labels.csv"
    if table.is_file():
        return _by_table(table)
    files = [
        (file, digit)
        for digit in range(10)
        for file in sorted((path / str(digit)).rglob("*"))
        if file.suffix.lower() in IMAGE_SUFFIXES
    ]
    if not files:
        raise DataUnavailable(
            f"Expected MNIST's IDX files, a labels.csv with the columns file and label, or folders "
            f"0 … 9 with images in {path}, found none of them."
        )
    return ImageFolder(files, num_skipped=0)


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """Write an array as an IDX file.

    Source: LeCun, Cortes, Burges (1998), "The MNIST database", file formats.
    """
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)  # 8: unsigned byte
    return header + np.ascontiguousarray(array).tobytes()


def parse_idx(content: bytes, name: str) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes.

    Args:
        content: The file, unpacked.
        name: What to call it in an error.

    Raises:
        DataUnavailable: It is no such file, or is cut off.
    """
    if len(content) < 4 or content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * content[3]:
        raise DataUnavailable(
            f"{name} is no IDX file of unsigned bytes. Expected it to begin with 00 00 08, "
            f"found {content[:3].hex(' ') or 'nothing'}. Fetch it again."
        )
    shape = struct.unpack_from(f">{content[3]}I", content, 4)
    start = 4 + 4 * len(shape)
    if len(content) - start != math.prod(shape):
        raise DataUnavailable(
            f"{name} is cut off or too long. Expected {math.prod(shape)} bytes of data for the "
            f"shape {shape} that it states, found {len(content) - start}. Fetch it again."
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


# --- Reading ------------------------------------------------------------------------------------


def _read(source: str) -> dict[str, Any]:
    if source == "mnist":
        return _download()
    path = SAMPLE_PATH if source == "sample" else Path(source).expanduser()
    return _read_path(path, tuple(IDX_NAMES))


def _download() -> dict[str, Any]:
    try:
        import keras
    except ModuleNotFoundError as error:
        raise DataUnavailable(
            f"Keras fetches MNIST, and is not installed here: {error}. "
            "`pip install -r requirements.txt`, or give the data: --data DIR."
        ) from error
    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception where the download fails
        raise DataUnavailable(
            "MNIST is not in Keras's cache (~/.keras/datasets/mnist.npz) and could not be "
            f"downloaded: {error}. "
            "Connect to the network, or give the data: --data DIR with the four IDX files or "
            "mnist.npz, or --data sample for the 1,500 digits that come along."
        ) from error
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def _read_path(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    if path.is_dir() and (path / "mnist.npz").exists():
        path /= "mnist.npz"
    if path.is_dir():
        return {key: _read_idx(path, IDX_NAMES[key]) for key in keys}
    if not path.is_file():
        raise DataUnavailable(
            f"Expected 'mnist', 'sample', a folder with MNIST's IDX files or an .npz file, "
            f"found nothing at {path}."
        )
    return _read_npz(path, keys)


def _read_npz(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in keys}
    except (OSError, ValueError, EOFError, TypeError, BadZipFile, zlib.error) as error:
        raise DataUnavailable(
            f"{path} is no readable .npz file: {error}. Make it again."
        ) from error
    except KeyError as error:
        raise DataUnavailable(
            f"Expected the arrays {', '.join(keys)} in {path}: {error.args[0]}."
        ) from error


def _idx_path(folder: Path, name: str) -> Path | None:
    """Find an IDX file, gzipped or not, also with a dot in its name as some archives have it."""
    dotted = name.replace("-idx", ".idx")
    names = (name, f"{name}.gz", dotted, f"{dotted}.gz")
    return next((folder / one for one in names if (folder / one).is_file()), None)


def _read_idx(folder: Path, name: str) -> NDArray[np.uint8]:
    path = _idx_path(folder, name)
    if path is None:
        raise DataUnavailable(
            f"Expected {name} or {name}.gz in {folder}, found neither. "
            "Put MNIST's four IDX files, or mnist.npz, there."
        )
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataUnavailable(
                f"{path} is cut off or damaged: {error}. Fetch it again."
            ) from error
    return parse_idx(content, str(path))


def _by_table(table: Path) -> ImageFolder:
    with table.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"file", "label"} <= set(rows[0]):
        raise DataUnavailable(f"Expected a line with file,label at the top of {table}, and rows.")
    digits = [row for row in rows if row["label"] in set("0123456789")]
    files = [(table.parent / row["file"], int(row["label"])) for row in digits]
    missing = [path for path, _ in files if not path.is_file()]
    if missing:
        raise DataUnavailable(
            f"{table} names {len(missing)} files that are not there, {missing[0]} first."
        )
    return ImageFolder(files, num_skipped=len(rows) - len(files))


# --- Checking -----------------------------------------------------------------------------------


def _check(arrays: dict[str, Any], source: str) -> None:
    _check_pair(arrays["x_train"], arrays["y_train"], source)
    _check_pair(arrays["x_test"], arrays["y_test"], source)


def _check_pair(images: Any, labels: Any, source: str) -> None:
    for problem in _problems(images, labels):
        raise DataUnavailable(f"The digits of {source} do not fit: {problem}.")


def _problems(images: Any, labels: Any) -> Iterator[str]:
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        yield f"expected images of uint8 (N, 28, 28), found {images.dtype} {images.shape}"
    if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
        yield f"expected labels of uint8 {images.shape[:1]}, found {labels.dtype} {labels.shape}"
    if not len(labels):
        yield "expected at least one digit, found none"
    elif labels.max() > 9:
        yield f"expected labels from 0 to 9, found {labels.max()}"


def _check_mnist(arrays: dict[str, Any], source: str) -> None:
    """Refuse what lies under MNIST's own file name, is as large, and is not MNIST.

    Of what Keras fetched or came along, Keras and `_describe` know the hash.
    """
    for key, array in arrays.items():
        path = _mnist_path(Path(source).expanduser(), key)
        if path is None or len(array) != MNIST_SIZES[key] or _md5(array) == MNIST_MD5S[key]:
            continue
        other = "save them as" if path.suffix != ".npz" else "rename it to"
        raise DataUnavailable(
            f"{path} bears MNIST's name and size, and is not MNIST. Expected of {key}, as an IDX "
            f"file, MD5 {MNIST_MD5S[key]}, found {_md5(array)}. Fetch it again; if these are other "
            f"digits on purpose, {other} an .npz of another name."
        )


def _mnist_path(path: Path, key: str) -> Path | None:
    """Give the file that an array was read from, where MNIST's own is called so too."""
    archive = path / "mnist.npz" if path.is_dir() else path
    if archive.is_file():
        return archive if archive.name == "mnist.npz" else None
    return _idx_path(path, IDX_NAMES[key])


def _describe(arrays: dict[str, Any]) -> tuple[str, str]:
    """Name the data and its licence: by what it is, and not by where it lies."""
    if all(_md5(arrays[key]) == known for key, known in MNIST_MD5S.items()):
        return "MNIST", MNIST_LICENCE
    sha256 = _sha256(arrays)
    if SAMPLE_PATH.is_file() and sha256 == _sha256(_read_npz(SAMPLE_PATH, tuple(IDX_NAMES))):
        return "MNIST sample", MNIST_LICENCE
    return f"{CUSTOM} {sha256[:12]}", ""


def _md5(array: NDArray[np.uint8]) -> str:
    return hashlib.md5(idx_bytes(array), usedforsecurity=False).hexdigest()


def _sha256(arrays: dict[str, Any]) -> str:
    whole = hashlib.sha256()
    for key in IDX_NAMES:
        whole.update(idx_bytes(arrays[key]))
    return whole.hexdigest()
