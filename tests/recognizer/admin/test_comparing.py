"""Versions side by side: figures, origins, labelled confusions, and the replay of two."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from recognizer import replay, tenures
from recognizer.models import Activation, ModelVersion, Submission
from tests.recognizer.admin.test_versions import LIST, make_another, page_of

COMPARE = f"{LIST}compare/"
ROLL_BACK = f"{LIST}roll-back/"
ACTIVATIONS = "/admin/recognizer/activation/"


@pytest.fixture
def candidate(active_version: ModelVersion) -> ModelVersion:
    return make_another(active_version, name="candidate")


@pytest.fixture
def outcome(monkeypatch):
    """Say what a replay finds."""

    def say(**found):
        monkeypatch.setattr(replay, "run", lambda *_, **_how: replay.Outcome(**found))

    return say


def changed(**values) -> replay.Changed:
    return replay.Changed(
        **{
            "label": 7,
            "candidate": 1,
            "baseline": 7,
            "candidate_confidence": 0.97,
            "baseline_confidence": 0.88,
        }
        | values
    )


def test_the_action_leads_to_the_page_with_all_that_were_ticked(
    admin_client, candidate, active_version
):
    data = {"action": "compare_selected", "_selected_action": [candidate.pk, active_version.pk]}
    answer = admin_client.post(LIST, data)

    assert parse_qs(urlsplit(answer.url).query) == {"v": ["1", "2"]}
    assert admin_client.get(answer.url).status_code == 200


@pytest.mark.parametrize("query", ["", "?v=1", "?v=1&v=x", "?v=1&v=99"])
def test_one_alone_is_not_compared(admin_client, active_version, query):
    answer = admin_client.get(f"{COMPARE}{query}", follow=True)

    assert "Compare two to four versions." in answer.content.decode()


def test_the_better_figure_of_each_row_is_marked(admin_client, candidate, active_version):
    ModelVersion.objects.filter(pk=candidate.pk).update(metrics={"test": {"accuracy": 0.99}})
    ModelVersion.objects.filter(pk=active_version.pk).update(
        metrics={"test": {"accuracy": 0.98}}, passport={"recipe": {"epochs": 4, "seed": 1}}
    )
    answer = admin_client.get(f"{COMPARE}?v=1&v=2")

    first = answer.context["figures"][0]
    assert [cell["is_best"] for cell in first["cells"]] == [False, True]
    assert [row["name"] for row in answer.context["origins"]][-2:] == ["epochs", "seed"]


def test_a_confusion_cell_opens_its_images(
    admin_client, candidate, make_submission, active_version
):
    reviewed = {
        "label": "1",
        "review_state": Submission.ReviewState.REVIEWED,
        "reviewed_at": timezone.now(),
    }
    wanted = make_submission(digit=7, **reviewed)
    make_submission(digit=1, **reviewed)
    make_submission(digit=7)  # not labelled
    [confusion] = admin_client.get(f"{COMPARE}?v=1&v=2").context["confusions"]

    cell = confusion["rows"][1][7]
    assert (confusion["version"], cell["count"]) == (active_version, 1)
    images = admin_client.get(cell["url"]).context["cl"].result_list
    assert [row.pk for row in images] == [wanted.pk]


def test_a_replay_shows_what_is_mended_and_broken(
    admin_client, candidate, submission, outcome, active_version
):
    outcome(
        num_fixed=1,
        num_broken=2,
        both_right=90,
        fixed=[changed(candidate=7, baseline=1, row=3)],
        broken=[changed(submission=str(submission.pk)), changed(row=0)],
    )
    answer = admin_client.get(page_of(candidate, "activate"))
    words = answer.content.decode()

    assert "It breaks more than it mends, though that may be chance." in words
    assert f"/readings/{submission.pk}/digit.png" in words
    assert f"{LIST}sample/3.png" in words
    assert "was 7, 88" in words
    png = admin_client.get(f"{LIST}sample/3.png")
    assert png["Content-Type"] == "image/png"
    assert admin_client.get(f"{LIST}sample/99999.png").status_code == 404


def test_what_breaks_more_is_asked_twice(admin_client, candidate, outcome, active_version):
    outcome(num_fixed=0, num_broken=1, broken=[changed(row=0)])
    page = page_of(candidate, "activate")

    answer = admin_client.post(page, {"reason": "try"})
    assert answer.context["form"].errors["is_sure"]
    assert ModelVersion.objects.active().get() == active_version

    admin_client.post(page, {"reason": "try", "is_sure": "on"})
    assert ModelVersion.objects.active().get() == candidate


def test_rolling_back_is_one_page(admin_client, admin_user, candidate, outcome, active_version):
    outcome(num_fixed=1)
    assert "nothing to roll back to" in admin_client.get(ROLL_BACK).content.decode()
    admin_client.post(page_of(candidate, "activate"), {"reason": "try"})

    assert "v1 tiny serves again" in admin_client.get(ROLL_BACK).content.decode()
    answer = admin_client.post(ROLL_BACK, {"reason": "it cannot read fours"})

    assert answer.url == page_of(active_version)
    made = Activation.objects.first()
    assert made is not None
    assert (made.version, made.activated_by) == (active_version, admin_user)


def test_rolling_back_needs_the_permission_to_activate(client_who_may, active_version):
    client = client_who_may("view_modelversion")

    assert client.post(ROLL_BACK, {"reason": "x"}).status_code == 403


def test_each_activation_tells_what_it_served(
    admin_client, candidate, make_submission, outcome, active_version
):
    outcome(num_fixed=1)
    reviewed = {"review_state": Submission.ReviewState.REVIEWED, "reviewed_at": timezone.now()}
    make_submission(digit=7, label="7", audited_at=timezone.now(), **reviewed)
    make_submission(digit=7, label="1", audited_at=timezone.now(), **reviewed)
    make_submission(digit=7, label="2", **reviewed)
    admin_client.post(page_of(candidate, "activate"), {"reason": "try"})
    make_submission(digit=3, version=candidate)

    assert "–" in admin_client.get(ACTIVATIONS).content.decode()  # not counted yet
    assert tenures.count() == 2
    later, first = Activation.objects.all()

    assert (first.num_served, first.num_audited, first.num_right) == (3, 2, 1)
    assert (later.num_served, later.num_audited, later.num_right) == (1, 0, 0)
    assert tenures.count() == 0  # nothing has changed
    words = admin_client.get(ACTIVATIONS).content.decode()
    assert "50.0" in words
    assert "of 2" in words
