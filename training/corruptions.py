"""MNIST-C: fifteen corruptions of MNIST's digits, written anew from their definitions. No Django.

Source of the definitions and of each one's severity: Mu and Gilmer (2019), "MNIST-C: a robustness
benchmark for computer vision", and the parameters that its authors published with it. What follows
is our own code over NumPy and OpenCV. It differs from theirs where the libraries do: Canny's edges
are thinned along four directions instead of by interpolation, and places between pixels are taken
to 1/32 of a pixel.

Each digit has a random generator of its own, from the corruption and the digit's number alone: a
part of a set is corrupted as it is in the whole set.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Digit = NDArray[np.float32]  # (28, 28), 0 paper … 1 ink
Corruption = Callable[[Digit, np.random.Generator], Digit]

SIDE = 28
CENTRE = (SIDE - 1) / 2
# Fixed for good: versions are compared on the same corrupted digits.
SEED = 20_190_605

# The severities that the paper's data set was made with.
SHOTS = 3  # photons of a pixel that is all ink
IMPULSE_SHARE = 0.17
GLASS_SIGMA_PX, GLASS_ROUNDS = 0.7, 2
MOTION_RADIUS_PX, MOTION_SIGMA_PX, MOTION_ANGLE_DEG = 10, 3.0, 45.0
SHEAR_RAD = 0.4
SHRINKING = 0.7
ROTATION_RAD = 0.4
BRIGHTENING = 0.5
SHIFT_PX = 3
STRIPE_PX = 7
FOG_DENSITY, FOG_DECAY, FOG_SIDE = 3.0, 1.4, 256
SPATTER_MEAN, SPATTER_SPREAD, SPATTER_SIGMA_PX, SPATTER_LEVEL = 0.65, 0.3, 1.0, 0.65
MUD_SIGMA_PX, MUD_LEAST, MUD_SHADE = 1.5, 0.8, 63 / 255
LINE_REACH_PX = 2.3
ZIGZAG_PX = 2.0
EDGE_SIGMA_PX, EDGE_LOW, EDGE_HIGH = 1.0, 0.1, 0.2


def corrupt(
    digits: NDArray[np.uint8], name: str, numbers: Sequence[int] | None = None
) -> NDArray[np.uint8]:
    """Corrupt digits, the same way each time.

    Args:
        digits: `uint8 (N, 28, 28)`, 0 paper … 255 ink.
        name: One of `CORRUPTIONS`.
        numbers: Each digit's number in its set, which its randomness follows from; 0 … N - 1 where
            they are not given.

    Returns:
        `uint8 (N, 28, 28)`, light on dark as MNIST's digits are; what was paper may be grey.
    """
    corruption, kind = CORRUPTIONS[name], list(CORRUPTIONS).index(name)
    corrupted = np.empty_like(digits)
    for row, number in enumerate(range(len(digits)) if numbers is None else numbers):
        random = np.random.default_rng((SEED, kind, number))
        ink = corruption(digits[row].astype(np.float32) / 255, random)
        corrupted[row] = np.rint(ink.clip(0, 1) * 255)
    return corrupted


# --- Noise --------------------------------------------------------------------------------------


def shot_noise(digit: Digit, random: np.random.Generator) -> Digit:
    """Count photons: the fewer there are, the grainier the ink."""
    return _floats(random.poisson(digit * SHOTS) / SHOTS)


def impulse_noise(digit: Digit, random: np.random.Generator) -> Digit:
    """Set some pixels to all ink or none."""
    is_struck = random.random(digit.shape) < IMPULSE_SHARE
    return np.where(is_struck, random.integers(0, 2, digit.shape), digit).astype(np.float32)


# --- Blur ---------------------------------------------------------------------------------------


def glass_blur(digit: Digit, random: np.random.Generator) -> Digit:
    """Blur, let neighbours change places, and blur again."""
    pixels = (_blurred(digit, GLASS_SIGMA_PX) * 255).astype(np.uint8)
    places = np.arange(SIDE - 1, 1, -1)
    for _ in range(GLASS_ROUNDS):
        is_moved = random.integers(0, 2, (SIDE, SIDE), dtype=bool)
        steps = random.integers(-1, 1, (SIDE, SIDE, 2))
        for row in places:
            for column in places[is_moved[row, places]]:
                other = row + steps[row, column, 0], column + steps[row, column, 1]
                pixels[row, column], pixels[other] = pixels[other], pixels[row, column]
    return _blurred(_floats(pixels / 255), GLASS_SIGMA_PX)


def motion_blur(digit: Digit, random: np.random.Generator) -> Digit:
    """Drag the digit along a line of any slant within 45°, fading."""
    angle = math.radians(random.uniform(-MOTION_ANGLE_DEG, MOTION_ANGLE_DEG))
    steps = np.arange(2 * MOTION_RADIUS_PX + 1)
    weights = np.exp(-(steps**2) / (2 * MOTION_SIGMA_PX**2))
    reach = len(steps) - 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    columns = np.ceil(steps * math.cos(angle) - 0.5).astype(int) + reach
    rows = np.ceil(steps * math.sin(angle) - 0.5).astype(int) + reach
    np.add.at(kernel, (rows, columns), weights / weights.sum())
    return _floats(cv2.filter2D(digit, -1, kernel, borderType=cv2.BORDER_REPLICATE))


def _blurred(digit: Digit, sigma_px: float) -> Digit:
    side = 2 * int(4 * sigma_px + 0.5) + 1  # four standard deviations to each side
    return _floats(cv2.GaussianBlur(digit, (side, side), sigma_px, borderType=cv2.BORDER_REPLICATE))


# --- Geometry -----------------------------------------------------------------------------------


def shear(digit: Digit, random: np.random.Generator) -> Digit:
    """Slant it to either side."""
    angle = SHEAR_RAD * _sign(random)
    return _warped(digit, [[1, -math.sin(angle)], [0, math.cos(angle)]])


def scale(digit: Digit, random: np.random.Generator) -> Digit:
    """Shrink it."""
    return _warped(digit, [[1 / SHRINKING, 0], [0, 1 / SHRINKING]])


def rotate(digit: Digit, random: np.random.Generator) -> Digit:
    """Turn it by 23° to either side."""
    angle = ROTATION_RAD * _sign(random)
    return _warped(digit, [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def translate(digit: Digit, random: np.random.Generator) -> Digit:
    """Move it into one of the four corners' directions; what leaves the picture is lost."""
    return _warped(digit, [[1, 0], [0, 1]], (SHIFT_PX * _sign(random), SHIFT_PX * _sign(random)))


