"""An HDF5 file as a tree: groups, plain arrays and short attributes, all in the file itself."""

from __future__ import annotations

import math
from collections.abc import Iterator

import h5py

from recognizer.vetting.archive import MEMBERS, WEIGHTS
from recognizer.vetting.refusal import RefusedModel

MAX_OBJECTS = 20_000
MAX_DEPTH = 32
MAX_DECLARED_BYTES = MEMBERS[WEIGHTS]
MAX_ATTRIBUTES = 5_000  # Keras keeps one or two for a layer
MAX_ATTRIBUTE_BYTES = 16 * 2**20


def check(file: h5py.File) -> int:
    """Walk through all groups without following a link elsewhere; give the bytes declared.

    Raises:
        RefusedModel: There is more in it than weights need, or it is elsewhere.
    """
    declared, attributes = 0, _Attributes()
    for holder, name in _objects(file):
        attributes.check(holder)
        if isinstance(holder, h5py.Dataset):
            declared += _declared_bytes(holder, name)
        if declared > MAX_DECLARED_BYTES:
            most = f"arrays of at most {MAX_DECLARED_BYTES:,} bytes"
            raise RefusedModel("HDF5", most, f"{declared:,} declared")
    return declared


def _objects(file: h5py.File) -> Iterator[tuple[h5py.Group | h5py.Dataset, str]]:
    """Give each object once, and its name; there must be no second way to it."""
    root = file["/"]
    seen, left = {_address(root)}, [(root, "/", 1)]
    while left:
        holder, name, depth = left.pop()
        yield holder, name
        if isinstance(holder, h5py.Dataset):
            continue
        if depth > MAX_DEPTH:
            raise RefusedModel("HDF5", f"groups at most {MAX_DEPTH} deep", "deeper ones")
        for name in holder:
            child = _child(holder, name)
            if _address(child) in seen:
                raise RefusedModel("HDF5", "each object once", f"{name[:60]!r} twice")
            seen.add(_address(child))
            if len(seen) > MAX_OBJECTS:
                raise RefusedModel("HDF5", f"at most {MAX_OBJECTS:,} objects", "more")
            left.append((child, name, depth + 1))


def _address(holder: h5py.Group | h5py.Dataset) -> int:
    return int(h5py.h5o.get_info(holder.id).addr)


def _child(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    kind = group.id.links.get_info(name.encode(errors="surrogateescape")).type
    if kind != h5py.h5l.TYPE_HARD:
        others = {h5py.h5l.TYPE_SOFT: "a soft link", h5py.h5l.TYPE_EXTERNAL: "an external link"}
        found = f"{others.get(kind, 'a link of its own kind')}, {name[:60]!r}"
        raise RefusedModel("HDF5", "hard links alone", found)
    child = group[name]
    if not isinstance(child, h5py.Group | h5py.Dataset):
        raise RefusedModel("HDF5", "groups and arrays", f"a named type, {name[:60]!r}")
    return child


def _declared_bytes(array: h5py.Dataset, name: str) -> int:
    if array.external or array.is_virtual:
        raise RefusedModel("HDF5", "arrays in the file itself", f"{name[:60]!r} in others")
    if array.dtype.kind not in "fiub":
        raise RefusedModel("HDF5", "arrays of numbers", f"{array.dtype} in {name[:60]!r}")
    # Keras writes each array in one piece. A chunk may be larger than its array, HDF5 unpacks it
    # past its own size, and its filters come from libraries: none of that is needed.
    if array.chunks is not None:
        raise RefusedModel("HDF5", "arrays in one piece", f"{name[:60]!r} in chunks", _IN_ONE_PIECE)
    return math.prod(array.shape or ()) * int(array.dtype.itemsize)


_IN_ONE_PIECE = "Load the model with Keras, and save it again: model.save('model.keras')."


class _Attributes:
    """Counts what attributes hold, over all objects."""

    def __init__(self) -> None:
        self._num, self._bytes = 0, 0

    def check(self, holder: h5py.Group | h5py.Dataset) -> None:
        for row in range(h5py.h5a.get_num_attrs(holder.id)):
            attribute = h5py.h5a.open(holder.id, index=row)
            self._num += 1
            self._bytes += math.prod(attribute.shape or ()) * attribute.dtype.itemsize
            self._check_sum()
            kind = attribute.dtype.kind
            if kind not in "fiubSO" or h5py.check_ref_dtype(attribute.dtype):
                raise RefusedModel("HDF5", "attributes of texts and numbers", str(attribute.dtype))
            if kind == "O":
                self._count_texts(holder, attribute)

    def _count_texts(self, holder: h5py.Group | h5py.Dataset, attribute: h5py.h5a.AttrID) -> None:
        """Count texts of any length by what they hold: a thousand may be the same long one."""
        texts = holder.attrs[attribute.name]
        for text in [texts] if isinstance(texts, str | bytes) else texts.flat:
            self._bytes += len(text)
            self._check_sum()

    def _check_sum(self) -> None:
        if self._num > MAX_ATTRIBUTES or self._bytes > MAX_ATTRIBUTE_BYTES:
            most = f"at most {MAX_ATTRIBUTES:,} attributes of {MAX_ATTRIBUTE_BYTES:,} bytes"
            raise RefusedModel("HDF5", most, "more")
