"""The panel and the charts on top of the admin's first page."""

import html
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recognizer import aggregates
from recognizer.admin import counts
from recognizer.models import Activation, CountedDay
from tests.conftest import scans_in
from tests.recognizer.admin.test_versions import make_another


def words(client) -> str:
    return client.get("/admin/").content.decode()


@pytest.mark.django_db
def test_without_a_version_it_says_what_to_do(admin_client):
    assert "/admin/recognizer/modelversion/add/" in words(admin_client)
    assert "None: visitors get no reading." in words(admin_client)


def test_with_versions_and_none_active_it_says_to_choose(admin_client, version):
    assert "Choose a version" in words(admin_client)


def test_it_names_what_serves_what_came_today_and_what_waits(admin_client, make_submission):
    for _ in range(3):
        make_submission()
    make_submission(created_at=timezone.now() - timedelta(days=2), review_state="second_look")

    shown = words(admin_client)

    assert "v1 tiny" in shown
    assert "mark-active" in shown
    assert shown.count(">3</a>") == 2
    assert "1 needs a second look." in shown


def test_it_shows_only_what_the_user_may_see(client_who_may, make_submission):
    make_submission()

    assert "Readings today" not in words(client_who_may("view_modelversion"))
    assert "Active version" not in words(client_who_may("view_submission", username="other"))


def test_its_links_lead_to_what_they_count(admin_client, make_submission):
    make_submission()
    make_submission(created_at=timezone.now() - timedelta(days=2))
    context = admin_client.get("/admin/").context

    today = context["today"].strftime("%Y-%m-%d %H:%M:%S%z")
    answer = admin_client.get("/admin/recognizer/submission/", {"created_at__gte": today})

    assert len(answer.context["cl"].result_list) == 1


# --- The charts -----------------------------------------------------------------------------------


def charts(client, days: str = "30") -> dict:
    """Give the charts of a page by name."""
    found = client.get("/admin/", {"days": days}).context["charts"]
    return {chart.name: chart for chart in found}


@pytest.fixture
def make_counted(make_submission):
    """Make readings of some days ago, and count them."""

    def make(num: int, days_ago: int = 0, **fields) -> None:
        at = timezone.now() - timedelta(days=days_ago)
        for _ in range(num):
            row = make_submission(created_at=at, **fields)
            row.predictions.update(created_at=at)
        aggregates.refresh()

    return make


def reviewed_as(label: str) -> dict:
    now = timezone.now()
    return {"label": label, "review_state": "reviewed", "reviewed_at": now, "audited_at": now}


@pytest.mark.django_db
def test_before_anything_was_counted_it_says_how_to_start_the_worker(admin_client):
    shown = words(admin_client)

    assert "Nothing was counted yet." in shown
    assert "<code>manage.py worker</code>" in shown
    assert "No readings in these days." in shown
    assert "<canvas" not in shown


@pytest.mark.parametrize(("minutes", "is_said"), [(2, False), (6, True)])
def test_old_counts_say_that_no_worker_counts(admin_client, make_counted, minutes, is_said):
    make_counted(1)
    counted_at = timezone.now() - timedelta(minutes=minutes)
    CountedDay.objects.update(counted_at=counted_at)

    shown = words(admin_client)

    assert ("Nothing was counted since." in shown) == is_said
    assert f"{counted_at:%H:%M}" in shown


def test_readings_a_day_are_told_by_verdict(admin_client, make_counted):
    make_counted(3)
    make_counted(1, verdict="unsure")
    make_counted(2, days_ago=3)

    chart = charts(admin_client)["verdicts"]

    by_name = {series["name"]: series["values"] for series in chart.series}
    assert (by_name["digit"][-1], by_name["digit"][-4], by_name["unsure"][-1]) == (3, 2, 1)
    assert sum(map(sum, by_name.values())) == 6
    assert chart.rows[0][1:-1] == ["3", "0", "1", "0", "0", "4"]
    assert "6 readings in 30 days" in chart.says


def test_each_chart_has_its_table_and_a_sentence(admin_client, make_counted):
    make_counted(2, **reviewed_as("7"))

    page = words(admin_client)

    found = charts(admin_client)
    assert list(found) == ["verdicts", "refusals", "latencies", "confidences", "accuracies"]
    for chart in found.values():
        assert len({len(chart.head), *map(len, chart.rows)}) == 1
        assert chart.says in html.unescape(page)
    assert page.count("<details>") == page.count("<canvas") == 5


