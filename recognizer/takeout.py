"""All that a visitor sent and what was read on it, to take along: one zip, made as it is sent."""

from __future__ import annotations

import csv
import json
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any

from django.utils.translation import gettext as _

from recognizer.models import DIGITS, Prediction, Submission, SubmissionQuerySet

ROWS_AT_ONCE = 100  # with their readings some 300 kB
SPOOL_BYTES = 2**20  # of a table in memory; what is more waits on the disk
PIECE_BYTES = 2**16
COLUMNS = (
    *("date", "verdict", "digits", "confidence"),
    *(f"probability_{digit}" for digit in DIGITS),
    *("claim", "source", "model", "picture"),
)


class _Outlet:
    """A file that cannot be gone back in: what is written to it waits to be sent."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, content: bytes, /) -> int:
        self._waiting.append(bytes(content))
        return len(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What waits is still to be sent."""

    def sent(self) -> bytes:
        content = b"".join(self._waiting)
        self._waiting.clear()
        return content


def name_of(moment: datetime) -> str:
    return f"digitsite-readings-{moment:%Y-%m-%d}.zip"


def pieces(own: SubmissionQuerySet) -> Iterator[bytes]:
    """Write the zip, a piece at a time: neither all pictures nor all rows are ever in memory.

    It holds `README.txt`, `pictures/*.png`, and the same rows twice: `readings.csv` and
    `readings.jsonl`. What is deleted while it is written is left out.

    Args:
        own: The visitor's, in the order that they are to have.

    Queries: 2 for each 100 readings.
    """
    return _pieces(own, _readme())  # in the language of the request, which may be over by then


def _pieces(own: SubmissionQuerySet, readme: str) -> Iterator[bytes]:
    outlet = _Outlet()
    with (
        zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive,
        tempfile.SpooledTemporaryFile(SPOOL_BYTES, "w+", encoding="utf-8", newline="") as table,
        tempfile.SpooledTemporaryFile(SPOOL_BYTES, "w+", encoding="utf-8", newline="") as lines,
    ):
        archive.writestr("README.txt", readme)
        rows = csv.DictWriter(table, COLUMNS)
        rows.writeheader()
        for prediction in _served(own):
            row = _row(prediction, picture=_put_picture(archive, prediction.submission))
            rows.writerow(_flat(row))
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            yield outlet.sent()
        for name, written in (("readings.csv", table), ("readings.jsonl", lines)):
            yield from _put_text(archive, outlet, name, written)
    yield outlet.sent()


def _served(own: SubmissionQuerySet) -> Iterator[Prediction]:
    rows = own.with_served_prediction().defer("strokes", "digit", "receipt")
    for submission in rows.iterator(chunk_size=ROWS_AT_ONCE):
        if prediction := submission.served:
            yield prediction


def _put_picture(archive: zipfile.ZipFile, submission: Submission) -> str:
    """Put a drawing's file into the zip; give its name there, or nothing where it is gone."""
    name = f"pictures/{submission.created_at.astimezone(UTC):%Y%m%d-%H%M%S}-{submission.pk}.png"
    try:
        with submission.image.open("rb") as file:
            content: bytes = file.read()
    except (OSError, ValueError):  # deleted meanwhile; without a name
        return ""
    archive.writestr(name, content, zipfile.ZIP_STORED)  # PNG is compressed
    return name


def _row(prediction: Prediction, *, picture: str) -> dict[str, Any]:
    submission = prediction.submission
    return {
        "date": submission.created_at.astimezone(UTC).isoformat(timespec="seconds"),
        "verdict": prediction.verdict,
        "digits": prediction.digits,
        "confidence": prediction.confidence,
        "probabilities": prediction.probabilities,
        "claim": submission.claim,
        "source": submission.source,
        "model": prediction.version.number,
        "picture": picture,
    }


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """The same for a table: a column for each of the ten probabilities."""
    shares = row["probabilities"]
    columns = {name: value for name, value in row.items() if name != "probabilities"}
    return columns | {f"probability_{digit}": share for digit, share in enumerate(shares)}


def _put_text(
    archive: zipfile.ZipFile, outlet: _Outlet, name: str, written: IO[str]
) -> Iterator[bytes]:
    written.seek(0)
    with archive.open(name, "w", force_zip64=True) as file:
        while piece := written.read(PIECE_BYTES):
            file.write(piece.encode())
            yield outlet.sent()


def _readme() -> str:
    return _(
        "Digitsite: your drawings, and what was read on them.\n"
        "\n"
        "pictures/        what you sent, as it is stored: PNG, without place, camera or time\n"
        "readings.csv     one line a drawing, the newest first; times are UTC\n"
        "readings.jsonl   the same, one JSON object a line\n"
        "\n"
        "verdict          digit, unsure, several or not_a_digit\n"
        "digits           what was read, as one writes it\n"
        "confidence       how sure the model was of it, 0 to 1\n"
        "probability_0…9  of each of the ten digits, 0 to 1 (in the JSON: probabilities)\n"
        "claim            what you said it was, where you did\n"
        "source           drawn, uploaded or api\n"
        "model            the number of the version that read it\n"
        "picture          the file in this archive\n"
        "\n"
        "This is a copy. What is on the site stays there until you delete it there.\n"
    )
