"""Strokes that the page recorded become digits, with each of its pens, as imaging lays them out."""

import numpy as np

from training import pens, shapes


def stroke(*points: tuple[float, float], **others) -> dict:
    return {
        "maxWidth": 13.75,
        "compositeOperation": "source-over",
        "points": [{"x": x, "y": y} for x, y in points],
    } | others


ONE = stroke((320, 100), (282, 300), (260, 460))
FOOT = stroke((160, 455), (260, 440), (400, 455))


def inks(strokes: list[dict]) -> list[float]:
    return [float(digit.sum() / 255) for digit in pens.drawn(strokes)]


def test_strokes_are_drawn_with_three_pens_each_broader():
    fine, broad, broadest = inks([ONE, FOOT])

    assert 20 < fine < 0.9 * broad < 0.9 * 0.9 * broadest < 150


def test_place_and_size_on_the_paper_do_not_matter():
    small = stroke(*((40 + point["x"] / 8, 30 + point["y"] / 8) for point in ONE["points"]))
    digits = zip(pens.drawn([ONE]), pens.drawn([small]), strict=True)

    assert all(np.abs(one.astype(int) - other).max() < 40 for one, other in digits)


def test_a_digit_has_the_shape_of_its_strokes():
    random = np.random.default_rng(3)
    seven = [
        stroke(*((float(x) * 250 + 150, float(y) * 300 + 120) for x, y in points))
        for points in shapes.jittered(shapes.SHAPES[7][0], 0.7, random)
    ]
    for digit in pens.drawn(seven):
        rows = np.flatnonzero(digit.sum(1))
        top, bottom = digit[rows[0] : rows[0] + 4], digit[rows[-1] - 3 : rows[-1] + 1]
        assert (top.max(0) > 127).sum() > 1.5 * (bottom.max(0) > 127).sum()


def test_what_was_erased_does_not_come_back_with_a_broad_pen():
    """A one whose foot is erased: a pen broader than the eraser would leave its edges, a two."""
    eraser = stroke((150, 455), (410, 450), maxWidth=30, compositeOperation="destination-out")

    assert len(inks([ONE, FOOT])) == 3
    assert inks([ONE, FOOT, eraser]) == []
    assert inks([eraser, ONE, FOOT]) == []


def test_a_piece_of_what_was_drawn_is_not_taken_for_it():
    """Imaging reads one of two digits that lie apart; the label may be of either."""
    two = [stroke((100, 100), (110, 400)), stroke((450, 100), (440, 400))]

    assert inks(two) == []


def mirrored(strokes: list[dict], x: int, y: int) -> list[dict]:
    return [
        one | {"points": [{"x": x * point["x"], "y": y * point["y"]} for point in one["points"]]}
        for one in strokes
    ]


def test_only_strokes_of_the_picture_that_was_labelled_are_drawn():
    """Whichever of the pens it was drawn with."""
    for sent in pens.drawn([ONE, FOOT]):
        assert len(pens.digits_of([ONE, FOOT], sent)) == 3
        assert pens.digits_of(mirrored([ONE, FOOT], 1, -1), sent) == []  # y goes upwards
        assert pens.digits_of([stroke((100, 100), (400, 100), (150, 450))], sent) == []  # a seven
    assert pens.digits_of([ONE], np.zeros((28, 28), np.uint8)) == []
    assert pens.digits_of([], sent) == []


def test_a_dot_and_nothing_are_no_mistakes():
    assert inks([]) == []
    assert inks([stroke()]) == []
    assert inks([stroke((1, 1), compositeOperation="destination-out")]) == []
    assert len(inks([stroke((280, 280))])) in range(4)
    huge = stroke((-10_000, -10_000), (10_000, 10_000), maxWidth=1000)
    assert len(inks([huge])) == 3
