"""What programs send and get: a JSON object in, a reading as JSON out."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from recognizer.advice import advise
from recognizer.models import Prediction
from recognizer.problems import Problem

FORM_TYPES = {"multipart/form-data", "application/x-www-form-urlencoded"}


def fields_of(request: HttpRequest) -> tuple[QueryDict | dict[str, Any], MultiValueDict[str, Any]]:
    """Read the fields of a request, whether they came as a form or as a JSON object.

    Returns:
        The fields and the files; of a JSON object there are no files.

    Raises:
        Problem: The body is neither.
    """
    if request.content_type == "application/json":
        return _json_object(request.body), MultiValueDict()
    if request.content_type in FORM_TYPES or not request.content_type:
        return request.POST, request.FILES
    raise Problem(
        415,
        "unsupported_body",
        _("Expected a form (multipart/form-data) or application/json; got %(type)s.")
        % {"type": request.content_type[:60]},
    )


def live_reading(prediction: Prediction) -> dict[str, Any]:
    """Give a reading as POST /read answers it, whether it is stored or not."""
    submission = prediction.submission
    receipt = submission.receipt
    return {
        "verdict": prediction.verdict,
        "digit": prediction.digit,
        "digits": prediction.digits,
        "confidence": prediction.confidence,
        "probabilities": prediction.probabilities,
        "parts": prediction.parts,
        "advice": advise(prediction),
        "model_version": prediction.version.number,
        "latency_ms": prediction.latency_ms,
        "picture_size": receipt.get("picture_size"),  # rows of long ago have none
        "crop_box": receipt.get("crop_box"),
        "pixels": base64.b64encode(bytes(submission.digit)).decode(),
    }


def reading(prediction: Prediction) -> dict[str, Any]:
    """Give a stored reading as POST /upload answers it. The url is relative to the site."""
    submission = prediction.submission
    return live_reading(prediction) | {
        "id": str(submission.id),
        "url": submission.get_absolute_url(),
        "created_at": submission.created_at,
    }


def reading_with_details(prediction: Prediction) -> dict[str, Any]:
    """The same, with how the drawing became a digit and what the visitor said it was."""
    submission = prediction.submission
    return reading(prediction) | {
        "source": submission.source,
        "claim": submission.claim,
        "receipt": submission.receipt,
    }


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "bad_json", _("The body is not JSON.")) from error
    if not isinstance(fields, dict):
        raise Problem(
            400, "bad_json", _("Expected a JSON object, e.g. {“image”: “data:image/png;base64,…”}.")
        )
    return fields
