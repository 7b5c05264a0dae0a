"""The charts of versions: learning curves, and the shadow's agreement, from what is kept."""

from datetime import timedelta

import pytest

from recognizer import aggregates
from recognizer.admin import curves
from recognizer.models import CountedDay, DayCount, ModelVersion
from tests.recognizer.admin.test_versions import LIST, make_another, page_of

CURVES = {"validation_accuracy": [0.8, 0.9, 0.95], "accuracy": [0.5, 0.7, 0.8]}


@pytest.fixture
def learnt(version: ModelVersion) -> ModelVersion:
    version.passport = version.passport | {"curves": CURVES, "best_epoch": 3}
    version.save()
    return version


def count_shadowed(version: ModelVersion, days_ago: int, num: int, agreed: int) -> None:
    day = aggregates.today() - timedelta(days=days_ago)
    row = CountedDay.objects.create(day=day, counted_at=aggregates.begin_of(day))
    empty = {"verdicts": {}, "confidences": {}, "latencies": {}, "num_audited": 0, "num_right": 0}
    DayCount.objects.create(day=row, version=version, num_shadowed=num, num_agreed=agreed, **empty)


def test_a_version_s_curves_are_drawn_with_their_table(admin_client, learnt):
    [chart] = curves.of_version(learnt)

    assert "3 epochs" in chart.says
    assert chart.labels == ["1", "2", "3"]
    assert [series["values"] for series in chart.series] == list(CURVES.values())
    assert chart.rows[0][1:] == ["80.00\N{NO-BREAK SPACE}%", "50.00\N{NO-BREAK SPACE}%"]
    assert 'id="learning-data"' in admin_client.get(page_of(learnt)).content.decode()


def test_a_file_without_curves_has_no_chart(admin_client, version):
    assert curves.of_version(version) == []
    assert "charts.js" not in admin_client.get(page_of(version)).content.decode()


def test_versions_are_drawn_beside_each_other_whatever_their_number_of_epochs(admin_client, learnt):
    shorter = {"validation_accuracy": [0.7], "accuracy": [0.4]}
    other = make_another(learnt, passport={"curves": shorter})
    without = make_another(learnt, 3, passport={})

    [chart] = curves.beside([learnt, other, without])

    assert [series["name"] for series in chart.series] == [str(learnt), str(other)]
    assert chart.series[1]["values"] == [0.7, None, None]
    words = admin_client.get(f"{LIST}compare/?v=1&v=2&v=3").content.decode()
    assert 'id="curves-data"' in words
    assert curves.beside([without]) == []


def test_a_shadow_s_agreement_is_drawn_by_day(version):
    count_shadowed(version, 1, num=8, agreed=6)
    count_shadowed(version, 0, num=2, agreed=2)
    count_shadowed(version, 40, num=9, agreed=0)  # too long ago

    [chart] = curves.of_version(version)

    assert chart.series[0]["values"][-2:] == [0.75, 1.0]
    assert chart.series[0]["values"][0] is None
    assert "10 submissions and agreed in 80.0" in chart.says
    assert len(chart.rows) == 2
