"""What is no digit: scribbles, letters, digits run together, and papers with nothing written.

A network that never saw them calls each one of ten digits. Source: Hendrycks, Mazeika, Dietterich
(2019), "Deep anomaly detection with outlier exposure".
"""

from __future__ import annotations

import cv2
import numpy as np

from training.strokes import Ink, bent, cropped, drawn, fitted, smooth

# What cannot pass for a digit in OpenCV's stroke typefaces (Hershey 1967, public domain).
_HERSHEY = "AEFHKMNPRWXYadefhkmnprtuwx#&?@*+=$"
_FACES = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)


def scribble(random: np.random.Generator) -> Ink:
    """Scribble: a hatching, a tangle, a wave, a star or scattered dashes."""
    kind = random.choice(
        ["tangle", "hatching", "wave", "star", "dashes", "smile", "heart", "arrow"]
    )
    if kind == "tangle":
        points = np.cumsum(random.normal(0, 1, (int(random.integers(8, 25)), 2)), axis=0)
        strokes = [smooth([tuple(point) for point in points])]
    elif kind == "hatching":
        num = int(random.integers(4, 12))
        x = np.linspace(0, 1, num)
        y = np.where(np.arange(num) % 2, 1.0, 0.0) + random.normal(0, 0.06, num)
        strokes = [np.stack([x * random.uniform(0.4, 1.4), y], 1)]
    elif kind == "wave":
        x = np.linspace(0, 1, 80)
        turns = random.uniform(2, 6)
        loops = random.uniform(0, 0.12)
        angle = 2 * np.pi * turns * x
        strokes = [np.stack([x + loops * np.sin(angle), 0.2 * np.cos(angle)], 1)]
    elif kind == "star":
        num = int(random.integers(3, 7))
        angles = random.uniform(0, np.pi) + np.arange(num) * np.pi / num
        strokes = [
            np.array([[-np.cos(a), -np.sin(a)], [np.cos(a), np.sin(a)]]) * random.uniform(0.7, 1)
            for a in angles
        ]
    elif kind == "smile":
        ring = np.linspace(0, 2 * np.pi, 40)
        mouth = np.linspace(0.15 * np.pi, 0.85 * np.pi, 12)
        strokes = [np.stack([np.cos(ring), np.sin(ring)], 1)]
        strokes += [np.stack([0.55 * np.cos(mouth), 0.55 * np.sin(mouth)], 1)]
        strokes += [np.array([[x, -0.35], [x, -0.15]]) for x in (-0.35, 0.35)]
    elif kind == "heart":
        angle = np.linspace(0, 2 * np.pi, 50)
        x = 16 * np.sin(angle) ** 3
        y = 13 * np.cos(angle) - 5 * np.cos(2 * angle) - 2 * np.cos(3 * angle) - np.cos(4 * angle)
        strokes = [np.stack([x, -y], 1)]
    elif kind == "arrow":
        strokes = [np.array([[0.0, 0], [1, 0]]), np.array([[0.7, -0.3], [1, 0], [0.7, 0.3]])]
        aim = random.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(aim), -np.sin(aim)], [np.sin(aim), np.cos(aim)]])
        strokes = [stroke @ turn for stroke in strokes]
    else:
        ends = random.uniform(0, 1, (int(random.integers(4, 9)), 2))
        strokes = [np.stack([end, end + random.normal(0, 0.15, 2)]) for end in ends]
    return drawn(bent(fitted(strokes), random), 120, random.uniform(3, 14))


def stroke_letter(random: np.random.Generator) -> Ink:
    """Write a letter or a sign with a pen of one width, bent as hands bend it."""
    sheet = np.zeros((160, 200), np.uint8)
    character = _HERSHEY[int(random.integers(len(_HERSHEY)))]
    face = _FACES[int(random.integers(len(_FACES)))]
    cv2.putText(
        sheet, character, (50, 110), face, 3.2, 255, int(random.integers(3, 14)), cv2.LINE_AA
    )
    return waved(sheet, random)


def waved(ink: Ink, random: np.random.Generator) -> Ink:
    """Bend ink smoothly, as `strokes.bent` bends a pen's way."""
    margin = max(ink.shape) // 4
    ink = cv2.copyMakeBorder(ink, margin, margin, margin, margin, cv2.BORDER_CONSTANT).astype(
        np.uint8
    )
    height, width = ink.shape
    moves = random.normal(0, 0.03, (2, 4, 4)).astype(np.float32) * max(ink.shape)
    dx, dy = (cv2.resize(move, (width, height), interpolation=cv2.INTER_CUBIC) for move in moves)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    slant = np.float32(random.normal(0, 0.15))
    bent_ink = cv2.remap(ink, x + dx + slant * (y - height / 2), y + dy, cv2.INTER_LINEAR)
    return cropped(bent_ink.astype(np.uint8))


def run_together(left: Ink, right: Ink, random: np.random.Generator) -> Ink:
    """Write two digits so close that they are one piece of ink."""
    height = 120
    sizes = [(max(4, round(ink.shape[1] * height / ink.shape[0])), height) for ink in (left, right)]
    one, other = (
        cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8)
        for ink, size in zip((left, right), sizes, strict=True)
    )
    overlap = int(min(one.shape[1], other.shape[1]) * random.uniform(0.05, 0.3))
    drop = int(random.integers(-15, 16))
    sheet = np.zeros((height + 30, one.shape[1] + other.shape[1] - overlap), np.uint8)
    sheet[15 : 15 + height, : one.shape[1]] = one
    place = sheet[15 + drop : 15 + drop + height, -other.shape[1] :]
    np.maximum(place, other, out=place)
    bar = sheet[15 + height // 2 : 15 + height // 2 + int(random.integers(4, 10)), :]
    if random.random() < 0.3:  # a line through both
        bar[:, one.shape[1] // 2 : -max(1, other.shape[1] // 2)] = 255
    return cropped(sheet)


def blot(random: np.random.Generator) -> Ink:
    """Spill a blot, a bar, a ring of a cup, or a torn frame: solid shapes that no pen writes."""
    side = 120
    sheet = np.zeros((side, side), np.uint8)
    kind = random.choice(["blot", "texture", "frame", "triangle", "blob"])
    if kind == "frame":
        cv2.rectangle(
            sheet, (10, 10), (int(random.integers(60, 110)), 105), 255, int(random.integers(2, 12))
        )
    elif kind == "triangle":
        corners = random.integers(5, 115, (3, 1, 2)).astype(np.int32)
        if random.random() < 0.5:
            cv2.fillPoly(sheet, [corners], 255)
        else:
            cv2.polylines(sheet, [corners], True, 255, int(random.integers(3, 12)))
    elif kind == "blob":
        angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        radii = random.uniform(20, 58, 12)
        points = np.stack([60 + radii * np.cos(angles), 60 + radii * np.sin(angles)], 1)
        cv2.fillPoly(sheet, [points.astype(np.int32)[:, None]], 255)
    else:
        cells = int(random.integers(4, 9)) if kind == "blot" else int(random.integers(10, 24))
        noise = random.normal(0, 1, (cells, cells)).astype(np.float32)
        field = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
        sheet[field > random.uniform(0.0, 0.8)] = 255
    ink = cropped(sheet)
    return ink if ink.size and ink.max() else np.full((60, 60), 255, np.uint8)
