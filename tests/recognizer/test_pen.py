"""Strokes drawn as the page shows them: where the ink is, how wide, what is erased, how fast."""

import time

import cv2
import numpy as np
import pytest

from recognizer import imaging, pen
from tests.recognizer.strokes import dot, line, seven, stroke

MIDDLE = pen.PAPER_SIDE / 2


def area_of(ink: np.ndarray) -> float:
    return float(ink.sum()) / 255


def middle_of(ink: np.ndarray) -> tuple[float, float]:
    """The centre of mass, in the strokes' own coordinates."""
    y, x = np.mgrid[: len(ink), : len(ink)] + 0.5
    return float((ink * x).sum() / ink.sum()), float((ink * y).sum() / ink.sum())


def discs_along(points: list[tuple[float, float, float]], *, fineness: int = 4) -> np.ndarray:
    """The slow truth: a disc at each of many places, by the distance to its middle."""
    side = pen.PAPER_SIDE * fineness
    ink = np.zeros((side, side), bool)
    for x, y, radius in points:
        left, top = (max(int((value - radius - 1) * fineness), 0) for value in (x, y))
        right, bottom = (int((value + radius + 1) * fineness) for value in (x, y))
        down, across = (np.mgrid[top:bottom, left:right] + 0.5) / fineness
        is_inside = (across - x) ** 2 + (down - y) ** 2 <= radius**2
        ink[top:bottom, left:right] |= is_inside
    size = (pen.PAPER_SIDE, pen.PAPER_SIDE)
    return cv2.resize(ink.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)


def along(*knots: tuple[float, float, float], num: int = 200) -> list[tuple[float, float, float]]:
    """Places on the contract's curve through three points: straight, quadratic, straight."""
    first, inner, last = (np.array(knot) for knot in knots)
    start, end = (first + inner) / 2, (inner + last) / 2
    share = np.linspace(0, 1, num)[:, None]
    curve = (1 - share) ** 2 * start + 2 * share * (1 - share) * inner + share**2 * end
    curve[:, 2] = ((1 - share) * start + share * end)[:, 2]  # the radius runs linearly
    lines = [a + share * (b - a) for a, b in ((first, start), (end, last))]
    return [tuple(place) for place in np.concatenate([lines[0], curve, lines[1]])]


def test_it_is_a_picture_of_black_ink_on_white_paper():
    picture = pen.draw(seven())

    assert picture.pixels.shape == (560, 560, 3)
    assert picture.original_size == (560, 560)
    assert (picture.pixels[..., 0] == picture.pixels[..., 2]).all()
    assert picture.pixels[0, 0].tolist() == [255, 255, 255]
    assert picture.pixels.min() == 0
    assert len(np.unique(picture.pixels)) > 8, "the edges are smooth"


def test_what_is_stored_of_it_gives_the_same_picture():
    picture = pen.draw(seven())
    assert np.array_equal(imaging.decode(imaging.to_png(picture)).pixels, picture.pixels)


def test_no_strokes_leave_the_paper_blank():
    for strokes in ([], [stroke([])], [stroke([]), dot(-300, 5)]):
        assert pen.ink_of(strokes).max() == 0


@pytest.mark.parametrize("radius", [1, 7.5, 13.75, 30])
def test_one_point_is_a_round_dot_of_its_radius(radius):
    ink = pen.ink_of([dot(200.3, 320.7, radius)])

    assert area_of(ink) == pytest.approx(np.pi * radius**2, abs=0.3 * 2 * np.pi * radius)
    assert middle_of(ink) == pytest.approx((200.3, 320.7), abs=0.15)


@pytest.mark.parametrize("radius", [1, 7.5, 13.75, 30])
@pytest.mark.parametrize("end", [(400, 200), (200, 380), (330, 330), (230, 420)])
def test_a_line_is_as_wide_and_long_as_it_says(radius, end):
    ink = pen.ink_of([line((200, 200), end, radius)])

    length = float(np.hypot(end[0] - 200, end[1] - 200))
    exact = 2 * radius * length + np.pi * radius**2  # with round ends
    assert area_of(ink) == pytest.approx(exact, abs=0.25 * 2 * length)
    assert middle_of(ink) == pytest.approx(((200 + end[0]) / 2, (200 + end[1]) / 2), abs=0.25)


