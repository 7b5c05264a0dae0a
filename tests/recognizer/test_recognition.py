"""From a drawing to a stored prediction, with a real model; and no TensorFlow in a web process."""

import io
import subprocess
import sys

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image, ImageDraw

from recognizer import engine, imaging, recognition, registry
from recognizer.models import ModelVersion, Prediction, Submission
from tests import workers
from tests.conftest import drawn_seven, png
from tests.recognizer.test_imaging_segmentation import one_between_bars


def recognize(drawing: bytes | str, **options) -> Prediction:
    return recognition.recognize(drawing=drawing, source="drawn", **options)


@pytest.fixture
def second_version(active_version: ModelVersion) -> ModelVersion:
    """A second version of the same files."""
    second = ModelVersion.objects.get(pk=active_version.pk)
    second.pk = None
    second.number, second.sha256, second.is_active = active_version.number + 1, "0" * 64, False
    second.save(force_insert=True)
    return second


def test_a_drawing_is_read_and_stored_with_all_that_is_known_of_it(active_version, drawing_png):
    strokes = [{"points": [{"x": 1.0, "y": 2.0}]}]

    prediction = recognize(drawing_png, visitor_key="a" * 32, strokes=strokes)

    stored = Prediction.objects.select_related("submission").get()
    assert stored == prediction
    assert stored.version_id == active_version.pk
    assert stored.role == Prediction.Role.SERVED
    assert stored.digit == int(np.argmax(stored.probabilities))
    assert stored.confidence == pytest.approx(max(stored.probabilities), abs=1e-5)
    assert sum(stored.probabilities) == pytest.approx(1, abs=1e-4)
    assert stored.latency_ms > 0
    assert stored.submission.visitor_key == "a" * 32
    assert stored.submission.strokes == strokes
    assert stored.submission.receipt["num_glyphs"] == 1
    assert len(stored.submission.digit) == 784


def test_what_is_stored_is_what_was_read(active_version, drawing_png):
    submission = recognize(drawing_png).submission

    with submission.image.open("rb") as file:
        digit, _ = imaging.to_digit(imaging.decode(file.read()))

    assert digit.tobytes() == bytes(submission.digit)


def test_the_stored_image_carries_no_metadata_and_no_trailing_bytes(active_version):
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    buffer = io.BytesIO()
    drawn_seven().save(buffer, "JPEG", exif=exif)

    submission = recognize(buffer.getvalue() + b"<script>").submission

    with submission.image.open("rb") as file:
        content = file.read()
    assert content.startswith(b"\x89PNG")
    assert content.endswith(b"IEND\xaeB`\x82")
    assert b"secret" not in content
    assert b"<script>" not in content


def test_a_blank_drawing_is_not_stored(active_version):
    with pytest.raises(imaging.BlankImage):
        recognize(png(Image.new("RGB", (280, 280), "white")))
    assert not Submission.objects.exists()


def test_without_an_active_version_nothing_is_stored(version, drawing_png):
    with pytest.raises(recognition.NoActiveVersion, match="No model version is active"):
        recognize(drawing_png)
    assert not Submission.objects.exists()


def test_an_active_version_that_does_not_load_is_told(active_version, drawing_png):
    ModelVersion.objects.update(compiled_sha256="f" * 64)

    with pytest.raises(recognition.NoActiveVersion, match="does not load"):
        recognize(drawing_png)


def test_the_next_request_reads_with_the_newly_active_version(
    active_version, second_version, drawing_png
):
    recognize(drawing_png)
    registry.activate(version=second_version, reason="it is newer")

    assert recognize(drawing_png).version == second_version


def test_a_version_that_fails_leaves_the_last_good_one_and_its_name_on_the_prediction(
    active_version, second_version, drawing_png
):
    recognize(drawing_png)
    registry.activate(version=second_version, reason="it will break")
    ModelVersion.objects.filter(pk=second_version.pk).update(compiled_sha256="f" * 64)

    assert recognize(drawing_png).version_id == active_version.pk
    second_version.refresh_from_db()
    assert second_version.status == ModelVersion.Status.BROKEN


def test_a_version_that_loads_again_is_ready_again(active_version, drawing_png):
    ModelVersion.objects.update(status=ModelVersion.Status.BROKEN)

    recognize(drawing_png)

    active_version.refresh_from_db()
    assert active_version.status == ModelVersion.Status.READY


