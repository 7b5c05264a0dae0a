"""From bytes to a picture: formats, depths, transparency, orientation, and what is refused."""

import base64
import contextlib
import io
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from recognizer import imaging
from recognizer.imaging.decode import LONGEST_SIDE, MAX_BYTES

SEVEN = [(0.3, 0.25), (0.7, 0.25), (0.45, 0.8)]


def seven(mode="RGB", paper="white", ink="black", size=120, width=8) -> Image.Image:
    image = Image.new("RGBA" if mode == "RGBA" else "RGB", (size, size), paper)
    points = [(x * size, y * size) for x, y in SEVEN]
    ImageDraw.Draw(image).line(points, ink, width, joint="curve")
    return image if image.mode == mode else image.convert(mode)


def encoded(image: Image.Image, file_format="PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def digit_of(drawing: bytes | str) -> np.ndarray:
    return imaging.to_digit(imaging.decode(drawing))[0]


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of two digits, as a share of the ink."""
    return float(np.abs(one.astype(int) - other).sum() / one.sum())


@pytest.fixture(scope="module")
def plain_digit() -> np.ndarray:
    return digit_of(encoded(seven()))


def deep_grey_png() -> bytes:
    """16 bits a pixel, as scanners give it: paper 60,000, ink 9,000."""
    grey = np.where(np.asarray(seven("L")) > 127, 60_000, 9_000).astype(np.uint16)
    return encoded(Image.fromarray(grey))


def palette_with_transparency() -> bytes:
    grey = np.asarray(seven("L"))
    image = Image.fromarray(np.where(grey < 128, 1, 0).astype(np.uint8), "L")
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette([255, 0, 255, 10, 10, 10])
    return encoded(image, transparency=0)


def cmyk_jpeg() -> bytes:
    return encoded(seven("CMYK"), "JPEG", quality=95)


def grey_with_alpha() -> bytes:
    image = Image.new("LA", (120, 120), (0, 0))
    image.putalpha(Image.eval(seven("L"), lambda grey: 255 - grey))
    return encoded(image)


@pytest.mark.parametrize(
    "drawing",
    [
        pytest.param(encoded(seven()), id="PNG"),
        pytest.param(encoded(seven(), "JPEG", quality=90), id="JPEG"),
        pytest.param(encoded(seven("L"), "JPEG", quality=90), id="grey JPEG"),
        pytest.param(encoded(seven(), "JPEG", progressive=True), id="progressive JPEG"),
        pytest.param(encoded(seven(), "WEBP", quality=90), id="WebP"),
        pytest.param(encoded(seven("RGBA"), "WEBP", lossless=True), id="lossless WebP"),
        pytest.param(encoded(seven(), "GIF"), id="GIF"),
        pytest.param(encoded(seven(), "BMP"), id="BMP"),
        pytest.param(encoded(seven("1")), id="1-bit PNG"),
        pytest.param(encoded(seven("1"), "BMP"), id="1-bit BMP"),
        pytest.param(encoded(seven("L")), id="grey PNG"),
        pytest.param(encoded(seven("P")), id="palette PNG"),
        pytest.param(deep_grey_png(), id="16-bit PNG"),
        pytest.param(cmyk_jpeg(), id="CMYK JPEG"),
        pytest.param(grey_with_alpha(), id="grey with alpha"),
        pytest.param(palette_with_transparency(), id="palette with transparency"),
        pytest.param(encoded(seven("RGBA", (0, 0, 0, 0))), id="black ink on transparent"),
        pytest.param(encoded(seven("RGBA", (0, 0, 0, 0), "white")), id="white ink on transparent"),
        pytest.param(encoded(seven("RGBA", (255, 255, 255, 0), "black")), id="transparent white"),
        pytest.param(encoded(seven("RGB", "black", "white")), id="light on dark"),
        pytest.param(encoded(seven("RGB", "#224466", "#ffcc00")), id="yellow on blue"),
        pytest.param(encoded(seven("RGB", "#f6f6f0", "#f09c94")), id="pale red on white"),
    ],
)
def test_same_drawing_in_any_format_is_nearly_the_same_digit(drawing, plain_digit):
    assert difference(plain_digit, digit_of(drawing)) < 0.12


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):
    upright = seven(size=160).crop((0, 0, 120, 160))
    stored_as = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if stored_as is None else upright.transpose(stored_as)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = imaging.decode(encoded(stored, "JPEG", quality=95, exif=exif))
    assert picture.original_size == (120, 160)
    assert np.abs(picture.pixels.astype(int) - np.asarray(upright)).mean() < 3


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_does_not_refuse_the_picture(plain_digit):
    drawing = encoded(seven(), "JPEG", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert difference(plain_digit, digit_of(drawing)) < 0.1


def test_first_frame_of_an_animation_is_read(plain_digit):
    other = Image.new("RGB", (120, 120), "white")
    animation = encoded(seven(), "GIF", save_all=True, append_images=[other, other])
    assert difference(plain_digit, digit_of(animation)) < 0.1


def test_twelve_bit_grey_is_not_read_as_black():
    grey = np.where(np.asarray(seven("L")) > 127, 4_000, 600).astype(np.uint16)
    picture = imaging.decode(encoded(Image.fromarray(grey)))
    assert picture.pixels.max() > 240


def test_transparent_sheet_with_its_own_paper_keeps_it():
    image = seven("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 120, 10))
    picture = imaging.decode(encoded(image))
    assert picture.is_composited
    assert picture.pixels[:10].min() == 255


def test_data_url_is_read_as_its_bytes():
    png = encoded(seven())
    url = "data:image/png;base64," + base64.b64encode(png).decode()
    assert np.array_equal(imaging.decode(url).pixels, imaging.decode(png).pixels)


@pytest.mark.parametrize(
    "url",
    ["", "seven", "data:image/png,abc", "data:image/png;base64,", "data:image/png;base64,@@@@",
     "data:image/png;base64,abc", "data:image/png;base64,äöü="],
)  # fmt: skip
def test_bad_data_url_is_refused(url):
    with pytest.raises(imaging.UnreadableImage, match="Expected"):
        imaging.decode(url)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"%PDF-1.7\n", "PDF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"<svg/>", "SVG"),
        (b"\0\0\x01\0\x01\0", "ICO"),
        (b"8BPS\0\x01", "PSD"),
        (b"hello, world", "none of these"),
        (b"P6 10 10 255 ", "none of these"),
    ],
)
def test_other_formats_are_named_and_refused(head, name):
    with pytest.raises(imaging.UnsupportedFormat, match=name) as refused:
        imaging.decode(head + bytes(200))
    assert refused.value.status == 415
    assert "PNG, JPEG, WebP, GIF or BMP" in str(refused.value)


def test_format_goes_by_signature_and_the_wrong_decoder_is_never_tried():
    tiff_called_png = encoded(seven(), "TIFF")
    with pytest.raises(imaging.UnsupportedFormat, match="TIFF"):
        imaging.decode(tiff_called_png)


def png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    pixels = b"IDAT" + zlib.compress(b"\0")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        for body in (chunk, pixels, b"IEND")
    )


@pytest.mark.parametrize("size", [(30_000, 10), (8_000, 8_000), (12_000, 12_000), (60_000, 60_000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(size):
    with pytest.raises(imaging.ImageTooLarge, match="megapixels") as refused:
        imaging.decode(png_header(*size))
    assert refused.value.status == 413


def test_too_many_bytes_are_refused():
    with pytest.raises(imaging.ImageTooLarge, match="10 MiB"):
        imaging.decode(b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES))
    with pytest.raises(imaging.ImageTooLarge, match="10 MiB"):
        imaging.decode("data:image/png;base64," + "A" * (MAX_BYTES * 4 // 3 + 100))


def test_nothing_is_refused():
    with pytest.raises(imaging.UnreadableImage, match="received nothing"):
        imaging.decode(b"")


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_truncated_and_damaged_files_raise_our_errors_only(file_format):
    whole = encoded(seven(size=60), file_format)
    random = np.random.default_rng(5)
    for _ in range(40):
        damaged = bytearray(whole[: random.integers(1, len(whole) + 1)])
        for place in random.integers(0, len(damaged), 4):
            damaged[place] = random.integers(0, 256)
        with contextlib.suppress(imaging.UnreadableImage, imaging.BlankImage):
            imaging.to_digit(imaging.decode(bytes(damaged)))


def test_truncated_file_says_what_to_do():
    with pytest.raises(imaging.UnreadableImage, match="cut short") as refused:
        imaging.decode(encoded(seven(), "JPEG")[:700])
    assert refused.value.status == 422


def test_large_photo_is_bounded_and_keeps_its_digit(plain_digit):
    photo = encoded(seven(size=3000, width=200), "JPEG", quality=80)
    picture = imaging.decode(photo)
    assert max(picture.pixels.shape) <= LONGEST_SIDE
    assert picture.original_size == (3000, 3000)
    assert difference(plain_digit, imaging.to_digit(picture)[0]) < 0.1


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 1), (3, 3), (4000, 2)])
def test_smallest_and_thinnest_pictures_do_not_break(size):
    random = np.random.default_rng(1)
    for pixels in (random.integers(0, 256, (size[1], size[0], 3)), np.zeros((size[1], size[0], 3))):
        picture = imaging.decode(encoded(Image.fromarray(pixels.astype(np.uint8))))
        try:
            digit, _ = imaging.to_digit(picture)
        except imaging.BlankImage:
            continue
        assert digit.shape == (28, 28)


@pytest.mark.parametrize(
    "drawing",
    [encoded(seven("L")), encoded(seven("RGB", "#eeddcc", "navy"), "JPEG"), grey_with_alpha(),
     encoded(seven(size=2100, width=90), "JPEG"), deep_grey_png()],
)  # fmt: skip
def test_what_is_stored_is_what_was_read(drawing):
    picture = imaging.decode(drawing)
    stored = imaging.decode(imaging.to_png(picture))
    assert np.array_equal(stored.pixels, picture.pixels)
    assert np.array_equal(imaging.to_digit(stored)[0], imaging.to_digit(picture)[0])


def test_stored_png_holds_no_metadata_and_is_grey_when_it_can_be():
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    png = imaging.to_png(imaging.decode(encoded(seven(), "JPEG", exif=exif, comment=b"secret")))
    with Image.open(io.BytesIO(png)) as stored:
        assert stored.mode == "L"
        assert not stored.info
        assert not stored.getexif()


def test_digit_png_shows_the_digit():
    digit = digit_of(encoded(seven()))
    for given in (digit, digit.tobytes()):
        with Image.open(io.BytesIO(imaging.digit_png(given))) as image:
            assert np.array_equal(np.asarray(image), digit)


def test_a_hostile_head_is_named_at_once():
    started = time.process_time()
    with pytest.raises(imaging.UnsupportedFormat):
        imaging.decode(b"<!>" * 341 + b"x")

    assert time.process_time() - started < 0.5  # it took longer than the universe


# The largest pictures that are taken, decoded one by one in a process of its own.
DECODE = """
import pathlib, resource, sys
from recognizer import imaging
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
imaging.decode(pathlib.Path(sys.argv[1]).read_bytes())
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("mode", ["RGBA", "P", "I;16", "RGB"])
def test_a_tiny_file_of_many_pixels_costs_little_memory(mode, tmp_path):
    image = Image.new(mode, (5000, 5000))
    options = {"transparency": 0} if mode == "P" else {}
    path = tmp_path / "large.png"
    path.write_bytes(encoded(image, compress_level=1, **options))

    run = subprocess.run(
        [sys.executable, "-c", DECODE, str(path)], capture_output=True, check=True, text=True
    )

    assert path.stat().st_size < 1_000_000
    assert int(run.stdout) < 330  # MB
