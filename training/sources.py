"""Where a network learns beyond MNIST: each source is one function, and one line in a recipe.

A source gives digits as our own imaging lays them out: a part to learn from, and a part for
validation that shares no writer, typeface or MNIST digit with it. One whose files are not there is
left out. Nothing here imports TensorFlow: pictures are made in processes of their own.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer import imaging
from training import alphabet, disturbances, nothing, photos, shapes, strokes, typefaces
from training.datasets import NO_DIGIT, DataUnavailable, Digits
from training.strokes import Ink

Sketch = Callable[[np.random.Generator], tuple[Ink, int]]  # ink, and what it is
Shares = dict[str, float]  # kinds of pictures in photos.KINDS, or `as_is`, and how often each

# Of the digits that are asked for, as many again are made for validation.
VALIDATION_SHARE = 0.08
# Pictures that one process makes at a time; a source with fewer makes them in this process.
_CHUNK = 250
# Of the true box and the one that imaging cropped, the least common part. Below it imaging took
# something else for the digit: what it then sees has nothing to do with the label.
_LEAST_OVERLAP = 0.5
# The pendigits writers who are kept for validation: every eighth.
_VALIDATION_WRITERS = {4, 12, 20, 28}
# Letters in any hand that cannot pass for a digit, as people checked them.
_SAFE_LETTERS = frozenset("AEFHKMNPRWXYadefhkmnprtuwx")
_SAFE_ALPHABETS = ("Balinese", "Sanskrit")
# Of each letter, those with these numbers are learnt from; others measure (and number 40 on
# validate).
_LETTER_NUMBERS, _LETTER_VALIDATION = 51, 40


@dataclass(frozen=True)
class Material:
    """What a source makes its digits of.

    Attributes:
        folder: Where local copies lie, each in a folder of its source's name.
        train, validation: MNIST's digits, for the sources that picture them.
        seed: Of everything that is drawn by lot.
    """

    folder: Path
    train: Digits
    validation: Digits
    seed: int


@dataclass(frozen=True)
class Pool:
    """What a source gave. Labels may be `NO_DIGIT`.

    Attributes:
        name: The source's.
        train, validation: A part to learn from, and one to choose by.
        is_as_published: Whether its local copy is the one that the shipped model learnt from.
    """

    name: str
    train: Digits
    validation: Digits
    is_as_published: bool = True

    @property
    def sha256(self) -> str:
        return hashlib.sha256((self.train.sha256 + self.validation.sha256).encode()).hexdigest()

    @property
    def is_digits(self) -> bool:
        """Whether it has digits; else all of it is no digit."""
        return bool((self.validation.labels != NO_DIGIT).any())


@dataclass(frozen=True)
class Source:
    """A source: how its digits are made, and where anybody gets what they are made of.

    Attributes:
        make: Makes so many digits to learn from, and some for validation.
        address, licence: Of what they are made of.
        contents: What is read of a local copy, in an order of its own; None where nothing is.
        sha256: The hash over those contents.
    """

    make: Callable[[Material, int], tuple[Digits, Digits]]
    address: str
    licence: str
    contents: Callable[[Path], Iterable[bytes]] | None = None
    sha256: str = ""

    def is_published(self, folder: Path) -> bool:
        """Tell whether the local copy is the one whose hash is known here."""
        if self.contents is None:
            return True
        whole = hashlib.sha256()
        for content in self.contents(folder):
            whole.update(hashlib.sha256(content).digest())
        return whole.hexdigest() == self.sha256


def pool_of(name: str, material: Material, num: int) -> Pool:
    """Make a source's digits.

    Args:
        name: The source's, in `SOURCES`.
        material: What it makes them of.
        num: How many to learn from; a tenth of that again for validation.

    Raises:
        DataUnavailable: Its files are not there, or are not what they should be.
        KeyError: There is no such source.
    """
    source = SOURCES[name]
    train, validation = source.make(material, num)
    return Pool(name, train, validation, source.is_published(material.folder))


def write(path: Path, pools: list[Pool], absent: dict[str, str]) -> None:
    """Keep pools in one file, whole or not at all."""
    arrays = {
        f"{pool.name}/{part}/{kind}": getattr(getattr(pool, part), kind)
        for pool in pools
        for part in ("train", "validation")
        for kind in ("images", "labels")
    }
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("wb") as file:
        published = [pool.name for pool in pools if pool.is_as_published]
        arrays["absent"] = np.array(json.dumps(absent))
        arrays["published"] = np.array(json.dumps(published))
        np.savez(file, allow_pickle=False, **arrays)
    unfinished.replace(path)


def read(path: Path) -> tuple[list[Pool], dict[str, str]]:
    """Read what `write` kept."""
    with np.load(path, allow_pickle=False) as arrays:
        names = list(dict.fromkeys(name.split("/")[0] for name in arrays.files if "/" in name))
        parts = {
            (name, part): Digits(arrays[f"{name}/{part}/images"], arrays[f"{name}/{part}/labels"])
            for name in names
            for part in ("train", "validation")
        }
        absent = json.loads(str(arrays["absent"]))
        published = json.loads(str(arrays["published"]))
    return [
        Pool(name, parts[name, "train"], parts[name, "validation"], name in published)
        for name in names
    ], absent


# --- The sources ----------------------------------------------------------------------------------


def photographed(material: Material, num: int) -> tuple[Digits, Digits]:
    """MNIST's digits on paper, photographed, cropped, scanned and drawn."""
    shares = {"photo": 0.45, "crop": 0.25, "scan": 0.2, "canvas": 0.1}
    return _both(
        "photographed", material, num, _mnist_ink, (material.train, material.validation), shares
    )


