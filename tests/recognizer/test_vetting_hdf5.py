"""HDF5 files that hold more than arrays, or whose arrays hold more than they should."""

from typing import Any

import h5py
import numpy as np
import pytest

from tests.recognizer import bad_models as bad


def filtered(**options: Any) -> bad.Fill:
    def fill(file: h5py.File) -> None:
        file.create_dataset("x", (8,), "f4", data=np.zeros(8, "f4"), **options)

    return fill


def chunk_of_gigabytes(file: h5py.File) -> None:
    """An array of eight numbers, in a chunk of which HDF5 unpacks 4 GB to read one."""
    file.create_dataset("x", (8,), "f4", maxshape=(None,), chunks=(2**30 - 1,), compression=9)


def many_tiny_chunks(file: h5py.File) -> None:
    file.create_dataset("x", (10**7,), "f4", chunks=(1,))


def an_overflowing_size(file: h5py.File) -> None:
    """2⁶³ bytes: what counts with a sign in 64 bits counts less than none."""
    file.create_dataset("x", (2**31, 2**30), "f4")


def the_root_again(file: h5py.File) -> None:
    file["x"] = file["/"]


def an_array_twice(file: h5py.File) -> None:
    file["x"] = file["y"] = np.zeros(3)
    file["z"] = file["x"]


def one_long_text_many_times(file: h5py.File) -> None:
    """17 MB in a file of 1 MB: each of the entries names the same text."""
    file.attrs.create("x", ["y" * 60_000] * 300, dtype=h5py.string_dtype())


def many_attributes(file: h5py.File) -> None:
    for row in range(6):
        group = file.create_group(str(row))
        for column in range(1_000):
            group.attrs[str(column)] = 0


def a_compound(file: h5py.File) -> None:
    file["x"] = np.zeros(3, [("a", "f4"), ("b", "i4")])


def an_opaque_attribute(file: h5py.File) -> None:
    file.attrs["x"] = np.void(b"abc")


def links_in_a_circle(file: h5py.File) -> None:
    file["x"], file["y"] = h5py.SoftLink("/y"), h5py.SoftLink("/x")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("fill", "expected", "found"),
    [
        (filtered(compression="gzip"), "arrays in one piece", "'x' in chunks"),
        (filtered(compression="lzf"), "arrays in one piece", "'x' in chunks"),
        (filtered(scaleoffset=3), "arrays in one piece", "'x' in chunks"),
        (chunk_of_gigabytes, "arrays in one piece", "'x' in chunks"),
        (many_tiny_chunks, "arrays in one piece", "'x' in chunks"),
        (an_overflowing_size, "arrays of at most 335,544,320 bytes", "9,223,372,036,85"),
        (the_root_again, "each object once", "'x' twice"),
        (an_array_twice, "each object once", "twice"),
        (one_long_text_many_times, "at most 5,000 attributes of 16,777,216 bytes", "more"),
        (many_attributes, "at most 5,000 attributes of 16,777,216 bytes", "more"),
        (a_compound, "arrays of numbers", "'x'"),
        (an_opaque_attribute, "attributes of texts and numbers", "|V3"),
        (links_in_a_circle, "hard links alone", "a soft link"),
    ],
)
def test_hdf5_holds_plain_arrays_and_nothing_else(desk, fill, expected, found, suffix):
    content = bad.keras_file(fill=fill) if suffix == ".keras" else bad.h5_file(fill=fill)
    refusal = desk.refusal(content, suffix)

    assert (refusal.check, refusal.expected) == ("HDF5", expected)
    assert found in refusal.found
