"""What people of the admin look at: submissions."""

import pytest

from recognizer import recognition
from recognizer.models import ModelVersion, Submission


@pytest.fixture
def submission(active_version: ModelVersion, drawing_png: bytes) -> Submission:
    """A drawn seven, read and stored."""
    prediction = recognition.recognize(
        drawing=drawing_png, source="drawn", visitor_key="ab" * 16, strokes=[{"points": []}]
    )
    return prediction.submission