def disturbed(material: Material, num: int) -> tuple[Digits, Digits]:
    """MNIST's digits under noise, haze, bars and lines, in outlines, blurred and warped."""
    shares = {"as_is": 0.6, "picture": 0.4}
    parts = (material.train, material.validation)
    return _both("disturbed", material, num, _disturbed_digit, parts, shares)


def pendigits(material: Material, num: int) -> tuple[Digits, Digits]:
    """Pen strokes of 30 writers, drawn at many widths, sizes and slants."""
    written = _read_strokes(_found(material.folder, "pendigits", "strokes_pendigits"))
    parts = tuple(
        [(label, way) for label, writer, way in written if (writer in _VALIDATION_WRITERS) == held]
        for held in (False, True)
    )
    shares = {"canvas": 0.5, "photo": 0.3, "crop": 0.12, "scan": 0.08}
    return _both("pendigits", material, num, _pen_ink, parts, shares)


def european(material: Material, num: int) -> tuple[Digits, Digits]:
    """Ones with upstrokes and bases, barred sevens, crossed zeros, open and closed fours."""
    shares = {"canvas": 0.35, "photo": 0.35, "crop": 0.15, "scan": 0.15}
    return _both("european", material, num, _shape_ink, (None, None), shares)


def printed(material: Material, num: int) -> tuple[Digits, Digits]:
    """Digits of Debian's typefaces, printed and photographed."""
    parts = tuple(_typefaces(held) for held in (False, True))
    shares = {"photo": 0.55, "crop": 0.2, "scan": 0.1, "canvas": 0.15}
    return _both(
        "printed", material, num, _type_ink, tuple((files, "0123456789") for files in parts), shares
    )


def letters(material: Material, num: int) -> tuple[Digits, Digits]:
    """Photographed letters that cannot pass for a digit: no digit."""
    parts: tuple[list[Path], list[Path]] = ([], [])
    for file, number in _letter_files(material.folder):
        parts[number >= _LETTER_VALIDATION].append(file)
    return _of_files("letters", parts, num)


def omniglot(material: Material, num: int) -> tuple[Digits, Digits]:
    """Characters of two other alphabets: no digit."""
    files = _omniglot_files(material.folder)
    characters = [re.sub(r"\W?\d+_\d+$", "", str(file.with_suffix(""))) for file in files]
    held = {one for one in characters if zlib.crc32(Path(one).name.encode()) % 6 == 0}
    parts = tuple(
        [file for file, one in zip(files, characters, strict=True) if (one in held) == is_held]
        for is_held in (False, True)
    )
    return _of_files("omniglot", parts, num)


def handwritten(material: Material, num: int) -> tuple[Digits, Digits]:
    """Letters as hands form them: no digit."""
    shares = {"canvas": 0.4, "photo": 0.3, "crop": 0.2, "scan": 0.1}
    return _both("handwritten", material, num, _hand_ink, (None, None), shares)


def characters(material: Material, num: int) -> tuple[Digits, Digits]:
    """Letters and signs of Debian's typefaces, and of stroke typefaces: no digit."""
    parts = tuple(_typefaces(held) for held in (False, True))
    shares = {"canvas": 0.45, "photo": 0.3, "crop": 0.15, "scan": 0.1}
    return _both("characters", material, num, _letter_ink, parts, shares)


def scribbles(material: Material, num: int) -> tuple[Digits, Digits]:
    """Scribbles, blots, digits run together: no digit."""
    shares = {"canvas": 0.5, "photo": 0.3, "crop": 0.1, "scan": 0.1}
    return _both(
        "scribbles", material, num, _scribble_ink, (material.train, material.validation), shares
    )


