"""Which part of the reviewed submissions a person's are in: learnt from, chosen by, measured by.

Why it is done so: docs/decisions/0012-split-by-visitor.md.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # no Django at run time: what splits a run's data does without
    from recognizer.models import ModelVersion, Submission

# How a passport calls data that is neither MNIST nor its sample; its hash follows.
OWN_DATA = "custom data"
# As `Submission.Source.API` has it.
_API = "api"
# How a submission is called that is nobody's; no visitor's key begins so.
_NOBODY = "submission "
# Fixed for good: a person's side must never move.
_SALT = b"digitsite, side of a person:"
# Of sixteen shares of people, those that the field test has, and those that validation has.
_SHARES, _FIELD_TEST, _VALIDATION = 16, 4, 2
FIELD_TEST_SHARE = _FIELD_TEST / _SHARES


def person_of(submission: Submission) -> str:
    """Tell whose it is: a visitor's key, or the submission's own id where nobody is known.

    What comes over the API has no cookie, and so a new key each time: the one hand that a program
    sends from would be on all sides.
    """
    if submission.source == _API or not submission.visitor_key:
        return f"{_NOBODY}{submission.pk}"
    return submission.visitor_key


def number_of(person: str) -> int:
    """Give a person's number, of 64 bits: the same one in each run, and not to be traced back.

    Whoever is nobody has a number of the last share, which is learnt from and measures nothing.
    """
    number = int.from_bytes(hashlib.sha256(_SALT + person.encode()).digest()[:8], "big")
    if person.startswith(_NOBODY):
        return number - number % _SHARES + _SHARES - 1
    return number


def part_of(number: int) -> str:
    """Give the part that all of a person's digits are in: of sixteen people, four are in the field
    test, two in validation."""
    share = number % _SHARES
    if share < _FIELD_TEST:
        return "field_test"
    return "validation" if share < _FIELD_TEST + _VALIDATION else "train"


def place_of(number: int) -> float:
    """Give a person's place among all, from 0 to below 1: those of the field test come first, then
    those of validation."""
    share, rest = number % _SHARES, number >> 32  # 32 bits are enough, and none is rounded up
    return (share + rest / 2**32) / _SHARES


def is_in_field_test(submission: Submission) -> bool:
    return part_of(number_of(person_of(submission))) == "field_test"


def may_know_people(version: ModelVersion) -> bool:
    """Tell whether a version, or one whose weights it began with, may have learnt from reviewed
    submissions: it is then measured by those of the field test alone.

    Data of one's own may be an export of this site's.
    """
    passport = version.passport
    data = passport.get("data", {})
    is_of_own_data = str(data.get("name", "")).startswith(OWN_DATA)
    return bool(data.get("reviewed") or is_of_own_data or passport.get("parent_sha256"))
