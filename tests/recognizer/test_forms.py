"""The forms return drawings, strokes and digits, and say by name what is wrong."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from recognizer.forms import ClaimForm, Drawing, UploadForm


def upload(data: dict, *contents: bytes) -> UploadForm:
    files: MultiValueDict = MultiValueDict()
    files.setlist("image", [SimpleUploadedFile("x.png", content) for content in contents])
    return UploadForm(data, files)


def codes(form: UploadForm) -> list[str | None]:
    return [error.code for errors in form.errors.as_data().values() for error in errors]


def test_a_file_becomes_a_drawing():
    form = upload({}, b"bytes")
    assert form.is_valid()
    assert form.cleaned_data["image"] == Drawing(b"bytes", is_file=True)


def test_a_data_url_becomes_a_drawing():
    form = upload({"image": "data:image/png;base64,AAAA"})
    assert form.is_valid()
    assert form.cleaned_data["image"] == Drawing("data:image/png;base64,AAAA", is_file=False)


@pytest.mark.parametrize(
    ("form", "is_browser", "source"),
    [
        (upload({}, b"bytes"), True, "uploaded"),
        (upload({"image": "data:,"}), True, "drawn"),
        (upload({}, b"bytes"), False, "api"),
        (upload({"image": "data:,"}), False, "api"),
    ],
)
def test_the_source_is_told_by_what_came_and_from_whom(form, is_browser, source):
    assert form.is_valid()
    assert form.drawing(is_browser=is_browser)["source"] == source


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (upload({}), "missing_image"),
        (upload({}, b""), "empty_file"),
        (upload({}, b"1", b"2"), "several_images"),
        (upload({"image": "data:,"}, b"1"), "several_images"),
        (upload({"image": "http://example.org/7.png"}), "bad_data_url"),
    ],
)
def test_what_is_no_single_image_is_refused_by_name(form, code):
    assert not form.is_valid()
    assert codes(form) == [code]


def test_strokes_of_a_file_are_left_out():
    form = upload({"strokes": '[{"points": []}]'}, b"bytes")
    assert form.is_valid()
    assert form.drawing(is_browser=True)["strokes"] is None


def test_the_eraser_is_kept_in_the_strokes():
    stroke = {"points": [], "compositeOperation": "destination-out"}
    form = upload({"image": "data:,", "strokes": [stroke]})
    assert form.is_valid()
    assert form.cleaned_data["strokes"][0]["compositeOperation"] == "destination-out"


@pytest.mark.parametrize(("said", "read", "digit"), [("yes", 7, 7), ("3", 7, 3), (0, 7, 0)])
def test_a_claim_becomes_a_digit(said, read, digit):
    form = ClaimForm({"claim": said})
    assert form.is_valid()
    assert form.digit(read=read) == digit


@pytest.mark.parametrize("said", [None, "", "10", 1.5, True, ["1"]])
def test_a_claim_that_is_no_digit_is_refused(said):
    assert not ClaimForm({"claim": said}).is_valid()
