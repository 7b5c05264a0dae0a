"""From a picture to a digit: found, freed from the page, laid out as MNIST lays it out."""

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from recognizer import imaging
from recognizer.engine import probes
from recognizer.imaging import Picture

FIVE = [
    [(0.75, 0.1), (0.3, 0.1), (0.27, 0.45), (0.5, 0.4), (0.72, 0.5), (0.75, 0.7), (0.6, 0.87),
     (0.4, 0.9), (0.22, 0.8)]
]  # fmt: skip
BROKEN_FIVE = [FIVE[0][1:], [(0.4, 0.06), (0.8, 0.04)]]
SEVEN = [[(0.2, 0.1), (0.8, 0.1), (0.4, 0.9)]]
FOUR = [[(0.35, 0.1), (0.2, 0.55), (0.8, 0.55)], [(0.62, 0.25), (0.6, 0.95)]]
ZERO = [[(0.5 + 0.3 * np.sin(t), 0.5 - 0.4 * np.cos(t)) for t in np.linspace(0, 6.3, 40)]]
ONE = [[(0.5, 0.05), (0.5, 0.95)]]


def sheet(width=280, height=280, paper=255) -> Image.Image:
    return Image.new("L", (width, height), paper)


def draw(image: Image.Image, strokes, *, at=(40, 40), size=200, pen=14, ink=0) -> Image.Image:
    """Draw strokes with a round pen, four times finer and averaged, as canvases do."""
    layer = Image.new("L", (image.width * 4, image.height * 4), 0)
    brush = ImageDraw.Draw(layer)
    for stroke in strokes:
        points = [(4 * (at[0] + x * size), 4 * (at[1] + y * size)) for x, y in stroke]
        brush.line(points, 255, round(4 * pen), joint="curve")
        for x, y in (points[0], points[-1]):
            brush.circle((x, y), 2 * pen, 255)
    image.paste(ink, mask=layer.resize(image.size, Image.Resampling.BOX))
    return image


def picture(image: Image.Image | np.ndarray) -> Picture:
    pixels = np.asarray(Image.fromarray(np.asarray(image)).convert("RGB"))
    return Picture(np.ascontiguousarray(pixels), "PNG", (pixels.shape[1], pixels.shape[0]))


def read(image: Image.Image | np.ndarray):
    return imaging.to_digit(picture(image))


def noisy(image: Image.Image, sigma: float, seed=3) -> np.ndarray:
    grain = np.random.default_rng(seed).normal(0, sigma, (image.height, image.width))
    return (np.asarray(image) + grain).clip(0, 255).astype(np.uint8)


def difference(one, other) -> float:
    return float(np.abs(one.astype(int) - other).sum() / one.sum())


@pytest.fixture(scope="module")
def five() -> np.ndarray:
    return read(draw(sheet(), FIVE))[0]


@pytest.mark.parametrize("strokes", [FIVE, SEVEN, FOUR, ZERO, ONE])
def test_digit_is_laid_out_as_mnist(strokes):
    digit, _ = read(draw(sheet(), strokes))
    assert digit.dtype == np.uint8
    assert digit.shape == (28, 28)
    rows, columns = np.nonzero(digit)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    weights = digit[rows, columns]
    assert abs(np.average(rows, weights=weights) - 14) <= 0.51
    assert abs(np.average(columns, weights=weights) - 14) <= 0.51
    assert digit.max() == 255
    assert digit[0].max() == 0


@pytest.mark.parametrize(("at", "size"), [((0, 0), 270), ((10, 150), 110), ((200, 8), 60)])
def test_place_and_size_do_not_matter(five, at, size):
    digit, _ = read(draw(sheet(), FIVE, at=at, size=size, pen=size * 0.07))
    assert difference(five, digit) < 0.25


