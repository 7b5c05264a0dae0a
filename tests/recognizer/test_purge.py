"""What is too old goes, file and row, whenever it is killed; what was counted stays counted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from recognizer import aggregates, clock, deletion, retention, tasks, tenures
from recognizer.models import (
    Activation,
    CountedDay,
    DayCount,
    LabelChange,
    Lease,
    Prediction,
    Submission,
)
from tests.recognizer.test_worker import WAIT_S, Site

DAY = timedelta(days=1)


@pytest.fixture
def media(settings, tmp_path) -> None:
    """A media folder in which nothing lies."""
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture
def store(active_version, settings, tmp_path):
    """Store a reading of some days ago, with its file, which is as old."""
    settings.MEDIA_ROOT = str(tmp_path / "media")  # the version is loaded by now

    def make(days: float, label: str = "", **fields) -> Submission:
        at = timezone.now() - timedelta(days=days)
        row = Submission(source="drawn", digit=bytes(784), created_at=at, **fields)
        if label:
            row.review(label=label, by=None)
        row.image.save("x.png", ContentFile(b"\x89PNG"), save=False)
        age(str(row.image.name), days)
        prediction = Prediction(
            submission=row,
            version=active_version,
            verdict="digit",
            digit=7,
            confidence=0.97,
            probabilities=[0.1] * 10,
            latency_ms=10.0,
            created_at=at,
        )
        row.note_served(prediction)
        row.save()
        prediction.save()
        return row

    return make


def age(name: str, days: float) -> None:
    """Say that a file was written some days ago."""
    then = time.time() - days * 86_400
    os.utime(default_storage.path(name), (then, then))


def orphan(name: str = "ab/ab000000-0000-4000-8000-000000000000.png", days: float = 1) -> str:
    """A drawing's file that no row names."""
    path = default_storage.save(f"drawings/{name}", ContentFile(b"\x89PNG"))
    age(path, days)
    return path


def purge(*arguments: str) -> str:
    out = StringIO()
    call_command("purge_submissions", *arguments, stdout=out)
    return out.getvalue()


def left() -> set:
    return set(Submission.objects.values_list("pk", flat=True))


# --- What goes ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_is_older_goes_with_its_file_its_readings_and_its_history(store, admin_user):
    old, young = store(91), store(89)
    LabelChange.objects.create(submission=old, way="page", state_before="pending")
    Lease.objects.create(submission=old, reviewer=admin_user, until=timezone.now())

    said = purge("--older-than", "90d", "--yes")

    assert "1 submissions are too old" in said
    assert left() == {young.pk}
    assert not default_storage.exists(old.image.name)
    assert default_storage.exists(young.image.name)
    assert set(Prediction.objects.values_list("submission", flat=True)) == {young.pk}
    assert not LabelChange.objects.exists()
    assert not Lease.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_labelled_is_kept_where_asked(store):
    store(20)
    labelled = store(20, label="7")

    purge("--older-than", "2w", "--keep-labelled", "--yes")
    assert left() == {labelled.pk}
    assert default_storage.exists(labelled.image.name)

    purge("--older-than", "336h", "--yes")
    assert left() == set()


@pytest.mark.django_db(transaction=True)
def test_more_than_a_batch_goes_batch_by_batch(store, monkeypatch):
    monkeypatch.setattr(deletion, "BATCH", 2)
    for _ in range(5):
        store(40)
    sizes: list[int] = []

    rows = retention.overdue(30 * DAY, keep_labelled=False)

    assert retention.purge(rows, on_batch=sizes.append) == 5
    assert sizes == [2, 2, 1]


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_says_what_would_go_and_lets_it_be(store):
    row, lost = store(40), orphan()

    said = purge("--older-than", "30d", "--dry-run")

    assert "1 submissions are too old, 4 bytes" in said
    assert "1 files belong to no submission, 4 bytes" in said
    assert left() == {row.pk}
    assert default_storage.exists(lost)