def _sign(random: np.random.Generator) -> int:
    return int(random.integers(0, 2)) * 2 - 1


def _warped(digit: Digit, matrix: list[list[float]], shift: tuple[int, int] = (0, 0)) -> Digit:
    """Map each place to where its ink comes from, about the picture's centre."""
    linear = np.array(matrix, np.float64)
    offset = CENTRE - linear @ (CENTRE, CENTRE) + shift
    return _floats(
        cv2.warpAffine(
            digit,
            np.column_stack([linear, offset]),
            (SIDE, SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
    )


# --- Light and weather --------------------------------------------------------------------------


def brightness(digit: Digit, random: np.random.Generator) -> Digit:
    """Let the paper be as dark as half the ink."""
    return digit + np.float32(BRIGHTENING)


def stripe(digit: Digit, random: np.random.Generator) -> Digit:
    """Swap ink and paper in a stripe at the left and at the right."""
    striped = digit.copy()
    for stripes in (slice(0, STRIPE_PX), slice(SIDE - STRIPE_PX, SIDE)):
        striped[:, stripes] = 1 - striped[:, stripes]
    return striped


def fog(digit: Digit, random: np.random.Generator) -> Digit:
    """Lay clouds over it."""
    darkest = float(digit.max())
    clouds = _clouds(random)[:SIDE, :SIDE]
    return ((digit + FOG_DENSITY * clouds) * darkest / (darkest + FOG_DENSITY)).astype(np.float32)


def _clouds(random: np.random.Generator) -> NDArray[np.float64]:
    """Make clouds that repeat at their edges, 0 to 1, by the diamond-square algorithm.

    Source: Fournier, Fussell, Carpenter (1982), "Computer rendering of stochastic models".
    """
    heights = np.zeros((FOG_SIDE, FOG_SIDE))
    step, roughness = FOG_SIDE, 100.0
    while step > 1:
        half, spread = step // 2, roughness**2
        corners = heights[::step, ::step]
        sums = corners + np.roll(corners, -1, 0)
        sums = sums + np.roll(sums, -1, 1)
        middles = sums / 4 + random.uniform(-spread, spread, sums.shape)
        heights[half::step, half::step] = middles
        # Each edge's middle lies between two corners and two squares' middles.
        beside = middles + np.roll(middles, 1, 0) + corners + np.roll(corners, -1, 1)
        heights[::step, half::step] = beside / 4 + random.uniform(-spread, spread, sums.shape)
        above = middles + np.roll(middles, 1, 1) + corners + np.roll(corners, -1, 0)
        heights[half::step, ::step] = above / 4 + random.uniform(-spread, spread, sums.shape)
        step, roughness = half, roughness / FOG_DECAY
    heights -= heights.min()
    heights /= heights.max()
    return heights


def spatter(digit: Digit, random: np.random.Generator) -> Digit:
    """Throw mud on it, which hides the ink and is a dark grey itself."""
    drops = random.normal(SPATTER_MEAN, SPATTER_SPREAD, digit.shape).astype(np.float32)
    is_wet = _blurred(drops, SPATTER_SIGMA_PX) > SPATTER_LEVEL
    mud = _blurred(is_wet.astype(np.float32), MUD_SIGMA_PX)
    mud[mud < MUD_LEAST] = 0
    return digit * (1 - mud) + np.float32(MUD_SHADE) * mud


# --- Lines --------------------------------------------------------------------------------------


def dotted_line(digit: Digit, random: np.random.Generator) -> Digit:
    """Draw a dotted line across it."""
    left, right = random.integers(0, SIDE - 1, 2)
    line = _line((0, left), (SIDE - 1, right))
    line[:, np.arange(SIDE) % 4 < 2] = 0
    return digit + line


def zigzag(digit: Digit, random: np.random.Generator) -> Digit:
    """Draw a zigzag across it, about a line of little slope."""
    left, right = 2, SIDE - 3
    start = int(random.integers(0, SIDE - 1))
    slope = math.atan2(int(random.integers(-5, 5)), right - left)
    marked = digit
    corners = _zigzag((right - left) / math.cos(slope))
    turn = np.array([[math.cos(slope), -math.sin(slope)], [math.sin(slope), math.cos(slope)]])
    points = corners @ turn.T + (left, start)
    for one, next_one in pairwise(points):
        marked = (marked + _line(tuple(one), tuple(next_one))).clip(0, 1)
    return marked


def _zigzag(length: float) -> NDArray[np.float64]:
    """Give the corners of a zigzag along the x-axis, `(num, 2)`."""
    num_teeth = int((length - ZIGZAG_PX) // (2 * ZIGZAG_PX)) + 1
    teeth = [((2 * i + 1) * ZIGZAG_PX, (-1) ** i * ZIGZAG_PX) for i in range(num_teeth)]
    rest = length % (2 * ZIGZAG_PX)
    end = [(length, teeth[-1][1] / (2 * rest))] if rest else []
    return np.array([(0, 0), *teeth, *end], np.float64)


def _line(start: tuple[Any, ...], end: tuple[Any, ...]) -> Digit:
    """Draw a line from left to right, whose ink fades with the logarithm of the distance."""
    (x0, y0), (x1, y1) = start, end
    columns, rows = np.arange(SIDE), np.arange(SIDE)[:, None]
    line = np.zeros((SIDE, SIDE), np.float32)
    if x1 == x0:
        return line
    away = np.abs(rows - (y0 + (columns - x0) * (y1 - y0) / (x1 - x0)))
    ink = 1 + np.log(1 - np.minimum(away, LINE_REACH_PX - 1e-10) / LINE_REACH_PX)
    within = slice(max(math.floor(x0), 0), max(math.ceil(x1), 0))
    line[:, within] = ink.clip(0, 1)[:, within]
    return line


def canny_edges(digit: Digit, random: np.random.Generator) -> Digit:
    """Leave nothing but the edges, white on black.

    Source: Canny (1986), "A computational approach to edge detection".
    """
    side = 2 * int(4 * EDGE_SIGMA_PX + 0.5) + 1
    smooth = cv2.GaussianBlur(digit, (side, side), EDGE_SIGMA_PX, borderType=cv2.BORDER_CONSTANT)
    unit = 2048  # OpenCV takes slopes as whole numbers of 16 bits; the steepest here is 4
    slopes = [np.rint(cv2.Sobel(smooth, cv2.CV_32F, *way) * unit) for way in ((1, 0), (0, 1))]
    across, down = (slope.astype(np.int16) for slope in slopes)
    edges = cv2.Canny(across, down, EDGE_LOW * unit, EDGE_HIGH * unit, L2gradient=True)
    return _floats(np.asarray(edges) > 0)


def _floats(pixels: Any) -> Digit:
    return np.asarray(pixels, np.float32)


CORRUPTIONS: dict[str, Corruption] = {
    corruption.__name__: corruption
    for corruption in (
        shot_noise,
        impulse_noise,
        glass_blur,
        motion_blur,
        shear,
        scale,
        rotate,
        brightness,
        translate,
        stripe,
        fog,
        spatter,
        dotted_line,
        zigzag,
        canny_edges,
    )
}
