"""Review: lanes, leases, decisions, undoing, claims."""

import threading
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recognizer import recognition, review
from recognizer.models import LabelChange, Lease, Prediction, Submission, Way
from recognizer.review import Lane, claims

State = Submission.ReviewState


@pytest.fixture
def anna(db):
    return get_user_model().objects.create_user("anna", is_staff=True)


@pytest.fixture
def ben(db):
    return get_user_model().objects.create_user("ben", is_staff=True)


def decide(row: Submission, label: str, by, lane=Lane.UNCERTAIN, seen: str = ""):
    seen = seen or review.Decision.on(row).revision
    return review.decide_one(row.pk, lane=lane, label=label, seen=seen, by=by)


def of(lane: Lane) -> list:
    return [row.pk for row in review.waiting(lane)]


def fresh(row: Submission) -> Submission:
    return Submission.objects.get(pk=row.pk)


# --- Lanes ----------------------------------------------------------------------------------------


def test_the_most_doubtful_come_first(make_submission):
    unsure = make_submission(verdict="unsure", confidence=0.6)
    none = make_submission(verdict="not_a_digit", confidence=0.2)
    contradicted = make_submission(confidence=0.99, claim=1)
    doubted = make_submission(confidence=0.98, shadow_disagrees=True)
    both = make_submission(verdict="unsure", confidence=0.6, claim=1, shadow_disagrees=True)
    make_submission(confidence=0.97)  # sure, and undisputed
    make_submission(confidence=0.97, claim=7)  # the visitor says so too

    expected = [both, doubted, contradicted, none, unsure]
    assert of(Lane.UNCERTAIN) == [row.pk for row in expected]
    assert fresh(both).doubt == pytest.approx(2.4)


def test_a_digit_that_was_claimed_where_none_or_several_were_read_is_contradicted(make_submission):
    row = make_submission(verdict="several", confidence=0.99, digit=7, claim=7)

    assert of(Lane.UNCERTAIN) == [row.pk]


def test_what_is_to_be_audited_waits_in_its_own_lane_alone(make_submission):
    older = make_submission(is_audit=True, verdict="unsure", confidence=0.5)
    newer = make_submission(is_audit=True)

    assert of(Lane.AUDIT) == [newer.pk, older.pk]
    assert of(Lane.UNCERTAIN) == []


def test_what_was_labelled_elsewhere_is_audited_all_the_same(make_submission, anna, ben):
    row = make_submission(is_audit=True)
    row.review(label="7", by=ben)
    row.save()
    assert of(Lane.AUDIT) == [row.pk]

    decide(row, "7", anna, Lane.AUDIT)

    assert of(Lane.AUDIT) == []
    assert Submission.objects.audited().get() == row


def test_a_label_that_is_taken_back_is_to_be_audited_again(make_submission, anna):
    row = make_submission(is_audit=True)
    decide(row, "7", anna, Lane.AUDIT)

    row = fresh(row)
    row.review(label="", by=anna)
    row.save()

    assert of(Lane.AUDIT) == [row.pk]


def test_second_looks_and_suspects_wait(make_submission):
    labelled = {"label": "7", "reviewed_at": timezone.now()}
    asked = make_submission(review_state=State.SECOND_LOOK, **labelled)
    plain = make_submission(review_state=State.REVIEWED, suspicion=0.9, **labelled)
    less = make_submission(review_state=State.REVIEWED, suspicion=0.4, **labelled)

    assert of(Lane.SECOND_LOOK) == [asked.pk]
    assert of(Lane.SUSPECT) == [plain.pk, less.pk]


def test_a_twentieth_is_chosen_by_chance_when_stored(active_version, drawing_png, settings):
    settings.DIGITS_AUDIT_SHARE = 1.0
    recognition.recognize(drawing=drawing_png, source="drawn")
    recognition.recognize(drawing=drawing_png, source="imported")

    assert list(Submission.objects.order_by("created_at").values_list("is_audit", flat=True)) == [
        True,
        False,  # nobody in the field sent it
    ]


