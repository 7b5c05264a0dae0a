"""The days' counts: what they hold, and which days are counted when."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recognizer import aggregates
from recognizer.models import CountedDay, DayCount, Prediction, Submission
from tests.conftest import scans_in

DAY = timedelta(days=1)


def today_at(hour: int) -> datetime:
    return aggregates.begin_of(aggregates.today()) + timedelta(hours=hour)


@pytest.fixture
def make_reading(active_version):
    """Make a stored reading of a time, audited or not, without its file."""

    def make(at: datetime, label: str = "", reviewed_at=None, **reading) -> Prediction:
        row = Submission.objects.create(
            source="drawn", digit=b"\0" * 784, created_at=at, label=label
        )
        if label:
            Submission.objects.filter(pk=row.pk).update(
                review_state="reviewed", reviewed_at=reviewed_at or at, audited_at=at
            )
        usual = {"verdict": "digit", "digit": 7, "confidence": 0.97, "latency_ms": 10.0}
        return Prediction.objects.create(
            submission=row,
            probabilities=[0.1] * 10,
            created_at=at,
            **{"version": active_version} | usual | reading,
        )

    return make


def count_of(day: date) -> DayCount:
    return DayCount.objects.get(day=day)


def count_all_long_after(hours: int) -> None:
    """Count all days, and say that this was hours ago."""
    aggregates.refresh()
    CountedDay.objects.update(counted_at=timezone.now() - timedelta(hours=hours))


def days_counted_since(moment: datetime) -> set[date]:
    return set(CountedDay.objects.filter(counted_at__gte=moment).values_list("day", flat=True))


# --- What a count holds ---------------------------------------------------------------------------


def test_a_day_holds_verdicts_confidences_and_latencies(make_reading):
    at = today_at(0)
    make_reading(at, verdict="digit", confidence=1.0)
    make_reading(at, verdict="unsure", confidence=0.5)
    make_reading(at, verdict="blank", digit=None, confidence=0.0)

    aggregates.count_day(aggregates.today())

    row = count_of(aggregates.today())
    assert row.verdicts == {"digit": 1, "unsure": 1, "blank": 1}
    assert row.confidences == {"19": 1, "10": 1}, "a blank one has no confidence"
    assert row.latencies == {str(aggregates.latency_bin(10.0)): 3}


def test_only_what_was_served_counts(make_reading):
    make_reading(today_at(0), role="replay")

    aggregates.count_day(aggregates.today())

    assert not DayCount.objects.exists()


def test_what_was_audited_and_not_read_at_all_was_not_read_rightly(make_reading):
    make_reading(today_at(0), label="7", verdict="blank", digit=None, confidence=0.0)

    aggregates.count_day(aggregates.today())

    row = count_of(aggregates.today())
    assert (row.num_audited, row.num_right) == (1, 0)


def test_of_a_shadow_its_agreement_counts(make_reading):
    make_reading(today_at(0), role="shadow", agrees=True)
    make_reading(today_at(0), role="shadow", agrees=False)

    aggregates.count_day(aggregates.today())

    row = count_of(aggregates.today())
    assert (row.num_shadowed, row.num_agreed) == (2, 1)
    assert (row.verdicts, row.num_audited) == ({}, 0)


def test_a_label_that_was_given_for_a_reason_tells_nothing_of_the_field(make_reading):
    row = make_reading(today_at(0), label="7").submission
    Submission.objects.filter(pk=row.pk).update(audited_at=None)

    aggregates.count_day(aggregates.today())

    assert count_of(aggregates.today()).num_audited == 0


def test_audited_digits_count_and_those_read_rightly(make_reading):
    at = today_at(0)
    make_reading(at, label="7")
    make_reading(at, label="1")
    make_reading(at, label="not_a_digit")
    make_reading(at)
    again = make_reading(at, label="7").submission
    again.ask_second_look()
    again.save()

    aggregates.count_day(aggregates.today())

    row = count_of(aggregates.today())
    assert (row.num_audited, row.num_right) == (2, 1)


def test_each_version_is_counted_by_itself(make_reading, version):
    other = type(version).objects.create(
        number=9, name="other", sha256="9" * 64, size_bytes=1, status="ready"
    )
    make_reading(today_at(0))
    make_reading(today_at(0), version=other)
    make_reading(today_at(0), version=other)

    aggregates.count_day(aggregates.today())

    nums = {row.version_id: row.verdicts["digit"] for row in DayCount.objects.all()}
    assert nums == {version.pk: 1, other.pk: 2}


def test_a_day_is_one_of_the_sites_time_zone(make_reading, settings):
    settings.TIME_ZONE = "Asia/Tokyo"  # nine hours before UTC
    make_reading(datetime(2026, 3, 1, 14, 59, tzinfo=UTC))
    make_reading(datetime(2026, 3, 1, 15, 0, tzinfo=UTC))

    aggregates.count_day(date(2026, 3, 1))
    aggregates.count_day(date(2026, 3, 2))

    assert count_of(date(2026, 3, 1)).verdicts == {"digit": 1}
    assert count_of(date(2026, 3, 2)).verdicts == {"digit": 1}


def test_counting_again_replaces_what_was_counted(make_reading):
    first = make_reading(today_at(0))
    aggregates.count_day(aggregates.today())
    first.submission.delete()
    make_reading(today_at(0), verdict="unsure")

    aggregates.count_day(aggregates.today())

    assert count_of(aggregates.today()).verdicts == {"unsure": 1}


# --- Which days -----------------------------------------------------------------------------------


def test_the_first_run_counts_every_day_back_to_the_first_reading(make_reading):
    make_reading(today_at(0) - 3 * DAY)

    assert aggregates.refresh() == 4
    assert count_of(aggregates.today() - 3 * DAY).verdicts == {"digit": 1}


@pytest.mark.django_db
def test_without_readings_today_is_counted_so_that_one_sees_that_a_worker_runs():
    assert aggregates.refresh() == 1
    assert CountedDay.objects.get().day == aggregates.today()


def test_what_the_budget_leaves_is_counted_by_the_next_runs(make_reading):
    make_reading(today_at(0) - 2 * DAY)

    assert [aggregates.refresh(budget_s=0) for _ in range(3)] == [1, 1, 1]
    assert CountedDay.objects.count() == 1, "today came first, each time"

    aggregates.refresh()
    assert CountedDay.objects.count() == 3


def test_past_days_rest_until_something_in_them_changes(make_reading):
    early = make_reading(today_at(0) - 5 * DAY).submission
    make_reading(today_at(0) - 3 * DAY)
    count_all_long_after(hours=2)
    began = timezone.now()

    early.review(label="7", by=None)
    early.audited_at = early.reviewed_at
    early.save()
    aggregates.refresh()

    counted = days_counted_since(began)
    # Yesterday was counted before its end where this runs within two hours of midnight.
    assert counted - {aggregates.today() - DAY} == {
        aggregates.today(),
        aggregates.today() - 5 * DAY,
    }
    assert count_of(aggregates.today() - 5 * DAY).num_right == 1


def test_a_day_that_was_counted_before_its_end_is_counted_again(make_reading):
    yesterday = aggregates.today() - DAY
    make_reading(today_at(0) - timedelta(minutes=1))
    aggregates.refresh()
    CountedDay.objects.filter(day=yesterday).update(
        counted_at=aggregates.begin_of(aggregates.today()) - timedelta(seconds=30)
    )
    DayCount.objects.filter(day=yesterday).delete()

    aggregates.refresh()

    assert count_of(yesterday).verdicts == {"digit": 1}


def test_everything_is_counted_anew_within_a_day_as_reviews_taken_back(make_reading):
    row = make_reading(today_at(0) - 5 * DAY, label="7").submission
    count_all_long_after(hours=23)
    row.review(label="", by=None)
    row.save()

    aggregates.refresh()
    assert count_of(aggregates.today() - 5 * DAY).num_audited == 1

    CountedDay.objects.update(counted_at=timezone.now() - timedelta(hours=25))
    aggregates.refresh()
    assert count_of(aggregates.today() - 5 * DAY).num_audited == 0


def test_a_run_with_nothing_new_asks_the_same_few_questions_however_many_days(
    make_reading, django_assert_max_num_queries
):
    make_reading(today_at(0) - 60 * DAY)
    aggregates.refresh()
    CountedDay.objects.filter(day=aggregates.today() - DAY).update(counted_at=timezone.now())

    with django_assert_max_num_queries(20):
        aggregates.refresh()


def test_counting_finds_its_rows_by_index(make_reading):
    make_reading(today_at(0) - DAY, label="7")
    with CaptureQueriesContext(connection) as queries:
        aggregates.refresh()

    assert len(queries) > 10
    assert scans_in(queries) == []


# --- Bins and intervals ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "place"), [(0.0, 0), (0.0499, 0), (0.05, 1), (0.95, 19), (1.0, 19)]
)
def test_confidences_fall_into_bins_of_5_percent(confidence, place):
    assert aggregates.confidence_bin(confidence) == place


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("typical_ms", [0.3, 8.0, 2_000.0])
def test_quantiles_of_latencies_are_at_most_3_percent_off(share, typical_ms):
    latencies = np.random.default_rng(7).lognormal(np.log(typical_ms), 0.6, 5_000)
    counts = aggregates.Counts()
    for latency_ms in latencies:
        counts.add_reading("digit", 0.9, float(latency_ms))

    found = aggregates.latency_quantile(counts.latencies, share)

    assert found == pytest.approx(np.quantile(latencies, share, method="inverted_cdf"), rel=0.03)


def test_without_readings_there_is_no_quantile():
    assert aggregates.latency_quantile({}, 0.5) is None


@pytest.mark.parametrize("latency_ms", [0.0, -1.0, 1e9])
def test_a_latency_beyond_the_bins_falls_into_the_first_or_the_last(latency_ms):
    place = aggregates.latency_bin(latency_ms)
    assert aggregates.latency_bin(0.05) <= place <= aggregates.latency_bin(600_000)


@pytest.mark.parametrize(("num_right", "num"), [(9, 10), (0, 10), (10, 10), (970, 1000)])
def test_wilsons_interval_ends_where_the_share_found_is_196_deviations_away(num_right, num):
    """As he defines it: of each end p, the share found is z √(p (1 − p) / n) off."""
    share = num_right / num

    low, high = aggregates.wilson(num_right, num)

    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        deviation = (end * (1 - end) / num) ** 0.5
        assert abs(share - end) == pytest.approx(1.959964 * deviation)
