"""Model files as they get damaged: bits flipped, ends cut off; the same ones each time."""

import random
from collections.abc import Iterator
from pathlib import Path

from tests.recognizer import bad_models as bad

FLIPS, CUTS = 100, 20  # of each format
SEED = 20261101


def damaged(content: bytes) -> Iterator[bytes]:
    """Give a file with one to three bits flipped, and a file that was cut off, many times over.

    Three in four flips are beside the numbers of the one large array, where all structure is.
    """
    chance = random.Random(SEED)  # noqa: S311
    kernel = bad.nearest_mean()[0].tobytes()
    start, end = content.index(kernel), content.index(kernel) + len(kernel)
    beside = [place for place in range(len(content)) if not start <= place < end]
    for row in range(FLIPS):
        places = beside if row % 4 else range(len(content))
        yield flipped(content, chance.choices(places, k=1 + row % 3), chance.randrange(8))
    for _ in range(CUTS):
        yield content[: chance.randrange(len(content))]


def flipped(content: bytes, places: list[int], bit: int) -> bytes:
    changed = bytearray(content)
    for place in places:
        changed[place] ^= 1 << bit
    return bytes(changed)


def write_all(folder: Path) -> None:
    for suffix, content in ((".keras", bad.keras_file()), (".h5", bad.h5_file())):
        for row, version in enumerate(damaged(content)):
            (folder / f"damaged{row:03}{suffix}").write_bytes(version)
