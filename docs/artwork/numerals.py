"""Ten numerals and one seven as a pen writes them: control points → outlines → SVG paths.

`PYTHONPATH=. python docs/artwork/numerals.py` writes templates/recognizer/_numeral.html again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.strokes import smooth

Points = NDArray[np.float64]  # (N, 2): x to the right, y downwards
Stroke = tuple[tuple[float, float], ...]

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates" / "recognizer" / "_numeral.html"
# A numeral stands in a box of so many units; its ink keeps clear of the edges by the pen's width.
WIDTH, HEIGHT = 100, 140
# Half the pen's width, in units: what pressure makes of it going down, and at a stroke's ends.
RADIUS, DOWN, END = 5.2, 0.38, 0.55
PER_PIECE = 10  # points of the middle line between two control points
KEPT = 5  # every so many become points of the outline

# A point twice is a corner.
NUMERALS: dict[str, tuple[Stroke, ...]] = {
    "0": (
        (
            *((70, 22), (52, 10), (30, 20), (14, 60), (20, 108), (46, 130)),
            *((74, 116), (88, 78), (80, 34), (60, 12), (46, 14)),
        ),
    ),
    "1": (((26, 48), (42, 32), (58, 10), (58, 10), (57, 70), (54, 130)),),
    "2": (
        (
            *((16, 40), (26, 18), (52, 8), (76, 22), (76, 50), (54, 86)),
            *((16, 124), (16, 124), (36, 118), (62, 126), (90, 120)),
        ),
    ),
    "3": (
        (
            *((18, 24), (40, 10), (68, 14), (76, 36), (60, 56), (40, 64), (40, 64)),
            *((68, 68), (84, 92), (72, 120), (44, 132), (14, 118)),
        ),
    ),
    "4": (
        ((58, 10), (40, 46), (12, 92), (12, 92), (50, 89), (92, 84)),
        ((72, 54), (67, 92), (62, 132)),
    ),
    "5": (
        (
            *((32, 14), (28, 40), (22, 64), (22, 64), (46, 54), (74, 64)),
            *((84, 92), (68, 122), (40, 131), (14, 120)),
        ),
        ((32, 14), (56, 13), (84, 9)),
    ),
    "6": (
        (
            *((72, 12), (46, 30), (22, 68), (18, 104), (38, 130), (66, 126)),
            *((80, 102), (68, 80), (42, 82), (20, 104)),
        ),
    ),
    "7": (
        (
            *((12, 22), (22, 13), (36, 15), (60, 17), (88, 11), (88, 11)),
            *((66, 46), (50, 88), (43, 130)),
        ),
        ((33, 75), (54, 71), (77, 69)),
    ),
    "8": (
        (
            *((76, 26), (56, 10), (30, 16), (26, 42), (50, 62), (76, 88), (76, 116), (50, 131)),
            *((24, 118), (26, 90), (50, 66), (72, 44), (76, 24), (64, 14)),
        ),
    ),
    "9": (
        (
            *((78, 34), (60, 12), (34, 14), (18, 42), (32, 68), (58, 64), (79, 30)),
            *((79, 30), (77, 70), (70, 104), (60, 131)),
        ),
    ),
}


def middle_line(stroke: Stroke, num: int = PER_PIECE) -> Points:
    """Draw a curve through control points, and nothing where one is there twice.

    Returns:
        `float64 (N, 2)`.
    """
    points = np.array(stroke, np.float64)
    is_drawn = (points[1:] != points[:-1]).any(axis=1)
    return smooth(stroke, num)[[*np.repeat(is_drawn, num), True]]


def radii(line: Points, radius: float) -> NDArray[np.float64]:
    """Press as a hand does: harder going down, lighter where a stroke begins and ends."""
    steps = np.gradient(line, axis=0)
    lengths = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)
    pressed = 1 + DOWN * (steps[:, 1] / lengths)
    kernel = np.hanning(15)[1:-1] / np.hanning(15).sum()
    pressed = np.convolve(np.pad(pressed, 6, mode="edge"), kernel, mode="valid")
    way = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    nearest_end = np.minimum(way, way[-1] - way)
    eased = END + (1 - END) * np.clip(nearest_end / (3 * radius), 0, 1) ** 0.5
    return np.asarray(radius * pressed * eased, np.float64)


def outline(stroke: Stroke, radius: float = RADIUS) -> str:
    """Give a stroke's outline as an SVG path: up its one side, round its end, down the other."""
    line = middle_line(stroke)
    half = radii(line, radius)
    steps = np.gradient(line, axis=0)
    aside = np.stack([-steps[:, 1], steps[:, 0]], axis=1)
    aside /= np.maximum(np.hypot(aside[:, 0], aside[:, 1]), 1e-9)[:, None]
    left, right = line + aside * half[:, None], line - aside * half[:, None]
    kept = sorted({*range(0, len(line), KEPT), len(line) - 1})
    there, back = left[kept], right[kept][::-1]
    end, start = half[-1], half[0]
    return (
        f"M{_pair(there[0])}{_through(there)}"
        f"A{end:.1f} {end:.1f} 0 0 0 {_pair(back[0])}{_through(back)}"
        f"A{start:.1f} {start:.1f} 0 0 0 {_pair(there[0])}Z"
    )


