"""Tells a file's format by its first bytes, whatever its name says."""

from __future__ import annotations

import re

from recognizer.imaging.errors import NAMED_FORMAT, UNKNOWN_FORMAT, UnsupportedFormat

READ = "PNG, JPEG, WebP, GIF or BMP"

# Signatures: the formats' own specifications. None stands for any byte.
_READABLE = (
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("GIF", re.compile(rb"GIF8[79]a")),
    ("WEBP", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    ("BMP", re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL)),
)
_NAMED = (
    ("AVIF", re.compile(rb".{4}ftyp(?:avif|avis)", re.DOTALL)),
    ("HEIC", re.compile(rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)),
    ("video (MP4)", re.compile(rb".{4}ftyp", re.DOTALL)),
    ("JPEG XL", re.compile(rb"\xff\x0a|\0\0\0\x0cJXL ")),
    ("JPEG 2000", re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51")),
    ("TIFF", re.compile(rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]")),
    ("PDF", re.compile(rb"\s*%PDF-")),
    # No part may match in two ways: a hostile file would try them all, for minutes.
    ("SVG", re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?[^>]*>\s*)?(?:<![^>]*>\s*)*<svg")),
    ("HTML", re.compile(rb"\s*<(?:!doctype html|html)", re.IGNORECASE)),
    ("Windows icon (ICO)", re.compile(rb"\0\0[\x01\x02]\0[^\0]")),
    ("Photoshop (PSD)", re.compile(rb"8BPS")),
    ("ZIP", re.compile(rb"PK\x03\x04")),
)
# Long enough for an SVG's prologue, short enough to search in no time.
_HEAD = 1024


def format_of(data: bytes) -> str:
    """Name the format of a file that is read here.

    Raises:
        UnsupportedFormat: It is another; the message names it where its signature is known.
    """
    head = data[:_HEAD]
    for name, signature in _READABLE:
        if signature.match(head):
            return name
    named = next((name for name, signature in _NAMED if signature.match(head)), None)
    raise UnsupportedFormat(NAMED_FORMAT if named else UNKNOWN_FORMAT, read=READ, named=named)
