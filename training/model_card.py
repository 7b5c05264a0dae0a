"""A version's model card: its suites' figures, recipe, limits and licences, as data and as text.

The figures are kept with the version (`metrics["card"]`), where its admin page finds them, and with
a shipped model in its passport; the text is written from both, never by hand. No database.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training import wording

Tree = dict[str, Any]

# What no figure says. What figures say, `limits` adds.
KNOWN_LIMITS = (
    "It reads the digits 0 to 9 of Latin script: no letters, no signs, no other script's digits.",
    (
        "Most of the handwriting that it learnt from is North American, of around 1990 (MNIST). "
        "Shapes of other countries (a 1 with a long upstroke, a 7 with a bar, an open 4) come from "
        "few writers, and from strokes that a program drew."
    ),
    (
        "Noise, haze, bars and lines over digits are among what it learnt from, so that MNIST-C "
        "says how well it learnt them, and not how it meets what it has never seen."
    ),
    (
        "Its confidence was made honest on digits like those it learnt from. On other pictures it "
        "is as honest as the calibration errors above say."
    ),
    "A letter that looks like a digit (O, l, S, Z) is read as that digit.",
    "It is no basis for decisions on people, payments or marks without a person who looks.",
)
HEAD = """# Model card

*Written by `manage.py model_card` from the figures that are kept with the model. Do not edit it:
measure again, and write it again.*"""
EXPLAINED = """## Figures

*Right*: the likeliest digit is, whatever the verdict; of non-digits, the share that is not read as
a digit. *Where answered*: the share that is right where the verdict is a digit. *Refused*: not a
digit, blank or unreadable. *ECE*: expected calibration error. How each is defined, and which way
the pictures go: [0007](decisions/0007-evaluation.md). Anybody can measure the suite “public” again;
other suites hold pictures that are not for passing on, and that nothing was learnt from."""
# A set that is read less often than this is named among the limits.
WEAK_BELOW = 0.97


class NotItsPassport(ValueError):
    """The passport is another model's, or none; the message says what was expected."""


