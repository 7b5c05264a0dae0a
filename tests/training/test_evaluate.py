"""`manage.py evaluate` on arrays and on folders of images."""

import csv
import json
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from recognizer import engine, recognition
from tests.conftest import png
from training.management.commands import evaluate


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The probe digits as images in folders 0 … 9, dark on light and four times as large."""
    for row, (digit, label) in enumerate(zip(*engine.probes(), strict=True)):
        place = tmp_path / str(label)
        place.mkdir(exist_ok=True)
        image = Image.fromarray(255 - digit).resize((112, 112), Image.Resampling.BICUBIC)
        (place / f"{row}.png").write_bytes(png(image))
    return tmp_path


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    call_command("evaluate", *arguments, "--json")
    found: dict = json.loads(capsys.readouterr().out)
    return found


def test_the_sample_is_measured_without_any_option(active_version, capsys):
    found = evaluated(capsys)

    assert found["num"] == 500
    assert found["version"] == active_version.number
    assert 0.2 < found["accuracy"] < 1  # better than guessing: it has seen twenty digits
    assert np.sum(found["confusion"]) == 500
    assert len(found["recall"]) == 10
    assert 0 <= found["ece"] <= 1


def test_folders_of_images_go_the_way_of_drawings(active_version, folder, capsys):
    found = evaluated(capsys, f"--data={folder}")

    assert (found["num"], found["num_unread"]) == (20, 0)
    assert found["accuracy"] >= 0.8  # the tiny model's own twenty digits, through imaging


def test_what_cannot_be_read_counts_as_wrong(active_version, folder, capsys):
    before = evaluated(capsys, f"--data={folder}")
    (folder / "3" / "broken.png").write_bytes(b"no image")
    (folder / "3" / "blank.png").write_bytes(png(Image.new("L", (60, 60), 255)))

    found = evaluated(capsys, f"--data={folder}")

    assert (found["num"], found["num_unread"]) == (22, 2)
    assert found["accuracy"] == pytest.approx(before["accuracy"] * 20 / 22, abs=1e-5)
    assert found["recall"][3] == pytest.approx(before["recall"][3] * 2 / 4)  # of two threes
    assert found["recall"][4] == before["recall"][4]
    assert found["confusion"] == before["confusion"]  # of what was answered


def test_a_digit_of_which_nothing_could_be_read_has_no_recall_left(active_version, folder, capsys):
    for file in (folder / "3").iterdir():
        file.write_bytes(b"no image")
    shutil.rmtree(folder / "4")
    found = evaluated(capsys, f"--data={folder}")

    assert found["recall"][3] == 0
    assert found["recall"][4] is None


def test_a_huge_file_is_not_read_whole(active_version, folder, capsys):
    with (folder / "3" / "huge.png").open("wb") as file:
        file.truncate(5 << 30)  # sparse: it takes no room
    tracemalloc.start()
    found = evaluated(capsys, f"--data={folder}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found["num_unread"] == 1
    assert peak < 40 << 20


def test_batches_give_the_same_figures_as_all_at_once(active_version, folder, monkeypatch, capsys):
    whole = evaluated(capsys, f"--data={folder}")
    monkeypatch.setattr(recognition, "FILES_AT_ONCE", 3)

    assert evaluated(capsys, f"--data={folder}") == whole


def test_the_table_shows_all_of_mnists_figures_in_80_columns(version, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    counts = [[1135 if row == column else 1028 for column in range(10)] for row in range(10)]
    recall = [0.995, 1.0, 0.9876, *[0.995] * 7]
    found = {"data": "mnist", "num": 10_000, "accuracy": 0.995, "ece": 0.001}
    evaluate._print(version, found | {"confusion": counts, "recall": recall})
    printed = capsys.readouterr().out

    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= 80
    assert [printed.count(figure) for figure in ("100.0%", "98.8%", "1135")] == [1, 1, 10]
    assert printed.count(" 99.5% ") == 8


def test_a_labels_table_is_followed_and_other_labels_are_left_out(active_version, folder, capsys):
    rows = [(file.relative_to(folder), file.parent.name) for file in folder.glob("*/*.png")]
    shutil.copy(folder / "1" / "2.png", folder / "letter.png")
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label"), *rows, ("letter.png", "x")])

    found = evaluated(capsys, f"--data={folder}")

    assert (found["num"], found["num_skipped"]) == (20, 1)


def test_a_version_is_named_by_its_number_also_when_it_is_not_active(version, capsys):
    assert evaluated(capsys, f"--version={version.number}")["version"] == version.number


def test_a_version_that_is_not_there_is_an_error_that_names_those_that_are(version):
    with pytest.raises(
        CommandError, match=rf"Expected version 99, found none\. Registered: {version.number}"
    ):
        call_command("evaluate", "--version=99")


def test_without_an_active_version_the_command_says_so(version):
    with pytest.raises(CommandError, match="Expected an active version, found none"):
        call_command("evaluate")


def test_a_folder_with_nothing_known_in_it_is_an_error(active_version, tmp_path):
    with pytest.raises(CommandError, match="found none of them"):
        call_command("evaluate", f"--data={tmp_path}")


def test_the_table_is_for_people(active_version, capsys):
    call_command("evaluate")

    printed = capsys.readouterr().out
    assert "accuracy" in printed
    assert "Rows true, columns answered" in printed
