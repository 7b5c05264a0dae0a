"""Data sets from labelled submissions: what is in them, and that readers of MNIST read them."""

import base64
import csv
import errno
import hashlib
import json
import os
import subprocess
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from PIL import Image

from recognizer import exporting, people, recognition
from recognizer.engine import SAMPLE_PATH
from recognizer.exporting import making
from recognizer.models import Submission
from tests.conftest import png
from training import datasets

NUM = 30
FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def rows(active_version, admin_user) -> list[Submission]:
    """Thirty drawn digits of six visitors, read, stored and labelled; one a day."""
    with np.load(SAMPLE_PATH) as sample:
        images, labels = sample["x_test"][:NUM], sample["y_test"][:NUM]
    stored = []
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        row = recognition.recognize(
            drawing=png(Image.fromarray(255 - image).resize((112, 112))),
            source="drawn" if place % 2 else "api",
            visitor_key=f"{place % 6:032x}",
            strokes=[{"points": [{"x": 1.5, "y": 2.5}]}] if place % 2 else None,
        ).submission
        row.review(label=str(label), by=admin_user)
        row.created_at = FIRST + timedelta(days=place)
        row.save()
        stored.append(row)
    return stored


@pytest.fixture
def output(tmp_path) -> Path:
    return tmp_path / "dataset"


def export(output: Path, *formats: str, **options) -> dict:
    selection = exporting.Selection(**options)
    return exporting.export(selection, output=output, formats=formats or list(exporting.FORMATS))


def command(*arguments: object) -> str:
    out = StringIO()
    call_command("export_dataset", *map(str, arguments), stdout=out)
    return out.getvalue()


def evaluate(data: Path) -> dict:
    out = StringIO()
    call_command("evaluate", "--data", str(data), "--json", stdout=out)
    return json.loads(out.getvalue())


