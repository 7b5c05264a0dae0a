"""Three of the first page's examples: two digits of MNIST in ink, and a simulated photo.

`PYTHONPATH=. python docs/artwork/examples.py` writes them to static/site/examples/ again. The
others were drawn by hand. Needs what trains.
"""

from __future__ import annotations

import cv2
import numerals
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognizer.engine import SAMPLE_PATH
from training import photos, shapes, strokes

FOLDER = numerals.ROOT / "static" / "site" / "examples"
SIDE = 280  # pixels, as the others have
INK = np.array([27, 42, 74])  # the site's own
# Of the sample's 500 test digits, which no network learns: looked through, and these chosen.
MNIST = {"four.png": 383, "two.png": 470}
# The seed of one of the training's simulated photos: squared paper on a dark table.
PHOTO_SEED = 918
JPEG_QUALITY = 82


def in_ink(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge a digit of 28 px as a pen would have drawn it.

    Returns:
        `uint8 (280, 280, 3)`, RGB: ink on white.
    """
    large = cv2.resize(digit, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    smooth = cv2.GaussianBlur(large, (0, 0), 5)
    share = np.clip((smooth - 0.34) / 0.12, 0, 1)[..., None]  # an edge of a pixel or two
    return np.asarray(255 - share * (255 - INK), np.uint8)


def photo(seed: int) -> NDArray[np.uint8]:
    """Write an eight by one of `training.shapes`, and photograph it as a training would."""
    random = np.random.default_rng(seed)
    digit = int(random.choice([2, 3, 5, 6, 8, 9]))
    shape = shapes.SHAPES[digit][int(random.integers(len(shapes.SHAPES[digit])))]
    ways = strokes.bent(strokes.fitted([strokes.smooth(points) for points in shape]), random, 0.8)
    return photos.photo(strokes.drawn(ways, 360, random.uniform(14, 26)), random).pixels


def main() -> None:
    with np.load(SAMPLE_PATH) as sample:
        digits = sample["x_test"]
    for name, number in MNIST.items():
        image = Image.fromarray(in_ink(digits[number])).quantize(32)  # few colours: a small file
        image.save(FOLDER / name, optimize=True)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    cv2.imwrite(str(FOLDER / "photo.jpg"), photo(PHOTO_SEED)[..., ::-1], quality)


if __name__ == "__main__":
    main()