@pytest.mark.parametrize(
    ("asked", "num"), [("7", 7), ("30", 30), ("90", 90), ("", 30), ("9999", 30), ("x", 30)]
)
def test_one_chooses_7_30_or_90_days(admin_client, make_counted, asked, num):
    make_counted(1)

    answer = admin_client.get("/admin/", {"days": asked})

    assert len(answer.context["charts"][0].labels) == num
    assert f'href="?days={num}#charts" aria-current="true"' in answer.content.decode()


def test_days_without_readings_have_no_share_and_no_latency(admin_client, make_counted):
    make_counted(3)
    make_counted(1, verdict="not_a_digit")

    found = charts(admin_client, "7")

    refused, _ = (series["values"] for series in found["refusals"].series)
    assert refused == [None] * 6 + [0.25]
    assert found["latencies"].series[0]["values"][:6] == [None] * 6
    assert found["latencies"].series[0]["values"][6] == pytest.approx(1.5, rel=0.03)


def test_accuracy_in_the_field_carries_its_interval(admin_client, make_counted):
    make_counted(9, **reviewed_as("7"))
    make_counted(1, **reviewed_as("1"))
    make_counted(1, **reviewed_as("not_a_digit"))

    chart = charts(admin_client)["accuracies"]

    assert chart.rows == [
        [
            "v1 tiny",
            "10",
            "9",
            "90.0\N{NO-BREAK SPACE}%",
            "59.6\N{NO-BREAK SPACE}% – 98.2\N{NO-BREAK SPACE}%",
        ]
    ]
    assert chart.series[1]["values"] == [0.9]


def test_the_newest_version_stands_first_in_accuracy(admin_client, make_counted, version):
    newer = make_another(version, name="newer")
    make_counted(1, **reviewed_as("7"))
    make_counted(1, version=newer, **reviewed_as("7"))

    assert charts(admin_client)["accuracies"].labels == ["v2 newer", "v1 tiny"]


def test_activations_are_marked_in_time_with_the_versions_name(admin_client, make_counted, version):
    make_counted(1)
    Activation.objects.update(activated_at=timezone.now() - timedelta(days=2))
    Activation.objects.create(
        version=version, activated_at=timezone.now() - timedelta(days=40), reason="too early"
    )

    chart = charts(admin_client)["verdicts"]

    assert chart.marks == [{"at": 27, "name": "v1 tiny", "short": "v1"}]
    assert [row[-1] for row in chart.rows[:4]] == ["", "", "v1 tiny", ""]


def test_a_script_in_a_versions_name_stays_words(admin_client, make_counted, version):
    type(version).objects.update(name="</script><script>alert(1)</script>")
    make_counted(1, **reviewed_as("7"))

    assert "<script>alert" not in words(admin_client)


def test_charts_are_for_those_who_may_see_submissions(client_who_may, make_counted):
    make_counted(1, **reviewed_as("7"))

    assert 'id="charts"' not in words(client_who_may("view_modelversion"))


def test_versions_are_named_to_those_who_may_see_them(client_who_may, make_counted):
    make_counted(1, **reviewed_as("7"))
    client = client_who_may("view_submission")

    found = charts(client)

    assert "accuracies" not in found
    assert found["verdicts"].marks == []
    assert "Activated" not in found["verdicts"].head
    assert "tiny" not in words(client)


def test_more_than_10000_are_said_to_be_many(admin_client, make_submission, monkeypatch):
    monkeypatch.setattr(counts, "COUNTED", 2)
    for _ in range(2):
        make_submission()
    assert words(admin_client).count(">2</a>") == 2

    make_submission()
    assert words(admin_client).count(">2+</a>") == 2


def test_it_asks_as_many_questions_however_many_days_and_versions(
    admin_client, make_counted, version
):
    make_counted(1, **reviewed_as("7"))
    words(admin_client)
    with CaptureQueriesContext(connection) as few:
        words(admin_client)
    for number in range(2, 6):
        other = type(version).objects.create(
            number=number, name="other", sha256=str(number) * 64, size_bytes=1, status="ready"
        )
        Activation.objects.create(version=other, activated_at=timezone.now())
        make_counted(1, days_ago=number, version=other, **reviewed_as("7"))

    with CaptureQueriesContext(connection) as many:
        words(admin_client)

    assert len(many) == len(few) <= 12


def test_no_question_goes_over_all_rows(admin_client, make_counted):
    make_counted(1, **reviewed_as("7"))

    with CaptureQueriesContext(connection) as queries:
        words(admin_client)

    assert scans_in(queries) == []
    touching = [q["sql"] for q in queries if '"recognizer_submission"' in q["sql"]]
    assert len(touching) == 3
    assert all(f"LIMIT {counts.COUNTED + 1}" in sql for sql in touching)
    assert not [q for q in queries if '"recognizer_prediction"' in q["sql"]]
