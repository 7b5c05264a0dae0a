"""What is read in the benchmarks: a drawn seven, and a 12-megapixel photo of one."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter


def canvas_png() -> bytes:
    """A seven with a bar on a canvas of 280 px, as the page sends it."""
    return _encoded(_seven(280, 280, 16), "PNG")


def photo_jpeg() -> bytes:
    """The same seven on paper in uneven light with noise, 4000 × 3000, as a phone sends it."""
    random = np.random.default_rng(7)
    ink = _seven(4000, 3000, 90).convert("L").filter(ImageFilter.GaussianBlur(4))
    light = np.linspace(150, 235, 4000, dtype=np.float32)[np.newaxis]  # (1, 4000)
    noise = random.normal(0, 4, (3000, 4000)).astype(np.float32)
    paper = np.asarray(ink, np.float32) / 255 * 0.75 + 0.25
    pixels = (paper * light + noise).clip(0, 255).astype(np.uint8)
    return _encoded(Image.fromarray(pixels).convert("RGB"), "JPEG")


def _seven(width: int, height: int, pen: int) -> Image.Image:
    image = Image.new("RGB", (width, height), "white")
    side, left = min(width, height), (width - min(width, height)) // 2

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(left + x * side, y * side) for x, y in points]

    draw = ImageDraw.Draw(image)
    draw.line(at((0.28, 0.24), (0.72, 0.24), (0.45, 0.8)), "#1b2a4a", pen, joint="curve")
    draw.line(at((0.4, 0.52), (0.68, 0.52)), "#1b2a4a", pen)
    return image


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()