def empty(material: Material, num: int) -> tuple[Digits, Digits]:
    """What imaging finds on papers, in boxes and between lines where nobody wrote: no digit."""
    return _both("empty", material, num, None, (None, None), {"empty": 1.0})


_MNIST = "CC BY-SA 3.0, Yann LeCun, Corinna Cortes, Christopher J. C. Burges"
SOURCES: dict[str, Source] = {
    "photographed": Source(photographed, "made of MNIST", _MNIST),
    "disturbed": Source(disturbed, "made of MNIST", _MNIST),
    "pendigits": Source(
        pendigits,
        "https://archive.ics.uci.edu/dataset/81 (pendigits-orig.tra, unpacked)",
        "CC BY 4.0, Fevzi Alimoglu, Ethem Alpaydin",
        lambda folder: _written_out(_found(folder, "pendigits", "strokes_pendigits")),
        "4ac6f1814a94747e127624c207b52d6ffc03cafdff00d5586495fb7f98d85fe1",
    ),
    "european": Source(european, "made here, by training/shapes.py", "the project's own"),
    "printed": Source(
        printed,
        f"apt-get install {' '.join(typefaces.PACKAGES)}",
        "of each typeface: free ones only",
    ),
    "letters": Source(
        letters,
        "https://github.com/TasnimulIntazamAsif/Handwritten_Letter_Indentification, commit "
        "b4b59ff4c15c8ca61e41c37638c1edc43e18d4f0, folder PNG",
        "MIT, Tasnimul Intazam Asif",
        lambda folder: sorted(file.read_bytes() for file, _ in _letter_files(folder)),
        "0b22de9e808605d7fbe09507f535021268dd86643be77633f50848764f094b37",
    ),
    "omniglot": Source(
        omniglot,
        "https://github.com/brendenlake/omniglot, commit 057f034baf2ecb8530bc5710e5a23584d2a519cc, "
        "python/images_background_small1.zip and small2.zip, unpacked",
        "MIT, Brenden Lake",
        lambda folder: sorted(file.read_bytes() for file in _omniglot_files(folder)),
        "6b9bdfb6b088e8223b2db9b5c07824d4985d5e4ef6c39e8c77f3514d13d4f286",
    ),
    "handwritten": Source(handwritten, "made here, by training/alphabet.py", "the project's own"),
    "characters": Source(
        characters,
        f"apt-get install {' '.join(typefaces.PACKAGES)}",
        "of each typeface: free ones only",
    ),
    "scribbles": Source(scribbles, "made here, by training/nothing.py", "the project's own"),
    "empty": Source(empty, "made here, by training/photos.py", "the project's own"),
}


# --- Inks -----------------------------------------------------------------------------------------


def _mnist_ink(digits: Digits, random: np.random.Generator) -> tuple[Ink, int]:
    row = int(random.integers(len(digits)))
    return enlarged(digits.images[row]), int(digits.labels[row])


def _disturbed_digit(digits: Digits, random: np.random.Generator) -> tuple[Ink, int]:
    row = int(random.integers(len(digits)))
    return disturbances.disturbed(digits.images[row], random), int(digits.labels[row])


def enlarged(digit: NDArray[np.uint8]) -> Ink:
    """Draw a digit of 28 × 28 px as it was before it was scaled down: smooth, at 140 px."""
    large = cv2.resize(digit, (224, 224), interpolation=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), 3.0)
    solid = np.clip((large.astype(np.float32) - 96) * 4, 0, 255)  # an edge of about 2 px
    return strokes.cropped(solid.astype(np.uint8))


def _pen_ink(
    written: list[tuple[int, list[NDArray[np.float64]]]], random: np.random.Generator
) -> tuple[Ink, int]:
    label, way = written[int(random.integers(len(written)))]
    return _inked(way, random), label


def _shape_ink(_: None, random: np.random.Generator) -> tuple[Ink, int]:
    label = int(random.integers(10))
    return _inked(shapes.shaped(label, random), random), label


def _hand_ink(_: None, random: np.random.Generator) -> tuple[Ink, int]:
    # A broad pen fills what tells an a from a 9 and an r from a 1.
    return _inked(alphabet.lettered(random), random, broadest=0.13), NO_DIGIT