def lines_of(output: Path) -> list[dict]:
    text = (output / "jsonl" / "submissions.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def table_of(output: Path) -> list[dict[str, str]]:
    with (output / "png" / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def hashes_of(output: Path) -> dict[str, str]:
    return {
        path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in output.rglob("*")
        if path.is_file() and path.name != exporting.MANIFEST
    }


# --- Read back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["idx", "npz/digits.npz", "png"])
def test_evaluate_reads_the_export_with_the_figures_that_were_served(rows, output, data):
    """Of digits laid out already, and of the stored pictures on a visitor's whole way."""
    command("--output", output)
    served = Counter(row.served.digit == int(row.label) for row in rows)
    assert served[False], "a model that errs: else the same figures would tell little"

    found = evaluate(output / data)

    assert found["num"] == NUM
    assert found["accuracy"] == pytest.approx(served[True] / NUM, abs=1e-6)
    confusion = np.zeros((10, 10), int)
    for row in rows:
        confusion[int(row.label), row.served.digit] += 1
    assert found["confusion"] == confusion.tolist()


def test_train_reads_an_export_in_two_parts_and_no_visitor_is_in_both(rows, output):
    command("--output", output, "--test-share", "0.35")

    for data in (output / "idx", output / "npz" / "digits.npz"):
        read = datasets.load(str(data), num_validation=10)
        assert len(read.train) + len(read.validation) + len(read.test) == NUM
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["digits"]["test"]["sha256"] == read.test.sha256
    parts: dict[int, set[str]] = {}
    for line in lines_of(output):
        parts.setdefault(line["writer"], set()).add(line["part"])
    assert len(parts) == 6
    assert all(len(found) == 1 for found in parts.values())
    assert {"train"} in parts.values()
    assert {"test"} in parts.values()


def test_a_visitor_is_in_the_same_part_in_the_next_export(rows, tmp_path):
    command("--output", tmp_path / "a", "--test-share", "0.5", "--until", "2026-03-10")
    command("--output", tmp_path / "b", "--test-share", "0.5")

    early, later = (
        {line["id"]: line["part"] for line in lines_of(tmp_path / name)} for name in "ab"
    )
    assert len(early) == 10
    assert early.items() <= later.items()


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
def test_who_is_in_the_field_test_is_never_in_the_training_part(rows, output, share):
    for place, row in enumerate(rows):
        Submission.objects.filter(pk=row.pk).update(source="drawn", visitor_key=f"{place:032x}")
    command("--output", output, "--test-share", str(share))
    measuring = {str(row.pk) for row in Submission.objects.all() if people.is_in_field_test(row)}

    parts = {line["id"]: line["part"] for line in lines_of(output)}
    assert {parts[one] for one in measuring} == {"test"}
    assert "train" in parts.values()
    num_test = list(parts.values()).count("test")
    assert num_test == len(measuring) if share < 0.25 else num_test > len(measuring)


def test_the_digits_are_those_that_were_read_in_their_order(rows, output):
    export(output)
    with np.load(output / "npz" / "digits.npz") as arrays:
        images, labels = arrays["x_test"], arrays["y_test"]

    assert images.dtype == labels.dtype == np.uint8
    for row, image, label in zip(rows, images, labels, strict=True):
        assert bytes(row.digit) == image.tobytes()
        assert int(row.label) == label
    idx = datasets.read_test(output / "idx")
    assert np.array_equal(idx.images, images)
    assert np.array_equal(idx.labels, labels)


# --- What is in it --------------------------------------------------------------------------------


def test_json_lines_hold_all_but_who_it_was(rows, output):
    export(output)
    lines = lines_of(output)

    assert [line["id"] for line in lines] == [str(row.pk) for row in rows]
    line, row = lines[1], Submission.objects.get(pk=rows[1].pk)
    assert base64.b64decode(line["digit"]) == bytes(row.digit)
    assert line["receipt"] == row.receipt
    assert line["strokes"] == row.strokes
    assert row.served
    assert line["reading"]["probabilities"] == row.served.probabilities
    assert line["reading"]["model_version"] == 1
    assert (line["label"], line["source"]) == (row.label, "drawn")


def test_pictures_lie_by_label_with_a_table(rows, output):
    export(output, "png")
    table = table_of(output)

    assert len(table) == NUM
    for line, row in zip(table, rows, strict=True):
        assert line["file"] == f"{row.label}/{row.pk}.png"
        with row.image.open("rb") as file:
            assert (output / "png" / line["file"]).read_bytes() == file.read()


def test_no_visitors_key_leaves_and_visitors_are_numbered(rows, output):
    export(output)

    assert [line["writer"] for line in lines_of(output)] == [place % 6 + 1 for place in range(NUM)]
    for path in output.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(row.visitor_key.encode() in content for row in rows)


def test_who_has_no_key_is_somebody_else_each_time(rows, output):
    Submission.objects.update(visitor_key="")

    manifest = export(output, "jsonl")

    assert manifest["num_writers"] == NUM


def test_the_manifest_counts_and_says_how_it_was_made(rows, output):
    manifest = export(output, since=FIRST, labels=["0", "1", "7"])
    labels = Counter(row.label for row in rows)

    assert manifest == json.loads((output / "manifest.json").read_text())
    wanted = {label: labels[label] for label in ("0", "1", "7") if labels[label]}
    assert manifest["labels"] == wanted
    assert sum(manifest["sources"].values()) == manifest["num"] == sum(wanted.values())
    assert manifest["model_versions"] == {"v1": manifest["num"]}
    assert manifest["filters"]["since"] == FIRST.isoformat()
    assert manifest["left_out"] == {
        label: num for label, num in sorted(labels.items()) if label not in wanted
    }
    assert len(manifest["preprocessing"]) == 64
    assert datetime.fromisoformat(manifest["made_at"]).tzinfo


def test_the_hashes_are_as_sha256sum_checks_them(rows, output):
    manifest = export(output)

    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=output, check=True)
    sums = (output / "SHA256SUMS").read_bytes()
    assert manifest["sha256"] == hashlib.sha256(sums).hexdigest()
    assert len(sums.splitlines()) == len(hashes_of(output)) - 1


def test_the_same_rows_give_the_same_files(rows, tmp_path, monkeypatch):
    first = export(tmp_path / "a")
    monkeypatch.setattr(making, "ROWS_AT_ONCE", 7)
    again = export(tmp_path / "b")
    assert hashes_of(tmp_path / "a") == hashes_of(tmp_path / "b")
    assert first["sha256"] == again["sha256"]

    rows[3].review(label="0" if rows[3].label != "0" else "1", by=None)
    rows[3].save()
    assert export(tmp_path / "c")["sha256"] != first["sha256"]


def test_a_zip_holds_the_same(rows, tmp_path):
    whole = export(tmp_path / "a")
    zipped = export(tmp_path / "a.zip")
    assert zipped["sha256"] == whole["sha256"]

    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "out")
    assert hashes_of(tmp_path / "out") == hashes_of(tmp_path / "a")


# --- Which ones -----------------------------------------------------------------------------------


def test_what_was_not_reviewed_or_waits_for_a_second_look_is_left_out(rows, output):
    rows[0].review(label="", by=None)
    rows[1].ask_second_look()
    for row in rows[:2]:
        row.save()

    manifest = export(output, "idx")

    assert manifest["num"] == NUM - 2
    assert manifest["left_out"] == {"second_look": 1}


def test_what_is_no_digit_is_in_the_formats_that_can_hold_it(rows, output):
    for row, label in zip(rows, ("not_a_digit", "several", "bad_image"), strict=False):
        row.review(label=label, by=None)
        row.save()

    said = command("--output", output, "--labels", "all")

    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["num"] == NUM
    assert manifest["digits"]["test"]["num"] == NUM - 3
    for name, num in (("idx", 3), ("npz", 3), ("png", 0), ("jsonl", 0)):
        assert sum(manifest["formats"][name]["left_out"].values()) == num
    assert "left out of idx: 3: it holds the ten digits alone" in said
    assert Counter(line["label"] for line in table_of(output))["several"] == 1
    assert evaluate(output / "png")["num_skipped"] == 3


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--since", "2026-03-11"], range(10, NUM)),
        (["--until", "2026-03-11"], range(11)),
        (["--since", "2026-03-11T12:00:00+00:00", "--until", "2026-03-11T12:00:01"], [10]),
        (["--source", "api"], range(0, NUM, 2)),
        (["--version", "1"], range(NUM)),
    ],
)
def test_filters_choose(rows, output, options, wanted):
    command("--output", output, "--format", "jsonl", *options)

    assert [line["id"] for line in lines_of(output)] == [str(rows[place].pk) for place in wanted]


