"""What the tests share: a place for bad files, rows as readings leave them."""

from pathlib import Path

import pytest
from django.test import Client

from recognizer import rereading
from recognizer.models import ModelVersion, Prediction, Submission
from tests.recognizer.bad_models import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A place for bad files, and for the mark that one would leave if it were run."""
    return Desk(tmp_path)


@pytest.fixture
def browser(client: Client, db) -> Client:
    """A browser that has seen the page, and so has the visitor's cookie."""
    client.get("/")
    return client


@pytest.fixture
def delete_while_read(monkeypatch: pytest.MonkeyPatch):
    """Delete a submission while one is read once more, as its visitor does."""

    def delete(submission: Submission) -> None:
        read = rereading._read

        def read_and_delete(one, loaded):
            found = read(one, loaded)
            Submission.objects.filter(pk=submission.pk).delete()
            return found

        monkeypatch.setattr(rereading, "_read", read_and_delete)

    return delete


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
