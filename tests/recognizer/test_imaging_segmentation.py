"""What the steps take away, what they keep, and the ways that are tried where one is unsure."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from recognizer import imaging
from recognizer.imaging.boxes import inked_window
from recognizer.imaging.ink import find_ink, quantiles, stroke_mask, to_grey
from recognizer.imaging.segmentation import INVERTED, WHOLE, WITH_LINES
from tests.recognizer.test_imaging import (
    FIVE,
    FOUR,
    ONE,
    SEVEN,
    ZERO,
    difference,
    draw,
    noisy,
    picture,
    read,
    sheet,
)

NUMBER = (FOUR, ZERO, SEVEN)


@pytest.fixture(scope="module")
def five() -> np.ndarray:
    return read(draw(sheet(), FIVE))[0]


def boxed(strokes, *, margin: int, turn: float = 0, at=(70, 60), size=150) -> Image.Image:
    """Draw a digit over a box with this margin, the box turned by so many degrees."""
    frame = Image.new("L", (1120, 1120), 0)
    corner = 4 * (280 - margin)
    ImageDraw.Draw(frame).rectangle((4 * margin, 4 * margin, corner, corner), outline=255, width=20)
    frame = frame.rotate(turn, Image.Resampling.BILINEAR).resize((280, 280), Image.Resampling.BOX)
    page = sheet(paper=235)
    page.paste(70, mask=frame)
    return draw(page, strokes, at=at, size=size, pen=11, ink=40) if strokes else page


def number(gap: int = 20, top: int = 90) -> Image.Image:
    page = sheet()
    for place, strokes in enumerate(NUMBER):
        draw(page, strokes, at=(20 + place * (60 + gap), top), size=80, pen=7)
    return page


@pytest.mark.parametrize("turn", [0, 3, -5])
@pytest.mark.parametrize("margin", [10, 30, 45])
def test_a_box_that_ends_within_the_picture_is_removed(five, margin, turn):
    digit, receipt = read(boxed(FIVE, margin=margin, turn=turn))
    assert receipt.num_glyphs == 1
    assert difference(five, digit) < 0.25


@pytest.mark.parametrize("turn", [0, 3])
def test_a_digit_that_crosses_its_box_keeps_its_strokes(turn):
    crossing = boxed(SEVEN, margin=50, turn=turn, at=(40, 60), size=210)
    digit, receipt = read(crossing)
    alone = read(draw(sheet(paper=235), SEVEN, at=(40, 60), size=210, pen=11, ink=40))[0]
    assert receipt.num_glyphs == 1
    assert difference(alone, digit) < 0.35


@pytest.mark.parametrize("turn", [0, 2, 5])
@pytest.mark.parametrize("margin", [3, 20, 45])
def test_an_empty_box_is_blank(margin, turn):
    with pytest.raises(imaging.BlankImage):
        read(noisy(boxed(None, margin=margin, turn=turn), 3))


@pytest.mark.parametrize("pen", [4, 14, 40])
def test_a_zero_is_no_box(pen):
    digit, receipt = read(draw(sheet(), ZERO, pen=pen))
    assert receipt.num_frames == 0
    assert digit[14, 14] == 0


@pytest.mark.parametrize("slope", [0, 20])
def test_squared_paper_is_removed(five, slope):
    page = draw(sheet(480, 480, 235), FIVE, at=(130, 110), size=240, pen=18, ink=40)
    brush = ImageDraw.Draw(page)
    for place in range(-40, 520, 26):
        brush.line([(0, place), (480, place + slope)], 150, 1)
        brush.line([(place, 0), (place - slope, 480)], 150, 1)
    digit, receipt = read(noisy(page, 2))
    assert receipt.num_glyphs == 1
    assert difference(five, digit) < 0.35


@pytest.mark.parametrize("edge", [(0, 2), (2, 0), (240, 240)])
def test_a_tiny_digit_in_a_corner_is_read(five, edge):
    digit, _ = read(draw(sheet(), FIVE, at=edge, size=36, pen=2.5))
    assert difference(five, digit) < 0.5


def test_the_bar_of_a_five_on_the_border_is_no_edge():
    _, receipt = read(draw(sheet(), FIVE, at=(40, -20), size=200))
    assert receipt.num_edges == 0
    assert receipt.crop_box[1] == 0
    assert receipt.crop_box[3] > 150


def test_a_one_cropped_above_and_below_is_read():
    page = draw(sheet(120, 280), ONE, at=(-100, -20), size=320)
    digit, _ = read(page)
    assert np.ptp(np.nonzero(digit)[0]) + 1 == 20


@pytest.mark.parametrize(
    ("paper", "ink"),
    [
        ((120, 190, 120), (240, 130, 120)),
        ((255, 255, 255), (255, 190, 190)),
        ((90, 90, 220), (150, 80, 40)),
    ],
)
def test_ink_of_the_papers_own_lightness_is_read_by_its_colour(five, paper, ink):
    layer = np.asarray(draw(sheet(), FIVE), np.float32)[..., np.newaxis] / 255
    digit, _ = read((layer * paper + (1 - layer) * np.array(ink)).astype(np.uint8))
    assert difference(five, digit) < 0.25


def test_light_strokes_in_uneven_light_are_no_sheet(five):
    board = 255 - np.asarray(draw(sheet(paper=190), FIVE, ink=60)).astype(float)
    shade = np.linspace(1, 2.2, 280)[np.newaxis] * np.linspace(1, 1.4, 280)[:, np.newaxis]
    digit, receipt = read((board * shade).clip(0, 255).astype(np.uint8))
    assert receipt.polarity == "light_on_dark"
    assert difference(five, digit) < 0.35


def test_each_digit_of_a_number_is_laid_out_as_if_it_were_alone():
    found = imaging.segment(picture(number()))
    assert found.receipt.num_glyphs == 3
    assert found.digits.shape == (3, 28, 28)
    for strokes, digit in zip(NUMBER, found.digits, strict=True):
        alone = read(draw(sheet(), strokes, at=(100, 90), size=80, pen=7))[0]
        assert difference(alone, digit) < 0.1
    assert np.array_equal(found.digit, found.digits[found.chosen])
    assert found.receipt.crop_box == found.receipt.boxes[found.chosen]


def test_the_stems_of_a_cropped_number_are_no_lines():
    page = number()
    receipt = read(page)[1]
    lefts, tops, rights, bottoms = zip(*receipt.boxes, strict=True)
    crop = page.crop((min(lefts), min(tops), max(rights), max(bottoms)))
    assert read(crop)[1].num_glyphs == 3


def test_slanted_digits_whose_boxes_overlap_are_two():
    slanted = [[(0.8, 0.05), (0.2, 0.95)]]
    page = draw(sheet(), slanted, at=(40, 80), size=100, pen=7)
    draw(page, slanted, at=(85, 80), size=100, pen=7)
    assert read(page)[1].num_glyphs == 2


def test_a_broken_digit_can_be_read_as_one():
    halves = [[(0.3, 0.1), (0.3, 0.9)], [(0.6, 0.1), (0.6, 0.9)]]
    broken = picture(draw(sheet(), halves))
    first = imaging.segment(broken)
    assert first.receipt.num_glyphs == 2
    [other] = imaging.alternatives(broken, first)
    assert other.receipt.segmentation == WHOLE.name
    assert other.receipt.num_glyphs == 1


def test_a_number_is_no_broken_digit():
    page = picture(number())
    assert imaging.alternatives(page, imaging.segment(page)) == []


def test_a_stroke_that_was_taken_for_a_line_is_kept_in_another_way():
    page = draw(sheet(paper=235), FOUR, at=(80, 60), size=150, ink=60)
    ImageDraw.Draw(page).line([(0, 200), (280, 200)], 60, 5)
    first = imaging.segment(picture(page))
    assert first.receipt.num_lines == 1
    names = [other.receipt.segmentation for other in imaging.alternatives(picture(page), first)]
    assert names == [WITH_LINES.name]


@pytest.mark.parametrize("paper", [0, 255])
def test_the_other_polarity_turns_ink_and_paper_round(paper):
    page = to_grey(picture(draw(sheet(paper=paper), FIVE, ink=255 - paper)).pixels)
    usual, other = find_ink(page), find_ink(page, is_inverted=True)
    assert {usual.polarity, other.polarity} == {"dark_on_light", "light_on_dark"}
    assert not usual.is_polarity_doubtful


def test_the_steps_are_those_of_the_reading():
    page = picture(draw(sheet(), FIVE))
    steps = imaging.explain(page)
    assert [step.name for step in steps] == [
        *("picture", "grey", "ink", "lines removed", "strokes", "glyphs", "digit"),
    ]
    assert np.array_equal(steps[-1].pixels[..., 0], imaging.to_digit(page)[0])
    assert {step.pixels.dtype for step in steps} == {np.dtype(np.uint8)}
    assert {step.pixels.shape[2] for step in steps} == {3}


def test_the_steps_of_a_blank_picture_end_where_nothing_was_left():
    assert [step.name for step in imaging.explain(picture(sheet()))] == ["picture", "grey", "blank"]


def test_the_steps_of_the_way_that_was_taken_are_shown():
    page = picture(draw(sheet(), FIVE))
    steps = imaging.explain(page, INVERTED.name)
    assert next(step for step in steps if step.name == "ink").caption.startswith("light_on_dark")
    assert len(imaging.explain(page, "a way of another release")) == 7


def test_a_contact_sheet_is_a_png_with_a_row_a_picture():
    steps = imaging.explain(picture(draw(sheet(), FIVE)))
    one, two = (
        imaging.decode(imaging.contact_sheet(*rows, titles=titles)).original_size
        for rows, titles in (([steps], ["one"]), ([steps, steps[:2]], ["one", "two – blank"]))
    )
    assert one[0] == two[0]
    assert two[1] == 2 * one[1]


# --- Digits that are laid out already -----------------------------------------------------------


def one_between_bars() -> np.ndarray:
    """A broad one as MNIST lays it out, `uint8 (28, 28)`, the sides of the picture all ink."""
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 11:17] = 255
    digit[:, :7] = digit[:, 21:] = 255
    return digit


def small(grey: np.ndarray) -> imaging.Picture:
    height, width = grey.shape
    return imaging.Picture(np.repeat(grey[..., np.newaxis], 3, axis=2), "PNG", (width, height))


@pytest.mark.parametrize("is_negative", [False, True])
def test_a_small_square_picture_may_be_a_digit_as_it_is(is_negative):
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 13:15] = 255
    digit[13:16] = 120  # a line from side to side, as no step takes for ink
    shown = small(255 - digit if is_negative else digit)

    others = imaging.alternatives(shown, imaging.segment(shown))
    [as_it_is] = [one for one in others if one.receipt.segmentation == "as_it_is"]

    assert np.array_equal(as_it_is.digit, digit)
    assert as_it_is.receipt.crop_box == (0, 0, 28, 28)
    assert [step.name for step in imaging.explain(shown, "as_it_is")] == [
        "picture",
        "grey",
        "digit",
    ]


@pytest.mark.parametrize("shape", [(28, 40), (60, 60)])
def test_a_larger_or_an_oblong_picture_is_not_taken_as_it_is(shape):
    grey = np.zeros(shape, np.uint8)
    grey[4:24, 13:15] = 255

    others = imaging.alternatives(small(grey), imaging.segment(small(grey)))

    assert "as_it_is" not in {one.receipt.segmentation for one in others}


def test_a_small_digit_between_broad_bars_may_be_either_way_as_it_is():
    shown = small(one_between_bars())
    with pytest.raises(imaging.BlankImage):
        imaging.segment(shown)

    found = {one.receipt.segmentation: one for one in imaging.alternatives(shown, None)}

    assert set(found) == {"as_it_is", "as_it_is_inverted"}
    both = [one.digit for one in found.values()]
    assert any(np.array_equal(digit, one_between_bars()) for digit in both)
    assert np.array_equal(both[0], 255 - both[1])


@pytest.mark.parametrize("kind", ["even", "shaded", "noisy"])
def test_a_small_blank_picture_has_no_other_way(kind):
    random = np.random.default_rng(1)
    grey = {
        "even": np.full((28, 28), 200.0),
        "shaded": np.add.outer(np.arange(28), np.arange(28)) * 3 + 40.0,
        "noisy": random.normal(200, 8, (28, 28)),
    }[kind]
    assert imaging.alternatives(small(grey.clip(0, 255).astype(np.uint8)), None) == []


def test_a_small_picture_of_which_something_was_removed_may_mislead():
    clean = np.zeros((28, 28), np.uint8)
    clean[4:24, 13:15] = 255
    barred = clean.copy()
    barred[13:15] = 255
    assert not imaging.may_mislead(imaging.segment(small(clean)))
    assert imaging.may_mislead(imaging.segment(small(barred)))


@pytest.mark.filterwarnings("error")
def test_a_small_picture_that_is_all_ink_as_it_is_has_a_stroke_width():
    hazy = np.full((28, 28), 160, np.uint8)
    hazy[4:24, 13:15] = 255
    others = imaging.alternatives(small(hazy), imaging.segment(small(hazy)))
    assert all(0 < one.receipt.stroke_width <= 28 for one in others)


@pytest.mark.parametrize("shape", [(1,), (7, 9), (96, 96)])
def test_quantiles_are_those_of_numpy(shape):
    values = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    shares = (0, 0.005, 0.3, 0.5, 0.95, 1)

    found = quantiles(values, *shares)

    np.testing.assert_allclose(found, np.quantile(values, shares))


def test_hysteresis_leaves_the_map_of_candidates_as_it_was():
    candidates = np.ones((40, 60), np.uint8)
    darkness = np.full((40, 60), 0.2, np.float32)
    darkness[10:20] = 1

    strokes = stroke_mask(darkness, candidates)

    assert strokes[10:20].all()
    assert strokes.sum() == 600
    assert candidates.all()


def test_window_is_where_ink_is_and_all_of_it_where_there_is_none():
    mask = np.zeros((20, 30), np.uint8)
    mask[4:7, 11] = mask[6, 11:15] = 1

    assert inked_window(mask) == (slice(4, 7), slice(11, 15))
    assert inked_window(np.zeros_like(mask)) == (slice(0, 20), slice(0, 30))
