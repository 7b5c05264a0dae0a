"""Digits of 28 × 28 px that are hard to see: noise, haze, lines and bars over them, outlines, blur.

Such families of disturbance are what MNIST-C measures (Mu and Gilmer 2019); the ways and strengths
here are our own, drawn anew for each digit, and none of its pictures is learnt from. A network that
learnt from them has met each family: MNIST-C then measures how well, and no longer the unforeseen.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Faint = NDArray[np.float32]  # (28, 28), 0 paper … 1 ink
SIDE = 28


def disturbed(digit: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Disturb a digit in one way, seldom in two.

    Args:
        digit: `uint8 (28, 28)`, 0 paper … 255 ink.
        random: Where way and strength are drawn from.

    Returns:
        `uint8 (28, 28)`; its paper may be grey.
    """
    pixels = np.asarray(digit / 255, np.float32)
    for _ in range(1 + (random.random() < 0.2)):
        way = WAYS[int(random.integers(len(WAYS)))]
        pixels = np.clip(way(pixels, random), 0, 1)
    return np.asarray(np.rint(pixels * 255), np.uint8)


def grained(digit: Faint, random: np.random.Generator) -> Faint:
    """Replace some pixels, or shake all of them."""
    if random.random() < 0.6:
        is_struck = random.random(digit.shape) < random.uniform(0.05, 0.35)
        return np.asarray(np.where(is_struck, random.random(digit.shape) > 0.5, digit), np.float32)
    photons = random.uniform(3, 20)
    counted = random.poisson(digit * photons) / photons
    return np.asarray(counted + random.normal(0, random.uniform(0, 0.2), digit.shape), np.float32)


def hazed(digit: Faint, random: np.random.Generator) -> Faint:
    """Lay clouds or an even grey over it."""
    clouds = np.ones((SIDE, SIDE))
    if random.random() < 0.7:
        octaves = [_smooth(cells, random) / cells for cells in (2, 4, 8, 16)]
        clouds = np.sum(octaves, axis=0)
        clouds = (clouds - clouds.min()) / max(float(np.ptp(clouds)), 1e-6)
    haze = random.uniform(0.2, 1.5)
    return np.asarray((digit + haze * clouds) / (1 + haze * random.random()), np.float32)


def barred(digit: Faint, random: np.random.Generator) -> Faint:
    """Swap ink and paper in bars, or cover them."""
    barred_digit = digit.copy()
    for _ in range(int(random.integers(1, 4))):
        width = int(random.integers(2, 9))
        starts = (0, SIDE - width, int(random.integers(0, SIDE - width)))
        start = starts[int(random.integers(3))]
        bar = barred_digit[:, start : start + width]
        if random.random() < 0.3:
            bar = barred_digit[start : start + width]
        bar[:] = 1 - bar if random.random() < 0.75 else random.random()
    return barred_digit


def crossed(digit: Faint, random: np.random.Generator) -> Faint:
    """Draw lines over it: straight, dashed or zigzag."""
    sheet = np.zeros((4 * SIDE, 4 * SIDE), np.float32)
    for _ in range(int(random.integers(1, 3))):
        ends = random.uniform(-0.1, 1.1, (2, 2)) * 4 * SIDE
        num = int(random.choice([2, 8, 16]))
        points = ends[0] + np.linspace(0, 1, num)[:, None] * (ends[1] - ends[0])
        if num > 2:
            across = np.array([-(ends[1] - ends[0])[1], (ends[1] - ends[0])[0]])
            across /= max(float(np.hypot(*across)), 1e-6)
            sides = np.where(np.arange(num) % 2, 1, -1)[:, None]
            points = points + sides * across * random.uniform(3, 16)
        thickness = int(random.integers(3, 9))
        if num == 2 and random.random() < 0.7:  # dashed
            dashes = np.linspace(0, 1, int(random.integers(6, 16)) * 2)
            way = ends[0] + dashes[:, None] * (ends[1] - ends[0])
            pieces = [way[i : i + 2] for i in range(0, len(way), 2)]
        else:
            pieces = [points]
        for piece in pieces:
            where = [np.round(piece).astype(np.int32)[:, None]]
            cv2.polylines(sheet, where, False, float(random.uniform(0.6, 1)), thickness)
    line = cv2.resize(sheet, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(digit + line, np.float32)


def spattered(digit: Faint, random: np.random.Generator) -> Faint:
    """Throw drops on it, of any grey."""
    field = _smooth(int(random.integers(6, 14)), random)
    is_wet = (field > np.quantile(field, random.uniform(0.75, 0.95))).astype(np.float32)
    mud = np.asarray(cv2.GaussianBlur(is_wet, (0, 0), random.uniform(0.4, 1)), np.float32)
    return np.asarray(digit * (1 - mud) + random.uniform(0, 1) * mud, np.float32)


def outlined(digit: Faint, random: np.random.Generator) -> Faint:
    """Leave its outline only."""
    large = cv2.resize(digit, (3 * SIDE, 3 * SIDE), interpolation=cv2.INTER_CUBIC)
    smooth = cv2.GaussianBlur(large, (0, 0), random.uniform(1, 3))
    solid = (smooth > random.uniform(0.2, 0.5)).astype(np.uint8)
    outline = cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    small = cv2.resize(outline.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if random.random() < 0.6:  # hard, a pixel wide
        return np.asarray(small > random.uniform(0.25, 0.5), np.float32)
    return np.asarray(small * random.uniform(1, 2), np.float32)


def shattered(digit: Faint, random: np.random.Generator) -> Faint:
    """See it through rough glass, or dragged along a line."""
    if random.random() < 0.5:
        y, x = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
        reach = random.uniform(0.8, 2.2)
        moves = random.uniform(-reach, reach, (2, SIDE, SIDE))
        seen = cv2.remap(
            digit,
            (x + moves[0]).astype(np.float32),
            (y + moves[1]).astype(np.float32),
            cv2.INTER_LINEAR,
        )
        return np.asarray(cv2.GaussianBlur(seen, (0, 0), random.uniform(0.3, 1)), np.float32)
    length = int(random.integers(3, 9))
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    aim = random.uniform(0, 2 * np.pi)
    end = (round(length + length * np.cos(aim)), round(length + length * np.sin(aim)))
    cv2.line(kernel, (length, length), end, 1.0)
    return np.asarray(cv2.filter2D(digit, -1, kernel / kernel.sum()), np.float32)


def warped(digit: Faint, random: np.random.Generator) -> Faint:
    """Turn, slant, shrink and move it further than hands do."""
    angle, slant = random.uniform(-0.45, 0.45), random.uniform(-0.45, 0.45)
    size = float(np.exp(random.uniform(np.log(0.5), np.log(1.1))))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, slant], [0, 1]]) * size
    centre = np.array([SIDE / 2 - 0.5] * 2)
    shift = centre - matrix @ centre + random.uniform(-5, 5, 2) * (1.1 - size + 0.4)
    return np.asarray(
        cv2.warpAffine(digit, np.column_stack([matrix, shift]), (SIDE, SIDE)), np.float32
    )


WAYS: tuple[Callable[[Faint, np.random.Generator], Faint], ...] = (
    grained,
    hazed,
    barred,
    crossed,
    spattered,
    outlined,
    shattered,
    warped,
)


def _smooth(cells: int, random: np.random.Generator) -> Faint:
    coarse = random.normal(0, 1, (cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), np.float32)
