"""Digits are read from whatever holds them, checked, and split the same way each time."""

import gzip
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from recognizer import people
from training import datasets
from training.datasets import IDX_NAMES, SAMPLE_PATH, DataUnavailable
from training.sample.make import make


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    """The sample's four arrays."""
    with np.load(SAMPLE_PATH) as file:
        return dict(file)


@pytest.fixture
def idx_folder(tmp_path: Path, arrays) -> Path:
    """The sample as MNIST's four IDX files, two of them gzipped."""
    for key, name in IDX_NAMES.items():
        content = datasets.idx_bytes(arrays[key])
        if key.startswith("x"):
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (tmp_path / name).write_bytes(content)
    return tmp_path


def load(source: object) -> datasets.DigitData:
    return datasets.load(str(source), num_validation=200)


def test_the_sample_has_as_many_of_each_digit():
    data = load("sample")

    assert (len(data.train), len(data.validation), len(data.test)) == (800, 200, 500)
    assert data.name == "MNIST sample"
    assert "CC BY-SA 3.0" in data.licence
    assert np.bincount(data.test.labels).tolist() == [50] * 10
    assert SAMPLE_PATH.stat().st_size <= 400_000


def test_validation_keeps_each_digits_share_and_is_the_same_each_time():
    first, second = load("sample"), load("sample")

    assert np.bincount(first.validation.labels).tolist() == [20] * 10
    assert first.validation.sha256 == second.validation.sha256
    assert np.array_equal(first.train.images, second.train.images)


def test_no_digit_is_in_two_parts():
    data = load("sample")
    parts = [{image.tobytes() for image in part.images} for part in (data.train, data.validation)]

    assert len(parts[0] | parts[1]) == 1_000


@pytest.mark.parametrize("num_validation", [0, 501])
def test_a_validation_part_without_digits_to_take_it_from_is_refused(num_validation):
    with pytest.raises(DataUnavailable, match="Use more data"):
        datasets.load("sample", num_validation=num_validation)


def test_idx_files_hold_the_same_digits_gzipped_or_not(idx_folder):
    assert load(idx_folder).sha256 == load("sample").sha256


def test_a_folder_may_hold_an_npz(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(SAMPLE_PATH.read_bytes())

    assert load(tmp_path).sha256 == load("sample").sha256 == load(tmp_path / "mnist.npz").sha256


def test_mnist_is_known_by_its_checksums_wherever_it_lies(idx_folder, arrays, monkeypatch):
    known = {key: datasets._md5(array) for key, array in arrays.items()}
    monkeypatch.setattr(datasets, "MNIST_MD5S", known)

    assert load(idx_folder).name == "MNIST"


@pytest.fixture
def as_large_as_mnist(monkeypatch) -> None:
    """The sample's sizes, taken for MNIST's."""
    sizes = {"x_train": 1_000, "y_train": 1_000, "x_test": 500, "y_test": 500}
    monkeypatch.setattr(datasets, "MNIST_SIZES", sizes)


@pytest.fixture
def known(monkeypatch, arrays, as_large_as_mnist) -> dict[str, str]:
    """The sample's checksums, taken for MNIST's."""
    found = {key: datasets._md5(array) for key, array in arrays.items()}
    monkeypatch.setattr(datasets, "MNIST_MD5S", found)
    return found


def test_shuffled_labels_in_mnists_own_archive_are_refused(tmp_path, arrays, known):
    path = tmp_path / "mnist.npz"
    shuffled = np.roll(arrays["y_train"], 1)
    np.savez(path, **arrays | {"y_train": shuffled})
    message = (
        rf"{path} bears MNIST's name .* y_train, .* {known['y_train']}, "
        rf"found {datasets._md5(shuffled)}\. Fetch it again; .* rename it"
    )

    for place in (path, tmp_path):
        with pytest.raises(DataUnavailable, match=message):
            load(place)
    path.rename(tmp_path / "mine.npz")
    assert load(tmp_path / "mine.npz").name.startswith("custom data")


def test_another_label_in_one_of_mnists_own_idx_files_is_refused(idx_folder, arrays, known):
    labels = arrays["y_test"].copy()
    labels[7] = (labels[7] + 1) % 10
    path = idx_folder / IDX_NAMES["y_test"]
    path.write_bytes(datasets.idx_bytes(labels))

    for read in (load, datasets.read_test):
        with pytest.raises(DataUnavailable, match=rf"{path} .* {known['y_test']}, .* save them as"):
            read(idx_folder)


def test_mnist_itself_passes_its_check(idx_folder, tmp_path, arrays, known):
    assert load(idx_folder).name == "MNIST"
    np.savez(tmp_path / "mnist.npz", **arrays)
    assert load(tmp_path).name == "MNIST"


def test_blank_digits_of_mnists_real_sizes_are_no_mnist(tmp_path):
    parts = {"train": 60_000, "test": 10_000}
    blank: dict[str, Any] = {
        **{f"x_{part}": np.zeros((num, 28, 28), np.uint8) for part, num in parts.items()},
        **{f"y_{part}": np.zeros(num, np.uint8) for part, num in parts.items()},
    }
    np.savez(tmp_path / "mnist.npz", **blank)

    with pytest.raises(DataUnavailable, match=datasets.MNIST_MD5S["x_train"]):
        load(tmp_path)
    with pytest.raises(DataUnavailable, match=datasets.MNIST_MD5S["x_test"]):
        datasets.read_test(tmp_path)


def test_without_keras_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)

    with pytest.raises(DataUnavailable, match=r"pip install -r requirements\.txt"):
        load("mnist")


