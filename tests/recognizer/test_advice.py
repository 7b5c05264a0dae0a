"""What is advised, and why: from the verdict and from how the digit came about."""

from collections.abc import Sequence
from typing import Any

import pytest

from recognizer.advice import NOISY, RULED, SMALL, SPECKLED, THIN, Advice, advise
from recognizer.models import Prediction, Submission

# A digit that fills half of a photo of plain paper in good light, by a pen of usual width.
GOOD = {
    "picture_size": [600, 400],
    "crop_box": [200, 50, 350, 350],
    "stroke_width": 2.5,
    "threshold": 0.045,
    "polarity": "dark_on_light",
    "num_lines": 0,
    "num_edges": 0,
    "num_specks": 0,
}
ALL_ALIKE = [0.1] * 10


def reading(
    verdict: str = "not_a_digit",
    *,
    source: str = "uploaded",
    likeliest: Sequence[int] = (),
    parts: Sequence[str] = (),
    **receipt: Any,
) -> Prediction:
    probabilities = [0.5 if digit in likeliest else 0.0 for digit in range(10)]
    return Prediction(
        submission=Submission(source=source, receipt=GOOD | receipt),
        verdict=verdict,
        probabilities=probabilities if likeliest else ALL_ALIKE,
        parts=[
            {
                "digit": 4,
                "confidence": 0.9 if verdict == "digit" else 0.3,
                "verdict": verdict,
                "box": [0, 0, 1, 1],
            }
            for verdict in parts
        ],
    )


def test_a_sure_reading_and_a_blank_one_need_no_advice_of_the_receipts():
    assert advise(reading("digit", stroke_width=0.1)) is None
    assert advise(reading("blank")) is None


@pytest.mark.parametrize("verdict", ["unsure", "not_a_digit"])
@pytest.mark.parametrize(
    ("receipt", "advice"),
    [
        ({"crop_box": [0, 0, 60, round(600 * SMALL) - 1]}, Advice.COME_CLOSER),
        ({"stroke_width": THIN - 0.01}, Advice.BROADER_PEN),
        ({"threshold": NOISY}, Advice.MORE_LIGHT),
        ({"num_specks": SPECKLED}, Advice.PLAIN_PAPER),
        ({"num_lines": RULED - 1, "num_edges": 1}, Advice.PLAIN_PAPER),
        ({"polarity": "light_on_dark"}, Advice.DARK_ON_LIGHT),
    ],
)
def test_the_likeliest_cause_is_named(verdict, receipt, advice):
    assert advise(reading(verdict, **receipt)) == advice


@pytest.mark.parametrize(
    "receipt",
    [
        {"crop_box": [0, 0, 60, round(600 * SMALL)]},
        {"stroke_width": THIN},
        {"threshold": NOISY - 0.001},
        {"num_specks": SPECKLED - 1},
        {"num_lines": RULED - 1},
    ],
)
def test_what_is_usual_is_not_blamed(receipt):
    assert advise(reading(**receipt)) == Advice.ONE_DIGIT


def test_what_matters_most_comes_first():
    tiny_thin_and_dark: dict[str, Any] = {
        "crop_box": [0, 0, 9, 9],
        "stroke_width": 0.1,
        "threshold": 1.0,
    }
    assert advise(reading(**tiny_thin_and_dark)) == Advice.COME_CLOSER


def test_who_draws_is_told_of_the_drawing_and_not_of_the_light():
    assert advise(reading(source="drawn", crop_box=[0, 0, 9, 9])) == Advice.DRAW_LARGER
    assert advise(reading(source="drawn", threshold=1.0, num_specks=99)) == Advice.ONE_DIGIT
    assert advise(reading(source="drawn", polarity="light_on_dark")) == Advice.ONE_DIGIT


@pytest.mark.parametrize(
    ("likeliest", "advice"),
    [
        ((4, 9), Advice.CLOSED_LOOP),
        ((1, 7), Advice.BAR_ON_SEVEN),
        ((3, 8), Advice.OPEN_LEFT),
        ((5, 6), Advice.ROUND_BELLY),
        ((0, 2), Advice.CLEARER_STROKE),
    ],
)
def test_between_two_candidates_it_says_what_tells_them_apart(likeliest, advice):
    assert advise(reading("unsure", likeliest=likeliest)) == advice


@pytest.mark.parametrize("unclear", ["unsure", "not_a_digit"])
def test_the_unclear_one_of_several_is_pointed_out(unclear):
    assert advise(reading("several", parts=["digit", "digit"])) == Advice.ONE_AT_A_TIME
    assert advise(reading("unsure", parts=["digit", unclear])) == Advice.UNCLEAR_PART
    assert advise(reading("unsure", parts=["digit"])) == Advice.CLEARER_STROKE


def test_parts_of_an_older_release_count_as_sure():
    old = reading("several", parts=["digit", "digit"])
    old.parts = [{"digit": 4, "confidence": 0.6, "box": [0, 0, 1, 1]}] * 2
    assert advise(old) == Advice.ONE_AT_A_TIME


@pytest.mark.parametrize("verdict", ["several", "unsure", "not_a_digit"])
def test_a_row_of_an_older_release_has_its_advice(verdict):
    old = Prediction(
        submission=Submission(source="api", receipt={}), verdict=verdict, probabilities=ALL_ALIKE
    )
    assert advise(old) in Advice


def test_every_advice_is_a_sentence():
    for advice in Advice:
        assert str(advice.label)[0].isupper()
        assert str(advice.label).endswith(".")
