"""Labels set in the list, on the page and by actions: who, when, and the history of each."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model

from recognizer.models import Submission
from tests.recognizer.admin.test_submissions import LIST, page_of

State = Submission.ReviewState


@pytest.fixture
def reviewer(client_who_may):
    return client_who_may("view_submission", "change_submission", username="reviewer")


@pytest.fixture
def rival(db):
    return get_user_model().objects.create_user("rival")


def save_page(client, submission, *, label: str, seen: str = "", **fields):
    inline = {f"predictions-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
    return client.post(
        page_of(submission), {"label": label, "initial-label": seen} | inline | fields
    )


def save_list(client, *rows: tuple[Submission, str, str]):
    """Save the list with, for each row, the label that was seen and the one that was chosen."""
    data: dict[str, object] = {
        "form-TOTAL_FORMS": len(rows),
        "form-INITIAL_FORMS": len(rows),
        "_save": "Save",
    }
    for number, (row, seen, chosen) in enumerate(rows):
        data |= {
            f"form-{number}-id": row.pk,
            f"form-{number}-label": chosen,
            f"initial-form-{number}-label": seen,
        }
    return client.post(LIST, data)


def run(client, action: str, *rows: Submission):
    return client.post(LIST, {"action": action, "_selected_action": [row.pk for row in rows]})


def words_of(submission: Submission) -> list[str]:
    entries = LogEntry.objects.filter(object_id=submission.pk).order_by("pk")
    return [entry.get_change_message() for entry in entries]


def label_by(user, submission: Submission, label: str) -> None:
    submission.review(label=label, by=user)
    submission.save()


def test_a_label_on_the_page_sets_who_and_when_and_the_history(reviewer, submission):
    save_page(reviewer, submission, label="7")

    submission.refresh_from_db()
    assert (submission.label, submission.review_state) == ("7", State.REVIEWED)
    assert submission.reviewed_by == reviewer.user
    assert submission.reviewed_at is not None
    assert words_of(submission) == ["Labelled “7”."]


def test_a_label_in_the_list_sets_who_and_when_and_the_history(reviewer, make_submission):
    first, second = make_submission(), make_submission()

    save_list(reviewer, (first, "", "not_a_digit"), (second, "", ""))

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.label, first.reviewed_by) == ("not_a_digit", reviewer.user)
    assert second.review_state == State.PENDING
    assert words_of(first) == ["Labelled “not a digit”."]
    assert words_of(second) == []


def test_saving_a_list_seen_before_keeps_what_others_labelled_meanwhile(
    reviewer, rival, make_submission
):
    labelled, other = make_submission(), make_submission()
    label_by(rival, labelled, "3")

    save_list(reviewer, (labelled, "", ""), (other, "", "7"))

    labelled.refresh_from_db()
    assert (labelled.label, labelled.reviewed_by) == ("3", rival)


def test_a_label_against_one_set_meanwhile_is_asked_again(reviewer, rival, make_submission):
    row = make_submission()
    label_by(rival, row, "3")

    in_list = save_list(reviewer, (row, "", "5")).content.decode()
    on_page = save_page(reviewer, row, label="5").content.decode()

    row.refresh_from_db()
    assert row.label == "3"
    assert "Meanwhile rival labelled it “3”" in in_list
    assert "Meanwhile rival labelled it “3”" in on_page


def test_saving_without_a_decision_keeps_who_and_when(reviewer, rival, submission):
    label_by(rival, submission, "7")

    save_page(reviewer, submission, label="7", seen="7")

    submission.refresh_from_db()
    assert submission.reviewed_by == rival


def test_a_label_is_corrected_and_taken_back(reviewer, submission):
    save_page(reviewer, submission, label="7")
    save_page(reviewer, submission, label="1", seen="7")
    save_page(reviewer, submission, label="", seen="1")

    submission.refresh_from_db()
    assert (submission.label, submission.review_state) == ("", State.PENDING)
    assert (submission.reviewed_by, submission.reviewed_at) == (None, None)
    assert words_of(submission)[1:] == ["Labelled “1”, was “7”.", "Label “1” taken back."]


def test_a_second_look_is_asked_for_and_given(reviewer, submission):
    save_page(reviewer, submission, label="7", needs_second_look="on")
    submission.refresh_from_db()
    assert (submission.label, submission.review_state) == ("7", State.SECOND_LOOK)

    save_page(reviewer, submission, label="7", seen="7")
    submission.refresh_from_db()
    assert submission.review_state == State.REVIEWED
    assert words_of(submission) == [
        "Labelled “7”. Asked for a second look.",
        "Label “7” confirmed.",
    ]


def test_a_new_label_is_the_second_look_that_was_asked_for(reviewer, submission):
    save_page(reviewer, submission, label="7", needs_second_look="on")

    save_page(reviewer, submission, label="1", seen="7", needs_second_look="on")

    submission.refresh_from_db()
    assert (submission.label, submission.review_state) == ("1", State.REVIEWED)


@pytest.mark.parametrize(
    ("verdict", "num_parts", "label"),
    [("digit", 1, "7"), ("unsure", 1, "7"), ("several", 2, "several"), ("unsure", 2, "several")],
)
def test_agreeing_takes_the_reading_as_label(reviewer, make_submission, verdict, num_parts, label):
    part = {"digit": 7, "confidence": 0.6, "verdict": "unsure", "box": [0, 0, 9, 9]}
    row = make_submission(verdict=verdict, parts=[part] * num_parts)

    run(reviewer, "agree", row)

    row.refresh_from_db()
    assert (row.label, row.reviewed_by) == (label, reviewer.user)


def test_actions_decide_many_at_once(reviewer, make_submission):
    rows = [make_submission() for _ in range(3)]

    run(reviewer, "label_as_4", *rows)
    run(reviewer, "label_as_bad_image", rows[0])
    run(reviewer, "ask_second_look", rows[1])
    run(reviewer, "take_label_back", rows[2])

    decided = [Submission.objects.get(pk=row.pk) for row in rows]
    assert [(row.label, row.review_state) for row in decided] == [
        ("bad_image", State.REVIEWED),
        ("4", State.SECOND_LOOK),
        ("", State.PENDING),
    ]
    assert words_of(rows[0]) == ["Labelled “4”.", "Labelled “bad image”, was “4”."]


def test_an_action_that_decides_nothing_new_keeps_who_and_when(reviewer, rival, make_submission):
    row = make_submission()
    label_by(rival, row, "7")

    run(reviewer, "agree", row)

    row.refresh_from_db()
    assert row.reviewed_by == rival
    assert words_of(row) == []


def test_an_action_costs_the_same_however_many_it_decides(
    reviewer, make_submission, django_assert_max_num_queries
):
    rows = [make_submission() for _ in range(40)]

    with django_assert_max_num_queries(16):
        run(reviewer, "agree", *rows)
    assert Submission.objects.reviewed().count() == 40
    assert LogEntry.objects.count() == 40


def test_who_may_only_view_cannot_label(client_who_may, submission):
    client = client_who_may("view_submission")

    assert save_page(client, submission, label="3").status_code == 403
    save_list(client, (submission, "", "3"))
    run(client, "label_as_3", submission)

    submission.refresh_from_db()
    assert submission.label == ""
    words = client.get(LIST).content.decode()
    assert "label_as_3" not in words
    assert "<select" not in words
    assert 'type="radio"' not in client.get(page_of(submission)).content.decode()


def test_the_history_page_tells_all(reviewer, submission):
    save_page(reviewer, submission, label="7")

    words = reviewer.get(page_of(submission, "history")).content.decode()
    assert "Labelled “7”." in words
    assert "reviewer" in words
