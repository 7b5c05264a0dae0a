"""`manage.py classify` on real files, folders and globs."""

import csv
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from recognizer import imaging, recognition
from recognizer.management.commands import classify
from recognizer.models import Submission
from tests.conftest import png


@pytest.fixture
def folder(tmp_path: Path, drawing_png: bytes) -> Path:
    """A drawn seven, a blank sheet and a file that is no image."""
    (tmp_path / "more").mkdir()
    (tmp_path / "a seven.png").write_bytes(drawing_png)
    (tmp_path / "more" / "blank.PNG").write_bytes(png(Image.new("RGB", (100, 100), "white")))
    (tmp_path / "more" / "broken.jpg").write_bytes(b"not an image")
    (tmp_path / "notes.txt").write_text("not looked at in a folder")
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict]:
    call_command("classify", *arguments, "--format=jsonl")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_file_is_one_line_with_its_reading(active_version, folder, capsys):
    [line] = lines(capsys, str(folder / "a seven.png"))

    assert set(line) == {
        *("file", "verdict", "digit", "digits", "confidence", "probabilities", "parts"),
        *("segmentation", "num_segmentations"),
    }
    assert line["file"].endswith("a seven.png")
    assert line["digit"] in range(10)
    assert line["confidence"] == pytest.approx(max(line["probabilities"]), abs=1e-5)


def test_a_blank_image_is_a_reading_without_a_digit(active_version, folder, capsys):
    [line] = lines(capsys, str(folder / "more" / "blank.PNG"))

    assert (line["verdict"], line["digit"], line["confidence"]) == ("blank", None, 0)


def test_an_unreadable_file_is_a_line_with_an_error_and_the_exit_status_says_so(
    active_version, folder, capsys
):
    with pytest.raises(SystemExit) as exit_:
        call_command("classify", str(folder), "--format=jsonl")

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert exit_.value.code == 1
    assert [Path(line["file"]).name for line in found] == ["a seven.png", "blank.PNG", "broken.jpg"]
    assert set(found[2]) == {"file", "error"}
    assert "PNG, JPEG, WebP, GIF" in found[2]["error"]


def test_globs_are_taken(active_version, folder, capsys):
    assert len(lines(capsys, str(folder / "*.png"))) == 1


def test_csv_has_a_column_for_each_probability(active_version, folder, capsys):
    call_command("classify", str(folder / "a seven.png"), "--format=csv")

    [row] = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert max(range(10), key=lambda digit: float(row[f"p{digit}"])) == int(row["digit"])


def test_the_table_names_verdict_and_file(active_version, folder, capsys):
    call_command("classify", str(folder / "more" / "blank.PNG"))

    assert "blank" in capsys.readouterr().out.splitlines()[1]


def test_the_steps_are_drawn_on_sheets_of_so_many_rows(
    active_version, tmp_path, drawing_png, monkeypatch, capsys
):
    monkeypatch.setattr(classify, "ROWS_A_SHEET", 2)
    for place, content in enumerate([drawing_png, b"no image", drawing_png, drawing_png]):
        (tmp_path / f"{place}.png").write_bytes(content)

    with pytest.raises(SystemExit):
        call_command("classify", str(tmp_path), f"--explain={tmp_path / 'new' / 'sheets'}")

    sheets = sorted((tmp_path / "new" / "sheets").iterdir())
    assert [sheet.name for sheet in sheets] == ["steps-001.png", "steps-002.png"]
    heights = [imaging.decode(sheet.read_bytes()).original_size[1] for sheet in sheets]
    assert heights[0] == 2 * heights[1]
    assert len(capsys.readouterr().out.splitlines()) == 5  # a heading and a line an image


def test_nothing_is_stored(active_version, folder, capsys):
    lines(capsys, str(folder / "a seven.png"))

    assert not Submission.objects.exists()


def test_a_path_with_nothing_there_is_an_error(active_version, tmp_path):
    with pytest.raises(CommandError, match="found nothing at"):
        call_command("classify", str(tmp_path / "*.png"))


def test_a_folder_without_images_is_an_error_that_names_what_was_looked_for(
    active_version, tmp_path
):
    (tmp_path / "notes.txt").write_text("no image")

    with pytest.raises(CommandError, match=r"ends in \.bmp, \.gif, \.jpeg, \.jpg, \.png, \.webp"):
        call_command("classify", str(tmp_path))


def test_a_huge_file_is_refused_without_being_read(active_version, folder, capsys):
    huge = folder / "huge.png"
    with huge.open("wb") as file:
        file.truncate(5 << 30)  # sparse: it takes no room
    tracemalloc.start()
    with pytest.raises(SystemExit):
        call_command("classify", str(huge), "--format=jsonl")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert "Expected at most 10 MiB, found 5,120.0 MiB" in capsys.readouterr().out
    assert peak < 20 << 20


def test_images_are_read_in_batches_and_told_in_their_order(
    active_version, tmp_path, drawing_png, monkeypatch, capsys
):
    contents = [drawing_png, b"", png(Image.new("RGB", (50, 50), "white")), drawing_png] * 2
    for place, content in enumerate(contents):
        (tmp_path / f"{place}.png").write_bytes(content)
    (tmp_path / "4.5.png").mkdir()  # no file
    sizes = []
    read_drawings = recognition.read_drawings

    def counted(drawings, loaded):
        sizes.append(len(drawings))
        return read_drawings(drawings, loaded)

    monkeypatch.setattr(recognition, "read_drawings", counted)
    monkeypatch.setattr(recognition, "FILES_AT_ONCE", 5)
    with pytest.raises(SystemExit):
        call_command("classify", str(tmp_path), "--format=jsonl")
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert sizes == [4, 4]  # five and four files, of which one is a folder
    assert [Path(line["file"]).name for line in found] == [
        *(f"{place}.png" for place in range(4)),
        "4.5.png",
        *(f"{place}.png" for place in range(4, 8)),
    ]
    assert [line.get("verdict", "error") == "blank" for line in found] == [
        *(False, False, True, False),
        False,
        *(False, False, True, False),
    ]
    assert ["error" in line for line in found] == [
        *(False, True, False, False),
        True,
        *(False, True, False, False),
    ]


def test_without_an_active_version_the_command_says_what_to_do(db, folder):
    with pytest.raises(CommandError, match="register_model --shipped --activate"):
        call_command("classify", str(folder))
