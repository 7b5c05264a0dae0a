"""What suites found of a version, as `manage.py evaluate --suite … --record` kept it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from recognizer.admin import marks
from recognizer.admin.marks import NOTHING, bar, number, percent
from recognizer.models import ModelVersion

# The figures of all photos and drawings together, by their names in a version's card.
TOGETHER = {
    "ece": _("Calibration error (ECE)"),
    "refused": _("Digits refused"),
    "auroc": _("Digits against non-digits: area under the ROC curve"),
    "rejected": _("Non-digits not read as a digit"),
}


def measured(version: ModelVersion) -> Iterator[dict[str, Any]]:
    """Give what `manage.py evaluate --suite … --record` kept of the version, a suite at a time."""
    for name, found in version.metrics.get("card", {}).get("suites", {}).items():
        together = found.get("together") or {}
        yield {
            "name": name,
            "measured_on": found.get("measured_at", "")[:10],
            "rows": [_set_row(row) for row in found["sets"]],
            "num_together": number(together["num"]) if together else "",
            "facts": _facts_together(together) if together else [],
            "parts": [
                {"name": row["name"], "shares": _parts(row["parts"])}
                for row in found["sets"]
                if row.get("parts")
            ],
        }


def _set_row(row: dict[str, Any]) -> dict[str, Any]:
    if not row["is_here"]:
        return {"name": row["name"], "is_missing": True}
    goals = [f"≥ {_bound(row['goal'])}"] if row.get("goal") is not None else []
    if row.get("max_ece") is not None:
        goals.append(f"ECE ≤ {_bound(row['max_ece'])}")
    return {
        "name": row["name"],
        "num": number(row["num"]),
        "score": percent(row["score"]),
        "answered": percent(row.get("accuracy_answered")),
        "refused": percent(row.get("refused")),
        "ece": percent(row.get("ece")),
        "confusions": _confusions(row.get("confusions") or []),
        "goal": _met(", ".join(goals), is_met=row["is_met"]) if goals else NOTHING,
    }


def _facts_together(found: dict[str, Any]) -> list[dict[str, Any]]:
    plain = (
        (_("Read rightly"), found["accuracy"]),
        (_("Right where answered"), found["accuracy_answered"]),
        (_("Taken for several"), found["several"]),
    )
    return [{"name": name, "value": percent(value), "goal": ""} for name, value in plain] + [
        {
            "name": TOGETHER.get(goal["figure"], goal["figure"]),
            "value": _together_text(goal["figure"], goal["value"]),
            "goal": _met(
                ("≥ " if goal["bound"] == "least" else "≤ ")
                + (number(goal["goal"], 2) if goal["figure"] == "auroc" else _bound(goal["goal"])),
                is_met=goal["is_met"],
            ),
        }
        for goal in found.get("goals", ())
    ]


def _together_text(name: str, value: float) -> str:
    return number(value, 4) if name == "auroc" else percent(value)


def _parts(shares: dict[str, float]) -> list[dict[str, Any]]:
    worst_first = sorted(shares.items(), key=lambda part: part[1])
    return [
        {"name": name.replace("_", " "), "text": percent(share), "bar": bar(share, 48)}
        for name, share in worst_first
    ]


def _confusions(found: list[list[Any]]) -> str:
    named = (f"{label}→{answer} {count}×" for label, answer, count in found)
    return ", ".join(named) or NOTHING


def _bound(share: float) -> str:
    """Write a goal with as many decimals as it has."""
    return f"{100 * share:.6g}\N{NO-BREAK SPACE}%"


def _met(goal: str, *, is_met: bool) -> SafeString:
    return marks.mark("ready", "check", goal) if is_met else marks.mark("broken", "cross", goal)


def licences(version: ModelVersion) -> list[dict[str, str]]:
    """Give what the version learnt from, and under which licences."""
    return [
        {
            "name": one["name"],
            "num": number(one["num"]) if one.get("num") else NOTHING,
            "licence": one.get("licence") or NOTHING,
            "address": one.get("address") or NOTHING,
        }
        for one in version.metrics.get("card", {}).get("licences", ())
    ]