def test_the_share_that_is_audited_is_the_one_that_was_set(active_version, settings):
    settings.DIGITS_AUDIT_SHARE = 0.05
    chosen = sum(recognition._is_audit("drawn") for _ in range(20_000))

    assert 800 < chosen < 1200  # 6 standard deviations


# --- Leases ---------------------------------------------------------------------------------------


def test_two_reviewers_never_get_the_same(make_submission, anna, ben):
    rows = {make_submission(verdict="unsure", confidence=0.5).pk for _ in range(6)}

    first = review.take(Lane.UNCERTAIN, reviewer=anna, num=4)
    second = review.take(Lane.UNCERTAIN, reviewer=ben, num=4)

    ours, theirs = {row.pk for row in first}, {row.pk for row in second}
    assert (len(ours), len(theirs)) == (4, 2)
    assert ours | theirs == rows


def test_one_gets_again_what_one_has_and_not_what_one_holds(make_submission, anna):
    rows = [make_submission(verdict="unsure", confidence=0.5) for _ in range(3)]

    review.take(Lane.UNCERTAIN, reviewer=anna, num=2)
    again = review.take(Lane.UNCERTAIN, reviewer=anna, num=2, without=[rows[2].pk])

    assert [row.pk for row in again] == [rows[1].pk, rows[0].pk]


def test_a_lease_ends_unless_it_is_renewed(make_submission, anna, ben):
    kept, left = (make_submission(verdict="unsure", confidence=0.5) for _ in range(2))
    review.take(Lane.UNCERTAIN, reviewer=anna, num=2)
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    review.renew([kept.pk], reviewer=anna)

    assert [row.pk for row in review.take(Lane.UNCERTAIN, reviewer=ben, num=4)] == [left.pk]
    assert Lease.objects.get(pk=left.pk).reviewer == ben


def test_what_one_skips_is_for_others(make_submission, anna, ben):
    row = make_submission(verdict="unsure", confidence=0.5)
    review.take(Lane.UNCERTAIN, reviewer=anna, num=1)

    review.release([row.pk], reviewer=anna)

    assert [one.pk for one in review.take(Lane.UNCERTAIN, reviewer=ben, num=1)] == [row.pk]


