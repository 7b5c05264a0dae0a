"""What a check says of a model file that it refuses."""

from __future__ import annotations


class RefusedModel(ValueError):
    """The file is no model that can serve here.

    Attributes:
        check: Which check failed, in a word or two.
        expected: What it expected.
        found: What it found.
        advice: What to do; empty where that follows from the rest.
    """

    def __init__(self, check: str, expected: str, found: str, advice: str = "") -> None:
        super().__init__(f"{check}: expected {expected}, found {found}. {advice}".strip())
        self.check, self.expected, self.found, self.advice = check, expected, found, advice

    def as_dict(self) -> dict[str, str]:
        return {
            "check": self.check,
            "expected": self.expected,
            "found": self.found,
            "advice": self.advice,
        }