def test_other_digits_are_named_by_their_hash_and_never_by_their_place(tmp_path, arrays):
    np.savez(tmp_path / "other.npz", **arrays | {"x_train": 255 - arrays["x_train"]})
    data = load(tmp_path / "other.npz")

    assert data.name == f"{people.OWN_DATA} {data.sha256[:12]}"
    assert data.licence == ""


@pytest.mark.parametrize(("num_train", "num_validation"), [(1_000, 166), (30, 10), (20, 10)])
def test_of_few_digits_of_one_s_own_a_sixth_validates(tmp_path, arrays, num_train, num_validation):
    own = {key: arrays[key][:num_train] for key in ("x_train", "y_train")}
    np.savez(tmp_path / "own.npz", **arrays | own | {"x_test": 255 - arrays["x_test"]})
    data = datasets.load(str(tmp_path / "own.npz"), num_validation=5_000)

    assert len(data.validation) == num_validation
    assert len(data.train) == num_train - num_validation
    with pytest.raises(DataUnavailable, match="Expected at least 10000 training digits"):
        datasets.load("sample", num_validation=5_000)


def test_a_cut_off_idx_file_is_refused(idx_folder, arrays):
    name = IDX_NAMES["y_train"]
    (idx_folder / name).write_bytes(datasets.idx_bytes(arrays["y_train"])[:-1])

    with pytest.raises(DataUnavailable, match=rf"{name} is cut off .* 1000 bytes .* found 999"):
        load(idx_folder)


def test_what_is_no_idx_file_is_refused(idx_folder):
    (idx_folder / IDX_NAMES["y_train"]).write_bytes(b"<html>Not found</html>")

    with pytest.raises(DataUnavailable, match="is no IDX file"):
        load(idx_folder)


def test_a_damaged_gzip_file_is_refused(idx_folder):
    path = idx_folder / f"{IDX_NAMES['x_train']}.gz"
    path.write_bytes(path.read_bytes()[:1000])

    with pytest.raises(DataUnavailable, match="cut off or damaged"):
        load(idx_folder)


def test_a_missing_idx_file_is_named(idx_folder):
    (idx_folder / IDX_NAMES["y_test"]).unlink()

    with pytest.raises(DataUnavailable, match=f"Expected {IDX_NAMES['y_test']} or"):
        load(idx_folder)


def test_a_place_where_nothing_is_tells_what_was_expected(tmp_path):
    with pytest.raises(DataUnavailable, match="'mnist', 'sample', a folder"):
        load(tmp_path / "nothing")


def test_what_is_no_npz_file_is_refused(tmp_path):
    path = tmp_path / "digits.npz"
    path.write_bytes(SAMPLE_PATH.read_bytes()[:5000])

    with pytest.raises(DataUnavailable, match=r"no readable \.npz"):
        load(path)


