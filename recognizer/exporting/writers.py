"""Who drew what, as a number of one data set: no visitor's key leaves."""

from __future__ import annotations

import hashlib

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

    Args:
        submission: Which one; by its own id where it has no visitor.
        test_share: Of the visitors, 0 to 1.
    """
    who = submission.visitor_key or submission.pk.hex
    place = int(hashlib.sha256(f"part of {who}".encode()).hexdigest()[:8], 16) / 2**32  # 0 to 1
    return TEST if place < test_share else TRAIN