@pytest.mark.parametrize("pressures", [(0.5, 0.5, 0.5), (0, 1, 0.2), (1, 0, 1)])
def test_the_curve_is_the_one_of_the_page(pressures):
    knots = [(120.0, 130.0), (430.0, 200.0), (200.0, 450.0)]
    bent = stroke(knots, pressures=pressures, low=4, high=24)

    truth = discs_along(
        along(*((x, y, 4 + 20 * p) for (x, y), p in zip(knots, pressures, strict=True)))
    )
    ink = pen.ink_of([bent])
    difference = np.abs(ink.astype(int) - truth)

    assert difference.sum() / 255 < 0.015 * area_of(truth)
    around = np.ones((3, 3), np.uint8)
    assert not ink[cv2.dilate(truth, around) == 0].any(), "no ink beside it"
    assert (ink[cv2.erode(truth, around) == 255] == 255).all(), "no hole in it"


def test_a_harder_press_is_a_wider_line():
    soft, hard = (
        area_of(pen.ink_of([line((100, 280), (460, 280), 5, 20, pressure=pressure)]))
        for pressure in (0.1, 0.9)
    )
    assert hard > 2 * soft


def test_an_eraser_takes_away_what_was_drawn_before_it_and_nothing_after():
    across = line((100, 280), (460, 280), 12)
    rubbed = line((280, 200), (280, 360), 25, operation="destination-out")
    again = dot(280, 280, 6)

    ink = pen.ink_of([across, rubbed, again])

    assert ink[280, 150] == 255
    assert ink[280, 262] == 0
    assert ink[280, 280] == 255
    assert np.array_equal(pen.ink_of([rubbed, across]), pen.ink_of([across]))
    assert (
        pen.ink_of([across, line((0, 280), (560, 280), 40, operation="destination-out")]).max() == 0
    )


def test_what_is_off_the_paper_is_not_seen_and_what_comes_back_is():
    inside = pen.ink_of([line((-9_000, 280), (300, 280), 10)])

    assert inside[280, 0] == inside[280, 300] == 255
    assert inside[280, 330] == 0
    assert inside[250, :].max() == 0


def test_the_order_and_the_number_of_strokes_make_no_other_ink():
    one, other = line((100, 100), (400, 400), 9), line((400, 100), (100, 400), 9)
    assert np.array_equal(pen.ink_of([one, other]), pen.ink_of([other, one]))
    assert np.array_equal(pen.ink_of([one, one]), pen.ink_of([one]))


def test_drawn_finely_and_coarsely_it_is_the_same_drawing(monkeypatch):
    fine = pen.ink_of(seven())
    monkeypatch.setattr(pen, "_MOST_MICROSECONDS", 0)
    coarse = pen.ink_of(seven())

    assert not np.array_equal(fine, coarse)
    assert np.abs(fine.astype(int) - coarse).mean() < 2
    assert area_of(coarse) == pytest.approx(area_of(fine), rel=0.08)


@pytest.mark.parametrize("num_strokes", [1, 200])
@pytest.mark.parametrize(
    ("spread", "low", "high"),
    [(3, 11, 14), (560, 11, 14), (560, 0, 1000), (20_000, 0, 1000), (0, 0, 1000)],
)
def test_the_largest_inputs_are_drawn_in_bounded_time(num_strokes, spread, low, high):
    random = np.random.default_rng(7)
    places = MIDDLE + random.uniform(-spread / 2, spread / 2, (10_000, 2))
    pressures = random.uniform(0, 1, 10_000)
    size = 10_000 // num_strokes
    strokes = [
        stroke(
            places[start : start + size].tolist(),
            pressures=pressures[start : start + size].tolist(),
            low=low,
            high=high,
        )
        for start in range(0, 10_000, size)
    ]
    times = []
    for _ in range(3):
        started = time.process_time()  # others on this machine take none of it
        pen.draw(strokes)
        times.append(time.process_time() - started)

    assert min(times) < 0.2, "some 20 to 70 ms on the machine it was measured on"


def test_a_path_for_a_page_follows_the_same_curve():
    path = pen.path_of(stroke([(10, 20), (30.26, 40), (50, 20), (70, 20)]))

    assert path == "M10.0 20.0L20.1 30.0Q30.3 40.0 40.1 30.0Q50.0 20.0 60.0 20.0L70.0 20.0"
    assert pen.path_of(dot(5, 6)) == "M5.0 6.0h0"
    assert pen.path_of(line((0, 0), (10, 0), 3)) == "M0.0 0.0L5.0 0.0L10.0 0.0"
    assert pen.width_of(line((0, 0), (10, 0), 3)) == pytest.approx(6)
