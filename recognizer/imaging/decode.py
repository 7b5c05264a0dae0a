"""From bytes or a data URL to a picture of bounded size. Knows files, not digits."""

from __future__ import annotations

import base64
import binascii
import io
import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognizer.imaging.errors import (
    BROKEN,
    FAR_TOO_MANY_PIXELS,
    NO_BASE64,
    NO_DATA_URL,
    NO_PIXELS,
    NOTHING,
    TOO_MANY_BYTES,
    TOO_MANY_PIXELS,
    ImageTooLarge,
    UnreadableImage,
)
from recognizer.imaging.formats import READ, format_of

# A 12-megapixel phone photo has 3 to 6 MB; the largest in our real sets 5.1 MB.
MAX_BYTES = 10 * 1024 * 1024
# Phones store 12 to 50 megapixels, as JPEG, which is decoded at a fraction of its size.
MAX_JPEG_PIXELS = 50_000_000
# The other formats are decoded whole, whatever their file's size: 25 megapixels are 100 MB for a
# moment, and twice that where they are transparent; a test holds the peak.
MAX_PIXELS = 25_000_000
# WebP's own limit, 16,383, and panoramas of phones are under it.
MAX_SIDE = 16_384
# A quarter of the usual 4,000 px, so that JPEG's own scaling gets there in one step. Stored too.
LONGEST_SIDE = 1000

_DATA_URL = re.compile(r"\s*data:(?P<type>[^;,]*)(?P<options>(?:;[^;,]*)*),", re.IGNORECASE)

# Opaque enough that nothing can shine through: JPEG-like rounding of 255.
_OPAQUE = 250
# Grey levels between the 5th and 95th percentile, above which opaque pixels hold a drawing.
_DRAWN_SPREAD = 40


@dataclass(frozen=True)
class Picture:
    """What came in, upright, opaque and of bounded size.

    Attributes:
        pixels: `uint8 (H, W, 3)`, RGB, longest side at most `LONGEST_SIDE`.
        format: `PNG`, `JPEG`, `WEBP`, `GIF` or `BMP`, by the file's signature.
        original_size: Width and height in the file, in pixels, upright.
        is_composited: Whether it had transparent pixels, laid on a background by us.
    """

    pixels: NDArray[np.uint8]
    format: str
    original_size: tuple[int, int]
    is_composited: bool = False


def decode(drawing: bytes | str) -> Picture:
    """Decode an image file or a data URL, whatever bytes they are, in bounded memory.

    Args:
        drawing: The bytes of a PNG, JPEG, WebP, GIF (first frame) or BMP file, or the same as a
            base64 data URL (`data:image/png;base64,…`).

    Returns:
        The picture: EXIF orientation applied, alpha composited, at most `LONGEST_SIDE` long.

    Raises:
        UnsupportedFormat: It is a file of another format.
        ImageTooLarge: It exceeds `MAX_BYTES`, `MAX_SIDE`, or its format's number of pixels.
        UnreadableImage: It is broken, truncated, empty or no data URL.
    """
    data = _bytes_of_data_url(drawing) if isinstance(drawing, str) else bytes(drawing)
    _check_bytes(len(data))
    file_format = format_of(data)
    try:
        with Image.open(io.BytesIO(data), formats=[file_format]) as image:
            return _picture(image, file_format)
    except UnreadableImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(
            FAR_TOO_MANY_PIXELS, megapixels=MAX_PIXELS // 1_000_000, side=MAX_SIDE
        ) from error
    except Exception as error:  # decoders raise what they like on broken bytes
        raise UnreadableImage(BROKEN, format=file_format) from error


def to_png(picture: Picture) -> bytes:
    """Encode a picture as PNG without metadata; decoding it gives the same pixels.

    Args:
        picture: What `decode` gave.

    Returns:
        A PNG file: greyscale where red, green and blue are equal everywhere, else RGB.
    """
    pixels = picture.pixels
    is_grey = bool((pixels == pixels[:, :, :1]).all())
    return png(pixels[:, :, 0] if is_grey else pixels)