def test_of_the_audit_lane_is_what_was_reviewed_so(rows, output):
    Submission.objects.filter(pk=rows[4].pk).update(audited_at=FIRST)

    command("--output", output, "--format", "jsonl", "--lane", "audit")

    assert [line["id"] for line in lines_of(output)] == [str(rows[4].pk)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "options",
    [
        ["--since", "yesterday"],
        ["--until", "2026-02-30"],
        ["--test-share", "1.5"],
        ["--version", "77"],
        ["--labels", "seven"],
        ["--format", "tiff"],
    ],
)
def test_what_is_no_choice_is_refused(output, options):
    with pytest.raises(CommandError, match=r"(?i)expected|invalid choice"):
        command("--output", output, *options)
    assert not output.exists()


# --- Whole or not at all --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dataset", "dataset.zip"])
def test_nothing_is_overwritten(rows, tmp_path, name):
    (tmp_path / name).write_text("precious")

    with pytest.raises(CommandError, match="Expected nothing"):
        command("--output", tmp_path / name)
    assert (tmp_path / name).read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["dataset", "dataset.zip"])
def test_what_appears_in_the_place_meanwhile_is_not_overwritten_either(rows, tmp_path, name):
    path = tmp_path / name

    def put() -> None:
        if path.suffix:
            path.write_text("precious")
        else:
            path.mkdir(exist_ok=True)
            (path / "file").write_text("precious")

    selection = exporting.Selection()
    with pytest.raises(exporting.OutputExists):
        exporting.export(selection, output=path, formats=["idx"], on_row=put)

    assert [one.name for one in tmp_path.iterdir()] == [name]
    assert (path if path.suffix else path / "file").read_text() == "precious"


def refuse(*_: object) -> None:
    """As FAT does, and some shares: they have no hard links."""
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_a_zip_comes_to_its_place_where_there_are_no_hard_links(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse)
    command("--output", tmp_path / "dataset.zip")

    with zipfile.ZipFile(tmp_path / "dataset.zip") as archive:
        assert archive.testzip() is None
        assert "manifest.json" in archive.namelist()
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.zip"]


def test_nothing_is_overwritten_where_there_are_no_hard_links(rows, tmp_path, monkeypatch):
    path = tmp_path / "dataset.zip"
    monkeypatch.setattr(os, "link", refuse)

    def put() -> None:
        path.write_text("precious")

    with pytest.raises(exporting.OutputExists):
        exporting.export(exporting.Selection(), output=path, formats=["idx"], on_row=put)
    assert path.read_text() == "precious"


@pytest.mark.parametrize(("name", "step"), [("dataset", "rename"), ("dataset.zip", "replace")])
def test_a_place_that_cannot_be_written_is_told_in_words(rows, tmp_path, monkeypatch, name, step):
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, step, refuse)

    with pytest.raises(CommandError, match=r"found: .*Operation not permitted"):
        command("--output", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_one_that_fails_leaves_nothing_behind(rows, tmp_path, output):
    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exporting.export(exporting.Selection(), output=output, formats=["png"], on_row=fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_without_labelled_submissions_it_says_so(output):
    with pytest.raises(CommandError, match="Review some"):
        command("--output", output)
    assert not output.exists()


def test_a_drawing_whose_file_is_gone_is_left_out_of_the_pictures_alone(rows, output):
    default_storage.delete(rows[0].image.name)

    manifest = export(output)

    assert manifest["formats"]["png"]["left_out"] == {"the drawing's file is gone": 1}
    assert len(table_of(output)) == NUM - 1
    assert manifest["digits"]["test"]["num"] == NUM


def test_it_asks_as_much_for_many_rows_as_for_few(
    rows, tmp_path, monkeypatch, django_assert_num_queries
):
    for name, at_once, num in (("a", 500, 4), ("b", 10, 6)):  # one for each batch's readings
        monkeypatch.setattr(making, "ROWS_AT_ONCE", at_once)
        with django_assert_num_queries(num):
            export(tmp_path / name)


def test_idx_as_large_as_mnist_is_warned_of(rows, output, monkeypatch):
    monkeypatch.setattr(
        "recognizer.management.commands.export_dataset.MNIST_SIZES", {"train": 1, "test": NUM}
    )
    err = StringIO()
    call_command("export_dataset", "--output", str(output), stderr=err, stdout=StringIO())

    assert "Use the .npz" in err.getvalue()
    assert datasets.MNIST_SIZES["x_test"] == 10_000
