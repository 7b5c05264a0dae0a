"""Folders and zips of images become submissions: once, with what is said of them, within limits."""

import hashlib
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from PIL import Image

from recognizer import importing, recognition
from recognizer.importing import Outcome, collection, items, storing
from recognizer.models import LabelChange, Prediction, Submission, Way
from tests.conftest import drawn_seven, png

pytestmark = pytest.mark.django_db


def seven(place: int) -> bytes:
    """A drawn seven, another file for each number."""
    return png(drawn_seven(size=200 + place))


BLANK = png(Image.new("RGB", (50, 50), "white"))


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "digits"
    path.mkdir()
    return path


@pytest.fixture
def reviewer(admin_user) -> str:
    return str(admin_user.username)


def put(folder: Path, name: str, content: bytes | str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def zipped(path: Path, files: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


class Said:
    """What an import printed, and the status it ended with."""

    def __init__(self, *arguments: object) -> None:
        out, err = StringIO(), StringIO()
        self.status = 0
        try:
            call_command("import_drawings", *map(str, arguments), stdout=out, stderr=err)
        except SystemExit as end:
            self.status = int(str(end.code))
        self.out, self.err = out.getvalue(), err.getvalue()


def stored(place: int) -> Submission:
    return Submission.objects.get(drawing_sha256=hashlib.sha256(seven(place)).hexdigest())


def label_of(place: int) -> str:
    return str(stored(place).label)


# --- What becomes of images -----------------------------------------------------------------------


def test_images_of_a_folder_are_read_and_stored_as_imported(active_version, folder):
    put(folder, "a.png", seven(1))
    put(folder, "deeper/b.PNG", seven(2))
    put(folder, "notes.txt", "no image")

    said = Said(folder)

    assert said.out == "2 stored\n"
    rows = Submission.objects.all()
    assert {row.source for row in rows} == {"imported"}
    assert not any(row.label or row.claim for row in rows)
    assert not any(row.is_audit for row in rows)
    assert [row.served_digit for row in rows] == [7, 7]
    assert all(default_storage.exists(str(row.image.name)) for row in rows)


def test_what_is_stored_already_is_skipped_whoever_sent_it(active_version, folder):
    recognition.recognize(drawing=seven(1), source="drawn", visitor_key="ab" * 16)
    put(folder, "1/a.png", seven(1))
    put(folder, "1/b.png", seven(2))
    put(folder, "1/again.png", seven(2))

    said = Said(folder)
    assert said.out == "1 stored\n2 skipped: the same is stored already\n"
    assert Said(folder).out == "3 skipped: the same is stored already\n"

    assert Submission.objects.count() == Prediction.objects.count() == 2
    assert Submission.objects.get(source="drawn").claim is None, "a visitor's is left as it is"


def test_blank_ones_are_counted_and_unreadable_ones_named_with_reasons(active_version, folder):
    put(folder, "blank.png", BLANK)
    put(folder, "broken.png", b"\x89PNG\r\n\x1a\nbroken")
    put(folder, "text.jpg", "hello")
    put(folder, "fine.png", seven(1))

    said = Said(folder)

    assert said.status == 1
    assert said.out == "1 stored\n1 blank: not stored\n2 unreadable\n"
    assert "broken.png: " in said.err
    assert "text.jpg: Expected a picture as PNG" in said.err


def test_more_than_a_batch_is_imported(active_version, folder, monkeypatch):
    monkeypatch.setattr(recognition, "FILES_AT_ONCE", 2)
    for place in range(5):
        put(folder, f"{place}.png", seven(place))

    assert Said(folder).out == "5 stored\n"


def test_a_dry_run_says_what_would_be_and_stores_nothing(active_version, folder):
    recognition.recognize(drawing=seven(1), source="drawn")
    for name, content in (("a", seven(1)), ("b", seven(2)), ("c", seven(2)), ("d", BLANK)):
        put(folder, f"{name}.png", content)
    put(folder, "e.png", "text")

    said = Said(folder, "--dry-run")

    assert said.status == 1
    for line in ("1 would be stored", "2 are stored already", "1 blank: would not", "1 unreadable"):
        assert line in said.out
    assert Submission.objects.count() == 1


def counts_of(words: str) -> list[str]:
    return [line.split()[0] for line in words.splitlines()]


@pytest.mark.parametrize("who", ["nobody", "reviewer"])
def test_a_dry_run_says_what_a_run_would_do_of_what_is_stored_already(
    active_version, folder, reviewer, who
):
    """Stored without a label, with a claim, and by a visitor; of some there are copies."""
    recognition.recognize(drawing=seven(3), source="drawn")
    put(folder, "a.png", seven(1))
    put(folder, "7/b.png", seven(2))
    Said(folder)
    (folder / "a.png").rename(folder / "7" / "a.png")
    put(folder, "7/visitors.png", seven(3))
    put(folder, "0.png", seven(4))
    for place, name in enumerate(["1/copy", "1/copy-of-copy", "several/x", "several/y"]):
        put(folder, f"{name}.png", seven(4 + place // 2))
    arguments = ("--reviewer", reviewer) if who == "reviewer" else ()

    would = Said(folder, "--dry-run", *arguments)
    did = Said(folder, *arguments)

    assert counts_of(would.out) == counts_of(did.out)
    num_completed = 3 if who == "reviewer" else 2
    assert f"{num_completed} are stored already and would be labelled" in would.out
    assert f"{num_completed} stored before, labelled now" in did.out


# --- Labels and claims ----------------------------------------------------------------------------


def test_labels_come_from_folders_with_who_answers_for_them(
    active_version, folder, reviewer, admin_user
):
    put(folder, "7/a.png", seven(1))
    put(folder, "sub/3/b.png", seven(2))
    put(folder, "not_a_digit/c.png", seven(3))
    put(folder, "77/d.png", seven(4))

    Said(folder, "--reviewer", reviewer)

    assert [label_of(place) for place in (1, 2, 3, 4)] == ["7", "3", "not_a_digit", ""]
    row = Submission.objects.get(label="3")
    assert (row.review_state, row.reviewed_by, row.audited_at) == ("reviewed", admin_user, None)
    assert row.claim is None
    change = row.label_changes.get()
    assert (change.way, change.changed_by) == (Way.IMPORT, admin_user)
    assert (change.label_before, change.label_after) == ("", "3")
    assert (change.state_before, change.state_after) == ("pending", "reviewed")


def test_labels_come_from_the_table_where_there_is_one(active_version, folder, reviewer):
    put(folder, "labels.csv", "\ufefffile,label,note\n3/a.png,7,x\nb.png,several,\nc.png,,\n")
    for place, name in enumerate(("3/a.png", "b.png", "c.png", "3/unnamed.png")):
        put(folder, name, seven(place))

    Said(folder, "--reviewer", reviewer)

    assert [label_of(place) for place in range(4)] == ["7", "several", "", ""]


def test_without_a_reviewer_labels_are_claims(active_version, folder):
    put(folder, "3/a.png", seven(1))
    put(folder, "several/b.png", seven(2))

    said = Said(folder)

    assert "nobody answers for 2 labels: they are stored as claims; 1 name no digit" in said.err
    assert {(row.label, row.claim) for row in Submission.objects.all()} == {("", 3), ("", None)}
    assert not LabelChange.objects.exists()
    row = Submission.objects.get(claim=3)
    assert row.doubt is not None, "a claim that contradicts is before the reviewers"


def test_who_answers_must_be_one_who_may_label(active_version, folder, django_user_model):
    put(folder, "3/a.png", seven(1))
    django_user_model.objects.create_user("guest", is_staff=True)

    for name in ("guest", "nobody"):
        with pytest.raises(CommandError, match="user who may label"):
            Said(folder, "--reviewer", name)
    assert not Submission.objects.exists()


# --- Killed and run again -------------------------------------------------------------------------


def test_one_that_was_killed_before_it_labelled_is_completed(
    active_version, folder, reviewer, monkeypatch
):
    for place in range(3):
        put(folder, f"7/{place}.png", seven(place))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(storing, "_label", die)
        with pytest.raises(KeyboardInterrupt):
            Said(folder, "--reviewer", reviewer)
    assert [row.label for row in Submission.objects.all()] == [""]

    said = Said(folder, "--reviewer", reviewer)

    assert said.out == "2 stored\n1 stored before, labelled now\n"
    assert [row.label for row in Submission.objects.all()] == ["7"] * 3
    assert LabelChange.objects.count() == 3


def test_what_a_reviewer_decided_since_stays(active_version, folder, reviewer, admin_user):
    put(folder, "7/a.png", seven(1))
    Said(folder, "--reviewer", reviewer)
    row = Submission.objects.get()
    row.review(label="1", by=admin_user)
    row.save()

    assert Said(folder, "--reviewer", reviewer).out == "1 skipped: the same is stored already\n"
    assert label_of(1) == "1"

    row.review(label="", by=admin_user)
    row.save()
    Said(folder, "--reviewer", reviewer)
    assert label_of(1) == "", "also what was taken back"


@pytest.mark.parametrize("who", ["nobody", "reviewer"])
def test_what_is_deleted_while_it_is_completed_is_skipped(
    active_version, folder, reviewer, who, monkeypatch
):
    put(folder, "a.png", seven(1))
    Said(folder)
    (folder / "7").mkdir()
    (folder / "a.png").rename(folder / "7" / "a.png")
    known = storing._known

    def known_and_deleted(contents):
        found = known(contents)
        Submission.objects.all().delete()
        return found

    monkeypatch.setattr(storing, "_known", known_and_deleted)
    said = Said(folder, *(("--reviewer", reviewer) if who == "reviewer" else ()))

    assert said.out == "1 skipped: the same is stored already\n"
    assert not LabelChange.objects.exists()


def test_claims_become_labels_when_somebody_answers_for_them(active_version, folder, reviewer):
    put(folder, "7/a.png", seven(1))
    Said(folder)

    assert Said(folder, "--reviewer", reviewer).out == "1 stored before, labelled now\n"
    assert label_of(1) == "7"


# --- Writers --------------------------------------------------------------------------------------


def keys_of(*places: int) -> list[str]:
    return [stored(place).visitor_key for place in places]


@pytest.mark.parametrize("column", ["writer", "visitor"])
def test_a_writer_is_one_person_and_their_name_is_not_stored(active_version, folder, column):
    table = f"file,label,{column}\na.png,7,Anna\nb.png,7,Anna\nc.png,7,Beat\nd.png,7,\n"
    put(folder, "labels.csv", table)
    for place, name in enumerate("abcde"):
        put(folder, f"{name}.png", seven(place))

    Said(folder)

    anna, again, beat, nobody, unnamed = keys_of(*range(5))
    assert anna == again
    assert len({anna, beat, nobody}) == 3
    assert nobody == unnamed, "of whom nothing is said, they are kept together"
    assert all(len(key) == 32 for key in (anna, beat, nobody))
    assert "anna" not in str(list(Submission.objects.values())).lower()


def test_the_same_name_in_another_collection_is_another_person(active_version, tmp_path, settings):
    for place, name in enumerate(("one", "two")):
        put(tmp_path / name, "labels.csv", "file,label,writer\na.png,7,1\n")
        put(tmp_path / name, "a.png", seven(place))
        Said(tmp_path / name)
    put(tmp_path / "three", "labels.csv", "file,label,writer\na.png,7,1\n")
    put(tmp_path / "three", "a.png", seven(2))
    Said(tmp_path / "three", "--name", "one")

    first, second, third = keys_of(0, 1, 2)
    assert first != second
    assert first == third
    settings.SECRET_KEY = "another" * 10
    assert storing.visitor_key("one", "1") != first, "nobody can try names without the key"


def test_a_collection_is_called_as_its_folder_or_its_zip(active_version, tmp_path):
    """The numbers of two exports are of other people, and a folder's name may have a dot."""
    files: dict[str, bytes | str] = {"labels.csv": "file,label,writer\na.png,7,1\n"}
    names = ["june/png", "july/png", "class-3.a", "class-3.b", "scans", "scans.zip"]
    for place, name in enumerate(names):
        files["a.png"] = seven(place)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        if name == "scans.zip":
            zipped(tmp_path / name, files)
        else:
            for file, content in files.items():
                put(tmp_path / name, file, content)
        Said(tmp_path / name)

    *others, folder, zip_ = keys_of(*range(len(names)))
    assert len({*others, folder}) == 5
    assert folder == zip_


# --- Zips -----------------------------------------------------------------------------------------

CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"


def spoilt(path: Path, header: bytes, offset: int, content: bytes) -> Path:
    """Write over the first header of a kind, from a place in it on."""
    whole = bytearray(path.read_bytes())
    at = whole.index(header) + offset
    whole[at : at + len(content)] = content
    path.write_bytes(bytes(whole))
    return path


def test_a_zip_is_imported_as_a_folder_is(active_version, tmp_path, reviewer):
    path = zipped(
        tmp_path / "digits.zip",
        {
            "top/labels.csv": "file,label\n3/a.png,7\n",
            "top/3/a.png": seven(1),
            "__MACOSX/top/3/._a.png": b"x",
            "top/3/.hidden.png": b"x",
        },
    )

    said = Said(path, "--reviewer", reviewer)

    assert (said.status, said.out) == (0, "1 stored\n")
    assert label_of(1) == "7"


def test_an_exports_zip_is_imported_with_its_labels_and_writers(
    active_version, tmp_path, reviewer, admin_user
):
    for place in range(3):
        key = f"{place % 2:032x}"
        prediction = recognition.recognize(drawing=seven(place), source="api", visitor_key=key)
        row = prediction.submission
        row.review(label="7", by=admin_user)
        row.save()
    call_command("export_dataset", "--output", str(tmp_path / "out.zip"), stdout=StringIO())
    Submission.objects.all().delete()

    said = Said(tmp_path / "out.zip", "--reviewer", reviewer)

    assert said.out == "3 stored\n"
    assert [row.label for row in Submission.objects.all()] == ["7"] * 3
    assert len(set(Submission.objects.values_list("visitor_key", flat=True))) == 2


def test_names_that_lead_out_of_a_zip_write_nothing(active_version, tmp_path):
    names = ("../../outside.png", "/absolute/inside.png")
    path = zipped(tmp_path / "evil.zip", {name: seven(1) for name in names})
    before = {*tmp_path.rglob("*"), *tmp_path.parent.glob("*")}

    assert Said(path).out == "1 stored\n"
    assert not Path("/absolute").exists()
    assert {*tmp_path.rglob("*"), *tmp_path.parent.glob("*")} == before


@contextmanager
def no_more_memory_than(num_bytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < num_bytes


BOMB = b"\x89PNG\r\n\x1a\n" + bytes(60 << 20)


def test_a_bomb_in_a_zip_is_unreadable_and_stops_nothing(active_version, tmp_path):
    path = zipped(tmp_path / "bomb.zip", {"bomb.png": BOMB, "fine.png": seven(1)})
    assert path.stat().st_size < 1 << 20

    said = Said(path)

    assert said.status == 1
    assert "bomb.png: " in said.err
    assert said.out == "1 stored\n1 unreadable\n"


def test_a_bomb_in_a_zip_is_unpacked_no_further_than_an_image_may_be(tmp_path):
    path = zipped(tmp_path / "bomb.zip", {"bomb.png": BOMB})

    with importing.opened(path) as opened, no_more_memory_than(1 << 20):
        assert len(opened.read("bomb.png", most=1_000)) == 1_001


def test_a_zip_that_lies_about_a_size_is_unpacked_no_further_either(tmp_path):
    path = zipped(tmp_path / "lies.zip", {"a.png": BOMB})
    spoilt(path, CENTRAL, 24, struct.pack("<I", 10))  # the size that it is said to have

    with (
        importing.opened(path) as opened,
        no_more_memory_than(1 << 20),
        pytest.raises(collection.Unread, match="damaged"),
    ):
        opened.read("a.png", most=1_000)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_in_a_rare_way_is_named_and_never_unpacked(
    active_version, tmp_path, packing
):
    """A few kilobytes of bzip2 unpack to a gigabyte in memory at once."""
    path = tmp_path / "rare.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rare.png", seven(1), packing)
        archive.writestr("fine.png", seven(2), zipfile.ZIP_DEFLATED)

    said = Said(path)

    assert said.out == "1 stored\n1 unreadable\n"
    assert "rare.png: Expected a file that is stored or deflated" in said.err


def test_all_that_a_zip_unpacks_to_is_bounded(active_version, tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_UNPACKED", 100)
    path = zipped(tmp_path / "large.zip", {"a.png": seven(1)})

    with pytest.raises(CommandError, match="unpacks to"):
        Said(path)
    assert not Submission.objects.exists()


def test_a_damaged_entry_of_a_zip_stops_nothing(active_version, tmp_path):
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as archive:  # not compressed
        archive.writestr("a.png", seven(1))
        archive.writestr("b.png", seven(2))
    content = path.read_bytes()
    at = content.index(b"IDAT")
    path.write_bytes(content[:at] + b"XXXX" + content[at + 4 :])

    said = Said(path)

    assert said.out == "1 stored\n1 unreadable\n"
    assert "damaged in the zip" in said.err


@pytest.mark.parametrize(
    ("offset", "content"),
    [
        (6, b"\xff"),  # the version that is needed to read it
        (46, b"\xff\xff"),  # the name, which is said to be UTF-8
    ],
)
def test_a_damaged_zip_is_refused_in_words(active_version, tmp_path, offset, content):
    path = spoilt(zipped(tmp_path / "a.zip", {"é.png": seven(1)}), CENTRAL, offset, content)

    with pytest.raises(CommandError, match="a folder or a zip"):
        Said(path)


@pytest.mark.parametrize(
    ("header", "offset", "content"),
    [
        (LOCAL, 30, b"\xff\xff"),  # the name again
        (CENTRAL, 42, b"\xff\xff\xff\x7f"),  # where it lies
        (CENTRAL, 8, b"\x01"),  # encrypted
        (CENTRAL, 8, b"\x20"),  # a patch to another file
    ],
)
def test_a_damaged_header_of_a_file_stops_no_other(
    active_version, tmp_path, header, offset, content
):
    files: dict[str, bytes | str] = {"é.png": seven(1), "fine.png": seven(2)}
    path = spoilt(zipped(tmp_path / "a.zip", files), header, offset, content)

    said = Said(path)

    assert (said.status, said.out) == (1, "1 stored\n1 unreadable\n")
    assert "é.png: It " in said.err


# --- What cannot be imported ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("name,label\na.png,7\n", "columns file and label"),
        ("file,label\na.png,seven\n", "'seven' in line 2"),
        ("file,label\na.png,7\na.png,8\n", "two things of a.png"),
        ("file,label\na.png,7\n ,7\n", "name of a file in line 3"),
        ("", "found nothing"),
        (b"file,label\na.png,\xff\n", "UTF-8"),
        ("file,label\n" + '"' + "x" * 200_000 + '",7\n', "no CSV"),
    ],
)
def test_a_table_that_says_what_is_no_label_is_refused(active_version, folder, table, words):
    put(folder, "a.png", seven(1))
    put(folder, "labels.csv", table)

    with pytest.raises(CommandError, match=words):
        Said(folder)
    assert not Submission.objects.exists()


def test_what_the_table_names_and_is_not_there_is_unreadable(active_version, folder):
    put(folder.parent, "outside.png", seven(2))
    put(folder, "a.png", seven(1))
    put(folder, "labels.csv", "file,label\na.png,7\ngone.png,7\n../outside.png,7\n")

    said = Said(folder)

    assert said.out == "1 stored\n2 unreadable\n"
    assert "gone.png: It is named in line 3 of labels.csv and is not there." in said.err
    assert "../outside.png: It is named in line 4" in said.err


def test_what_the_table_names_and_is_no_image_is_told_so(active_version, folder):
    put(folder, "a.png", seven(1))
    put(folder, "b.tif", b"II*\0")
    put(folder, "labels.csv", "file,label\na.png,7\nb.tif,7\n")

    said = Said(folder)

    assert said.out == "1 stored\n1 unreadable\n"
    assert "b.tif: It is named in line 3 of labels.csv; expected an image (.bmp, " in said.err


def test_links_out_of_a_folder_are_not_followed(active_version, folder):
    put(folder.parent, "outside.png", seven(2))
    (folder / "link.png").symlink_to(folder.parent / "outside.png")
    put(folder, "a.png", seven(1))

    assert Said(folder).out == "1 stored\n"


def test_two_tables_are_one_too_many(active_version, folder):
    for name in ("a", "b"):
        put(folder, f"{name}/labels.csv", "file,label\n")
        put(folder, f"{name}/x.png", seven(1))

    with pytest.raises(CommandError, match=r"Expected one labels\.csv"):
        Said(folder)


def test_what_is_neither_folder_nor_zip_is_refused(active_version, folder):
    put(folder, "file.txt", "hello")

    for path in (folder / "file.txt", folder / "gone"):
        with pytest.raises(CommandError, match="a folder or a zip"):
            Said(path)


def test_a_folder_without_images_is_refused(active_version, folder):
    with pytest.raises(CommandError, match="Expected images"):
        Said(folder)


def test_too_many_files_are_refused(active_version, folder, monkeypatch):
    monkeypatch.setattr(collection, "MAX_FILES", 1)
    for place in range(2):
        put(folder, f"{place}.png", seven(place))

    with pytest.raises(CommandError, match="part by part"):
        Said(folder)


def test_without_an_active_version_nothing_is_read(folder):
    put(folder, "a.png", seven(1))

    with pytest.raises(CommandError, match="No model version is active"):
        Said(folder)


def test_a_file_that_may_not_be_read_stops_nothing(active_version, folder):
    put(folder, "a.png", seven(1))
    put(folder, "b.png", seven(2))
    with importing.opened(folder) as opened:
        found = items.items_of(opened)
        (folder / "a.png").unlink()
        outcomes = [result.outcome for result in importing.store(opened, found, name="x")]

    assert outcomes == [Outcome.UNREADABLE, Outcome.STORED]


def test_it_asks_little_of_the_database(active_version, folder, django_assert_max_num_queries):
    for place in range(10):
        put(folder, f"7/{place}.png", seven(place))
    Said(folder)
    with (
        importing.opened(folder) as opened,
        django_assert_max_num_queries(11),  # 1, and 1 for each that nobody has labelled yet
    ):
        list(importing.store(opened, items.items_of(opened), name="digits"))
