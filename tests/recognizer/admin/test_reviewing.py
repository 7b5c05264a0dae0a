"""The review page and what its script asks for; progress, agreement and confusion."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from recognizer import aggregates
from recognizer.models import LabelChange, Lease, ModelVersion, Prediction, Submission, Way
from tests.recognizer.admin.test_versions import make_another

REVIEW = "/admin/recognizer/submission/review/"
LIST = "/admin/recognizer/submission/"
State = Submission.ReviewState
UNSURE = {"verdict": "unsure", "confidence": 0.5}


@pytest.fixture
def reviewer(client_who_may) -> Client:
    return client_who_may("view_submission", "change_submission", username="reviewer")


@pytest.fixture
def other_reviewer(client_who_may) -> Client:
    return client_who_may("view_submission", "change_submission", username="other")


def items_of(client: Client, **query) -> list[dict]:
    return client.get(REVIEW, query).context["data"]["items"]


def decide(client: Client, item: dict, label: str, lane: str = "uncertain", have: str = ""):
    said = {"id": item["id"], "label": label, "lane": lane, "have": have}
    return client.post(f"{REVIEW}decide/", said | {"seen": item["seen"]})


def read_as_one(row: Submission, version: ModelVersion, role: str) -> None:
    """Store that a version which does not serve reads a 1, surely."""
    Prediction.objects.create(
        submission=row,
        version=version,
        role=role,
        verdict="digit",
        digit=1,
        confidence=0.99,
        probabilities=[0.1] * 10,
        latency_ms=1.0,
    )


def test_the_page_has_the_first_and_the_next_three(reviewer, make_submission):
    rows = [make_submission(**UNSURE) for _ in range(6)]

    items = items_of(reviewer)

    assert [item["id"] for item in items] == [str(row.pk) for row in rows[:1:-1]]
    assert Lease.objects.filter(reviewer=reviewer.user).count() == 4
    assert items[0]["agreed"] == "7"
    assert len(items[0]["bars"]) == 10


def test_it_shows_the_first_lane_that_holds_anything(reviewer, make_submission):
    row = make_submission(is_audit=True)

    assert [item["id"] for item in items_of(reviewer)] == [str(row.pk)]
    assert items_of(reviewer, lane="uncertain") == []
    assert len(items_of(reviewer, lane="nonsense")) == 1


def test_it_says_why_to_look_but_not_in_the_audit(reviewer, make_submission, active_version):
    other = make_another(active_version, name="other")
    for row in (make_submission(claim=1), make_submission(claim=1, is_audit=True)):
        read_as_one(row, other, role="shadow")

    [uncertain] = items_of(reviewer, lane="uncertain")
    [audit] = items_of(reviewer, lane="audit")

    share = "99.0\N{NO-BREAK SPACE}%"
    assert uncertain["facts"] == [
        "The visitor says it is a 1.",
        f"v2 other reads 1 (digit, {share}).",
    ]
    assert audit["facts"] == []


def test_a_decision_brings_what_comes_next(reviewer, make_submission):
    last = make_submission(**UNSURE)
    rows = [make_submission(**UNSURE) for _ in range(4)]
    first, *others = items_of(reviewer)

    answer = decide(reviewer, first, "3", have=",".join(item["id"] for item in others)).json()

    assert answer["change"] == LabelChange.objects.get().pk
    assert [item["id"] for item in answer["items"]] == [str(last.pk)]
    labelled = Submission.objects.reviewed().get()
    assert (labelled, labelled.label, labelled.reviewed_by) == (rows[3], "3", reviewer.user)


def test_two_reviewers_work_beside_each_other(reviewer, other_reviewer, make_submission):
    for _ in range(6):
        make_submission(**UNSURE)

    ours, theirs = items_of(reviewer), items_of(other_reviewer)

    assert len(ours) + len(theirs) == len({item["id"] for item in ours + theirs}) == 6


def test_what_somebody_decided_meanwhile_is_said(reviewer, other_reviewer, make_submission):
    make_submission(**UNSURE)
    [item] = items_of(reviewer)
    decide(other_reviewer, item, "5")

    answer = decide(reviewer, item, "3")

    assert answer.status_code == 409
    assert "Meanwhile other labelled it “5”" in answer.json()["problem"]
    assert answer.json()["items"] == []


def test_what_was_deleted_meanwhile_is_said(reviewer, make_submission):
    row = make_submission(**UNSURE)
    [item] = items_of(reviewer)
    row.delete()

    answer = decide(reviewer, item, "3")

    assert (answer.status_code, answer.json()["problem"]) == (404, "Meanwhile it was deleted.")


def test_undoing_gives_it_back_to_the_page(reviewer, other_reviewer, make_submission):
    make_submission(**UNSURE)
    [item] = items_of(reviewer)
    change = decide(reviewer, item, "3").json()["change"]

    answer = reviewer.post(f"{REVIEW}undo/", {"change": change}).json()

    assert answer == {"change": LabelChange.objects.get(way=Way.UNDO).pk}
    assert Submission.objects.reviewed().count() == 0
    assert items_of(other_reviewer) == []  # it is leased again
    assert items_of(reviewer) == [item]
    again = reviewer.post(f"{REVIEW}undo/", {"change": change})
    assert again.json() == answer  # sent once more, since nobody answered
    decide(other_reviewer, item, "5")
    late = reviewer.post(f"{REVIEW}undo/", {"change": change})
    assert late.status_code == 409


def test_what_is_undone_counts_on_no_day(reviewer, make_submission):
    make_submission(**UNSURE)
    [item] = items_of(reviewer)
    change = decide(reviewer, item, "3").json()["change"]
    LabelChange.objects.update(changed_at=timezone.now() - timedelta(days=1))
    reviewer.post(f"{REVIEW}undo/", {"change": change})

    [row] = progress(reviewer)["reviewers"]

    assert (row["num_today"], row["num_week"], row["num_all"]) == ("0", "0", "0")
    assert reviewer.get(REVIEW).context["today"] == 0


def test_after_many_undos_a_decision_is_still_taken(reviewer, make_submission):
    for _ in range(12):
        make_submission(**UNSURE)
    have = ",".join(str(pk) for pk in Submission.objects.values_list("pk", flat=True)[:11])
    item = items_of(reviewer)[0]

    answer = decide(reviewer, item, "3", have=have)

    assert (answer.status_code, answer.json()["items"]) == (200, [])


def test_what_was_skipped_does_not_come_again_but_to_others(
    reviewer, other_reviewer, make_submission
):
    make_submission(**UNSURE)
    [item] = items_of(reviewer)

    reviewer.post(f"{REVIEW}skip/", {"lane": "uncertain", "id": item["id"]})

    assert items_of(reviewer) == []
    assert items_of(other_reviewer) == [item]


def test_more_comes_when_asked_for(reviewer, make_submission):
    make_submission(**UNSURE)

    answer = reviewer.post(f"{REVIEW}next/", {"lane": "uncertain", "have": ""}).json()

    assert len(answer["items"]) == 1


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"lane": "nonsense"}, "lane:"),
        ({"label": "12"}, "label:"),
        ({"id": "1"}, "id:"),
        ({"have": "x,y"}, "Expected ids"),
        ({"seen": ""}, "seen:"),
    ],
)
def test_what_no_script_of_ours_sends_is_refused_in_words(
    reviewer, make_submission, said, expected
):
    row = make_submission(**UNSURE)
    good = {"lane": "uncertain", "label": "3", "id": row.pk, "have": "", "seen": " pending "}

    answer = reviewer.post(f"{REVIEW}decide/", good | said)

    assert answer.status_code == 400
    assert expected in answer.json()["problem"]
    assert not LabelChange.objects.exists()


def test_review_is_for_those_who_may_change_submissions(client_who_may, make_submission):
    make_submission(**UNSURE)
    viewer = client_who_may("view_submission")

    assert viewer.get(REVIEW).status_code == 403
    for name in ("next", "decide", "undo", "skip"):
        assert viewer.post(f"{REVIEW}{name}/").status_code == 403
    assert viewer.get(f"{REVIEW}progress/").status_code == 200
    assert REVIEW not in viewer.get("/admin/").content.decode()
    assert f'"{REVIEW}"' not in viewer.get(LIST).content.decode()
    assert Client().get(REVIEW).status_code == 302


def test_asking_is_get_and_deciding_is_post(reviewer, db):
    assert reviewer.post(REVIEW).status_code == 405
    assert reviewer.get(f"{REVIEW}decide/").status_code == 405


def test_the_page_costs_the_same_however_many_wait(
    reviewer, make_submission, django_assert_max_num_queries
):
    for _ in range(20):
        make_submission(claim=1, **UNSURE)

    # session, user, its rights, four lanes, six to take, others' readings, today, transaction
    with django_assert_max_num_queries(18):
        reviewer.get(REVIEW)


# --- Progress -------------------------------------------------------------------------------------


def progress(client: Client, **query) -> Any:
    return client.get(f"{REVIEW}progress/", query).context


def test_progress_tells_what_each_has_decided_without_what_was_taken_back(
    reviewer, other_reviewer, make_submission
):
    for _ in range(3):
        make_submission(**UNSURE)
    first, second, third = items_of(reviewer)
    decide(reviewer, first, "3")
    change = decide(reviewer, second, "3").json()["change"]
    reviewer.post(f"{REVIEW}undo/", {"change": change})
    decide(other_reviewer, third, "3")
    LabelChange.objects.filter(changed_by=other_reviewer.user).update(
        changed_at=timezone.now() - timedelta(days=30)
    )

    rows = progress(reviewer)["reviewers"]

    columns = ("name", "num_today", "num_week", "num_all")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("other", "0", "0", "1"),
        ("reviewer", "1", "1", "1"),
    ]
    assert reviewer.get(REVIEW).context["today"] == 1


def test_agreement_is_counted_of_what_others_had_labelled(
    reviewer, other_reviewer, make_submission
):
    for label in ("3", "3", "5"):
        make_submission(
            label="3",
            review_state=State.REVIEWED,
            reviewed_at=timezone.now(),
            reviewed_by=other_reviewer.user,
            suspicion=0.5,
        )
        [item] = items_of(reviewer, lane="suspect")
        decide(reviewer, item, label, lane="suspect")

    [row] = progress(reviewer)["reviewers"]

    assert row["num_compared"] == "3"
    assert row["agreement"] == "66.7\N{NO-BREAK SPACE}%"


def test_accuracy_in_the_field_is_of_the_audit_alone(reviewer, make_submission):
    for _ in range(4):
        make_submission(is_audit=True)
    make_submission(**UNSURE)
    for item, label in zip(items_of(reviewer, lane="audit"), "7771", strict=True):
        decide(reviewer, item, label, lane="audit")
    decide(reviewer, items_of(reviewer, lane="uncertain")[0], "1")
    aggregates.refresh()

    [row] = progress(reviewer)["accuracies"]

    assert row[:3] == ["v1 tiny", "4", "3"]
    low, high = aggregates.wilson(3, 4)
    assert row[4] == f"{100 * low:.1f}\N{NO-BREAK SPACE}% – {100 * high:.1f}\N{NO-BREAK SPACE}%"


def test_a_cell_of_the_confusion_opens_its_images(reviewer, make_submission, version):
    reviewed = {"review_state": State.REVIEWED, "reviewed_at": timezone.now()}
    wrong = make_submission(label="1", digit=7, **reviewed)
    make_submission(label="7", digit=7, **reviewed)
    letter = make_submission(label="not_a_digit", verdict="not_a_digit", digit=4, **reviewed)

    for query in ({}, {"version": version.pk}):
        context = progress(reviewer, **query)
        cell = context["confusion"][1][7]
        kinds = {row["name"]: row["cells"] for row in context["kinds"]}
        none = kinds["not a digit"][2]
        digits = kinds["a digit"][0]

        assert (cell["count"], none["count"], digits["count"]) == (1, 1, 2)
        assert rows_at(reviewer, cell["url"]) == {wrong.pk}
        assert rows_at(reviewer, none["url"]) == {letter.pk}
        assert len(rows_at(reviewer, digits["url"])) == 2


def rows_at(client: Client, url: str) -> set:
    return {row.pk for row in client.get(url).context["cl"].result_list}


def test_without_anything_decided_it_says_how_to_begin(reviewer):
    words = reviewer.get(f"{REVIEW}progress/").content.decode()

    assert "Nobody has decided anything yet" in words
    assert "Nothing was audited yet" in words
    assert "Nothing is labelled yet" in words


# --- The list -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"lane": "uncertain"}, UNSURE),
        ({"lane": "audit"}, {"is_audit": True}),
        ({"lane": "audited"}, {"audited_at": timezone.now()}),
        (
            {"lane": "second_look"},
            {"label": "4", "review_state": State.SECOND_LOOK, "reviewed_at": timezone.now()},
        ),
        (
            {"lane": "suspect"},
            {
                "label": "4",
                "review_state": State.REVIEWED,
                "reviewed_at": timezone.now(),
                "suspicion": 0.4,
            },
        ),
        ({"claim": "other"}, {"claim": 1}),
        ({"claim": "same"}, {"claim": 7}),
        ({"source__exact": "imported"}, {"source": "imported"}),
    ],
)
def test_the_list_is_filtered_by_lane_and_claim(reviewer, make_submission, query, fields):
    make_submission()
    wanted = make_submission(**fields)

    assert {row.pk for row in reviewer.get(LIST, query).context["cl"].result_list} == {wanted.pk}


@pytest.mark.parametrize(
    ("query", "others"),
    [
        ({"verdict": "unsure"}, {"verdict": "not_a_digit"}),
        ({"digit": "3"}, {"digit": 4}),
        ({"confidence": "50-80"}, {"confidence": 0.4}),
        ({"source__exact": "api"}, {"source": "drawn"}),
    ],
)
def test_a_lane_is_filtered_further(reviewer, make_submission, query, others):
    fields = {**UNSURE, "digit": 3, "source": "api"}
    wanted = make_submission(**fields)
    make_submission(**fields | others)  # of the lane
    make_submission(digit=3, source="api", confidence=0.6)  # not of it

    shown = reviewer.get(LIST, query | {"lane": "uncertain"}).context["cl"].result_list

    assert {row.pk for row in shown} == {wanted.pk}


def test_a_lane_is_filtered_by_version(reviewer, make_submission, version):
    other = make_another(version, name="other")
    make_submission(**UNSURE)
    wanted = make_submission(version=other, **UNSURE)

    shown = reviewer.get(LIST, {"lane": "uncertain", "version": other.pk}).context["cl"].result_list

    assert {row.pk for row in shown} == {wanted.pk}


def test_claims_are_accepted_in_bulk_and_what_was_left_is_said(
    reviewer, make_submission, active_version
):
    other = make_another(active_version, name="other")
    rows = [make_submission(claim=1) for _ in range(2)]
    read_as_one(rows[0], other, role="replay")

    chosen = {"action": "accept_claims", "_selected_action": [row.pk for row in rows]}
    words = reviewer.post(LIST, chosen, follow=True).content.decode()

    assert "1 claim accepted." in words
    assert "1 is read so by no other version" in words
    assert Submission.objects.reviewed().get() == rows[0]


def test_the_page_of_a_submission_tells_its_label_s_history(reviewer, make_submission):
    row = make_submission(**UNSURE)
    [item] = items_of(reviewer)
    decide(reviewer, item, "3")

    words = reviewer.get(f"{LIST}{row.pk}/change/").content.decode()

    assert "The label’s history" in words
    assert str(Way.UNCERTAIN.label) in words