def _inked(
    way: list[NDArray[np.float64]], random: np.random.Generator, broadest: float = 0.22
) -> Ink:
    """Bend a pen's way, and draw it with a pen of 0.02 to `broadest` of its size."""
    width = 130 * float(np.exp(random.uniform(np.log(0.02), np.log(broadest))))
    return strokes.drawn(strokes.bent(strokes.fitted(way), random), 130, max(1.0, width))


def _type_ink(choice: tuple[list[Path], str], random: np.random.Generator) -> tuple[Ink, int]:
    files, known = choice
    while True:
        character = known[int(random.integers(len(known)))]
        ink = typefaces.printed(files[int(random.integers(len(files)))], character, 160, random)
        if ink.size:
            return ink, int(character) if character.isascii() and character.isdigit() else NO_DIGIT


def _letter_ink(files: list[Path], random: np.random.Generator) -> tuple[Ink, int]:
    if random.random() < 0.5:
        return nothing.stroke_letter(random), NO_DIGIT
    ink, label = _type_ink((files, typefaces.LETTERS), random)
    return (nothing.waved(ink, random) if random.random() < 0.7 else ink), label


def _scribble_ink(digits: Digits, random: np.random.Generator) -> tuple[Ink, int]:
    kind = random.random()
    if kind < 0.45:
        return nothing.scribble(random), NO_DIGIT
    if kind < 0.7:
        return nothing.blot(random), NO_DIGIT
    left, right = (_mnist_ink(digits, random)[0] for _ in range(2))
    return nothing.run_together(left, right, random), NO_DIGIT


# --- Making pictures ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Maker:
    """Makes a source's pictures, each from its own seed, and sends them through imaging."""

    ink: Callable[..., tuple[Ink, int]] | None
    of: object
    shares: Shares
    seed: tuple[int, ...]

    def __call__(self, rows: range) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        made = [one for row in rows if (one := self._one(row)) is not None]
        images = np.array([digit for digit, _ in made], np.uint8).reshape(-1, 28, 28)
        return images, np.array([label for _, label in made], np.uint8)

    def _one(self, row: int) -> tuple[NDArray[np.uint8], int] | None:
        random = np.random.default_rng((*self.seed, row))
        if self.ink is None:
            shot, label = photos.empty(random), NO_DIGIT
        else:
            ink, label = self.ink(self.of, random)
            kind = random.choice(list(self.shares), p=list(self.shares.values()))
            if kind == "as_is":
                return ink, label
            shot = photos.KINDS[kind](ink, random)
        height, width = shot.pixels.shape[:2]
        try:
            digit, receipt = imaging.to_digit(imaging.Picture(shot.pixels, "PNG", (width, height)))
        except imaging.BlankImage:
            return None
        if self.ink is None and not _is_wide(receipt.crop_box):
            return None
        if shot.box is None or label == NO_DIGIT:
            return digit, label
        if _overlap(shot.box, receipt.crop_box) < _LEAST_OVERLAP:
            return None
        return digit, label


def _both(
    name: str,
    material: Material,
    num: int,
    ink: Callable[..., tuple[Ink, int]] | None,
    of: tuple[object, ...],
    shares: Shares,
) -> tuple[Digits, Digits]:
    """Make the part to learn from, and the one for validation; a few more, since some are lost."""
    digits = []
    for part, one in enumerate(of):
        seed = (material.seed if part == 0 else 0, part, zlib.crc32(name.encode()))
        wanted = num if part == 0 else max(20, round(num * VALIDATION_SHARE))
        digits.append(_made(_Maker(ink, one, shares, seed), wanted))
    return digits[0], digits[1]


def _made(maker: _Maker, num: int) -> Digits:
    chunks = [range(start, min(start + _CHUNK, num)) for start in range(0, num, _CHUNK)]
    if len(chunks) < 3:
        made = [maker(chunk) for chunk in chunks]
    else:
        context = multiprocessing.get_context("spawn")  # a fork of TensorFlow's threads may hang
        with ProcessPoolExecutor(
            len(os.sched_getaffinity(0)), context, initializer=_begin, initargs=(maker,)
        ) as processes:
            made = list(processes.map(_work, chunks))
    images, labels = zip(*made, strict=True)
    return Digits(np.concatenate(images), np.concatenate(labels))


_maker: _Maker


def _begin(maker: _Maker) -> None:
    global _maker  # noqa: PLW0603  (a process's own: sent once, and not with each chunk)
    _maker = maker


def _work(rows: range) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    return _maker(rows)


def _is_wide(box: tuple[int, int, int, int]) -> bool:
    """Tell what is too wide for a one: a crumb or a line that is not may well be read as one."""
    return box[2] - box[0] > 1.2 * (box[3] - box[1])


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The intersection over the union of two boxes (left, top, right, bottom)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / max(sum(areas) - common, 1e-9)