@pytest.mark.django_db(transaction=True)
def test_without_yes_nothing_goes(store, monkeypatch):
    row = store(40)
    monkeypatch.setattr(sys, "stdin", StringIO("yes\n"))  # no terminal: nobody to ask

    with pytest.raises(CommandError, match="--yes"):
        purge("--older-than", "30d")
    assert left() == {row.pk}


@pytest.mark.django_db
@pytest.mark.parametrize("duration", ["90", "d", "3m", "-1d", "1.5d", "999999d", "999999w"])
def test_a_time_that_is_none_is_refused(duration):
    with pytest.raises(CommandError, match="expected"):
        purge(f"--older-than={duration}", "--yes")


@pytest.mark.django_db
def test_less_than_a_day_is_refused_as_today_is_still_being_counted():
    with pytest.raises(CommandError, match="one day"):
        purge("--older-than", "23h", "--yes")


@pytest.mark.django_db(transaction=True)
def test_a_file_that_cannot_be_deleted_stops_nothing_and_is_left_for_the_next_sweep(
    store, monkeypatch, caplog
):
    stuck, other = store(40), store(39)
    delete = default_storage.delete

    def refuse(name: str) -> None:
        if name == stuck.image.name:
            raise OSError("the disk is read-only")
        delete(name)

    monkeypatch.setattr(default_storage, "delete", refuse)
    retention.purge(retention.overdue(30 * DAY, keep_labelled=False))
    assert left() == set()
    assert default_storage.exists(stuck.image.name)
    assert not default_storage.exists(other.image.name)
    assert stuck.image.name in caplog.text
    caplog.clear()

    monkeypatch.undo()
    assert retention.sweep() == 1


# --- What belongs to nothing ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_file_without_a_row_goes_once_it_is_too_old_to_be_on_its_way(store):
    row = store(1)
    old = orphan(days=0.1)
    on_its_way = orphan("cd/cd000000-0000-4000-8000-000000000000.png", days=0)

    purge("--yes")

    assert not default_storage.exists(old)
    assert default_storage.exists(on_its_way)
    assert default_storage.exists(row.image.name)


@pytest.mark.django_db(transaction=True)
def test_files_that_are_no_drawings_are_left_alone_and_counted(store):
    store(1)
    names = ["ab/notes.txt", "ab/cd000000-0000-4000-8000-000000000000.png"]
    kept = [orphan(name) for name in names]
    orphan()

    said = purge("--yes")

    assert "2 other files lie among them" in said
    assert all(map(default_storage.exists, kept))


@pytest.mark.django_db(transaction=True)
def test_a_row_whose_file_is_gone_is_told_and_goes_where_asked(store):
    lost, young, whole = store(5), store(0), store(5)
    for row in (lost, young):
        default_storage.delete(row.image.name)

    assert "1 submissions have lost their file: they go with --lost-rows" in purge("--yes")
    assert left() == {lost.pk, young.pk, whole.pk}

    purge("--lost-rows", "--yes")
    assert left() == {young.pk, whole.pk}


@pytest.mark.django_db(transaction=True)
def test_a_folder_that_is_not_mounted_does_not_make_all_rows_lost(store, settings, tmp_path):
    rows = {store(5).pk for _ in range(2)}
    settings.MEDIA_ROOT = str(tmp_path / "elsewhere")

    with pytest.raises(CommandError, match="mounted"):
        purge("--lost-rows", "--yes")
    assert left() == rows

    rows.add(store(0).pk)  # a visitor came since
    with pytest.raises(CommandError, match="found 1, and 2 submissions"):
        purge("--lost-rows", "--yes")
    assert left() == rows


def test_each_folder_has_its_turn_whatever_the_hour():
    """As on a host that runs for some hours of each day."""
    turns = [retention.folders_in_turn() for _ in range(24)]

    assert sorted(folder for turn in turns for folder in turn) == retention.FOLDERS
    assert retention.folders_in_turn() == turns[0]


