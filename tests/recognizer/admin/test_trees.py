"""Passports and receipts as rows that a person can read."""

import pytest

from recognizer.admin.marks import percent
from recognizer.admin.trees import rows_of


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (True, "yes"),
        (0.09433962, "0.0943396"),
        ("dark_on_light", "dark on light"),
        ([280, 280], "280, 280"),
        ([], "none"),
        ([[0.1] * 10] * 20, "20 × 10 numbers"),
        ([[1, 2, 3, 4], [5, 6, 7, 8]], "1, 2, 3, 4; 5, 6, 7, 8"),
        (
            [["slanted", 60], ["barred", 9]] * 4,
            "slanted, 60; barred, 9" + 3 * "; slanted, 60; barred, 9",
        ),
        (list(range(30)), "30 values"),
    ],
)
def test_a_value_is_written_for_people(value, words):
    [row] = rows_of({"num_any": value})

    assert (row.name, row.text) == ("any", words)


def test_a_tree_keeps_its_branches():
    [row] = rows_of({"data": {"sha256": "a" * 64}})

    assert row.rows[0].is_code


@pytest.mark.parametrize(
    ("share", "words"), [(None, "–"), (0.5, "50.0"), (0.9999, "99.9"), (1.0, "100.0")]
)
def test_what_is_not_certain_is_never_written_as_100_percent(share, words):
    assert percent(share, 1).removesuffix("\N{NO-BREAK SPACE}%") == words
