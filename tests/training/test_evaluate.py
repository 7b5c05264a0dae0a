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
from recognizer.models import ModelVersion
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


# --- Suites -------------------------------------------------------------------------------------


@pytest.fixture
def suite_file(folder: Path) -> Path:
    """The probe digits as photos with a goal, nothing that is a digit, and what is not here."""
    sheets = folder / "sheets"
    sheets.mkdir()
    for place in range(3):
        (sheets / f"{place}.png").write_bytes(png(Image.new("L", (60, 60), 255)))
    path = folder / "some.toml"
    path.write_text(
        '[[set]]\nname = "photos"\npath = "."\nkind = "digits"\ngoal = 0.5\n'
        '[[set]]\nname = "sheets"\npath = "sheets"\nkind = "nondigits"\ngoal = 1\n'
        '[[set]]\nname = "far"\npath = "elsewhere"\nkind = "digits"\ngoal = 1\n'
        '[[set]]\nname = "sample"\nbuiltin = "sample"\nkind = "digits"\nlimit = 40\n'
        '[[set]]\nname = "fog"\nbuiltin = "sample"\nkind = "digits"\n'
        'corruption = "fog"\nlimit = 9\n'
    )
    return path


def suite_figures(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    call_command("evaluate", *arguments, "--json")
    found: dict = json.loads(capsys.readouterr().out)
    return found


def test_a_suite_is_measured_set_by_set_and_together(active_version, suite_file, folder, capsys):
    alone = evaluated(capsys, f"--data={folder}")
    found = suite_figures(capsys, f"--suite={suite_file}")
    photos, sheets, far, sample, fog = found["sets"]

    assert photos["accuracy"] == alone["accuracy"]
    assert photos["ece"] == pytest.approx(alone["ece"], abs=2e-6)
    assert photos["num"] == 20
    assert (sheets["rejected"], sheets["verdicts"]["blank"], sheets["is_met"]) == (1, 3, True)
    assert far["is_here"] is False
    assert (sample["num"], sample["is_met"]) == (40, None)
    assert fog["num"] == sum(fog["verdicts"].values()) == 9
    assert (found["together"]["num"], found["together"]["num_nondigits"]) == (20, 3)
    assert found["together"]["auroc"] == 1  # blank sheets have no confidence at all


def test_the_sample_reads_alike_in_a_suite_and_alone(active_version, tmp_path, capsys):
    path = tmp_path / "some.toml"
    path.write_text('[[set]]\nname = "a"\nbuiltin = "sample"\nkind = "digits"\n')
    alone = evaluated(capsys)
    [row] = suite_figures(capsys, f"--suite={path}")["sets"]

    assert row["accuracy"] == alone["accuracy"]
    assert row["ece"] == pytest.approx(alone["ece"], abs=1e-5)


def test_a_limit_holds_for_every_set(active_version, suite_file, capsys):
    found = suite_figures(capsys, f"--suite={suite_file}", "--limit=5")

    assert [row.get("num") for row in found["sets"]] == [5, 3, None, 5, 5]


def test_mnist_may_lie_anywhere(active_version, tmp_path, capsys):
    images, labels = engine.probes()
    np.savez(tmp_path / "mine.npz", x_test=images, y_test=labels)
    path = tmp_path / "some.toml"
    path.write_text('[[set]]\nname = "a"\nbuiltin = "mnist"\nkind = "digits"\n')
    [row] = suite_figures(capsys, f"--suite={path}", f"--mnist={tmp_path / 'mine.npz'}")["sets"]

    assert row["num"] == 20


def test_digits_of_which_one_is_not_sure_are_judged_by_the_versions_thresholds(
    active_version, tmp_path, capsys
):
    path = tmp_path / "some.toml"
    path.write_text('[[set]]\nname = "a"\nbuiltin = "sample"\nkind = "digits"\n')
    ModelVersion.objects.update(
        passport=active_version.passport
        | {"thresholds": {"unsure_below": 0.9, "reject_below": 0.6}}
    )
    before = suite_figures(capsys, f"--suite={path}")["sets"][0]
    ModelVersion.objects.update(
        passport=active_version.passport
        | {"thresholds": {"unsure_below": 0.95, "reject_below": 0.8}}
    )
    after = suite_figures(capsys, f"--suite={path}")["sets"][0]

    assert 0 < before["refused"] < after["refused"]
    assert before["answered"] > after["answered"]
    assert before["accuracy"] == after["accuracy"]


def test_check_tells_by_the_exit_status_whether_a_goal_is_missed(active_version, tmp_path):
    path = tmp_path / "some.toml"
    text = '[[set]]\nname = "a"\nbuiltin = "sample"\nkind = "digits"\nlimit = 50\ngoal = '
    path.write_text(text + "0.01")
    call_command("evaluate", f"--suite={path}", "--check")
    path.write_text(text + "1.0")
    call_command("evaluate", f"--suite={path}")
    with pytest.raises(SystemExit) as stop:
        call_command("evaluate", f"--suite={path}", "--check")

    assert stop.value.code == 1


def test_the_suites_table_is_for_people_in_80_columns(
    active_version, suite_file, monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", "80")
    call_command("evaluate", f"--suite={suite_file}")
    printed = capsys.readouterr().out

    assert max(map(len, printed.splitlines())) <= 80
    assert "…" not in printed
    for words in ("photos", "not here", "goals met", "Area under the ROC curve"):
        assert words in printed


def test_the_report_is_written_where_it_is_asked_for(active_version, suite_file, tmp_path):
    call_command("evaluate", f"--suite={suite_file}", f"--html={tmp_path / 'report'}")

    assert "<figure>" in (tmp_path / "report" / "index.html").read_text()


def test_a_report_that_cannot_be_written_is_an_error_in_words(active_version, suite_file):
    with pytest.raises(CommandError, match="Expected a folder for --html"):
        call_command("evaluate", f"--suite={suite_file}", f"--html={suite_file}")


def test_record_keeps_the_figures_with_the_version(active_version, suite_file, tmp_path):
    passport = tmp_path / "passport.json"
    passport.write_text(json.dumps({"model_sha256s": [active_version.sha256]}))
    kept = [f"--suite={suite_file}", "--record", f"--passport={passport}"]
    call_command("evaluate", *kept)
    active_version.refresh_from_db()
    call_command("evaluate", *kept, "--name=mine")
    active_version.refresh_from_db()

    card = active_version.metrics["card"]
    assert list(card["suites"]) == ["some", "mine"]
    assert json.loads(passport.read_text())["metrics"]["card"] == card


def test_nothing_is_measured_for_another_models_passport(active_version, suite_file, tmp_path):
    passport = tmp_path / "passport.json"
    passport.write_text(json.dumps({"model_sha256s": ["0" * 64]}))

    with pytest.raises(CommandError, match="is another model's"):
        call_command("evaluate", f"--suite={suite_file}", f"--passport={passport}")


def test_figures_of_a_part_are_not_kept(active_version, suite_file):
    with pytest.raises(CommandError, match="expected the whole suite"):
        call_command("evaluate", f"--suite={suite_file}", "--limit=3", "--record")


def test_a_suite_that_is_none_is_an_error_in_words(active_version, tmp_path):
    with pytest.raises(CommandError, match="Expected a suite's file, found none"):
        call_command("evaluate", f"--suite={tmp_path / 'none.toml'}")


@pytest.mark.parametrize("option", ["--check", "--record", "--limit=3", "--html=somewhere"])
def test_what_goes_with_a_suite_only_is_refused_without(active_version, option):
    with pytest.raises(CommandError, match="expected --suite FILE"):
        call_command("evaluate", option)


def test_a_limit_of_nothing_is_refused(active_version, suite_file):
    with pytest.raises(CommandError, match="--limit of 1 or more"):
        call_command("evaluate", f"--suite={suite_file}", "--limit=-2")
