"""People of the admin and what they look at: staff with permissions, submissions."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from recognizer import recognition
from recognizer.models import ModelVersion, Submission


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
