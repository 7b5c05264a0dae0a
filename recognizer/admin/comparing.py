"""Two to four versions side by side: all that is known of each, and where they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from recognizer.admin import curves, figures, replays, suites, trees
from recognizer.admin.figures import Figure
from recognizer.admin.marks import NOTHING
from recognizer.models import ModelVersion, Submission

Row = dict[str, Any]


def beside(versions: Sequence[ModelVersion]) -> dict[str, Any]:
    """Lay versions side by side. Queries: 1, 2 more for the replay of two."""
    return {
        "versions": versions,
        "figures": _rows(figures.FIGURES, versions),
        "recalls": _rows(figures.RECALLS, versions),
        "suites": list(_suites(versions)),
        "origins": _origins(versions),
        "layers": _layers(versions),
        "charts": curves.beside(versions),
        "confusions": _confusions(versions),
        "tested": [
            {"version": version, "rows": found[0]["confusion"]}
            for version in versions
            if (found := list(figures.measurements(version))) and found[0]["confusion"]
        ],
        # The newer one is who would come.
        "replay": replays.asked_for(versions[-1], versions[0]) if len(versions) == 2 else None,
    }


def _rows(wanted: Sequence[Figure], versions: Sequence[ModelVersion]) -> list[Row]:
    rows = []
    for figure in wanted:
        values = [figure.of(version) for version in versions]
        if any(value is not None for value in values):
            best = figure.best(values)
            rows.append(
                {
                    "name": figure.name,
                    "cells": [
                        {
                            "text": figure.written(value),
                            "is_best": value is not None and value == best,
                        }
                        for value in values
                    ],
                }
            )
    return rows


def _suites(versions: Sequence[ModelVersion]) -> Iterator[dict[str, Any]]:
    """Give each suite that one of them was measured by, its sets as rows."""
    found = [{suite["name"]: suite for suite in suites.measured(version)} for version in versions]
    for name in dict.fromkeys(name for suites_of in found for name in suites_of):
        scores = [
            {row["name"]: row.get("score", NOTHING) for row in of.get(name, {"rows": []})["rows"]}
            for of in found
        ]
        sets = dict.fromkeys(one for of in scores for one in of)
        yield {
            "name": name,
            "rows": [
                {"name": one, "cells": [{"text": of.get(one, NOTHING)} for of in scores]}
                for one in sets
            ],
        }


def _origins(versions: Sequence[ModelVersion]) -> list[Row]:
    """Give where they come from, and of their recipes what is not the same in all."""
    plain: tuple[tuple[str | Promise, list[str]], ...] = (
        (
            _("registered"),
            [date_format(localtime(version.created_at), "DATETIME_FORMAT") for version in versions],
        ),
        (_("layers"), [str(len(version.layers)) for version in versions]),
    )
    rows: list[Row] = [
        {"name": name, "cells": [{"text": text} for text in texts]} for name, texts in plain
    ]
    recipes = [
        {
            row.name: row.text
            for row in trees.rows_of(version.passport.get("recipe", {}))
            if row.text
        }
        for version in versions
    ]
    for knob in dict.fromkeys(name for recipe in recipes for name in recipe):
        texts = [recipe.get(knob, NOTHING) for recipe in recipes]
        if len(set(texts)) > 1:
            rows.append({"name": knob, "cells": [{"text": text} for text in texts]})
    return rows


def _layers(versions: Sequence[ModelVersion]) -> list[Row]:
    """Give the layers side by side, in their order, and mark those that are not in all alike."""
    columns = [[_layer(found) for found in version.layers] for version in versions]
    rows = zip_longest(*columns, fillvalue="")
    return [
        {
            "name": str(place),
            "cells": [{"text": text} for text in texts],
            "differs": len(set(texts)) > 1,
        }
        for place, texts in enumerate(rows, 1)
    ]


def _layer(found: dict[str, Any]) -> str:
    """Write a layer in a line: its kind, what it gives, its parameters."""
    written = figures.layer(found)
    counted = f", {written['parameters']}" if found["num_parameters"] else ""
    return f"{written['kind']} {written['shape']}{counted}"


def _confusions(versions: Sequence[ModelVersion]) -> list[dict[str, Any]]:
    """Count what each served on submissions that were labelled since; a cell opens its images."""
    counted = (
        Submission.objects.reviewed()
        .labelled_digits()
        .filter(served_version__in=versions)
        .values_list("served_version", "label", "served_digit")
        .annotate(num=Count("pk"))
        .order_by()
    )
    counts: dict[int, dict[tuple[str, str], int]] = defaultdict(dict)
    for version_id, label, digit, num in counted:
        counts[version_id][label, str(digit)] = num
    return [
        {"version": version, "rows": _matrix(version, counts[version.pk])}
        for version in versions
        if version.pk in counts
    ]


def _matrix(version: ModelVersion, counts: dict[tuple[str, str], int]) -> list[list[Any]]:
    changelist = reverse("admin:recognizer_submission_changelist")

    def url(label: str, read: str) -> str:
        wanted = {"label__exact": label, "digit": read, "version": version.pk}
        return f"{changelist}?{urlencode(wanted)}"

    return figures.confusion(counts, url)
