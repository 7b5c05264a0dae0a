"""The report of a suite as one HTML file: figures, calibration, and the misses as pictures.

It needs nothing beside it and fetches nothing. Pictures in it may have no open licence: it is for
the eyes of whoever has the data.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.template.loader import render_to_string
from PIL import Image

from recognizer import imaging
from training import wording
from training.evaluation import NUM_BINS
from training.measurement import VERDICTS, Miss, Row

Context = dict[str, Any]

# What one can look through; the count of all is said beside it.
MAX_MISSES = 48
# Twice the side that a picture is shown with, for dense screens.
THUMBNAIL_PX = 144
# A shade of its own from this share of all pictures on; a thinner one could not be seen.
THINNEST_SHARE = 0.004


def write(folder: Path, version: str, summary: Context, rows: Sequence[Row]) -> Path:
    """Write a report.

    Args:
        folder: Made where it is not there; an index.html in it is written over.
        version: What the version is called.
        summary: What `measurement.summary` gave.
        rows: What it was given.

    Returns:
        The file.
    """
    context = {
        "version": version,
        "suite": summary["suite"],
        "tally": wording.tally(summary),
        "is_met": summary["is_met"],
        "written_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "together": _together(summary["together"]),
        "reliability": _reliability(rows),
        "sets": [
            _set(row, found, place)
            for place, (row, found) in enumerate(zip(rows, summary["sets"], strict=True), 1)
        ],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    path.write_text(render_to_string("training/report.html", context), "utf-8")
    return path


def _together(found: Context) -> Context:
    if not found:
        return {}
    return {
        "num": f"{found['num']:,}",
        "num_nondigits": f"{found.get('num_nondigits', 0):,}",
        "facts": [
            ("Digits read rightly", wording.percent(found["accuracy"])),
            ("Right where answered", wording.percent(found["accuracy_answered"])),
            ("Answered", wording.percent(found["answered"])),
            ("Taken for several", wording.percent(found["several"])),
        ],
        "goals": [
            {
                "name": wording.TOGETHER[goal["figure"]],
                "value": wording.figure(goal["figure"], goal["value"]),
                "bound": "at least" if goal["bound"] == "least" else "at most",
                "goal": wording.figure(goal["figure"], goal["goal"]),
                "is_met": goal["is_met"],
            }
            for goal in found["goals"]
        ],
    }


def _set(row: Row, found: Context, place: int) -> Context:
    if row.missing:
        return {"name": row.set.name, "missing": row.missing, "place": place}
    shown = row.misses[:MAX_MISSES]
    return {
        "name": row.set.name,
        "place": place,
        "is_digits": row.set.kind == "digits",
        "num": f"{found['num']:,}",
        "score": wording.percent(found["score"]),
        "answered": wording.percent(found.get("accuracy_answered")),
        "refused": wording.percent(found.get("refused")),
        "ece": wording.percent(found.get("ece")),
        "confusions": wording.confusions(found["confusions"]),
        "goal": f"≥ {wording.least(found['goal'])}" if found.get("goal") is not None else "",
        "max_ece": (
            f"ECE ≤ {wording.least(found['max_ece'])}" if found.get("max_ece") is not None else ""
        ),
        "is_met": found.get("is_met"),
        "verdicts": list(_verdicts(found)),
        "parts": [
            {"name": name.replace("_", " "), "share": wording.percent(share, 1), "value": share}
            for name, share in sorted(found.get("parts", {}).items(), key=lambda part: part[1])
        ],
        "num_misses": f"{len(row.misses):,}",
        "num_shown": len(shown),
        "is_cut": len(row.misses) > len(shown),
        "misses": [_miss(miss) for miss in shown],
    }


def _verdicts(found: Context) -> Iterator[Context]:
    for verdict in VERDICTS:
        if count := found["verdicts"][verdict]:
            share = count / found["num"]
            yield {
                "key": verdict,
                "name": verdict.replace("_", " "),
                "count": f"{count:,}",
                "width": f"{100 * max(share, THINNEST_SHARE):.2f}",
            }


def _miss(miss: Miss) -> Context:
    answer = miss.answer
    return {
        "label": miss.label,
        "answer": wording.NOTHING if answer.digit is None else answer.digit,
        "verdict": answer.verdict,
        "words": answer.verdict.replace("_", " "),
        "confidence": wording.percent(answer.confidence, 0) if answer.digit is not None else "",
        "note": miss.drawing.name if isinstance(miss.drawing, Path) else miss.corruption,
        "picture": _picture(miss.drawing),
        "is_pixels": not isinstance(miss.drawing, Path),
    }


def _picture(drawing: Path | bytes) -> str:
    """Give a data URL of a small picture; nothing where it is none that can be shown."""
    if isinstance(drawing, bytes):
        return _data_url(drawing, "png")
    try:
        picture = Image.fromarray(imaging.decode(drawing.read_bytes()).pixels)
    except (imaging.UnreadableImage, OSError):
        return ""
    picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=80)
    return _data_url(file.getvalue(), "webp")


def _data_url(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _reliability(rows: Sequence[Row]) -> list[Context]:
    """Give the bins of the reliability diagram of all photos and drawings, where there are any."""
    pairs = [
        (answer.confidence, answer.digit == label)
        for row in rows
        if row.is_real and row.set.kind == "digits"
        for answer, label in zip(row.answers, row.labels, strict=True)
        if answer.digit is not None
    ]
    if not pairs:
        return []
    confidence, is_right = (np.array(column, float) for column in zip(*pairs, strict=True))
    bins = np.clip(np.ceil(confidence * NUM_BINS).astype(int) - 1, 0, NUM_BINS - 1)
    counts = np.bincount(bins, minlength=NUM_BINS)
    rights = np.bincount(bins, is_right, NUM_BINS)
    return [
        {
            "from": f"{100 * place / NUM_BINS:.0f}",
            "to": f"{100 * (place + 1) / NUM_BINS:.0f}",
            "count": f"{count:,}",
            "right": wording.percent(right / count, 1) if count else wording.NOTHING,
            # For a drawing of 15 columns of 20 by 200.
            "x": 20 * place + 2,
            "height": f"{200 * right / count:.1f}" if count else "0",
            "y": f"{200 - 200 * right / count:.1f}" if count else "200",
            "ideal": f"{200 - 200 * (place + 0.5) / NUM_BINS:.1f}",
            "depth": f"{6 * np.log10(1 + count):.1f}",
        }
        for place, (count, right) in enumerate(zip(counts, rights, strict=True))
    ]
