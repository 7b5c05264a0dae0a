"""Review: who looks at what next, what they decide, and how far they are. Changes rows alone."""

from recognizer.review.claims import CLAIMS_PER_VISITOR, Accepted, accept_claims
from recognizer.review.decisions import (
    FIELDS,
    DecidedMeanwhile,
    Decision,
    NothingToUndo,
    decide,
    decide_one,
    meanwhile,
    note,
    undo,
)
from recognizer.review.lanes import Lane, is_in, lease, release, renew, take, waiting

__all__ = [
    "CLAIMS_PER_VISITOR",
    "FIELDS",
    "Accepted",
    "DecidedMeanwhile",
    "Decision",
    "Lane",
    "NothingToUndo",
    "accept_claims",
    "decide",
    "decide_one",
    "is_in",
    "lease",
    "meanwhile",
    "note",
    "release",
    "renew",
    "take",
    "undo",
    "waiting",
]
