"""What a check says of a model file that it refuses."""

from __future__ import annotations

# Of one part of a refusal: an error of Keras's that names a layer and two shapes has about 300.
MAX_CHARACTERS = 400


class RefusedModel(ValueError):
    """The file is no model that can serve here.

    Attributes:
        check: Which check failed, in a word or two.
        expected: What it expected.
        found: What it found.
        advice: What to do; empty where that follows from the rest.
    """

    def __init__(self, check: str, expected: str, found: str, advice: str = "") -> None:
        check, expected, found, advice = map(printable, (check, expected, found, advice))
        super().__init__(f"{check}: expected {expected}, found {found}. {advice}".strip())
        self.check, self.expected, self.found, self.advice = check, expected, found, advice

    def as_dict(self) -> dict[str, str]:
        return {
            "check": self.check,
            "expected": self.expected,
            "found": self.found,
            "advice": self.advice,
        }


def printable(text: str, most: int = MAX_CHARACTERS) -> str:
    """Give a file's words so that a log, a page and every database take them: short, in one line.

    PostgreSQL keeps no NUL, and nothing keeps half a surrogate pair.
    """
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return shown if len(shown) <= most else shown[: most - 1] + "…"
