"""Simulated pictures of ink: a canvas, a phone's photo, a small crop, a scan; with where it is.

They go through our own imaging afterwards, so that a network learns the scars that it leaves.
Light, paper, lines and cameras are drawn from ranges that real photos were seen to have.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.strokes import Ink

Grey = NDArray[np.float32]  # (h, w), 0 black … 1 white


@dataclass(frozen=True)
class Shot:
    """A picture, `uint8 (H, W, 3)`, and the box (left, top, right, bottom) of the ink on it.

    The box is None where the ink may be anywhere.
    """

    pixels: NDArray[np.uint8]
    box: tuple[float, float, float, float] | None


def canvas(ink: Ink, random: np.random.Generator) -> Shot:
    """Draw on a clean canvas: any place and size, dark on light or the reverse, even colours."""
    side = int(random.choice([112, 200, 280, 280, 420]))
    share = random.uniform(0.25, 0.95)
    mask, box = _placed(ink, side, side, share, random)
    paper, pen = (255, 0) if random.random() < 0.8 else (0, 255)
    tint = random.uniform(0, 0.25, 3) * abs(pen - paper) * (1 if pen < paper else -1)
    colour = np.full(3, pen) + (tint if random.random() < 0.3 else 0)
    pixels = paper + mask[..., None] * (colour - paper)
    return Shot(np.clip(pixels, 0, 255).round().astype(np.uint8), box)


def photo(ink: Ink, random: np.random.Generator) -> Shot:
    """Photograph a sheet: its texture, lines, light and edges; the camera's blur and noise."""
    height, width = (int(side) for side in random.integers(160, 420, 2))
    share = float(np.exp(random.uniform(np.log(0.2), np.log(0.85))))
    mask, box = _placed(_rough(ink, random), height, width, share, random)
    paper = _paper(height, width, random)
    darkness = random.uniform(0.12, 0.9)
    if random.random() < 0.5:  # lines that the digit's ink covers
        paper = np.minimum(paper, 1 - _lines(height, width, box, darkness, random))
    scene = paper * (1 - darkness * mask)
    if random.random() < 0.08:
        scene = 1 - scene * 0.9  # chalk
    scene *= _light(height, width, random)
    if random.random() < 0.25:
        scene = _with_edge(scene, box, random)
    return Shot(_taken(scene, random, blur=random.uniform(0.3, 2.0)), box)


def crop(ink: Ink, random: np.random.Generator) -> Shot:
    """Crop a digit of a photo closely: 18 to 60 px, blurred, with hardly a margin."""
    side = int(random.integers(120, 200))
    height = side
    width = int(side * np.clip(ink.shape[1] / ink.shape[0] * random.uniform(1.0, 1.6), 0.3, 1.6))
    mask, box = _placed(_rough(ink, random), height, width, random.uniform(0.8, 0.98), random)
    darkness = random.uniform(0.25, 0.9)
    scene = _paper(height, width, random) * (1 - darkness * mask) * _light(height, width, random)
    small = float(random.uniform(18, 60)) / max(height, width)
    scene = _blurred(scene, random.uniform(0.3, 0.9) / small)
    size = (max(8, round(width * small)), max(8, round(height * small)))
    scene = np.asarray(cv2.resize(scene, size, interpolation=cv2.INTER_AREA), np.float32)
    pixels = _taken(scene, random, blur=0.0)
    ratio_x, ratio_y = size[0] / width, size[1] / height
    return Shot(pixels, (box[0] * ratio_x, box[1] * ratio_y, box[2] * ratio_x, box[3] * ratio_y))


