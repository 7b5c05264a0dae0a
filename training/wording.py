"""How the figures of a suite are said, the same in the terminal, the report and the model card."""

from __future__ import annotations

from typing import Any

NOTHING = "–"
# How `measurement.together` calls its figures, and how a person does.
TOGETHER = {
    "ece": "Calibration error, photos and drawings together",
    "refused": "Photos and drawings of digits refused",
    "auroc": "Area under the ROC curve, digits against non-digits",
    "rejected": "Non-digits not read as a digit",
}


def percent(share: float | None, decimals: int = 2) -> str:
    """Write a share of 0 to 1 in percent. What is not 1 is never rounded up to 100 %."""
    if share is None:
        return NOTHING
    shown = round(100 * share, decimals)
    if shown >= 100 and share < 1:
        shown = 100 - 10**-decimals
    return f"{shown:.{decimals}f} %"


def least(share: float) -> str:
    """Write a goal: with as many decimals as it has."""
    return f"{round(100 * share, 4):g} %"


def confusions(found: list[list[Any]], num: int = 3) -> str:
    """Write the worst confusions: what it is, what was answered, how often."""
    named = [
        f"{label}→{'?' if answer is None else answer} {count}×"
        for label, answer, count in found[:num]
    ]
    return ", ".join(named) or NOTHING


def figures(row: dict[str, Any], num_confusions: int = 3) -> tuple[str, ...]:
    """Write what was measured of a set, cell by cell: name, how many, figures, worst, goal."""
    return (
        row["name"],
        f"{row['num']:,}",
        percent(row["score"]),
        percent(row.get("accuracy_answered")),
        percent(row["refused"]),
        percent(row.get("ece")),
        confusions(row["confusions"], num_confusions),
        goal(row),
    )


def goal(row: dict[str, Any]) -> str:
    """Write a set's goals, and whether they are met."""
    bounds = []
    if row.get("goal") is not None:
        bounds.append(f"≥ {least(row['goal'])}")
    if row.get("max_ece") is not None:
        bounds.append(f"ECE ≤ {least(row['max_ece'])}")
    return f"{', '.join(bounds)} {is_met(row.get('is_met'))}".strip() if bounds else NOTHING


def goal_together(found: dict[str, Any]) -> str:
    """Write a goal of all sets together, and whether it is met."""
    sign = "≥" if found["bound"] == "least" else "≤"
    return f"{sign} {figure(found['figure'], found['goal'])} {is_met(found['is_met'])}"


def figure(name: str, value: float) -> str:
    """Write a figure of all sets together: the area under the curve as it is."""
    if name == "auroc":
        return f"{round(value, 4):g}"
    return percent(value) if value != round(value, 3) else least(value)


def is_met(met: bool | None) -> str:
    if met is None:
        return ""
    return "✓" if met else "✗"


def tally(summary: dict[str, Any]) -> str:
    """Say how many goals are met, of how many."""
    met = [row.get("is_met") for row in summary["sets"]]
    met += [goal["is_met"] for goal in summary["together"].get("goals", ())]
    judged = [one for one in met if one is not None]
    return f"{sum(judged)} of {len(judged)} goals met"
