"""Who drew what, as a number of one data set: no visitor's key leaves."""

from __future__ import annotations

from recognizer import people
from recognizer.models import Submission

TRAIN, TEST = "train", "test"


class Writers:
    """Numbers visitors from 1 in the order in which they come, anew for each data set.

    Nothing leads from a number to a key. From one data set's number to another's the submissions'
    ids do, where both hold the same ones. Whoever has no key is somebody else each time.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}  # some 100 bytes a visitor who has something labelled
        self.num = 0

    def number(self, submission: Submission) -> int:
        key = submission.visitor_key
        if key in self._numbers:
            return self._numbers[key]
        self.num += 1
        if key:
            self._numbers[key] = self.num
        return self.num


def part_of(submission: Submission, test_share: float) -> str:
    """Tell in which part a submission is: one visitor's are all in the same, in every data set.

    Whoever is in the field test is in the test part, however small that is to be: what is learnt
    from an export must leave them to measure by.

    Args:
        submission: Which one.
        test_share: Of the visitors, 0 to 1; less than the field test has is not kept to.
    """
    place = people.place_of(people.number_of(people.person_of(submission)))
    return TEST if place < max(test_share, people.FIELD_TEST_SHARE) else TRAIN
