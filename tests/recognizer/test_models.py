"""What a row knows of itself."""

import pytest

from recognizer.models import Prediction

ONE_EACH = [{"digit": digit, "confidence": 0.9, "box": [0, 0, 9, 9]} for digit in (4, 0, 7)]


@pytest.mark.parametrize(
    ("parts", "digit", "digits"),
    [
        (ONE_EACH, 4, "407"),
        (ONE_EACH[1:2], 0, "0"),
        ([], 7, "7"),  # of before there were parts
        ([], 0, "0"),
        ([], None, ""),
    ],
)
def test_the_digits_are_written_from_left_to_right(parts, digit, digits):
    assert Prediction(parts=parts, digit=digit).digits == digits


def test_a_prediction_without_parts_has_an_empty_list():
    assert Prediction().parts == []
