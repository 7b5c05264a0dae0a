"""The long lists: pages, orders and counts that are exact, or say that they are not."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recognizer.admin import counts, filters
from recognizer.models import ModelVersion, Prediction, Submission

SUBMISSIONS = "/admin/recognizer/submission/"
PREDICTIONS = "/admin/recognizer/prediction/"
BOTH = pytest.mark.parametrize("address", [SUBMISSIONS, PREDICTIONS])
FIRST = datetime(2026, 9, 1, tzinfo=UTC)
PER_PAGE = 25


@pytest.fixture
def few_counted(monkeypatch):
    """Count no further than 100 rows, as 10,000 on a real site."""
    monkeypatch.setattr(counts, "COUNTED", 100)


@pytest.fixture
def make_rows(db):
    """Make so many submissions and served predictions, one an hour; give the oldest first.

    Every second one is unsure; no file is behind them.
    """
    version = ModelVersion.objects.create(
        number=1, name="tiny", file="x", sha256="0" * 64, size_bytes=1, status="ready"
    )

    def make(num: int) -> list[Submission]:
        rows, readings = [], []
        for place in range(num):
            row = Submission(source="drawn", digit=b"\0" * 784)
            reading = Prediction(
                submission=row,
                version=version,
                verdict=("digit", "unsure")[place % 2],
                digit=place % 10,
                confidence=place / 1000,
                probabilities=[0.1] * 10,
                latency_ms=1.5,
            )
            row.created_at = reading.created_at = FIRST + timedelta(hours=place)
            row.note_served(reading)
            rows.append(row)
            readings.append(reading)
        Submission.objects.bulk_create(rows)
        Prediction.objects.bulk_create(readings)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return rows

    return make


def changelist(client, address: str = SUBMISSIONS, **query):
    return client.get(address, query).context["cl"]


def submissions_of(client, address: str = SUBMISSIONS, **query) -> list:
    """The submissions' ids of a page, in its order."""
    field = "pk" if address == SUBMISSIONS else "submission_id"
    return [getattr(row, field) for row in changelist(client, address, **query).result_list]


def plan_of(query: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query}")
        return str(cursor.fetchall())


def newest_first(rows: list[Submission]) -> list:
    return [row.pk for row in reversed(rows)]


@BOTH
def test_a_list_needs_as_many_queries_however_long_it_is(admin_client, make_rows, address):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(address)
        return len(captured)

    make_rows(30)  # more than a page
    few = queries()
    make_rows(200)

    assert queries() == few


@BOTH
@pytest.mark.parametrize("number", [1, 2, 4, 5])
def test_each_page_has_its_rows(admin_client, make_rows, few_counted, address, number):
    expected = newest_first(make_rows(230))[(number - 1) * PER_PAGE : number * PER_PAGE]

    assert submissions_of(admin_client, address, p=number) == expected


def test_a_page_past_the_end_is_the_last_one(admin_client, make_rows, few_counted):
    expected = newest_first(make_rows(130))[125:]

    for query in ({"p": 99}, {"p": "9" * 30}, {"p": 99, "source__exact": "drawn"}):
        assert submissions_of(admin_client, **query) == expected
    assert changelist(admin_client, p=99).page_num == 6