@pytest.mark.django_db(transaction=True)
def test_reviewers_who_ask_at_the_same_moment_share_them_out(make_submission):
    users = [get_user_model().objects.create_user(f"reviewer {n}") for n in range(4)]
    for _ in range(12):
        make_submission(verdict="unsure", confidence=0.5)
    found: dict[str, list] = {}
    start = threading.Barrier(len(users))

    def ask(user) -> None:
        start.wait()
        found[user.username] = [row.pk for row in review.take(Lane.UNCERTAIN, reviewer=user, num=3)]
        connection.close()

    threads = [threading.Thread(target=ask, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    given = [pk for ids in found.values() for pk in ids]
    assert len(given) == len(set(given)) == Lease.objects.count()
    assert len(given) >= 3  # PostgreSQL skips what another has locked; nobody waits


# --- Decisions ------------------------------------------------------------------------------------


def test_a_decision_labels_and_is_in_the_history(make_submission, anna):
    row = make_submission(verdict="unsure", confidence=0.5)
    review.take(Lane.UNCERTAIN, reviewer=anna, num=1)

    change = decide(row, "3", anna)

    row = fresh(row)
    assert (row.label, row.review_state, row.reviewed_by) == ("3", State.REVIEWED, anna)
    assert row.audited_at is None
    assert (change.label_before, change.label_after, change.way) == ("", "3", Way.UNCERTAIN)
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == ["Labelled “3”."]
    assert not Lease.objects.exists()
    assert of(Lane.UNCERTAIN) == []


def test_who_comes_too_late_is_told_who_was_first(make_submission, anna, ben):
    row = make_submission(verdict="unsure", confidence=0.5)
    decide(row, "3", anna)

    with pytest.raises(review.DecidedMeanwhile, match="Meanwhile anna labelled it “3”"):
        decide(row, "5", ben)
    assert fresh(row).label == "3"


@pytest.mark.parametrize("lane", [Lane.UNCERTAIN, Lane.AUDIT, Lane.SUSPECT])
def test_the_same_decision_sent_twice_is_made_once(make_submission, anna, ben, lane):
    labelled = {"label": "3", "reviewed_at": timezone.now(), "review_state": State.REVIEWED}
    is_new = lane == Lane.UNCERTAIN
    row = (
        make_submission(is_audit=True)
        if is_new
        else make_submission(is_audit=True, suspicion=0.5, reviewed_by=ben, **labelled)
    )
    seen = review.Decision.on(fresh(row)).revision

    first = decide(row, "3", anna, lane, seen)

    assert decide(row, "3", anna, lane, seen) == first
    assert LabelChange.objects.count() == 1
    review.undo(first.pk, by=anna)
    assert fresh(row).reviewed_by == (None if is_new else ben)


def test_who_saw_what_was_confirmed_since_does_not_overwrite_it(make_submission, anna, ben):
    labelled = {"label": "7", "reviewed_at": timezone.now(), "review_state": State.REVIEWED}
    row = make_submission(is_audit=True, **labelled)
    seen = review.Decision.on(fresh(row)).revision
    decide(row, "7", anna, Lane.AUDIT, seen)

    with pytest.raises(review.DecidedMeanwhile, match="Meanwhile anna labelled it “7”"):
        decide(row, "1", ben, Lane.AUDIT, seen)


def test_only_what_was_chosen_by_chance_is_audited(make_submission, anna):
    row = make_submission(verdict="unsure", confidence=0.5)

    decide(row, "7", anna, Lane.AUDIT)

    assert not Submission.objects.audited().exists()


def test_a_reviewer_holds_again_what_nobody_took_when_the_lease_ended(make_submission, anna, ben):
    mine, taken = (make_submission(verdict="unsure", confidence=0.5) for _ in range(2))
    review.lease([taken.pk], reviewer=ben)

    review.renew([mine.pk, taken.pk], reviewer=anna)

    holders = dict(Lease.objects.values_list("submission", "reviewer__username"))
    assert holders == {mine.pk: "anna", taken.pk: "ben"}


def test_agreement_with_another_reviewer_is_noted(make_submission, anna, ben):
    labelled = {"label": "7", "reviewed_at": timezone.now(), "review_state": State.REVIEWED}
    same, other = (make_submission(suspicion=0.5, reviewed_by=ben, **labelled) for _ in range(2))
    assert decide(same, "7", anna, Lane.SUSPECT).agrees is True
    assert decide(other, "1", anna, Lane.SUSPECT).agrees is False
    assert decide(make_submission(is_audit=True), "7", anna, Lane.AUDIT).agrees is None
    assert of(Lane.SUSPECT) == []


def test_undoing_gives_all_back(make_submission, anna, ben):
    before = timezone.now() - timedelta(days=1)
    row = make_submission(
        label="7", review_state=State.REVIEWED, reviewed_at=before, suspicion=0.5, reviewed_by=ben
    )
    change = decide(row, "1", anna, Lane.SUSPECT)

    review.undo(change.pk, by=anna)

    row = fresh(row)
    assert (row.label, row.reviewed_by, row.reviewed_at) == ("7", ben, before)
    assert row.suspicion == 0.5
    assert LabelChange.objects.get(way=Way.SUSPECT).undone_at is not None
    assert LabelChange.objects.latest("pk").way == Way.UNDO


def test_only_ones_own_last_word_is_undone(make_submission, anna, ben):
    row = make_submission(verdict="unsure", confidence=0.5)
    first = decide(row, "1", anna)
    with pytest.raises(review.NothingToUndo, match="nothing of yours"):
        review.undo(first.pk, by=ben)
    decide(fresh(row), "2", ben)

    with pytest.raises(review.NothingToUndo, match="decided since"):
        review.undo(first.pk, by=anna)
    assert fresh(row).label == "2"


def test_undoing_twice_is_undoing_once(make_submission, anna, ben):
    row = make_submission(verdict="unsure", confidence=0.5)
    change = decide(row, "1", anna)

    undone = review.undo(change.pk, by=anna)

    assert review.undo(change.pk, by=anna) == undone  # its answer was lost on the way
    assert LabelChange.objects.count() == 2
    decide(fresh(row), "2", ben)
    with pytest.raises(review.NothingToUndo):
        review.undo(change.pk, by=anna)


# --- Claims ---------------------------------------------------------------------------------------


@pytest.fixture
def other_version(active_version):
    return type(active_version).objects.create(
        number=9, name="other", sha256="9" * 64, size_bytes=1, status="ready"
    )


def support(row: Submission, version, digit: int, verdict: str = "digit") -> None:
    Prediction.objects.create(
        submission=row,
        version=version,
        role="replay",
        verdict=verdict,
        digit=digit,
        confidence=0.99,
        probabilities=[0.1] * 10,
        latency_ms=1.0,
    )


def test_a_claim_is_a_label_where_another_version_reads_it_too(
    make_submission, other_version, active_version, anna
):
    supported, alone, unsure, own, without = (make_submission(claim=1) for _ in range(5))
    Submission.objects.filter(pk=without.pk).update(claim=None)
    support(supported, other_version, 1)
    support(alone, other_version, 7)
    support(unsure, other_version, 1, verdict="unsure")
    support(own, active_version, 1)

    found = review.accept_claims(Submission.objects.all(), by=anna)

    assert found == review.Accepted(num=1, num_unsupported=3)
    assert fresh(supported).label == "1"
    assert list(Submission.objects.reviewed()) == [supported]
    assert LabelChange.objects.get().way == Way.CLAIM


def test_of_one_visitor_few_claims_are_accepted_earlier_ones_counted(
    make_submission, other_version, anna
):
    rows = [make_submission(claim=1, visitor_key="ab" * 16) for _ in range(4)]
    stranger = make_submission(claim=1, visitor_key="cd" * 16)
    for row in [*rows, stranger]:
        support(row, other_version, 1)
    review.accept_claims(Submission.objects.filter(pk=rows[3].pk), by=anna, per_visitor=2)

    found = review.accept_claims(Submission.objects.all(), by=anna, per_visitor=2)

    assert found == review.Accepted(num=2, num_over=2)
    accepted = {row.pk for row in Submission.objects.reviewed()}
    assert accepted == {rows[3].pk, rows[0].pk, stranger.pk}


def test_what_is_decided_while_claims_are_accepted_stays(
    make_submission, other_version, anna, ben, monkeypatch
):
    row = make_submission(claim=1)
    support(row, other_version, 1)
    used = claims._used

    def label_meanwhile(visitors):
        decide(row, "7", ben)
        return used(visitors)

    monkeypatch.setattr(claims, "_used", label_meanwhile)

    assert review.accept_claims(Submission.objects.all(), by=anna).num == 0
    assert fresh(row).label == "7"


def test_claims_are_accepted_batch_by_batch(make_submission, other_version, anna, monkeypatch):
    monkeypatch.setattr(claims, "BATCH", 2)
    rows = [make_submission(claim=1, visitor_key=f"{n:032x}") for n in range(5)]
    for row in rows[:3]:
        support(row, other_version, 1)

    found = review.accept_claims(Submission.objects.all(), by=anna)

    assert found == review.Accepted(num=3, num_unsupported=2)


def test_what_was_decided_is_not_decided_by_a_claim(make_submission, other_version, anna):
    row = make_submission(claim=1)
    support(row, other_version, 1)
    decide(row, "7", anna)

    assert review.accept_claims(Submission.objects.all(), by=anna) == review.Accepted()
    assert fresh(row).label == "7"


def test_many_are_locked_in_the_order_in_which_they_are_deleted(make_submission, anna):
    """Else a reviewer and a visitor may wait for each other until one is thrown out."""
    for _ in range(3):
        make_submission()

    with CaptureQueriesContext(connection) as queries:
        review.decide(
            Submission.objects.all(),
            by=anna,
            change=lambda row: row.review(label="7", by=anna),
            way=Way.PAGE,
        )

    [order] = [
        one["sql"].split("ORDER BY")[1]
        for one in queries
        if one["sql"].startswith("SELECT") and '."id" IN (' in one["sql"]
    ]
    table = '"recognizer_submission"'
    assert order.startswith(f' {table}."created_at" ASC, {table}."id" ASC')