# --- Reading local copies -------------------------------------------------------------------------


def _found(folder: Path, *names: str) -> Path:
    """Find a source's folder by any of its names."""
    for name in names:
        if (folder / name).is_dir():
            return folder / name
    raise DataUnavailable(f"nothing at {folder / names[0]}")


def _of_files(name: str, parts: tuple[list[Path], ...], num: int) -> tuple[Digits, Digits]:
    """Read pictures that are no digits; as often as it takes to have `num` of them."""
    digits = []
    for files in parts:
        images = []
        for file in files:
            try:
                images.append(imaging.to_digit(imaging.decode(file.read_bytes()))[0])
            except imaging.BlankImage:
                continue
        if not images:
            raise DataUnavailable(f"no pictures of {name} in its folder")
        digits.append(np.array(images, np.uint8))
    train = np.resize(digits[0], (num, 28, 28))  # repeated
    return (
        Digits(train, np.full(num, NO_DIGIT, np.uint8)),
        Digits(digits[1], np.full(len(digits[1]), NO_DIGIT, np.uint8)),
    )


def _typefaces(held: bool) -> list[Path]:
    files = typefaces.find(typefaces.FONTS_FOLDER, validation=held)
    files = [file for file in files if typefaces.characters(file)]
    if len(files) < 10:
        raise DataUnavailable(f"only {len(files)} of its typefaces in {typefaces.FONTS_FOLDER}")
    return files


def _letter_files(folder: Path) -> list[tuple[Path, int]]:
    """List the safe letters' files with their numbers; of files that are equal, the first."""
    files, known = [], set()
    for file in sorted(_found(folder, "letters", "nondigit_letters_photo").rglob("*.png")):
        kind = re.fullmatch(r"(?:CAP|SMALL|U|l)_([A-Za-z])_0*(\d+)", file.stem)
        content = file.read_bytes()
        if kind and kind[1] in _SAFE_LETTERS and int(kind[2]) < _LETTER_NUMBERS:
            if content not in known:
                files.append((file, int(kind[2])))
            known.add(content)
    return files


def _omniglot_files(folder: Path) -> list[Path]:
    return [
        file
        for file in sorted(_found(folder, "omniglot", "nondigit_omniglot").rglob("*.png"))
        if any(alphabet in str(file) for alphabet in _SAFE_ALPHABETS)
    ]


Written = tuple[int, int, list[NDArray[np.float64]]]  # digit, writer, strokes


def _read_strokes(folder: Path) -> list[Written]:
    """Read pen strokes, as UCI has them (UNIPEN) or as JSON."""
    for path in sorted(folder.iterdir()):
        if path.name.endswith(".json.gz"):
            rows = json.loads(gzip.decompress(path.read_bytes()))
            return [
                (row["label"], row["writer"], [np.array(s, np.float64) for s in row["strokes"]])
                for row in rows
            ]
        if path.name.endswith(("orig.tra", "pendigits-train")):
            return list(read_unipen(path.read_text(encoding="ascii", errors="replace")))
    raise DataUnavailable(f"Expected pendigits-orig.tra in {folder}, found none")


def _written_out(folder: Path) -> Iterator[bytes]:
    """Write each digit's label and points, from its box's corner on: alike from either format."""
    for label, _, way in _read_strokes(folder):
        low = np.concatenate(way).min(0)
        points = [(stroke - low).astype(np.int32).tobytes() for stroke in way]
        yield bytes([label]) + b"|".join(points)


def read_unipen(text: str) -> Iterator[Written]:
    """Read pendigits' own format: segments of a digit each, with pen-downs and pen-ups.

    Args:
        text: The file. Its y goes upwards; ours goes downwards.

    Source: Guyon, Schomaker, Plamondon, Liberman, Janet (1994), "UNIPEN project of on-line data
    exchange and recognizer benchmarks".
    """
    for segment in re.split(r"^\.SEGMENT", text, flags=re.MULTILINE)[1:]:
        label = re.search(r'"(\d)"', segment)
        writer = re.search(r"^\.COMMENT\s+\d+\s+(\d+)", segment, re.MULTILINE)
        pens = re.findall(r"\.PEN_DOWN(.*?)\.PEN_UP", segment, re.DOTALL)
        pairs = [np.array(re.findall(r"(-?\d+)\s+(-?\d+)", pen), np.float64) for pen in pens]
        ways = [pair * (1, -1) for pair in pairs if pair.size]
        if label and ways:
            yield int(label[1]), int(writer[1]) if writer else 0, ways