def test_deep_pages_go_by_a_count_of_a_minute_and_lose_no_row(
    admin_client, make_rows, few_counted, monkeypatch
):
    clock = iter([0.0, 30.0, 59.0, 60.0])
    monkeypatch.setattr(counts, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    make_rows(230)

    assert changelist(admin_client, p=10).result_count == 230
    make_rows(30)
    assert changelist(admin_client, p=10).result_count == 230
    oldest = submissions_of(admin_client, p=99)  # of the last page that is known of
    assert changelist(admin_client, p=10).result_count == 260

    expected = Submission.objects.order_by("-created_at", "-pk").values_list("pk", flat=True)
    assert oldest == list(expected)[-5:]


def test_the_pages_before_and_after_are_offered(admin_client, make_rows):
    make_rows(130)

    def words(number: int) -> str:
        return admin_client.get(SUBMISSIONS, {"p": number}).content.decode()

    assert 'href="?p=2" rel="next"' in words(1)
    assert 'rel="prev"' not in words(1)
    assert 'href="?p=1" rel="prev"' in words(2)
    assert 'href="?p=3" rel="next"' in words(2)
    assert 'rel="next"' not in words(6)


def test_few_rows_are_counted(admin_client, make_rows, few_counted):
    make_rows(100)

    found = changelist(admin_client)

    assert (found.result_count, str(found.result_count)) == (100, "100")
    assert "estimated" not in admin_client.get(SUBMISSIONS).content.decode()


@BOTH
def test_many_rows_of_a_filter_are_not_counted_and_the_page_says_so(
    admin_client, make_rows, few_counted, address
):
    make_rows(230)

    words = admin_client.get(address, {"verdict": "unsure"}).content.decode()

    expected = {"sqlite": "100+", "postgresql": "about 115"}[connection.vendor]
    assert f"{expected} " in words
    assert ", estimated" in words


def test_the_pages_of_an_uncounted_list_go_on_to_its_end(admin_client, make_rows, few_counted):
    rows = make_rows(470)
    expected = [row.pk for row in reversed(rows) if row.served_verdict == "unsure"]

    pages, number = [], 1
    while True:
        words = admin_client.get(SUBMISSIONS, {"verdict": "unsure", "p": number}).content.decode()
        pages += submissions_of(admin_client, verdict="unsure", p=number)
        if 'rel="next"' not in words:
            break
        number += 1

    assert pages == expected
    assert changelist(admin_client, verdict="unsure", p=number).result_count == 235


def test_a_list_is_sorted_by_one_column_and_then_by_date(admin_client, make_rows):
    rows = make_rows(60)
    by_digit = sorted(rows, key=lambda row: (row.served_digit, -row.created_at.timestamp()))

    assert submissions_of(admin_client, o="2") == [row.pk for row in by_digit][:PER_PAGE]
    assert submissions_of(admin_client, o="-2") == [row.pk for row in reversed(by_digit)][:PER_PAGE]
    assert submissions_of(admin_client, o="2.-3") == submissions_of(admin_client, o="2")
    assert submissions_of(admin_client, o="99") == newest_first(rows)[:PER_PAGE]


def test_a_sorted_list_offers_pages_as_far_as_rows_are_counted(
    admin_client, make_rows, few_counted
):
    make_rows(470)

    assert changelist(admin_client).paginator.num_pages == 19
    assert changelist(admin_client, o="-3").paginator.num_pages == 4
    assert changelist(admin_client, o="-3", p="4").paginator.num_pages == 5  # the next one always


@pytest.mark.parametrize("common", [10, 1000])
@pytest.mark.parametrize(("verdict", "num"), [("unsure", 25), ("several", 0)])
def test_a_range_of_confidence_is_found_whether_many_or_few_are_in_it(
    admin_client, make_rows, monkeypatch, common, verdict, num
):
    monkeypatch.setattr(filters, "COMMON", common)
    rows = make_rows(100)
    expected = [row for row in reversed(rows) if row.served_verdict == verdict][:num]

    found = submissions_of(admin_client, verdict=verdict, confidence="0-50")

    assert found == [row.pk for row in expected]


def test_the_few_that_were_decided_on_are_found_among_the_many(admin_client, make_rows):
    rows = make_rows(60)
    unsure = [row for row in rows if row.served_verdict == "unsure"]
    Submission.objects.filter(pk__in=[rows[0].pk, unsure[0].pk]).update(review_state="second_look")

    with CaptureQueriesContext(connection) as captured:
        found = submissions_of(admin_client, review_state__exact="second_look", verdict="unsure")

    assert found == [unsure[0].pk]
    if connection.vendor == "sqlite":  # it takes the index of a condition that the query repeats
        [query] = [q["sql"] for q in captured if "LIMIT 26" in q["sql"]]
        assert "submission_decided" in plan_of(query)
    assert len(submissions_of(admin_client, review_state__exact="pending", verdict="digit")) == 25


@BOTH
def test_a_beginning_is_searched_from_three_characters_on(admin_client, make_rows, address):
    [row] = make_rows(1)

    assert submissions_of(admin_client, address, q=row.pk.hex[:3]) == [row.pk]
    assert submissions_of(admin_client, address, q=row.pk.hex[:2]) == []


def test_an_action_on_all_decides_all_however_they_were_counted(
    admin_client, make_rows, few_counted
):
    make_rows(230)
    data = {"action": "label_as_4", "select_across": "1", "index": "0"}
    ticked = submissions_of(admin_client, verdict="unsure")[:1]

    admin_client.post(f"{SUBMISSIONS}?verdict=unsure", data | {"_selected_action": ticked})

    labelled = Submission.objects.filter(label="4")
    assert labelled.count() == 115
    assert set(labelled.values_list("served_verdict", flat=True)) == {"unsure"}


def test_a_label_is_saved_from_a_deep_page(admin_client, make_rows, few_counted):
    make_rows(230)
    page = submissions_of(admin_client, p=4)
    data = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "Save"}
    chosen = {"form-0-id": page[7], "form-0-label": "3", "initial-form-0-label": ""}

    admin_client.post(f"{SUBMISSIONS}?p=4", data | chosen)

    assert [row.pk for row in Submission.objects.exclude(label="")] == [page[7]]


@BOTH
def test_the_dates_from_first_to_last_are_offered(admin_client, make_rows, address):
    make_rows(40 * 24)  # from 1 September to 10 October

    def links(**query) -> str:
        words = admin_client.get(address, query).content.decode()
        return words[words.index('class="toplinks"') :].partition("</nav>")[0]

    assert "September 2026" in links()
    assert "October 2026" in links()
    assert "November" not in links()
    october = links(created_at__year=2026, created_at__month=10)
    assert "October 10" in october
    assert "October 11" not in october
    assert "2026" in october, "the way back"


def test_a_list_without_rows_has_no_dates(admin_client, db):
    assert 'class="toplinks"' not in admin_client.get(SUBMISSIONS).content.decode()


@BOTH
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"verdict": "unsure", "digit": "3"}, lambda row: row.served_digit == 3),
        ({"digit": "4"}, lambda row: row.served_digit == 4),
        ({"confidence": "0-50"}, lambda row: row.served_confidence < 0.5),
        ({"confidence": "50-80"}, lambda row: row.served_confidence >= 0.5),
    ],
)
def test_a_filter_finds_exactly_what_it_says(admin_client, make_rows, address, query, wanted):
    rows = make_rows(520)
    expected = [row.pk for row in reversed(rows) if wanted(row)]

    pages = [submissions_of(admin_client, address, p=n, **query) for n in range(1, 23)]
    found = list(dict.fromkeys(pk for page in pages for pk in page))

    assert found == expected