def test_many_drawings_are_read_at_once_and_answered_in_their_order(active_version, drawing_png):
    blank = png(Image.new("RGB", (80, 80), "white"))

    answers = recognition.read_drawings(
        [blank, b"no image", drawing_png, drawing_png], recognition.active_engine()
    )

    assert answers[0] == recognition.BLANK
    assert isinstance(answers[1], imaging.UnsupportedFormat)
    assert answers[2] == answers[3]
    assert isinstance(answers[2], recognition.Reading)
    assert answers[2].digit == recognize(drawing_png).digit
    assert recognition.read_drawings([], recognition.active_engine()) == []


def test_a_drawing_costs_three_queries(active_version, drawing_png, django_assert_num_queries):
    recognize(drawing_png)

    with django_assert_num_queries(5):  # three, and the SAVEPOINT of the test's own transaction
        assert recognize(drawing_png).version.number == active_version.number


def test_rows_that_cannot_be_stored_leave_no_file(active_version, drawing_png):
    before = set(all_drawings())

    with pytest.raises(ValueError, match=r"[Cc]ircular"):
        recognize(drawing_png, strokes=circular())
    assert set(all_drawings()) == before


def circular() -> list:
    strokes: list = []
    strokes.append(strokes)
    return strokes


def all_drawings() -> list[str]:
    if not default_storage.exists("drawings"):
        return []
    folders, _ = default_storage.listdir("drawings")
    return [name for folder in folders for name in default_storage.listdir(f"drawings/{folder}")[1]]


@pytest.mark.parametrize(
    ("confidence", "verdict"), [(0.99, "digit"), (0.7, "unsure"), (0.3, "not_a_digit")]
)
def test_the_verdict_follows_the_confidence(confidence, verdict):
    thresholds = engine.Thresholds(unsure_below=0.8, reject_below=0.5)

    assert recognition._verdict(confidence, thresholds) == verdict


class Sequence:
    """An engine that answers with these confidences for a 7, one after the other."""

    def __init__(self, *confidences: float) -> None:
        self.left = list(confidences)
        self.batches: list[int] = []

    def probabilities(self, digits: np.ndarray) -> np.ndarray:
        self.batches.append(len(digits))
        rows = np.zeros((len(digits), 10), np.float32)
        for row in rows:
            confidence = self.left.pop(0)
            row[:] = (1 - confidence) / 9
            row[7] = confidence
        return rows


def read_with(sequence: Sequence, image: Image.Image) -> recognition.Reading:
    loaded = engine.Loaded(1, "litert", sequence, engine.Thresholds(0.8, 0.5))
    [reading] = recognition.read_drawings([png(image)], loaded)
    assert isinstance(reading, recognition.Reading)
    return reading


def two_bars() -> Image.Image:
    """What may be an eleven or the halves of one digit."""
    page = Image.new("RGB", (280, 280), "white")
    brush = ImageDraw.Draw(page)
    for x in (90, 170):
        brush.line([(x, 40), (x, 240)], "black", 16)
    return page


def test_a_sure_reading_reads_one_segmentation():
    sequence = Sequence(0.9, 0.95)

    reading = read_with(sequence, two_bars())

    assert sequence.batches == [2]
    assert (reading.verdict, reading.digits) == ("several", "77")
    assert (reading.segmentation, reading.num_segmentations) == ("usual", 1)
    assert [part["confidence"] for part in reading.parts] == pytest.approx([0.9, 0.95])
    assert [part["verdict"] for part in reading.parts] == ["digit", "digit"]
    assert reading.parts[0]["box"][0] < reading.parts[1]["box"][0]


def test_an_unsure_reading_takes_the_surest_segmentation_in_one_batch_more():
    sequence = Sequence(0.9, 0.6, 0.85)

    reading = read_with(sequence, two_bars())

    assert sequence.batches == [2, 1]
    assert (reading.verdict, reading.digits) == ("digit", "7")
    assert (reading.segmentation, reading.num_segmentations) == ("whole", 2)
    assert reading.confidence == pytest.approx(0.85)


def test_an_unsure_reading_stays_where_no_other_segmentation_is_surer():
    reading = read_with(Sequence(0.9, 0.6, 0.55), two_bars())

    assert (reading.segmentation, reading.num_segmentations) == ("usual", 2)
    assert reading.digits == "77"