def with_suite(card: Tree | None, found: Tree, passport: Tree) -> Tree:
    """Add a suite's figures to a card, in place of older ones of the same suite.

    Args:
        card: What is kept of a version; None where nothing is.
        found: What `measurement.summary` gave.
        passport: The version's.

    Returns:
        A new card: `suites`, the figures by name, each with `measured_at`; `limits`, sentences; and
        `licences`, of what was learnt from.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    suites = (card or {}).get("suites", {}) | {found["suite"]: found | {"measured_at": now}}
    return {"suites": suites, "limits": limits(suites), "licences": licences(passport)}


def limits(suites: Tree) -> list[str]:
    """Say what the model cannot do: what is known, and what the suites show."""
    return [*KNOWN_LIMITS, *dict.fromkeys(one for s in suites.values() for one in _measured(s))]


def _measured(found: Tree) -> list[str]:
    said = []
    for row in found["sets"]:
        if not row["is_here"]:
            continue
        name, score = row["name"], row["score"]
        if score < WEAK_BELOW:
            what = "read rightly" if row["kind"] == "digits" else "told from digits"
            said.append(f"{name}: {wording.percent(score)} of {row['num']:,} are {what}.")
        if parts := row.get("parts"):
            worst = sorted(parts, key=parts.__getitem__)[:3]
            words = ", ".join(
                f"{one.replace('_', ' ')} {wording.percent(parts[one])}" for one in worst
            )
            said.append(f"{name}: worst are {words}.")
    return said


def licences(passport: Tree) -> list[Tree]:
    """List what the model learnt from: `name`, `num`, `licence` and `address`, as far as known."""
    data = passport.get("data", {})
    sources = {data["name"]: data} if data.get("name") else {}
    return [
        {
            "name": name,
            "num": source.get("num_train"),
            "licence": source.get("licence", ""),
            "address": source.get("address", ""),
        }
        for name, source in (sources | data.get("sources", {})).items()
    ]


# --- The passport beside a model file -----------------------------------------------------------


def check_passport(path: Path, sha256: str) -> None:
    """Check that a passport is that of a version.

    Args:
        path: A passport.json.
        sha256: The version's.

    Raises:
        NotItsPassport: It is not.
    """
    try:
        passport = json.loads(path.read_text("utf-8"))
        known = list(passport["model_sha256s"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise NotItsPassport(f"Expected a passport at {path}: {error!r}.") from error
    if sha256 not in known:
        raise NotItsPassport(
            f"{path} is another model's. Expected SHA-256 {sha256} in it, "
            f"found {' and '.join(map(str, known)) or 'none'}."
        )


def write_to_passport(path: Path, card: Tree) -> None:
    """Keep a card in a passport, whole or not at all, so that registering the model brings it."""
    passport = json.loads(path.read_text("utf-8"))
    passport["metrics"] = passport.get("metrics", {}) | {"card": card}
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(passport, indent=2) + "\n", "utf-8")
    temporary.replace(path)


# --- The text -----------------------------------------------------------------------------------


def markdown(*, name: str, passport: Tree, metrics: Tree, num_parameters: int) -> str:
    """Write the model card as Markdown.

    Args:
        name: What the version is called.
        passport: The version's.
        metrics: The version's, with `card` where a suite was recorded.
        num_parameters: Of the network.
    """
    card = metrics.get("card", {})
    sections = [
        HEAD,
        _model(name, passport, metrics, num_parameters),
        EXPLAINED,
        *(_suite(found) for found in card.get("suites", {}).values()),
        _recipe(passport),
        "## Limits\n\n" + "\n".join(f"- {one}" for one in card.get("limits", KNOWN_LIMITS)),
        _licences(card.get("licences", licences(passport))),
    ]
    return "\n\n".join(sections) + "\n"


def _model(name: str, passport: Tree, metrics: Tree, num_parameters: int) -> str:
    thresholds = passport.get("thresholds", {})
    rows = [
        ("name", name),
        ("task", "one handwritten digit, 28 × 28 pixels, to ten calibrated probabilities"),
        ("parameters", f"{num_parameters:,}"),
        ("trained", str(passport.get("trained_at", wording.NOTHING))[:10]),
        ("SHA-256", ", ".join(f"`{one}`" for one in passport.get("model_sha256s", []))),
        ("unsure below", _confidence(thresholds, "unsure_below")),
        ("not a digit below", _confidence(thresholds, "reject_below")),
    ]
    for part in ("validation", "test"):
        if found := metrics.get(part):
            accuracy, ece = wording.percent(found["accuracy"]), wording.percent(found["ece"])
            said = f"{accuracy} of {found['num']:,}, calibration error {ece}"
            rows.append((f"{part} digits", said))
    return "## Model\n\n" + _table(("", ""), rows)


def _confidence(thresholds: Tree, name: str) -> str:
    value = thresholds.get(name)
    return wording.NOTHING if value is None else f"a confidence of {value:g}"


def _suite(found: Tree) -> str:
    head = ("set", "n", "right", "where answered", "refused", "ECE", "worst confusions", "goal")
    rows = [_suite_row(row) for row in found["sets"]]
    text = (
        f"### Suite “{found['suite']}”: {wording.tally(found)}\n\n"
        f"Measured on {found['measured_at'][:10]}.\n\n" + _table(head, rows)
    )
    if whole := found["together"]:
        text += "\n\n" + _together(whole)
    for row in found["sets"]:
        if parts := row.get("parts"):
            text += f"\n\n{row['name']}, by corruption:\n\n"
            shares = [(one.replace("_", " "), wording.percent(parts[one])) for one in parts]
            text += _table(("corruption", "right"), shares)
    return text


def _suite_row(row: Tree) -> tuple[str, ...]:
    if not row["is_here"]:
        return (row["name"], "not measured", *[""] * 6)
    return wording.figures(row)


def _together(found: Tree) -> str:
    head = ("photos and drawings together", "value", "goal")
    rows = [
        ("Digits", f"{found['num']:,}", ""),
        ("Right", wording.percent(found["accuracy"]), ""),
        ("Right where answered", wording.percent(found["accuracy_answered"]), ""),
        ("Answered", wording.percent(found["answered"]), ""),
        ("Taken for several", wording.percent(found["several"]), ""),
        *(
            (
                wording.TOGETHER[goal["figure"]],
                wording.figure(goal["figure"], goal["value"]),
                wording.goal_together(goal),
            )
            for goal in found["goals"]
        ),
    ]
    return _table(head, rows)


def _recipe(passport: Tree) -> str:
    knobs = passport.get("recipe", {})
    rows = [(f"`{key}`", _said(value)) for key, value in knobs.items()]
    rows += [(f"library `{key}`", value) for key, value in passport.get("libraries", {}).items()]
    made = "The figures behind it: [0004](decisions/0004-network-and-recipe.md)."
    return f"## Recipe\n\n{made}\n\n" + (_table(("knob", "value"), rows) if rows else "Not known.")


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return str(value)


def _licences(found: Sequence[Tree]) -> str:
    rows = [
        (
            one["name"],
            f"{one['num']:,}" if one["num"] else wording.NOTHING,
            one["licence"] or "not known",
            one["address"] or wording.NOTHING,
        )
        for one in found
    ]
    text = "## Licences\n\nThe model file: MIT, as the project. What it learnt from:\n\n"
    return text + (
        _table(("data", "pictures", "licence", "where from"), rows) if rows else "Not known."
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: Any) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")
