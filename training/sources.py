"""Where a network learns beyond MNIST: each source is one function, and one line in a recipe.

A source gives digits as our own imaging lays them out: a part to learn from, and a part for
validation that shares no writer, typeface or MNIST digit with it. One whose files are not there is
left out. Nothing here imports TensorFlow: pictures are made in processes of their own.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training import copies, inks, pictures, typefaces
from training.datasets import NO_DIGIT, Digits

# The pendigits writers who are kept for validation: every eighth.
_VALIDATION_WRITERS = {4, 12, 20, 28}
# The letters of this number and above are kept for validation.
_LETTER_VALIDATION = 40


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
    return pictures.both(
        "photographed",
        material.seed,
        num,
        inks.of_digit,
        (material.train, material.validation),
        shares,
    )


def disturbed(material: Material, num: int) -> tuple[Digits, Digits]:
    """MNIST's digits under noise, haze, bars and lines, in outlines, blurred and warped."""
    shares = {"as_is": 0.6, "picture": 0.4}
    parts = (material.train, material.validation)
    return pictures.both("disturbed", material.seed, num, inks.of_disturbed_digit, parts, shares)


def pendigits(material: Material, num: int) -> tuple[Digits, Digits]:
    """Pen strokes of 30 writers, drawn at many widths, sizes and slants."""
    written = copies.pen_strokes(
        copies.folder_of(material.folder, "pendigits", "strokes_pendigits")
    )
    parts = tuple(
        [(label, way) for label, writer, way in written if (writer in _VALIDATION_WRITERS) == held]
        for held in (False, True)
    )
    shares = {"canvas": 0.5, "photo": 0.3, "crop": 0.12, "scan": 0.08}
    return pictures.both("pendigits", material.seed, num, inks.of_pen_strokes, parts, shares)


def european(material: Material, num: int) -> tuple[Digits, Digits]:
    """Ones with upstrokes and bases, barred sevens, crossed zeros, open and closed fours."""
    shares = {"canvas": 0.35, "photo": 0.35, "crop": 0.15, "scan": 0.15}
    return pictures.both("european", material.seed, num, inks.of_shape, (None, None), shares)


def printed(material: Material, num: int) -> tuple[Digits, Digits]:
    """Digits of Debian's typefaces, printed and photographed."""
    parts = tuple((copies.typeface_files(held), "0123456789") for held in (False, True))
    shares = {"photo": 0.55, "crop": 0.2, "scan": 0.1, "canvas": 0.15}
    return pictures.both("printed", material.seed, num, inks.of_type, parts, shares)


def letters(material: Material, num: int) -> tuple[Digits, Digits]:
    """Photographed letters that cannot pass for a digit: no digit."""
    parts: tuple[list[Path], list[Path]] = ([], [])
    for file, number in copies.letter_files(material.folder):
        parts[number >= _LETTER_VALIDATION].append(file)
    return pictures.both_of_files("letters", parts, num)


def omniglot(material: Material, num: int) -> tuple[Digits, Digits]:
    """Characters of two other alphabets: no digit."""
    files = copies.omniglot_files(material.folder)
    characters = [re.sub(r"\W?\d+_\d+$", "", str(file.with_suffix(""))) for file in files]
    held = {one for one in characters if zlib.crc32(Path(one).name.encode()) % 6 == 0}
    parts = tuple(
        [file for file, one in zip(files, characters, strict=True) if (one in held) == is_held]
        for is_held in (False, True)
    )
    return pictures.both_of_files("omniglot", parts, num)


def handwritten(material: Material, num: int) -> tuple[Digits, Digits]:
    """Letters as hands form them: no digit."""
    shares = {"canvas": 0.4, "photo": 0.3, "crop": 0.2, "scan": 0.1}
    return pictures.both("handwritten", material.seed, num, inks.of_letter, (None, None), shares)


def characters(material: Material, num: int) -> tuple[Digits, Digits]:
    """Letters and signs of Debian's typefaces, and of stroke typefaces: no digit."""
    parts = tuple(copies.typeface_files(held) for held in (False, True))
    shares = {"canvas": 0.45, "photo": 0.3, "crop": 0.15, "scan": 0.1}
    return pictures.both("characters", material.seed, num, inks.of_character, parts, shares)


def scribbles(material: Material, num: int) -> tuple[Digits, Digits]:
    """Scribbles, blots, digits run together: no digit."""
    shares = {"canvas": 0.5, "photo": 0.3, "crop": 0.1, "scan": 0.1}
    return pictures.both(
        "scribbles",
        material.seed,
        num,
        inks.of_scribble,
        (material.train, material.validation),
        shares,
    )


def empty(material: Material, num: int) -> tuple[Digits, Digits]:
    """What imaging finds on papers, in boxes and between lines where nobody wrote: no digit."""
    return pictures.both("empty", material.seed, num, None, (None, None), {"empty": 1.0})


def _pen_folder(folder: Path) -> Path:
    return copies.folder_of(folder, "pendigits", "strokes_pendigits")


_MNIST = "CC BY-SA 3.0, Yann LeCun, Corinna Cortes, Christopher J. C. Burges"
SOURCES: dict[str, Source] = {
    "photographed": Source(photographed, "made of MNIST", _MNIST),
    "disturbed": Source(disturbed, "made of MNIST", _MNIST),
    "pendigits": Source(
        pendigits,
        "https://archive.ics.uci.edu/dataset/81 (pendigits-orig.tra, unpacked)",
        "CC BY 4.0, Fevzi Alimoglu, Ethem Alpaydin",
        lambda folder: copies.written_out(
            copies.folder_of(folder, "pendigits", "strokes_pendigits")
        ),
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
        lambda folder: sorted(file.read_bytes() for file, _ in copies.letter_files(folder)),
        "0b22de9e808605d7fbe09507f535021268dd86643be77633f50848764f094b37",
    ),
    "omniglot": Source(
        omniglot,
        "https://github.com/brendenlake/omniglot, commit 057f034baf2ecb8530bc5710e5a23584d2a519cc, "
        "python/images_background_small1.zip and small2.zip, unpacked",
        "MIT, Brenden Lake",
        lambda folder: sorted(file.read_bytes() for file in copies.omniglot_files(folder)),
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