def orphans(num: int) -> list[str]:
    """Files that no row names, all in one folder."""
    return [orphan(f"ab/ab000000-0000-4000-8000-{place:012x}.png") for place in range(num)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("num", [1, 30])
def test_an_empty_database_makes_no_drawing_a_leftover(media, settings, caplog, num):
    settings.RETENTION_DAYS = 30
    files = orphans(num)

    for _ in range(24):
        assert tasks.sweep.func() == 0
    with pytest.raises(CommandError, match=rf"found {num} files .* beside 0 submissions"):
        purge("--yes")

    assert all(map(default_storage.exists, files))
    assert f"{num} drawings' files belong to no submission, beside 0 submissions" in caplog.text
    assert f"{num} files without one" in purge("--yes", "--without-rows")
    assert not any(map(default_storage.exists, files))


@pytest.mark.django_db(transaction=True)
def test_another_database_makes_no_drawing_a_leftover(store, settings, caplog):
    settings.RETENTION_DAYS = 30
    row = store(1)
    files = orphans(30)

    for _ in range(24):
        assert tasks.sweep.func() == 0
    with pytest.raises(CommandError, match=r"found 30 files .* beside 1 submissions"):
        purge("--yes")

    assert all(map(default_storage.exists, files))
    assert "Is DATABASE_URL the right database?" in caplog.text
    assert left() == {row.pk}


@pytest.mark.django_db(transaction=True)
def test_the_worker_sweeps_what_a_killed_purge_has_left(store, settings):
    settings.RETENTION_DAYS = 30
    row = store(1)
    files = orphans(retention.FEW)

    assert sum(tasks.sweep.func() for _ in range(24)) == len(files)
    assert not any(map(default_storage.exists, files))
    assert default_storage.exists(row.image.name)


# --- What was counted stays counted ---------------------------------------------------------------


def counts() -> dict:
    return {
        row.day_id: (row.verdicts, row.num_audited, row.num_right) for row in DayCount.objects.all()
    }


def count_all_again() -> None:
    """Count as the worker would a day later, when each day's turn has come."""
    CountedDay.objects.update(counted_at=timezone.now() - 2 * DAY)
    aggregates.refresh()
    tenures.count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keep", [[], ["--keep-labelled"]])
def test_the_counts_of_purged_days_stay_whatever_is_counted_later(store, keep):
    for days in (40, 40, 35, 3):
        store(days)
    audited = store(40, label="7", audited_at=timezone.now())
    early = Activation.objects.get()
    Activation.objects.update(activated_at=timezone.now() - 50 * DAY)

    purge("--older-than", "30d", "--yes", *keep)
    assert Submission.objects.filter(pk=audited.pk).exists() == bool(keep)
    before = counts()
    assert sum(verdicts["digit"] for verdicts, *_ in before.values()) == 5
    assert sum(num for _, num, _ in before.values()) == 1
    early.refresh_from_db()
    assert (early.num_served, early.num_audited, early.num_right) == (5, 1, 1)

    count_all_again()
    assert counts() == before
    early.refresh_from_db()
    assert (early.num_served, early.num_audited, early.num_right) == (5, 1, 1)

    store(2)
    store(0)
    count_all_again()
    early.refresh_from_db()
    assert early.num_served == 7, "what comes later is added to what was purged"


@pytest.mark.django_db(transaction=True)
def test_a_version_activated_twice_on_a_day_keeps_what_each_time_was_counted(store, active_version):
    """The day's count, which stays, does not tell one time from the other."""
    began = aggregates.begin_of(aggregates.today() - 40 * DAY)
    first = Activation.objects.get()
    Activation.objects.update(activated_at=began)
    noon = began + timedelta(hours=12)
    second = Activation.objects.create(version=active_version, activated_at=noon)
    for hours in (6, 7, 18):
        store((timezone.now() - began - timedelta(hours=hours)) / DAY)

    purge("--older-than", "30d", "--yes")
    count_all_again()

    for activation, num in ((first, 2), (second, 1)):
        activation.refresh_from_db()
        assert activation.num_served == num


@pytest.mark.django_db(transaction=True)
def test_reviews_of_a_past_day_of_which_nothing_was_deleted_are_still_counted(store):
    row = store(5)
    aggregates.refresh()
    row.review(label="7", by=None)
    row.audited_at = timezone.now()
    row.save()

    count_all_again()

    assert [(num, right) for _, num, right in counts().values()] == [(1, 1)]


@pytest.mark.django_db(transaction=True)
def test_audits_of_a_past_day_of_which_something_was_deleted_are_still_counted(store):
    rows = [store(5) for _ in range(10)]
    early = Activation.objects.get()
    Activation.objects.update(activated_at=timezone.now() - 50 * DAY)
    aggregates.refresh()
    tenures.count()
    deletion.delete(Submission.objects.filter(pk=rows[0].pk))
    for row, label in zip(rows[1:], "777777771", strict=True):
        row.review(label=label, by=None)
        row.audited_at = timezone.now()
        row.save()

    count_all_again()

    assert list(counts().values()) == [({"digit": 10}, 9, 8)]
    early.refresh_from_db()
    assert (early.num_served, early.num_audited, early.num_right) == (10, 9, 8)

    deletion.delete(Submission.objects.filter(pk=rows[9].pk))
    count_all_again()

    assert list(counts().values()) == [({"digit": 10}, 9, 8)], "fewer are left of the audited too"
    early.refresh_from_db()
    assert (early.num_served, early.num_audited, early.num_right) == (10, 9, 8)


@pytest.mark.django_db(transaction=True)
def test_todays_count_follows_what_a_visitor_deletes(store):
    store(0)
    other = store(0)
    aggregates.refresh()

    deletion.delete(Submission.objects.filter(pk=other.pk))
    aggregates.refresh()

    assert [verdicts for verdicts, *_ in counts().values()] == [{"digit": 1}]


# --- By the clock ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_by_default_all_is_kept(store):
    store(5_000)

    assert not retention.is_due()
    assert (tasks.purge.func(), tasks.sweep.func()) == (0, 0)
    assert Submission.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_worker_purges_as_the_operator_has_set_it(store, settings):
    settings.RETENTION_DAYS, settings.RETENTION_KEEP_LABELLED = 30, True
    old, labelled, young = store(31), store(31, label="3"), store(29)

    assert retention.is_due()
    assert tasks.purge.func() == 1
    assert not retention.is_due()
    assert left() == {labelled.pk, young.pk}
    assert not default_storage.exists(old.image.name)


@pytest.mark.django_db(transaction=True)
def test_what_the_budget_leaves_is_left_to_the_next_turn(store, settings, monkeypatch):
    settings.RETENTION_DAYS = 30
    monkeypatch.setattr(deletion, "BATCH", 1)
    store(31)
    assert retention.purge(retention.overdue(30 * DAY, keep_labelled=False), budget_s=0) == 0
    assert retention.is_due()


def test_both_tasks_come_round_where_the_operator_has_set_it(settings, db):
    wanted = {task.name: period.is_wanted for task, period in tasks.PERIODIC.items()}
    assert not wanted["sweep"]()
    settings.RETENTION_DAYS = 1
    assert wanted["sweep"]()
    assert not wanted["purge"](), "nothing is too old"
    assert isinstance(tasks.PERIODIC[tasks.purge], clock.Period)


@pytest.mark.parametrize("value", ["0", "-1", "ninety", "1.5"])
def test_a_wrong_number_of_days_stops_the_site_with_what_was_expected(value):
    environment = os.environ | {
        "RETENTION_DAYS": value,
        "DJANGO_SETTINGS_MODULE": "digitsite.settings",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=project_settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "Expected: a number of days" in done.stderr


# --- Killed in the middle -------------------------------------------------------------------------

NUM_OLD, NUM_YOUNG = 2_000, 60
FILL = """
import os, sys, time
from datetime import timedelta
import django
django.setup()
from django.core.files.base import ContentFile
from django.utils import timezone
from recognizer.models import ModelVersion, Prediction, Submission

version = ModelVersion.objects.create(number=1, name="x", sha256="0" * 64, size_bytes=1)
rows, predictions = [], []
for place in range(int(sys.argv[1]) + int(sys.argv[2])):
    days = 40 if place < int(sys.argv[1]) else 1
    at = timezone.now() - timedelta(days=days)
    row = Submission(source="drawn", digit=bytes(784), created_at=at)
    row.image.save("x.png", ContentFile(b"PNG"), save=False)
    then = time.time() - days * 86400
    os.utime(row.image.path, (then, then))
    rows.append(row)
    predictions.append(Prediction(
        submission=row, version=version, verdict="digit", digit=7, confidence=0.9,
        probabilities=[0.1] * 10, latency_ms=1.0, created_at=at))
Submission.objects.bulk_create(rows)
Prediction.objects.bulk_create(predictions)
"""
# Dies between the end of a transaction and the end of its files.
DIE_AMONG_FILES = """
import os, signal, django
django.setup()
from django.core.files.storage import default_storage
from django.core.management import call_command
delete, num = default_storage.delete, 0

def delete_or_die(name):
    global num
    num += 1
    if num == 350:
        os.kill(os.getpid(), signal.SIGKILL)
    delete(name)

default_storage.delete = delete_or_die
call_command("purge_submissions", "--older-than", "30d", "--yes")
"""
PURGE = (*("manage.py", "purge_submissions"), *("--older-than", "30d", "--yes"))


@pytest.fixture
def site(tmp_path) -> Iterator[Site]:
    """A site of its own with many old drawings and some young ones."""
    site = Site(tmp_path)
    site.environment["MEDIA_ROOT"] = str(tmp_path / "media")
    run(site, "-c", FILL, str(NUM_OLD), str(NUM_YOUNG))
    yield site
    site.end()


def run(site: Site, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=project_settings.BASE_DIR,
        env=site.environment | {"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def rows_of(site: Site) -> set[str]:
    return {row[0] for row in site.sql("SELECT image FROM recognizer_submission")}


def files_of(site: Site) -> set[str]:
    media = Path(site.environment["MEDIA_ROOT"])
    return {str(path.relative_to(media)) for path in media.rglob("*.png")}


def check_that_only_the_young_are_left(site: Site, young: set[str]) -> None:
    assert len(young) == NUM_YOUNG
    assert rows_of(site) == young
    assert files_of(site) == young
    assert site.sql("SELECT COUNT(*) FROM recognizer_prediction") == [(NUM_YOUNG,)]
    counted = site.sql("SELECT verdicts FROM recognizer_daycount ORDER BY day_id")
    assert counted[0] == (f'{{"digit": {NUM_OLD}}}',), "the purged day is counted whole"


def young_of(site: Site) -> set[str]:
    rows = site.sql(
        "SELECT image FROM recognizer_submission WHERE created_at > datetime('now', '-30 days')"
    )
    return {row[0] for row in rows}


def test_a_purge_killed_in_the_middle_leaves_nothing_once_it_is_run_again(site):
    young = young_of(site)
    num_before = NUM_OLD + NUM_YOUNG
    for _ in range(2):
        process = site.start(sys.executable, *PURGE)
        deadline = time.monotonic() + WAIT_S
        while len(rows_of(site)) == num_before and time.monotonic() < deadline:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait(WAIT_S) == -signal.SIGKILL
        assert NUM_YOUNG < len(rows_of(site)) < num_before, "it died in the middle"
        num_before = len(rows_of(site))
        assert rows_of(site) <= files_of(site), "no row lacks its file"

    run(site, *PURGE)

    check_that_only_the_young_are_left(site, young)


def test_what_one_killed_among_the_files_leaves_is_swept_by_the_next(site):
    young = young_of(site)
    with pytest.raises(subprocess.CalledProcessError) as died:
        run(site, "-c", DIE_AMONG_FILES)
    assert died.value.returncode == -signal.SIGKILL
    assert len(files_of(site) - rows_of(site)) == 51, "of the second batch: rows gone, files left"

    said = run(site, *PURGE).stdout

    assert "51 files belong to no submission" in said
    check_that_only_the_young_are_left(site, young)
