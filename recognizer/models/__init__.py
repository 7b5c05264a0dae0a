"""The tables: versions, submissions, predictions, reviews, links, counts. Opens no files."""

from recognizer.models.days import CountedDay, DayCount
from recognizer.models.labels import DIGIT_LABELS, DIGITS, Label
from recognizer.models.predictions import Prediction, PredictionQuerySet
from recognizer.models.replays import Replay
from recognizer.models.reviews import LabelChange, Lease, Way
from recognizer.models.shares import Share
from recognizer.models.submissions import (
    CLAIM_CONTRADICTS,
    Submission,
    SubmissionQuerySet,
    drawing_path,
)
from recognizer.models.versions import NAME_LENGTH, Activation, ModelVersion, model_file_path

__all__ = [
    "CLAIM_CONTRADICTS",
    "DIGITS",
    "DIGIT_LABELS",
    "NAME_LENGTH",
    "Activation",
    "CountedDay",
    "DayCount",
    "Label",
    "LabelChange",
    "Lease",
    "ModelVersion",
    "Prediction",
    "PredictionQuerySet",
    "Replay",
    "Share",
    "Submission",
    "SubmissionQuerySet",
    "Way",
    "drawing_path",
    "model_file_path",
]
