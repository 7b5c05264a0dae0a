"""Local copies of what sources are made of: found, listed and read. One that is absent says so."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import typefaces
from training.datasets import DataUnavailable

# Letters in any hand that cannot pass for a digit, as people checked them.
SAFE_LETTERS = frozenset("AEFHKMNPRWXYadefhkmnprtuwx")
_SAFE_ALPHABETS = ("Balinese", "Sanskrit")
# Of each letter, those with lower numbers are learnt from; others measure.
_LETTER_NUMBERS = 51

Written = tuple[int, int, list[NDArray[np.float64]]]  # digit, writer, strokes


def folder_of(folder: Path, *names: str) -> Path:
    """Find a source's folder by any of its names."""
    for name in names:
        if (folder / name).is_dir():
            return folder / name
    raise DataUnavailable(f"nothing at {folder / names[0]}")


def typeface_files(held: bool) -> list[Path]:
    """List the typefaces that have all digits: those held for validation, or the others."""
    files = typefaces.find(typefaces.FONTS_FOLDER, validation=held)
    files = [file for file in files if typefaces.characters(file)]
    if len(files) < 10:
        raise DataUnavailable(f"only {len(files)} of its typefaces in {typefaces.FONTS_FOLDER}")
    return files


def letter_files(folder: Path) -> list[tuple[Path, int]]:
    """List the safe letters' files with their numbers; of files that are equal, the first."""
    files, known = [], set()
    for file in sorted(folder_of(folder, "letters", "nondigit_letters_photo").rglob("*.png")):
        kind = re.fullmatch(r"(?:CAP|SMALL|U|l)_([A-Za-z])_0*(\d+)", file.stem)
        content = file.read_bytes()
        if kind and kind[1] in SAFE_LETTERS and int(kind[2]) < _LETTER_NUMBERS:
            if content not in known:
                files.append((file, int(kind[2])))
            known.add(content)
    return files


def omniglot_files(folder: Path) -> list[Path]:
    """List the characters of the alphabets that have none that could pass for a digit."""
    return [
        file
        for file in sorted(folder_of(folder, "omniglot", "nondigit_omniglot").rglob("*.png"))
        if any(alphabet in str(file) for alphabet in _SAFE_ALPHABETS)
    ]


def pen_strokes(folder: Path) -> list[Written]:
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


def written_out(folder: Path) -> Iterator[bytes]:
    """Write each digit's label and points, from its box's corner on: alike from either format."""
    for label, _, way in pen_strokes(folder):
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
