"""The list of predictions: it shows all readings, leads to submissions, changes nothing."""

from recognizer.models import Prediction

LIST = "/admin/recognizer/prediction/"


def found(client, **query) -> set:
    return {row.pk for row in client.get(LIST, query).context["cl"].result_list}


def test_the_list_shows_the_reading_its_version_and_the_drawing(admin_client, submission):
    words = admin_client.get(LIST).content.decode()

    assert f'src="/readings/{submission.pk}/image.png"' in words
    assert 'loading="lazy"' in words
    assert f'href="/admin/recognizer/submission/{submission.pk}/change/"' in words
    assert f'<span class="numeral">{submission.served.digit}</span>' in words
    for expected in ("v1 tiny", "served", " ms", 'class="bar"'):
        assert expected in words


def test_the_list_is_filtered_by_role_and_version(admin_client, make_submission, active_version):
    row = make_submission()
    served = row.predictions.get()
    shadow = row.predictions.create(
        version=active_version,
        role=Prediction.Role.SHADOW,
        verdict="unsure",
        digit=1,
        confidence=0.6,
        probabilities=[0.1] * 10,
        latency_ms=2,
    )

    assert found(admin_client, role__exact="shadow") == {shadow.pk}
    assert found(admin_client, role__exact="served") == {served.pk}
    assert found(admin_client, verdict="unsure") == {shadow.pk}
    assert found(admin_client, version=active_version.pk) == {served.pk, shadow.pk}


def test_the_search_finds_by_the_beginning_of_a_submissions_id(admin_client, make_submission):
    wanted, _other = make_submission(), make_submission()

    assert found(admin_client, q=str(wanted.pk)[:13]) == {wanted.predictions.get().pk}
    assert found(admin_client, q="nothing like it") == set()


def test_a_prediction_leads_to_its_submission(admin_client, submission):
    answer = admin_client.get(f"{LIST}{submission.served.pk}/change/")

    assert answer.url == f"/admin/recognizer/submission/{submission.pk}/change/"
    assert admin_client.get(f"{LIST}999/change/").status_code == 404


def test_predictions_are_neither_added_nor_changed_nor_deleted(admin_client, submission):
    page = f"{LIST}{submission.served.pk}"

    assert admin_client.get(f"{LIST}add/").status_code == 403
    admin_client.post(f"{page}/change/", {"digit": 1})
    assert admin_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert Prediction.objects.get().digit == submission.served.digit


def test_the_list_is_for_who_may_see_submissions(client_who_may, submission):
    assert client_who_may("view_submission", username="vera").get(LIST).status_code == 200
    assert client_who_may("view_modelversion").get(LIST).status_code == 403


def test_a_list_without_predictions_is_no_error(admin_client):
    assert "0 predictions" in admin_client.get(LIST).content.decode()
