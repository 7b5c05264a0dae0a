"""The charts of versions: how they learnt, and how often a shadow says what the active one says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from recognizer import aggregates
from recognizer.admin.charts import Chart
from recognizer.admin.marks import NOTHING, number, percent
from recognizer.models import DayCount, ModelVersion

# One for each of the four versions that are compared at most.
COLORS = ("--chart-fill", "--several", "--doubt", "--no")
# The first of many epochs are far below all others, and would press them into a line.
FIRST_EPOCHS, MANY_EPOCHS = 2, 10
NUM_DAYS = 30


def of_version(version: ModelVersion) -> list[Chart]:
    """Chart a version's learning, and its agreement where it shadowed. Queries: 1."""
    return [*_learning(version), *_agreement(version)]


def beside(versions: Sequence[ModelVersion]) -> list[Chart]:
    """Chart the accuracy on validation digits by epoch, a line a version; none without curves."""
    curves = [_curve(version, "validation_accuracy") for version in versions]
    learnt = [(v, curve) for v, curve in zip(versions, curves, strict=True) if curve]
    if not learnt:
        return []
    best = [(version, max(curve)) for version, curve in learnt]
    return [
        _lines(
            name="curves",
            title=_("Accuracy on validation pictures, by epoch"),
            says=", ".join(f"{version}: {percent(value)}" for version, value in best),
            names=[str(version) for version, _curve in learnt],
            curves=[curve for _version, curve in learnt],
        )
    ]


def _learning(version: ModelVersion) -> list[Chart]:
    curves = [_curve(version, name) for name in ("validation_accuracy", "accuracy")]
    if not all(curves):
        return []
    return [accuracies(*curves, best_epoch=version.passport.get("best_epoch", len(curves[0])))]


def accuracies(
    on_validation: Sequence[float], on_learnt: Sequence[float], *, best_epoch: int
) -> Chart:
    """Chart how a network learnt: shares that it read rightly, one an epoch, 0 to 1."""
    says = _("%(num)s epochs; it reads validation pictures best after %(best)s.")
    return _lines(
        name="learning",
        title=_("How it learnt"),
        says=says % {"num": len(on_validation), "best": best_epoch},
        names=_both(),
        curves=[on_validation, on_learnt],
    )


def losses(on_validation: Sequence[float | None], on_learnt: Sequence[float | None]) -> Chart:
    """Chart the loss by epoch; None where it is no number, as in a run that diverged."""
    last = on_validation[-1]
    return Chart(
        name="losses",
        title=_("Loss"),
        says=_("%(loss)s on validation pictures after the last epoch.") % {"loss": loss(last)},
        kind="lines",
        unit="loss",
        labels=[str(epoch) for epoch in range(1, len(on_validation) + 1)],
        series=[
            {"name": name, "values": list(values), "color": color}
            for name, values, color in zip(
                _both(), (on_validation, on_learnt), COLORS, strict=False
            )
        ],
        head=[_("Epoch"), *_both()],
        rows=[
            [str(epoch), *map(loss, both)]
            for epoch, both in enumerate(zip(on_validation, on_learnt, strict=True), 1)
        ],
    )


def _both() -> list[str]:
    return [_("validation pictures"), _("what it learnt from, distorted")]


def loss(value: float | None) -> str:
    """Write a loss; a dash for one that is no number."""
    return NOTHING if value is None else number(value, 4)


def _curve(version: ModelVersion, name: str) -> list[float]:
    """Give a curve of a version's passport, a share an epoch; empty where training kept none."""
    found = version.passport.get("curves", {}).get(name, [])
    return [float(value) for value in found]


def _lines(
    *, name: str, title: str, says: str, names: Sequence[str], curves: Sequence[Sequence[float]]
) -> Chart:
    """Draw shares by epoch; a run that ended sooner ends sooner."""
    epochs = range(1, max(map(len, curves)) + 1)
    padded = [[*curve, *[None] * (len(epochs) - len(curve))] for curve in curves]
    low = min(min(curve[FIRST_EPOCHS if len(curve) > MANY_EPOCHS else 0 :]) for curve in curves)
    return Chart(
        name=name,
        title=title,
        says=says,
        kind="lines",
        unit="share",
        labels=[str(epoch) for epoch in epochs],
        series=[
            {"name": of, "values": values, "color": color}
            for of, values, color in zip(names, padded, COLORS, strict=False)
        ],
        lowest=low,
        is_wide=True,
        head=[_("Epoch"), *names],
        rows=[[str(epoch), *(percent(curve[epoch - 1]) for curve in padded)] for epoch in epochs],
    )


def _agreement(version: ModelVersion) -> list[Chart]:
    """Chart how often it said what the active version said, in the last days. Queries: 1."""
    today = aggregates.today()
    days = [today - timedelta(days=back) for back in reversed(range(NUM_DAYS))]
    counted = DayCount.objects.filter(version=version, day__gte=days[0], num_shadowed__gt=0)
    found = {row.day_id: (row.num_shadowed, row.num_agreed) for row in counted.order_by()}
    if not found:
        return []
    num, agreed = (sum(part) for part in zip(*found.values(), strict=True))
    words = _("As the shadow it read %(num)s submissions and agreed in %(share)s of them.")
    return [
        Chart(
            name="agreement",
            title=_("Agreement with the active version"),
            says=words % {"num": number(num), "share": percent(agreed / num, 1)},
            kind="lines",
            unit="share",
            labels=[day.isoformat() for day in days],
            series=[
                {
                    "name": _("agreement"),
                    "values": [_share(found, day) for day in days],
                    "color": "--chart-fill",
                }
            ],
            head=[_("Day"), _("Read"), _("In agreement"), _("Share")],
            rows=[
                [date_format(day), *map(number, found[day]), percent(_share(found, day), 1)]
                for day in reversed(days)
                if day in found
            ],
        )
    ]


def _share(found: dict[date, tuple[int, int]], day: date) -> float | None:
    num, agreed = found.get(day, (0, 0))
    return agreed / num if num else None
