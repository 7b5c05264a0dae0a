"""Model files as they get damaged: bits flipped, ends cut off; the same ones each time."""

import random
from collections.abc import Iterator
from pathlib import Path

from tests.recognizer import bad_models as bad

FLIPS, CUTS = 100, 20  # of each format
SEED = 20261101

# Looks into all files of a folder, each in a process of its own; tells how each ended.
LOOK_INTO_ALL = """
import json, os, resource, sys
from pathlib import Path
from recognizer.vetting import RefusedModel, contents

def end_of(path):
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    resource.setrlimit(resource.RLIMIT_CPU, (2, 3))
    try:
        contents.look(path, path.parent)
    except RefusedModel as refusal:
        os._exit(10 if str(refusal).isprintable() else 11)
    except BaseException as error:
        print(path, repr(error), file=sys.stderr, flush=True)
        os._exit(12)
    os._exit(0)

print(json.dumps({path.name: end_of(path) for path in sorted(Path(sys.argv[1]).iterdir())}))
"""


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