@pytest.mark.parametrize("pen", [1, 2, 4, 9, 22, 30])
def test_pen_width_hardly_matters_and_thin_strokes_do_not_vanish(five, pen):
    digit, _ = read(draw(sheet(), FIVE, pen=pen))
    assert (digit > 200).sum() > 30
    assert 0.6 < digit.sum() / five.sum() < 1.8


@pytest.mark.parametrize("paper", [255, 230, 90, 0])
def test_any_ink_that_stands_out_from_its_paper_is_read(five, paper):
    ink = 0 if paper > 127 else 255
    digit, receipt = read(draw(sheet(paper=paper), FIVE, ink=ink))
    assert difference(five, digit) < 0.12
    assert receipt.polarity == ("dark_on_light" if ink == 0 else "light_on_dark")


@pytest.mark.parametrize("is_inverted", [False, True])
def test_what_is_laid_out_already_stays_nearly_as_it_is(is_inverted):
    digits, _ = probes()
    differences = [
        difference(digit, read(255 - digit if is_inverted else digit)[0]) for digit in digits[:100]
    ]
    assert np.median(differences) < 0.2


def test_hairline_of_a_large_photo_survives():
    digit, _ = read(draw(sheet(1000, 750, 235), SEVEN, at=(300, 120), size=500, pen=0.8, ink=60))
    assert (digit > 128).sum() > 30


def test_faint_pencil_with_grain_is_read(five):
    pencil = draw(sheet(600, 600, 200), FIVE, at=(100, 100), size=400, pen=16, ink=170)
    assert difference(five, read(noisy(pencil, 4))[0]) < 0.3


def test_one_as_a_single_stroke_is_not_blown_up():
    digit, _ = read(draw(sheet(), ONE, pen=1))
    assert np.ptp(np.nonzero(digit)[1]) + 1 <= 4


def test_bar_that_does_not_touch_stays_with_its_five():
    _, receipt = read(draw(sheet(), BROKEN_FIVE, pen=8))
    assert receipt.num_glyphs == 1
    assert receipt.crop_box[1] < 60
    assert receipt.crop_box[2] > 190


def test_shade_is_divided_out(five):
    page = np.asarray(draw(sheet(), FIVE)).astype(float)
    page = 200 - (255 - page) * 0.5
    across = np.linspace(1, 0.35, 280)[np.newaxis] * np.linspace(1, 0.8, 280)[:, np.newaxis]
    assert difference(five, read((page * across).astype(np.uint8))[0]) < 0.15


def test_edge_of_the_page_is_left_out(five):
    page = draw(sheet(400, 400, 225), FIVE, at=(120, 100), size=200, ink=40)
    ImageDraw.Draw(page).polygon([(0, 0), (400, 0), (400, 14), (0, 40)], 30)
    digit, receipt = read(page)
    assert receipt.num_edges >= 1
    assert difference(five, digit) < 0.15


@pytest.mark.parametrize("slope", [0, 6, 14])
def test_ruled_lines_are_removed_and_the_digit_kept(five, slope):
    page = draw(sheet(paper=235), FIVE, ink=30)
    brush = ImageDraw.Draw(page)
    for y in range(18, 280, 58):
        brush.line([(0, y), (280, y + slope)], 120, 2)
    digit, receipt = read(page)
    assert receipt.num_lines >= 4
    assert difference(five, digit) < 0.3


def test_box_around_the_digit_is_removed(five):
    page = draw(sheet(paper=235), FIVE, at=(70, 60), size=150, pen=11, ink=60)
    ImageDraw.Draw(page).rectangle((12, 12, 268, 268), outline=10, width=7)
    digit, receipt = read(page)
    assert receipt.num_glyphs == 1
    assert difference(five, digit) < 0.2


@pytest.mark.parametrize("strokes", [FIVE, SEVEN, FOUR, ZERO])
@pytest.mark.parametrize("margin", [0, 3, 12])
def test_picture_cropped_to_its_digit_is_read(strokes, margin):
    page = draw(sheet(), strokes)
    digit, receipt = read(page)
    left, top, right, bottom = receipt.crop_box
    crop = page.crop((left - margin, top - margin, right + margin, bottom + margin))
    assert difference(digit, read(crop)[0]) < 0.2