def test_an_npz_without_a_part_is_refused(tmp_path, arrays):
    np.savez(tmp_path / "part.npz", x_train=arrays["x_train"])

    with pytest.raises(DataUnavailable, match="Expected the arrays x_train, y_train"):
        load(tmp_path / "part.npz")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_test": np.full(500, 12, np.uint8)}, "labels from 0 to 9, found 12"),
        ({"y_test": np.zeros(499, np.uint8)}, r"labels of uint8 \(500,\)"),
        ({"x_test": np.zeros((500, 32, 32), np.uint8)}, r"images of uint8 \(N, 28, 28\)"),
        ({"x_test": np.zeros((500, 28, 28), np.float32)}, "found float32"),
        ({"x_test": np.zeros((0, 28, 28), np.uint8), "y_test": np.zeros(0, np.uint8)}, "none"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, arrays, change, message):
    np.savez(tmp_path / "odd.npz", **arrays | change)

    with pytest.raises(DataUnavailable, match=message):
        load(tmp_path / "odd.npz")


def test_without_network_and_cache_the_error_tells_what_to_do(monkeypatch):
    def fail() -> None:
        raise Exception("URL fetch failure")  # as Keras does

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)

    with pytest.raises(DataUnavailable, match=r"could not be downloaded: URL fetch .*--data DIR"):
        load("mnist")


def test_keras_own_loader_is_used_for_mnist(monkeypatch, arrays):
    parts = (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: parts)

    assert load("mnist").sha256 == load("sample").sha256


def test_a_test_part_is_enough_to_measure_by(idx_folder, arrays):
    for name in ("x_train", "y_train"):
        for path in idx_folder.glob(f"{IDX_NAMES[name]}*"):
            path.unlink()

    assert datasets.holds_arrays(idx_folder)
    assert np.array_equal(datasets.read_test(idx_folder).images, arrays["x_test"])
    assert len(datasets.read_test(SAMPLE_PATH)) == 500


def test_images_are_listed_by_their_table_and_what_is_no_digit_is_counted(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).touch()
    (tmp_path / "labels.csv").write_text("file,label,writer\na.png,7,1\nb.png,x,1\nc.png,0,2\n")
    folder = datasets.read_image_folder(tmp_path)

    assert not datasets.holds_arrays(tmp_path)
    assert folder.files == [(tmp_path / "a.png", 7), (tmp_path / "c.png", 0)]
    assert folder.num_skipped == 1


def test_images_are_listed_by_their_folders(tmp_path):
    for digit in (0, 9):
        (tmp_path / str(digit)).mkdir()
        (tmp_path / str(digit) / "one.JPG").touch()
        (tmp_path / str(digit) / "notes.txt").touch()

    assert datasets.read_image_folder(tmp_path).files == [
        (tmp_path / "0" / "one.JPG", 0),
        (tmp_path / "9" / "one.JPG", 9),
    ]


def test_a_table_that_names_a_missing_file_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("file,label\ngone.png,7\n")

    with pytest.raises(DataUnavailable, match=r"1 files that are not there, .*gone\.png"):
        datasets.read_image_folder(tmp_path)


@pytest.mark.parametrize("table", ["", "picture,digit\na.png,7\n", "file,label\n"])
def test_a_table_without_its_columns_or_rows_is_refused(tmp_path, table):
    (tmp_path / "labels.csv").write_text(table)

    with pytest.raises(DataUnavailable, match="file,label at the top"):
        datasets.read_image_folder(tmp_path)


def test_a_folder_without_labels_is_refused(tmp_path):
    with pytest.raises(DataUnavailable, match=r"a labels\.csv .* or folders"):
        datasets.read_image_folder(tmp_path)


def test_the_sample_can_be_made_again(tmp_path, arrays):
    many: dict[str, Any] = {key: np.concatenate([array] * 12) for key, array in arrays.items()}
    np.savez(tmp_path / "many.npz", **many)
    make(str(tmp_path / "many.npz"), tmp_path / "sample.npz")
    with np.load(tmp_path / "sample.npz") as made:
        assert np.bincount(made["y_train"]).tolist() == [100] * 10
        assert made["x_test"].shape == (500, 28, 28)