@pytest.mark.parametrize(
    ("confidences", "verdict", "parts"),
    [
        ((0.9, 0.95), "several", ["digit", "digit"]),
        ((0.9, 0.6), "unsure", ["digit", "unsure"]),
        ((0.6, 0.6), "unsure", ["unsure", "unsure"]),
        ((0.4, 0.4), "not_a_digit", ["not_a_digit"]),
    ],
)
def test_a_number_is_as_sure_as_its_digits(confidences, verdict, parts):
    class Without(Sequence):  # no other segmentation is surer
        def probabilities(self, digits):
            return super().probabilities(digits) if len(self.batches) < 1 else np.full((1, 10), 0.1)

    reading = read_with(Without(*confidences), two_bars())

    assert reading.verdict == verdict
    assert reading.digits == "7" * len(parts)
    assert [part["verdict"] for part in reading.parts] == parts


def test_one_digit_beside_what_is_none_is_read_alone():
    loaded = engine.Loaded(1, "litert", Sequence(0.95, 0.3, 0.2), engine.Thresholds(0.8, 0.5))
    page = two_bars()
    ImageDraw.Draw(page).line([(90, 40), (90, 240)], "black", 30)  # the one that is meant

    [reading] = recognition.read_drawings([png(page)], loaded)

    assert isinstance(reading, recognition.Reading)
    assert (reading.verdict, reading.digits) == ("digit", "7")
    assert len(reading.parts) == 1


class Telling:
    """Is so sure of a digit that is laid out as it was drawn, and so sure of all else."""

    def __init__(self, drawn: np.ndarray, sure_of_it: float, sure_of_others: float):
        self.drawn, self.sure_of_it, self.sure_of_others = drawn, sure_of_it, sure_of_others

    def probabilities(self, digits):
        rows = np.full((len(digits), 10), 0.01, np.float32)
        for row, digit in zip(rows, digits, strict=True):
            is_it = np.array_equal(digit, self.drawn)
            row[1 if is_it else 2] = self.sure_of_it if is_it else self.sure_of_others
        return rows


def read_tiny(grey: np.ndarray, sure_of_it: float, sure_of_others: float) -> recognition.Reading:
    telling = Telling(grey, sure_of_it, sure_of_others)
    loaded = engine.Loaded(1, "litert", telling, engine.Thresholds(0.8, 0.5))
    [reading] = recognition.read_drawings([png(Image.fromarray(grey))], loaded)
    assert isinstance(reading, recognition.Reading)
    return reading


def test_a_tiny_picture_that_may_mislead_is_read_as_it_is_too():
    barred = np.zeros((28, 28), np.uint8)
    barred[4:24, 13:15] = barred[13:15] = 255
    assert read_tiny(barred, 0.97, 0.9).digits == "1"  # although the usual way is sure of a two
    assert read_tiny(barred, 0.85, 0.9).digits == "2"


@pytest.mark.parametrize(("confidence", "verdict"), [(0.9, "digit"), (0.6, "unsure")])
def test_bars_that_pass_for_blank_paper_are_read_as_they_are(confidence, verdict):
    bars = one_between_bars()
    with pytest.raises(imaging.BlankImage):
        imaging.to_digit(imaging.decode(png(Image.fromarray(bars))))

    assert read_tiny(bars, confidence, 0.2).verdict == verdict


def test_bars_that_are_no_digit_stay_blank():
    assert read_tiny(one_between_bars(), 0.3, 0.2).verdict == "blank"


def test_what_is_stored_tells_the_parts_and_the_segmentation(active_version):
    prediction = recognize(png(two_bars()))

    assert "".join(str(part["digit"]) for part in prediction.parts) == prediction.digits
    assert prediction.submission.receipt["segmentation"] in {"usual", "whole"}
    assert prediction.submission.receipt["num_segmentations"] >= 1


# A worker of its own on this test's database and files: what it has imported tells.
SERVE_ONE = """
import sys
from digitsite.wsgi import application
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
drawing = SimpleUploadedFile("seven.png", sys.stdin.buffer.read(), "image/png")
answer = Client().post("/upload", {"image": drawing}, headers={"accept": "application/json"})
print(answer.status_code, *sorted({"tensorflow", "keras"} & set(sys.modules)))
"""


@pytest.mark.django_db(transaction=True)
def test_a_web_process_serves_without_tensorflow(active_version, drawing_png):
    run = subprocess.run(
        [sys.executable, "-c", SERVE_ONE],
        input=drawing_png,
        capture_output=True,
        check=True,
        env=workers.environment(),
    )

    assert run.stdout.split() == [b"200"]
    assert Submission.objects.count() == 1
