"""What the site says of itself: the version that serves, how good it is and on what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from recognizer.models import Activation, ModelVersion

# As the suites of the project call their sets; another's own are shown as they are called.
SET_NAMES = {
    "MNIST test": _("MNIST test"),
    "sample of MNIST test": _("sample of MNIST test"),
    "MNIST-C": _("MNIST-C: noise, blur, lines, haze"),
    "phone photos": _("phone photos"),
    "small photo crops": _("small photo crops"),
    "handwriting in boxes": _("handwriting in boxes"),
    "print in boxes": _("print in boxes"),
    "photographed pages": _("photographed pages"),
    "dim photos": _("dim photos"),
    "sideways photos": _("sideways photos"),
    "mouse, 28 px": _("drawn with a mouse, 28 px"),
    "paint, 28 px": _("drawn in a paint program, 28 px"),
    "mouse and pen, 420 px": _("drawn with mouse and pen, 420 px"),
    "phone notes": _("written on a phone"),
    "tablet": _("written on a tablet"),
    "letters, tablet": _("letters, written on a tablet"),
    "empty boxes": _("empty boxes"),
    "pages and blank sheets": _("pages and blank sheets"),
}
# Measured past imaging: no visitor's picture goes that way.
NETWORK_ALONE = "network alone"
DIGITS_KIND = "digits"


@dataclass(frozen=True)
class Measured:
    """One set of pictures, and the share of them that was read rightly.

    Of pictures that show no digit, it is the share that was not taken for one.
    """

    name: str
    num: str
    share: float  # 0 to 1
    is_of_digits: bool

    @property
    def percent(self) -> str:
        """The share as the model card has it; what is not 1 is never rounded up to it."""
        shown = round(100 * self.share, 2)
        figure = number_format(99.99 if shown >= 100 > 100 * self.share else shown, 2)
        return f"{figure}\N{NO-BREAK SPACE}%"


@dataclass(frozen=True)
class Standing:
    """The version that serves, in the figures of its passport and its card.

    Attributes:
        trained_on: When its training ended; None where its passport does not say.
        activated_at: When it began to serve.
        test: Its test digits: how many, and the share that it reads rightly; None where unknown.
        together: All photos and drawings of a suite, in the same way.
        refused: All that shows no digit, and the share of it that was not taken for one.
        sets: What suites measured, the sets of digits first; empty where nothing was recorded.
    """

    version: ModelVersion
    trained_on: datetime | None
    activated_at: datetime | None
    test: Measured | None
    together: Measured | None
    refused: Measured | None
    sets: list[Measured]

    @property
    def num_parameters(self) -> str:
        return grouped(self.version.num_parameters)

    @property
    def weakest(self) -> Measured | None:
        """The set of digits that it reads worst, if there are several."""
        digits = [one for one in self.sets if one.is_of_digits]
        return min(digits, key=lambda one: one.share, default=None) if digits[1:] else None


def standing() -> Standing | None:
    """Tell what serves now; None where nothing does. Queries: 2, or 1."""
    version = ModelVersion.objects.active().defer("layers", "log", "notes").first()
    if not version:
        return None
    activation = Activation.objects.filter(version=version).first()
    suites = version.metrics.get("card", {}).get("suites", {})
    together = [found["together"] for found in suites.values() if found.get("together")]
    whole = together[0] if together else {}
    return Standing(
        version=version,
        trained_on=_date(version.passport.get("trained_at")),
        activated_at=activation.activated_at if activation else None,
        test=_test(version),
        together=_part(whole, "num", "accuracy"),
        refused=_part(whole, "num_nondigits", "rejected"),
        sets=_sets(suites),
    )


def grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


def _test(version: ModelVersion) -> Measured | None:
    found = version.metrics.get("test", {})
    measured = _part(found, "num", "accuracy")
    name = str(version.passport.get("data", {}).get("name", ""))
    return replace(measured, name=name) if measured else None


def _part(found: dict[str, Any], num: str, share: str) -> Measured | None:
    if not found.get(num) or found.get(share) is None:
        return None
    return Measured("", grouped(found[num]), found[share], num == "num")


def _sets(suites: dict[str, Any]) -> list[Measured]:
    """Give each set once, whichever suites have it: digits first, the best read first."""
    rows = {row["name"]: row for found in suites.values() for row in _here(found)}
    ranked = sorted(rows.values(), key=lambda row: (row.get("kind") != DIGITS_KIND, -row["score"]))
    return [
        Measured(
            name=str(SET_NAMES.get(row["name"], row["name"])),
            num=grouped(row["num"]),
            share=row["score"],
            is_of_digits=row.get("kind") == DIGITS_KIND,
        )
        for row in ranked
    ]


def _here(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for row in found.get("sets", ()):
        if row.get("is_here") and row.get("score") is not None and NETWORK_ALONE not in row["name"]:
            yield row


def _date(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