def middle(stroke: Stroke) -> str:
    """Give a stroke's middle line as an SVG path, for a pen of one width."""
    line = middle_line(stroke)
    kept = line[sorted({*range(0, len(line), KEPT), len(line) - 1})]
    return f"M{_pair(kept[0])}{_through(kept)}"


def box(digit: str, margin: float = 11) -> str:
    """Give the frame that a model would find around a numeral's ink, and the tag that says it."""
    points = np.concatenate([middle_line(stroke) for stroke in NUMERALS[digit]])
    (left, top), (right, bottom) = points.min(0) - margin, points.max(0) + margin
    size = f'width="{right - left:.0f}" height="{bottom - top:.0f}"'
    across = (left + right) / 2
    tag = f'<rect x="{across - 14:.0f}" y="-30" width="28" height="26" rx="7"/>'
    words = f'<text x="{across:.0f}" y="-11">{digit}</text>'
    return f'<rect class="box" x="{left:.0f}" y="{top:.0f}" {size}/><g class="tag">{tag}{words}</g>'


def path(digit: str, radius: float = RADIUS) -> str:
    return "".join(outline(stroke, radius) for stroke in NUMERALS[digit])


def _through(points: Points) -> str:
    """Join points by Béziers that are the spline through them."""
    knots = np.concatenate([points[:1], points, points[-1:]])
    pieces = zip(knots, knots[1:], knots[2:], knots[3:], strict=False)
    return "".join(
        f"C{_pair(b + (c - a) / 6)} {_pair(c - (d - b) / 6)} {_pair(c)}" for a, b, c, d in pieces
    )


def _pair(point: Points) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def template() -> str:
    """Write the ten as a template: `include` it with `digit`."""
    head = (
        "{# Written by docs/artwork/numerals.py. Include with `digit`, in a box of 100 × 140, and "
        "`turn`, a transform; `is_ghost`: its middle line alone. #}"
    )
    first, *others = NUMERALS
    branches = [f'{{% if digit == "{first}" %}}{_drawn(first)}']
    branches += [f'{{% elif digit == "{one}" %}}{_drawn(one)}' for one in others]
    return head + "\n".join([*branches, "{% endif %}"])


def _drawn(digit: str) -> str:
    ghost = "".join(middle(stroke) for stroke in NUMERALS[digit])
    return (
        f'{box(digit)}<path class="ink" transform="{{{{ turn }}}}" '
        f'd="{{% if is_ghost %}}{ghost}{{% else %}}{path(digit)}{{% endif %}}"/>'
    )


if __name__ == "__main__":
    TEMPLATE.write_text(template() + "\n", "utf-8")
