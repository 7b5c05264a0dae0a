"""What people of the admin look at: submissions."""

import pytest

from recognizer import recognition
from recognizer.models import ModelVersion, Prediction, Submission


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


ROW_FIELDS = {"source", "visitor_key", "label", "review_state", "reviewed_at", "id", "created_at"}
