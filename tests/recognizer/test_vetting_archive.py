"""Archives that hold other members than a model's, or lie about them; and the other formats."""

import json
import struct
import zipfile

import pytest

from tests.recognizer import bad_models as bad


@pytest.mark.parametrize(
    "name",
    ["assets/vocabulary.txt", "/etc/cron.d/x", "../../x", "config.json", "model.weights.npz", "x/"],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_holds_its_three_members_and_nothing_else(desk, name):
    path = desk.write(bad.keras_file())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"{}")
    refusal = desk.refusal(path.read_bytes())

    assert refusal.check == "Members"
    assert refusal.expected == "exactly config.json, metadata.json, model.weights.h5"
    assert repr(name) in refusal.found


def test_a_link_in_place_of_a_member_is_read_as_its_text_and_followed_nowhere(desk):
    path = desk.write(b"")
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("config.json")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", bad.hdf5(bad.fill_honestly))

    assert desk.refusal(path.read_bytes()).check == "Configuration"


@pytest.mark.parametrize(
    ("member", "content", "words"),
    [
        ("weights", bytes(100 * 2**20), "model.weights.h5 packed at most one to 100, found one to"),
        ("metadata", b" " * 100_000, "metadata.json of at most 65,536 bytes, found 100,000"),
    ],
)
def test_a_bomb_is_refused_by_what_it_declares(desk, member, content, words):
    content = bad.keras_file(compression=zipfile.ZIP_DEFLATED, **{member: content})

    assert words in str(desk.refusal(content))


# Where a member's entry in the directory at the end keeps what it says of the member.
FLAGS, METHOD, PACKED, UNPACKED, PLACE = 8, 10, 20, 24, 42


def with_entry(content: bytes, name: bytes, offset: int, value: int, size: int) -> bytes:
    """Change what the directory says of a member."""
    entry = content.rindex(name) - 46
    changed = bytearray(content)
    struct.pack_into({2: "<H", 4: "<I"}[size], changed, entry + offset, value)
    return bytes(changed)


def test_an_encrypted_member_is_refused(desk):
    content = with_entry(bad.keras_file(), b"config.json", FLAGS, 1, 2)

    assert desk.refusal(content).found == "it encrypted"


def test_a_member_packed_in_other_ways_is_refused(desk):
    content = with_entry(bad.keras_file(), b"config.json", METHOD, zipfile.ZIP_LZMA, 2)

    assert desk.refusal(content).found == "another compression"


def test_a_member_that_declares_too_much_is_refused(desk):
    content = with_entry(bad.keras_file(), b"model.weights.h5", UNPACKED, 321 * 2**20, 4)

    assert "model.weights.h5 of at most 335,544,320 bytes" in str(desk.refusal(content))


@pytest.mark.parametrize("declared", [5, 5_000])
def test_a_member_that_holds_more_or_less_than_it_declares_is_refused(desk, declared):
    content = with_entry(bad.keras_file(), b"config.json", UNPACKED, declared, 4)

    assert desk.refusal(content).check in {"Format", "Members"}


def test_members_that_overlap_are_refused(desk):
    content = bad.keras_file()
    content = with_entry(content, b"metadata.json", PACKED, len(content) - 1, 4)
    refusal = desk.refusal(content)

    assert refusal.check == "Members"
    assert "overlap" in refusal.found


def test_a_member_that_is_at_anothers_place_is_refused(desk):
    """The directory says config.json, and what stands there says otherwise."""
    content = with_entry(bad.keras_file(), b"config.json", PLACE, 0, 4)

    assert "differ" in desk.refusal(content).found


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (b"\x80\x04\x95\x1a\x00\x00\x00", ".keras"),
        (b"\x80\x04\x95\x1a\x00\x00\x00", ".h5"),
        (bad.h5_file(), ".keras"),
        (bad.keras_file(), ".h5"),
        (b"", ".h5"),
    ],
)
def test_a_pickle_or_the_other_format_is_refused_by_its_first_bytes(desk, content, suffix):
    refusal = desk.refusal(content, suffix)

    assert str(refusal).startswith(
        f"Format: expected a file that begins as {suffix} files do, found"
    )


@pytest.mark.parametrize("said", ["4.0.0", "3.99", "3.15.2.dev1"])
def test_a_file_of_a_newer_keras_is_refused_in_those_words(desk, said):
    metadata = json.dumps({"keras_version": said}).encode()

    for content, suffix in (
        (bad.keras_file(metadata=metadata), ".keras"),
        (bad.h5_file(keras_version=said), ".h5"),
    ):
        refusal = desk.refusal(content, suffix)
        assert refusal.check == "Keras"
        assert refusal.found == f"one saved by a newer Keras, {said}"


@pytest.mark.parametrize(
    "said", ["\ud800", "3." + "9" * 5_000, "3\x00", {"a": 1}, "3.0+" + "a" * 99]
)
def test_a_version_that_is_none_is_refused(desk, said):
    refusal = desk.refusal(bad.keras_file(metadata=json.dumps({"keras_version": said}).encode()))

    assert (refusal.check, refusal.expected) == ("Keras", "a version's number")
    assert str(refusal).isprintable()
