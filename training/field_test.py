"""How versions read the field test: digits of people whom none of them learnt from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from recognizer import engine, replay
from recognizer.models import ModelVersion
from training import reviewed
from training.lessons import REVIEWED_NAME


def compare(version: ModelVersion, before: ModelVersion, run_folder: Path) -> dict[str, Any]:
    """Let a version and the one before it read the field test, as they serve, and note it.

    Args:
        version: The one that was just trained. Its figures get what is given back.
        before: The one that was active until then.
        run_folder: Of the run that trained it: keeps the field test, whose digits are 1 or more.

    Returns:
        `version` and `sha256` of the one before, its `accuracy` (0 to 1), `num_fixed` and
        `num_broken` of the new one against it, and McNemar's `p_value`.

    Raises:
        LoadFailed: One of them does not load.

    Queries: 1.
    """
    digits = reviewed.read(run_folder / REVIEWED_NAME).field_test.digits.only_digits()
    is_right, was_right = (
        _answers(one, digits.images) == digits.labels for one in (version, before)
    )
    num_fixed, num_broken = (
        int(some.sum()) for some in (is_right & ~was_right, was_right & ~is_right)
    )
    found = {
        "version": str(before),
        "sha256": before.sha256,
        "accuracy": round(float(was_right.mean()), 6),
        "num_fixed": num_fixed,
        "num_broken": num_broken,
        "p_value": replay.mcnemar(num_fixed, num_broken),
    }
    version.metrics["field_test"]["before"] = found
    version.save(update_fields=["metrics"])
    return found


def _answers(version: ModelVersion, images: NDArray[np.uint8]) -> NDArray[np.intp]:
    loaded = engine.load(engine.source_of(version, settings.DIGITS_ENGINE))
    return np.asarray(loaded.engine.probabilities(images).argmax(1), np.intp)