def digit_png(digit: NDArray[np.uint8] | bytes) -> bytes:
    """Encode a digit as PNG, as the model saw it.

    Args:
        digit: `uint8 (28, 28)`, 0 paper … 255 ink, or its 784 bytes.
    """
    return png(np.frombuffer(bytes(digit), np.uint8).reshape(28, 28))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode `uint8 (H, W)` or `(H, W, 3)` as PNG."""
    file = io.BytesIO()
    # Level 1: a photo of 1000 × 750 px takes 20 ms and 15 % more room than at level 6 in 60 ms.
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _bytes_of_data_url(url: str) -> bytes:
    head = _DATA_URL.match(url[:256])
    if not head or "base64" not in head["options"].lower():
        raise UnreadableImage(NO_DATA_URL, begins=repr(url[:24]))
    _check_bytes((len(url) - head.end()) * 3 // 4)
    try:
        body = re.sub(r"\s+", "", url[head.end() :])
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableImage(NO_BASE64, head=repr(head[0].strip()), error=error) from error


def _check_bytes(num_bytes: int) -> None:
    if num_bytes > MAX_BYTES:
        received = f"{num_bytes / 2**20:.1f}"
        raise ImageTooLarge(TOO_MANY_BYTES, most=MAX_BYTES >> 20, received=received)
    if num_bytes == 0:
        raise UnreadableImage(NOTHING, read=READ)


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        limits = {"megapixels": max_pixels // 1_000_000, "side": MAX_SIDE}
        raise ImageTooLarge(TOO_MANY_PIXELS, received=f"{width} × {height}", **limits)
    if min(width, height) < 1:
        raise UnreadableImage(NO_PIXELS)


def _picture(image: Image.Image, file_format: str) -> Picture:
    width, height = image.size
    _check_size(width, height, MAX_JPEG_PIXELS if file_format == "JPEG" else MAX_PIXELS)
    _draft(image)
    image.load()
    orientation = _orientation(image)
    pixels, is_composited = _opaque(_shrink(_plain(image)))
    upright = _turn(_reduce(pixels), orientation)
    is_sideways = orientation >= 5
    return Picture(
        pixels=np.ascontiguousarray(upright),
        format=file_format,
        original_size=(height, width) if is_sideways else (width, height),
        is_composited=is_composited,
    )


def _draft(image: Image.Image) -> None:
    """Let a JPEG decode at half, quarter or eighth scale: faster, and in less memory."""
    ratio = LONGEST_SIDE / max(image.size)
    if ratio < 1:
        width, height = image.size
        image.draft(None, (max(1, int(width * ratio)), max(1, int(height * ratio))))


def _orientation(image: Image.Image) -> int:
    """EXIF tag 0x0112, 1 to 8 (JEITA CP-3451); 1, upright, where it is missing or senseless."""
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001 - broken EXIF is no reason to refuse the pixels
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _turn(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn and mirror as EXIF tells: 5 to 8 are transposed first, then mirrored."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _plain(image: Image.Image) -> Image.Image:
    """Bring any of Pillow's modes to RGB or RGBA with 8 bits."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_eight_bits(image)).convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _shrink(image: Image.Image) -> Image.Image:
    """Average down by a whole factor before more copies are made; `_reduce` does the rest."""
    factor = max(image.size) // LONGEST_SIDE
    return image.reduce(factor) if factor > 1 else image


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """Scale deep grey to 8 bits by the bits in use; Pillow's `convert` would clip to white."""
    deep = np.asarray(image.convert("I") if image.mode == "F" else image)
    num_bits = max(8, int(deep.max()).bit_length())
    return (deep.clip(0) >> (num_bits - 8)).astype(np.uint8)


def _opaque(image: Image.Image) -> tuple[NDArray[np.uint8], bool]:
    if image.mode == "RGB":
        return np.asarray(image), False
    if int(np.asarray(image.getchannel("A")).min()) >= _OPAQUE:
        return np.asarray(image.convert("RGB")), False
    background = Image.new("RGBA", image.size, _background(image))
    return np.asarray(Image.alpha_composite(background, image).convert("RGB")), True


def _background(image: Image.Image) -> tuple[int, int, int]:
    """Choose what to lay under a transparent picture: what its ink stands out from.

    Where the opaque part is most of the picture and holds a drawing itself (a sheet with round
    corners), that is its own paper; else the opaque part is the ink, and black or white contrasts.
    """
    small = image.resize((min(image.width, 256), min(image.height, 256)), Image.Resampling.BOX)
    grey, alpha = np.asarray(small.convert("L")), np.asarray(small)[:, :, 3]
    seen = grey[alpha > 127] if (alpha > 127).any() else grey[alpha > 0]
    if not seen.size:
        return (255, 255, 255)
    low, median, high = np.percentile(seen, (5, 50, 95))
    if seen.size > alpha.size / 2 and high - low > _DRAWN_SPREAD:
        return (int(median),) * 3
    return (255, 255, 255) if median < 128 else (0, 0, 0)


def _reduce(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average down to `LONGEST_SIDE`, by area: each pixel counts, so that thin strokes stay."""
    height, width = pixels.shape[:2]
    ratio = LONGEST_SIDE / max(width, height)
    if ratio >= 1:
        return pixels
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
