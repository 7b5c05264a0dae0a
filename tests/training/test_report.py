"""The report of a suite is one file that needs nothing else."""

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image

from recognizer import imaging
from tests.conftest import drawn_seven, png
from tests.training.test_measurement import ANSWERS, Reader, answer, laid_out, make_folder
from training import measurement, report
from training.suite import NamedSet, Suite


@pytest.fixture
def page(tmp_path: Path) -> str:
    folder = make_folder(tmp_path / "digits", list("77129"))
    (folder / "2.png").write_bytes(b"no image")
    plan = Suite(
        "<some>",
        [
            NamedSet("digits", "digits", folder, goal=0.98),
            laid_out(tmp_path, corruption="fog", limit=2),
            NamedSet("far", "nondigits", tmp_path / "far"),
        ],
    )
    rows = list(measurement.run(plan, Reader(ANSWERS)))
    path = report.write(tmp_path / "out" / "here", "v1", measurement.summary(plan, rows), rows)
    return path.read_text()


def test_it_fetches_nothing(page):
    addresses = re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?([^\"')\s>]+)", page)

    assert addresses
    assert all(address.startswith(("data:image/", "#")) for address in addresses)
    assert "<script" not in page


def test_it_has_the_figures_and_what_is_not_here(page):
    assert "60.00 %" in page  # of the digits
    assert "&lt;some&gt;" in page
    assert "Its data is not here" in page
    assert "✗ ≥ 98 %" in page
    assert "prefers-color-scheme: dark" in page


def test_each_miss_is_a_small_picture(page):
    pictures = re.findall(r"data:image/(\w+);base64,([\w+/=]+)", page)
    sizes = {
        kind: Image.open(io.BytesIO(base64.b64decode(content))).size for kind, content in pictures
    }

    assert sizes == {"webp": (report.THUMBNAIL_PX,) * 2, "png": (28, 28)}
    assert "no picture" in page  # of what is no image


def test_of_many_misses_the_worst_are_shown(tmp_path):
    labels = ["7"] * (report.MAX_MISSES + 5)
    one = NamedSet("digits", "digits", make_folder(tmp_path / "digits", labels))
    said = [answer(1, confidence=0.5 + place / 200) for place in range(len(labels))]
    plan = Suite("some", [one])
    rows = list(measurement.run(plan, Reader(said)))
    page = report.write(tmp_path, "v1", measurement.summary(plan, rows), rows).read_text()

    assert page.count("<figure>") == report.MAX_MISSES
    assert f"The {report.MAX_MISSES} worst of {len(labels)} misses" in page
    assert f">{len(labels) - 1}.png<" in page  # the surest
    assert ">0.png<" not in page


def test_a_picture_that_is_stored_sideways_is_shown_upright(tmp_path):
    image = drawn_seven().resize((100, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90°
    image.save(tmp_path / "sideways.jpg", exif=exif)
    url = report._picture(tmp_path / "sideways.jpg")

    shown = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    assert shown.width > shown.height


def test_what_is_no_picture_is_none(tmp_path):
    assert report._picture(tmp_path / "none.png") == ""
    assert report._picture(png(drawn_seven())).startswith("data:image/png")
    assert imaging.digit_png(b"\0" * 784).startswith(b"\x89PNG")
