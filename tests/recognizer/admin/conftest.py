"""People of the admin and what they look at: staff with permissions, submissions."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from recognizer import recognition
from recognizer.models import ModelVersion, Prediction, Submission


@pytest.fixture
def client_who_may(db, django_user_model):
    """Make a browser of a staff user with these permissions; `client.user` is the user."""

    def make(*codenames: str, username: str = "staff") -> Client:
        user = django_user_model.objects.create_user(username, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        client.user = user  # type: ignore[attr-defined]
        return client

    return make


@pytest.fixture
def submission(active_version: ModelVersion, drawing_png: bytes) -> Submission:
    """A drawn seven, read and stored."""
    prediction = recognition.recognize(
        drawing=drawing_png, source="drawn", visitor_key="ab" * 16, strokes=[{"points": []}]
    )
    return prediction.submission


@pytest.fixture
def make_submission(active_version: ModelVersion):
    """Make a row as a reading leaves it, without its file."""

    def make(**reading) -> Submission:
        fields = {name: reading.pop(name) for name in list(reading) if name in ROW_FIELDS}
        row = Submission(**{"source": "drawn", "digit": b"\0" * 784} | fields)
        prediction = Prediction(
            **{
                "submission": row,
                "version": active_version,
                "verdict": "digit",
                "digit": 7,
                "confidence": 0.97,
                "probabilities": [0.003] * 7 + [0.97] + [0.003] * 2,
                "latency_ms": 1.5,
            }
            | reading
        )
        row.note_served(prediction)
        row.save()
        prediction.save()
        return row

    return make


ROW_FIELDS = {
    *("source", "visitor_key", "label", "review_state", "reviewed_at", "id", "created_at"),
    *("claim", "is_audit", "audited_at", "shadow_disagrees", "suspicion", "strokes", "reviewed_by"),
}
