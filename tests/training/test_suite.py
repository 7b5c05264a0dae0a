"""A suite's file is checked before anything is measured, and its pictures are found."""

from pathlib import Path

import numpy as np
import pytest

from recognizer import engine
from tests.conftest import drawn_seven, png
from training import suite
from training.datasets import DataUnavailable, Digits, idx_bytes
from training.management.commands.evaluate import SUITES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures: two sevens, an A of the first writer, a B of the second."""
    (tmp_path / "set").mkdir()
    for name in "abcd":
        (tmp_path / "set" / f"{name}.png").write_bytes(png(drawn_seven()))
    table = "file,label,writer\na.png,7,1\nb.png,7,2\nc.png,A,1\nd.png,B,2\n"
    (tmp_path / "set" / "labels.csv").write_text(table)
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "some.toml"
    path.write_text(text)
    return path


def read_one(folder: Path, text: str) -> suite.NamedSet:
    keys = 'name = "one"\n' + ("" if "kind" in text else 'kind = "digits"\n')
    [one] = suite.read(write(folder, f"[[set]]\n{keys}{text}")).sets
    return one


def write_test_digits(folder: Path, num: int = 20) -> Digits:
    digits, labels = (part[:num] for part in engine.probes())
    folder.mkdir()
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(digits))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    return Digits(digits, labels)


def test_paths_are_relative_to_the_file_and_the_name_is_the_files(folder):
    text = '[[set]]\nname = "one"\npath = "set"\nkind = "digits"\ngoal = 0.98\n'
    found = suite.read(write(folder, text))

    assert found.name == "some"
    assert found.sets == [suite.NamedSet("one", "digits", path=folder / "set", goal=0.98)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('path = "a"\ncolour = 1', "found colour too"),
        ('path = "a"\ngoal = 98', "expected goal to be a share of 0 to 1, found 98"),
        ('path = "a"\ngoal = true', "expected goal to be a share"),
        ('path = "a"\nlimit = 0', "limit to be a whole number of 1 or more"),
        ('path = "a"\nkind = "letters"', "kind to be one of digits, nondigits"),
        ('builtin = "emnist"', "builtin to be one of sample, mnist"),
        ('builtin = "mnist"\ncorruption = "rain"', "corruption to be one of mnist-c"),
        ("", "either a path or a builtin"),
        ('path = "a"\nbuiltin = "mnist"', "either a path or a builtin"),
        ('builtin = "mnist"\nkind = "nondigits"', "non-digits as a folder of images"),
        ('path = "a"\nkind = "nondigits"\nmax_ece = 0.1', "max_ece of digits only"),
        ('path = "a"\nwhere = 3', "where to be a table"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path, text, words):
    with pytest.raises(suite.InvalidSuite, match=words):
        read_one(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "at least one"),
        ("[[set]", "no TOML"),
        ("sets = 1", "found sets too"),
        ("[[set]]\npath = 'a'", "expected kind and name"),
        ("[[set]]\nname='a'\nkind='digits'\npath='b'\n" * 2, "each set's name once"),
    ],
)
def test_a_file_that_is_no_suite_is_refused_in_words(tmp_path, text, words):
    with pytest.raises(suite.InvalidSuite, match=words):
        suite.read(write(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(suite.InvalidSuite, match="found none at"):
        suite.read(tmp_path / "none.toml")


def test_digits_are_found_and_other_labels_left_out(folder):
    found = suite.pictures_of(read_one(folder, 'path = "set"'))

    assert found.names == ["7", "7"]
    assert found.num_skipped == 2


def test_where_keeps_the_rows_with_these_values(folder):
    digits = suite.pictures_of(read_one(folder, 'path = "set"\nwhere = { writer = "2" }'))
    letters = 'path = "set"\nkind = "nondigits"\nwhere = { writer = 1, label = "A" }'

    assert [file.name for file in digits.files] == ["b.png"]
    assert suite.pictures_of(read_one(folder, letters)).names == ["A"]


def test_a_column_that_is_not_there_is_an_error(folder):
    with pytest.raises(suite.InvalidSuite, match="found no safe"):
        suite.pictures_of(read_one(folder, 'path = "set"\nwhere = { safe = "1" }'))


def test_values_that_no_row_has_are_an_error(folder):
    with pytest.raises(DataUnavailable, match="found none"):
        suite.pictures_of(read_one(folder, 'path = "set"\nwhere = { writer = "3" }'))


def test_non_digits_need_no_table(folder):
    (folder / "set" / "labels.csv").unlink()

    found = suite.pictures_of(read_one(folder, 'path = "set"\nkind = "nondigits"'))
    assert [file.name for file in found.files] == ["a.png", "b.png", "c.png", "d.png"]


def test_what_is_no_digit_is_called_as_the_table_has_it(folder):
    (folder / "set" / "labels.csv").write_text("file,label,what\na.png,-1,sheet\nb.png,Q,\n")

    found = suite.pictures_of(read_one(folder, 'path = "set"\nkind = "nondigits"'))
    assert found.names == ["sheet", "Q"]


def test_a_table_that_names_what_is_not_there_is_damaged_data(folder):
    (folder / "set" / "a.png").unlink()

    for text in ('path = "set"', 'path = "set"\nkind = "nondigits"'):
        with pytest.raises(DataUnavailable, match="1 files that are not there"):
            suite.pictures_of(read_one(folder, text))


def test_a_set_of_digits_without_a_digit_is_damaged_data(folder):
    (folder / "set" / "labels.csv").write_text("file,label\nc.png,A\n")

    with pytest.raises(DataUnavailable, match="other labels only"):
        suite.pictures_of(read_one(folder, 'path = "set"'))


def test_data_that_is_not_on_this_machine_is_not_here(tmp_path):
    with pytest.raises(suite.NotHere, match="nothing at"):
        suite.pictures_of(read_one(tmp_path, 'path = "elsewhere"'))


def test_idx_files_are_digits_that_are_laid_out(tmp_path):
    digits = write_test_digits(tmp_path / "idx")
    found = suite.pictures_of(read_one(tmp_path, 'path = "idx"'))

    assert found.digits is not None
    assert np.array_equal(found.digits, digits.images)
    assert found.names == [str(label) for label in digits.labels]


@pytest.mark.parametrize(
    "text", ['path = "idx"\nkind = "nondigits"', 'path = "idx"\nwhere = { writer = "1" }']
)
def test_digits_that_are_laid_out_are_nothing_else(tmp_path, text):
    write_test_digits(tmp_path / "idx")

    with pytest.raises(suite.InvalidSuite, match="laid out already"):
        suite.pictures_of(read_one(tmp_path, text))


@pytest.mark.parametrize("text", ['corruption = "fog"', 'through = "engine"'])
def test_pictures_are_not_corrupted_and_not_read_without_imaging(folder, text):
    with pytest.raises(suite.InvalidSuite, match="laid out as MNIST's"):
        suite.pictures_of(read_one(folder, f'path = "set"\n{text}'))


def test_a_limit_takes_evenly_from_the_whole(tmp_path):
    write_test_digits(tmp_path / "idx")
    whole = suite.pictures_of(read_one(tmp_path, 'path = "idx"'))
    part, numbers = suite.limited(whole, 5)

    assert numbers == [0, 4, 8, 12, 16]
    assert part.names == [whole.names[number] for number in numbers]
    assert part.digits is not None
    assert whole.digits is not None
    assert (part.digits == whole.digits[numbers]).all()
    assert suite.limited(whole, 50)[1] == suite.limited(whole, None)[1] == list(range(20))


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_suite_asks_only_for_what_anybody_can_have(path):
    sets = suite.read(path).sets

    assert sets
    assert all(one.path is None for one in sets)


def test_the_sample_is_built_in(tmp_path):
    found = suite.pictures_of(read_one(tmp_path, 'builtin = "sample"'))

    assert len(found) == 500
    assert np.unique(found.names).tolist() == list("0123456789")
