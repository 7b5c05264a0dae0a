"""What a candidate mends and breaks, as people look at it: counts, chance, and the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recognizer import tasks
from recognizer.admin.marks import number, percent
from recognizer.models import ModelVersion, Replay

# Of either kind, so many pictures are shown.
MAX_SHOWN = 48
# A sample and a few thousand labels take a worker two or three seconds.
SOON = timedelta(seconds=15)
# Below it, it is no chance that one mends more than it breaks.
# Source: Dietterich (1998), "Approximate statistical tests for comparing classifiers".
SIGNIFICANT_BELOW = 0.05


@dataclass(frozen=True)
class Shown:
    """A replay as a page shows it.

    Attributes:
        is_field_test: Of the submissions, only those of the field test were read.
        is_running: It was asked for, and is not finished; `is_late` where that takes too long, as
            it does without a worker.
        error: Why it cannot be.
        rows: Its counts: what, how many.
        verdict: What follows, in a sentence; `kind` its colour.
        num_fixed, num_broken: How many; `is_cut` where more than `max_shown` of a kind.
        fixed, broken: The digits that only one of the two reads rightly.
    """

    is_field_test: bool = False
    is_running: bool = False
    is_late: bool = False
    error: str = ""
    rows: tuple[tuple[str | Promise, str], ...] = ()
    verdict: str | Promise = ""
    kind: str = ""
    breaks_more: bool = False
    num_fixed: str = ""
    num_broken: str = ""
    is_cut: bool = False
    max_shown: int = MAX_SHOWN
    fixed: tuple[dict[str, Any], ...] = ()
    broken: tuple[dict[str, Any], ...] = ()


def asked_for(candidate: ModelVersion, baseline: ModelVersion | None) -> Shown | None:
    """Show the replay of two versions, and ask the worker for it where there is none."""
    found = tasks.ask_for_replay(candidate, baseline)
    return shown(found) if found else None


def shown(replay: Replay) -> Shown:
    outcome = replay.outcome
    if outcome is None:
        is_late = timezone.now() - replay.started_at > SOON
        return Shown(is_running=not replay.error, is_late=is_late, error=replay.error)
    verdict, kind = _verdict(replay, outcome["p_value"])
    return Shown(
        is_field_test=outcome.get("is_field_test", False),
        rows=(
            (_("Mended: only the newer is right"), number(outcome["num_fixed"])),
            (_("Broken: only the other is right"), number(outcome["num_broken"])),
            (_("Both right"), number(outcome["both_right"])),
            (_("Both wrong"), number(outcome["both_wrong"])),
            (_submissions(outcome), number(outcome["num_submissions"])),
            (_("Digits of the sample"), number(outcome["num_sample"])),
            (_("McNemar’s exact test"), _p_value(outcome["p_value"])),
        ),
        verdict=verdict,
        kind=kind,
        breaks_more=replay.breaks_more,
        num_fixed=number(outcome["num_fixed"]),
        num_broken=number(outcome["num_broken"]),
        is_cut=max(outcome["num_fixed"], outcome["num_broken"]) > MAX_SHOWN,
        fixed=tuple(_picture(one) for one in outcome["fixed"][:MAX_SHOWN]),
        broken=tuple(_picture(one) for one in outcome["broken"][:MAX_SHOWN]),
    )


def _submissions(outcome: dict[str, Any]) -> str | Promise:
    """Name the submissions that were read: all that are labelled, or the field test's."""
    if outcome.get("is_field_test"):
        return _("Labelled submissions, of the field test")
    return _("Labelled submissions")


def _verdict(replay: Replay, p_value: float) -> tuple[str | Promise, str]:
    is_sure = p_value < SIGNIFICANT_BELOW
    if replay.breaks_more:
        if is_sure:
            return _("It breaks more than it mends, and that is no chance."), "broken"
        return _("It breaks more than it mends, though that may be chance."), "warning"
    if replay.mends_more:
        if is_sure:
            return _("It mends more than it breaks, and that is no chance."), "ready"
        return _("It mends more than it breaks, though that may be chance."), "pending"
    return _("It mends as many as it breaks: on these digits, neither is better."), "pending"


def _p_value(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {number(value, 3)}"


def _picture(one: dict[str, Any]) -> dict[str, Any]:
    """Show one digit: its picture, what it is, and what each of the two reads."""
    if one["submission"]:
        picture = reverse("digit", args=[one["submission"]])
        page = reverse("admin:recognizer_submission_change", args=[one["submission"]])
    else:
        picture = reverse("admin:recognizer_modelversion_sample", args=[one["row"]])
        page = ""
    return one | {
        "picture": picture,
        "page": page,
        "candidate_share": percent(one["candidate_confidence"], 0),
        "baseline_share": percent(one["baseline_confidence"], 0),
    }