def test_specks_are_left_out(five):
    page = draw(sheet(), FIVE)
    ImageDraw.Draw(page).ellipse((14, 250, 17, 253), 60)
    digit, receipt = read(page)
    assert receipt.num_specks == 1
    assert np.array_equal(digit, five)


@pytest.mark.parametrize("num", [2, 3])
def test_several_digits_are_counted_from_left_to_right(num):
    page = sheet(num * 150, 200)
    for place, strokes in enumerate([FIVE, SEVEN, ZERO][:num]):
        draw(page, strokes, at=(20 + 150 * place, 40), size=110, pen=9)
    _, receipt = read(page)
    assert receipt.num_glyphs == num
    assert [box[0] for box in receipt.boxes] == sorted(box[0] for box in receipt.boxes)


@pytest.mark.parametrize("strokes", [FIVE, BROKEN_FIVE, FOUR, ZERO, ONE])
def test_one_digit_is_one_glyph(strokes):
    assert read(draw(sheet(), strokes, pen=6))[1].num_glyphs == 1


def shaded_paper() -> np.ndarray:
    shade = sheet(300, 300, 210)
    ImageDraw.Draw(shade).polygon([(0, 300), (120, 300), (0, 90)], 150)
    return noisy(shade.filter(ImageFilter.GaussianBlur(30)), 4)


@pytest.mark.parametrize(
    "blank",
    [
        pytest.param(sheet(), id="white canvas"),
        pytest.param(sheet(paper=0), id="black canvas"),
        pytest.param(sheet(paper=128), id="grey"),
        pytest.param(noisy(sheet(paper=200), 5), id="grainy paper"),
        pytest.param(shaded_paper(), id="paper with a shadow"),
        pytest.param(sheet(1, 1), id="one pixel"),
    ],
)
def test_picture_without_ink_is_blank(blank):
    with pytest.raises(imaging.BlankImage, match="Expected"):
        read(blank)


def test_receipt_tells_how_it_came_about_and_is_json():
    _, receipt = read(draw(sheet(), FIVE, at=(100, 40), size=100, pen=7))
    told = json.loads(json.dumps(receipt.as_dict()))
    assert told["polarity"] == "dark_on_light"
    assert told["original_size"] == [280, 280]
    left, top, right, bottom = told["crop_box"]
    assert abs(left - 119) < 5
    assert abs(right - 178) < 5
    assert abs(top - 46) < 5
    assert abs(bottom - 133) < 5
    assert 1 < told["stroke_width"] < 2.5
    assert told["boxes"] == [told["crop_box"]]


def test_receipt_boxes_are_in_the_pictures_pixels():
    _, receipt = read(draw(sheet(960, 960), FIVE, at=(500, 100), size=300, pen=20))
    assert receipt.working_size == (480, 480)
    assert abs(receipt.crop_box[0] - 556) < 8


def test_preprocessing_hash_is_a_sha256_and_steady():
    assert len(imaging.preprocessing_hash()) == 64
    assert imaging.preprocessing_hash() == imaging.preprocessing_hash()


def sheet_on_a_table() -> Image.Image:
    table = sheet(600, 500, 45)
    ImageDraw.Draw(table).polygon([(90, 60), (520, 90), (500, 450), (70, 420)], 215)
    return table


def test_digit_on_a_sheet_on_a_dark_table_is_read(five):
    page = draw(sheet_on_a_table(), FIVE, at=(200, 150), size=200, pen=12, ink=50)
    digit, receipt = read(page)
    assert receipt.polarity == "dark_on_light"
    assert difference(five, digit) < 0.2


def test_empty_sheet_on_a_dark_table_is_blank():
    with pytest.raises(imaging.BlankImage):
        read(sheet_on_a_table())