def scan(ink: Ink, random: np.random.Generator) -> Shot:
    """Scan at a low resolution: 12 to 32 px, grey, light on dark or dark on light."""
    side = int(random.choice([16, 16, 20, 24, 28, 32]))
    margin = int(random.integers(0, max(1, side // 8) + 1))
    inner = side - 2 * margin
    ratio = inner / max(ink.shape)
    size = (max(1, round(ink.shape[1] * ratio)), max(1, round(ink.shape[0] * ratio)))
    if random.random() < 0.3:  # scaled to the box without keeping the aspect
        size = (max(3, round((size[0] + inner) / 2)), inner)
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    small = np.clip(small * random.uniform(0.9, 1.4), 0, 1)
    mask = np.zeros((side, side), np.float32)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    mask[top : top + size[1], left : left + size[0]] = small
    if random.random() < 0.5:
        mask = cv2.GaussianBlur(mask, (3, 3), random.uniform(0.3, 0.7)).astype(np.float32)
    mask = mask if random.random() < 0.5 else 1 - mask
    grey = np.clip(mask * 255 + random.normal(0, random.uniform(0, 6), mask.shape), 0, 255)
    box = (left, top, left + size[0], top + size[1])
    return Shot(_three(grey.round().astype(np.uint8)), box)


def empty(random: np.random.Generator) -> Shot:
    """Photograph a paper with nothing written: lines, boxes, light, edges, a crumb or two."""
    height, width = (int(side) for side in random.integers(60, 420, 2))
    side = min(height, width) * random.uniform(0.2, 0.9)
    left, top = random.uniform(0, width - side), random.uniform(0, height - side)
    box = (left, top, left + side, top + side)
    scene = _paper(height, width, random)
    for _ in range(int(random.integers(0, 3))):
        scene = np.minimum(scene, 1 - _lines(height, width, box, 0.6, random))
    for _ in range(int(random.poisson(1.0))):  # crumbs, fibres, a corner of something
        where = random.uniform(0, 1, (2, 2)) * (width, height)
        reach = np.clip(where[1] - where[0], -side / 4, side / 4)
        ends = [tuple(int(v) for v in point) for point in (where[0], where[0] + reach)]
        cv2.line(
            scene, ends[0], ends[1], float(random.uniform(0.1, 0.6)), int(random.integers(1, 5))
        )
    scene = scene * _light(height, width, random)
    if random.random() < 0.4:
        scene = _with_edge(scene, box, random)
    return Shot(_taken(scene, random, blur=random.uniform(0.3, 2.0)), None)


def picture(ink: Ink, random: np.random.Generator) -> Shot:
    """Take the ink itself for the picture, light on dark or dark on light."""
    grey = ink if random.random() < 0.7 else 255 - ink
    return Shot(_three(np.asarray(grey, np.uint8)), None)


KINDS = {"picture": picture, "canvas": canvas, "photo": photo, "crop": crop, "scan": scan}


# --- What they are made of ------------------------------------------------------------------------


def _placed(
    ink: Ink, height: int, width: int, share: float, random: np.random.Generator
) -> tuple[Grey, tuple[float, float, float, float]]:
    """Scale the ink to a share of the picture, and put it anywhere that it fits."""
    ratio = share * min(height / ink.shape[0], width / ink.shape[1])
    size = (max(2, round(ink.shape[1] * ratio)), max(2, round(ink.shape[0] * ratio)))
    method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(ink, size, interpolation=method).astype(np.float32) / 255
    spread = random.uniform(0.15, 1.0)  # mostly near the middle
    left = round((width - size[0]) * (0.5 + spread * random.uniform(-0.5, 0.5)))
    top = round((height - size[1]) * (0.5 + spread * random.uniform(-0.5, 0.5)))
    mask = np.zeros((height, width), np.float32)
    mask[top : top + size[1], left : left + size[0]] = np.clip(scaled, 0, 1)
    return mask, (left, top, left + size[0], top + size[1])


def _rough(ink: Ink, random: np.random.Generator) -> Ink:
    """Let the ink vary along its strokes, as pencils on paper do."""
    if random.random() < 0.5:
        return ink
    cells = _noise(ink.shape[0], ink.shape[1], max(4, max(ink.shape) // 20), random)
    grain = random.uniform(0, 0.25) * random.random(ink.shape, np.float32)
    kept = 1 - random.uniform(0.1, 0.5) * (0.5 + 0.5 * cells) - grain
    return np.asarray(ink * np.clip(kept, 0, 1), np.uint8)


def _noise(height: int, width: int, cell: int, random: np.random.Generator) -> Grey:
    """Smooth noise, -1 to 1, whose spots are about `cell` pixels wide."""
    shape = (max(2, height // cell + 2), max(2, width // cell + 2))
    coarse = random.uniform(-1, 1, shape).astype(np.float32)
    return np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    )


def _paper(height: int, width: int, random: np.random.Generator) -> Grey:
    texture = random.uniform(0, 0.03) * _noise(height, width, int(random.integers(2, 12)), random)
    grain = random.normal(0, random.uniform(0, 0.02), (height, width)).astype(np.float32)
    return np.asarray(random.uniform(0.6, 0.98) + texture + grain, np.float32)


def _lines(
    height: int,
    width: int,
    box: tuple[float, float, float, float],
    darkness: float,
    random: np.random.Generator,
) -> Grey:
    """Rule, square or box the paper: how dark its lines are, 0 to 1, at each place."""
    lines = np.zeros((height, width), np.float32)
    strength = random.uniform(0.08, min(0.55, darkness))
    thickness = int(random.integers(1, 4))
    kind = random.choice(["ruled", "squared", "box"], p=[0.35, 0.35, 0.3])
    slope = random.normal(0, 0.02)
    digit = max(box[2] - box[0], box[3] - box[1])

    def across(y: float) -> None:
        cv2.line(
            lines,
            (0, round(y)),
            (width, round(y + slope * width)),
            strength,
            thickness,
            cv2.LINE_AA,
        )

    def down(x: float) -> None:
        cv2.line(
            lines,
            (round(x), 0),
            (round(x - slope * height), height),
            strength,
            thickness,
            cv2.LINE_AA,
        )

    if kind == "box":
        gap = digit * random.uniform(0.04, 0.4, 4)
        left, top, right, bottom = (
            box[0] - gap[0],
            box[1] - gap[1],
            box[2] + gap[2],
            box[3] + gap[3],
        )
        for x in (left, right):
            down(x)
        for y in (top, bottom):
            across(y)
        return lines
    pitch = digit * random.uniform(0.35, 1.6)
    for y in np.arange(random.uniform(0, pitch), height, pitch):
        across(y)
    if kind == "squared":
        for x in np.arange(random.uniform(0, pitch), width, pitch):
            down(x)
    return lines


def _light(height: int, width: int, random: np.random.Generator) -> Grey:
    """A slope of light, and the soft shadow of a hand or a phone."""
    x, y = np.meshgrid(
        np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    )
    angle, strength = random.uniform(0, 2 * np.pi), random.uniform(0, 0.3)
    light = 1 + strength * (x * np.cos(angle) + y * np.sin(angle))
    if random.random() < 0.35:
        angle, offset = random.uniform(0, 2 * np.pi), random.uniform(-0.8, 0.8)
        soft = random.uniform(0.05, 0.4)
        side = (x * np.cos(angle) + y * np.sin(angle) - offset) / soft
        light *= 1 - random.uniform(0.1, 0.55) / (1 + np.exp(-4 * side))
    return np.asarray(light * random.uniform(0.35, 1.05), np.float32)


def _with_edge(
    scene: Grey, box: tuple[float, float, float, float], random: np.random.Generator
) -> Grey:
    """Lay the sheet on a table whose edge shows, where the ink leaves room."""
    height, width = scene.shape
    room = (box[0], box[1], width - box[2], height - box[3])
    side = int(np.argmax(room))
    depth = room[side] * random.uniform(0.2, 0.75)
    table = np.zeros((height, width), np.float32)
    if side in (0, 2):
        edge = depth if side == 0 else width - depth
        outer = 0 if side == 0 else width
        lean = random.normal(0, 0.02) * height
        corners = [(outer, 0), (edge - lean, 0), (edge + lean, height), (outer, height)]
    else:
        edge = depth if side == 1 else height - depth
        outer = 0 if side == 1 else height
        lean = random.normal(0, 0.02) * width
        corners = [(0, outer), (0, edge - lean), (width, edge + lean), (width, outer)]
    cv2.fillPoly(table, [np.array(corners, np.int32)], 1.0, cv2.LINE_AA)
    return np.asarray(scene * (1 - table) + random.uniform(0.05, 0.5) * table, np.float32)


def _taken(scene: Grey, random: np.random.Generator, *, blur: float) -> NDArray[np.uint8]:
    """Take the picture: the lens's blur, a hand's shake, the sensor's noise, colour, and JPEG."""
    if blur:
        scene = _blurred(scene, blur)
    if blur and random.random() < 0.15:
        length = int(random.integers(3, 8))
        angle = random.uniform(0, np.pi)
        kernel = np.zeros((length, length), np.float32)
        middle, reach = (length - 1) / 2, (length - 1) / 2
        ends = [
            (round(middle - reach * np.cos(angle)), round(middle - reach * np.sin(angle))),
            (round(middle + reach * np.cos(angle)), round(middle + reach * np.sin(angle))),
        ]
        cv2.line(kernel, ends[0], ends[1], 1.0)
        scene = cv2.filter2D(scene, -1, kernel / kernel.sum()).astype(np.float32)
    tint = 1 + random.uniform(-0.06, 0.06, 3)
    colour = scene[..., None] * tint
    colour += random.normal(0, random.uniform(0, 0.03), colour.shape)
    pixels = np.clip(colour * 255, 0, 255).round().astype(np.uint8)
    if random.random() < 0.8:
        quality = int(random.integers(30, 96))
        _, coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        pixels = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    return np.ascontiguousarray(pixels)


def _blurred(scene: Grey, sigma: float) -> Grey:
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), sigma), np.float32)


def _three(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(np.repeat(grey[..., None], 3, axis=2), np.uint8)
