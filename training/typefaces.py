"""Characters of typefaces as ink: print, and the handwriting that typefaces imitate."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.strokes import Ink, cropped

FONTS_FOLDER = Path("/usr/share/fonts")
# Debian's packages that they come from, all in `main`; each file's licence lets its rendering be
# used freely (SIL OFL, Apache 2.0, Bitstream Vera, GPL with the font exception, public domain).
PACKAGES = (
    "fonts-bebas-neue",
    "fonts-breip",
    "fonts-cabin",
    "fonts-cantarell",
    "fonts-comfortaa",
    "fonts-comic-neue",
    "fonts-courier-prime",
    "fonts-crosextra-caladea",
    "fonts-crosextra-carlito",
    "fonts-dejavu",
    "fonts-deva-extra",
    "fonts-dkg-handwriting",
    "fonts-dseg",
    "fonts-ebgaramond",
    "fonts-ecolier-court",
    "fonts-femkeklaver",
    "fonts-freefont-ttf",
    "fonts-hack",
    "fonts-humor-sans",
    "fonts-inconsolata",
    "fonts-isabella",
    "fonts-jura",
    "fonts-karla",
    "fonts-kristi",
    "fonts-lato",
    "fonts-league-spartan",
    "fonts-liberation",
    "fonts-linuxlibertine",
    "fonts-lobster",
    "fonts-noto-mono",
    "fonts-ocr-a",
    "fonts-ocr-b",
    "fonts-oldstandard",
    "fonts-open-sans",
    "fonts-quicksand",
    "fonts-roboto-unhinted",
    "fonts-rufscript",
    "fonts-sil-gentium",
    "fonts-sjfonts",
    "fonts-vollkorn",
    "fonts-yanone-kaffeesatz",
)
# Folders of theirs, so that other fonts of a machine do not change what is learnt.
FOLDERS = (
    "bebas-neue",
    "breip",
    "cabin",
    "cantarell",
    "comfortaa",
    "comic-neue",
    "courier-prime",
    "crosextra",
    "dejavu",
    "dseg",
    "ebgaramond",
    "ecolier-court",
    "femkeklaver",
    "fifthhorseman",
    "fonts-deva-extra",
    "fonts-oldstandard",
    "freefont",
    "gentium",
    "hack",
    "humor-sans",
    "inconsolata",
    "isabella",
    "jura",
    "karla",
    "kristi",
    "lato",
    "league-spartan",
    "liberation",
    "linux-libertine",
    "lobster",
    "noto",
    "ocr-a",
    "ocr-b",
    "open-sans",
    "quicksand",
    "roboto",
    "rufscript",
    "sjfonts",
    "vollkorn",
    "yanone-kaffeesatz",
)
# Variants without digits of their own, or whose digits nobody would know: outlines, initials,
# fourteen segments, symbols.
_LEFT_OUT = (
    "Initial",
    "Math",
    "Keyboard",
    "Weather",
    "Serif6",
    "14",
    "Dingbats",
    "Symbol",
    "Samyak",
)


def find(folder: Path, *, validation: bool) -> list[Path]:
    """List the typefaces' files, split by family: one in eight is for validation.

    Args:
        folder: Where Debian's fonts are, as `/usr/share/fonts`.
        validation: Which part.
    """
    files = sorted(
        file
        for kind in ("*.ttf", "*.otf")
        for file in folder.rglob(kind)
        if file.parent.name in FOLDERS and not any(part in file.name for part in _LEFT_OUT)
    )
    held = set(FOLDERS[3::8])
    return [file for file in files if (file.parent.name in held) == validation]


def printed(file: Path, character: str, height: int, random: np.random.Generator) -> Ink:
    """Print a character, a little turned and slanted, as pages and hands are.

    Args:
        file: The typeface's.
        character: One.
        height: The typeface's, in pixels; a capital has about 0.7 of it.
        random: Where the differences are drawn from.

    Returns:
        The ink; empty, `(0, 0)`, where the typeface has no such character.
    """
    if character not in characters(file):
        return np.zeros((0, 0), np.uint8)
    margin = height // 2
    sheet = Image.new("L", (2 * height + margin, 2 * height + margin))
    ImageDraw.Draw(sheet).text((margin, margin // 2), character, fill=255, font=_font(file, height))
    slant, turn = random.normal(0, 0.06, 2)
    matrix = (1 + turn * slant, slant - turn, -slant * height, turn, 1.0, -turn * height)
    bent = sheet.transform(sheet.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    ink = cropped(np.asarray(bent))
    return ink if ink.max() > 127 else np.zeros((0, 0), np.uint8)


@lru_cache(maxsize=1024)
def characters(file: Path) -> frozenset[str]:
    """Give the characters of ours that a typeface has, each with a shape of its own."""
    font = _font(file, 40)
    missing = bytes(font.getmask("\U000f1234"))  # a private character that none has
    shapes = {one: bytes(font.getmask(one)) for one in "0123456789" + LETTERS}
    shapes = {one: shape for one, shape in shapes.items() if any(shape) and shape != missing}
    if len({shapes.get(digit) for digit in "0123456789"}) < 10:
        return frozenset()  # its digits are one box, or other characters
    return frozenset(shapes)


@lru_cache(maxsize=512)
def _font(file: Path, height: int) -> Any:
    return ImageFont.truetype(str(file), height)


# What cannot pass for a digit, in any hand, and is in one piece that imaging keeps together: no
# O o I l S Z B b g q z s D G; no Γ Λ δ φ; no Ч З б Ы Ю.
LETTERS = "AEFHKMNPRWXYadefhkmnprtuwx" + "#&?@*+=$" + "ΔΠΣΨΩαμπψω" + "ДЖИЛЦШЩЯджлшщя"
