"""What is read in the benchmarks: drawn sevens, and 12-megapixel photos of one."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def canvas_png() -> bytes:
    """A seven with a bar on a canvas of 280 px, as the page sends it."""
    return encoded(_seven(280, 280, 16), "PNG")


def photo_jpeg() -> bytes:
    """The same seven on paper in uneven light with noise, 4000 × 3000, as a phone sends it."""
    random = np.random.default_rng(7)
    ink = _seven(4000, 3000, 90).convert("L").filter(ImageFilter.GaussianBlur(4))
    light = np.linspace(150, 235, 4000, dtype=np.float32)[np.newaxis]  # (1, 4000)
    noise = random.normal(0, 4, (3000, 4000)).astype(np.float32)
    paper = np.asarray(ink, np.float32) / 255 * 0.75 + 0.25
    pixels = (paper * light + noise).clip(0, 255).astype(np.uint8)
    return encoded(Image.fromarray(pixels).convert("RGB"), "JPEG")


def crossed_png() -> bytes:
    """The seven on a canvas with a line across and much grain: what is read unsurely, if at all."""
    random = np.random.default_rng(7)
    image = _seven(280, 280, 16)
    ImageDraw.Draw(image).line([(0, 160), (280, 164)], "#1b2a4a", 5)
    pixels = np.asarray(image, np.float32) + random.normal(0, 6, (280, 280, 1))
    return encoded(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), "PNG")


def squared_jpeg() -> bytes:
    """The seven on squared paper, 4000 × 3000: the lines are sought, found and taken out."""
    image = _seven(4000, 3000, 90)
    draw = ImageDraw.Draw(image)
    for place in range(-200, 4200, 180):
        draw.line([(place, 0), (place - 60, 3000)], "#9fb0d0", 8)
        draw.line([(0, place), (4000, place + 80)], "#9fb0d0", 8)
    return encoded(image.filter(ImageFilter.GaussianBlur(3)), "JPEG")


def encoded(image: Image.Image, kind: str) -> bytes:
    """Write an image as a file of a kind that Pillow knows."""
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def _seven(width: int, height: int, pen: int) -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    side, left = min(width, height), (width - min(width, height)) // 2

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(left + x * side, y * side) for x, y in points]

    draw = ImageDraw.Draw(image)
    draw.line(at((0.28, 0.24), (0.72, 0.24), (0.45, 0.8)), "#1b2a4a", pen, joint="curve")
    draw.line(at((0.4, 0.52), (0.68, 0.52)), "#1b2a4a", pen)
    return image
