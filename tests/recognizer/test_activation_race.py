"""Eight processes activate versions at once, on both databases: never other than one is active."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from recognizer.models import ModelVersion

PROCESSES, TURNS = 8, 8

PREPARE = """
import json, sys
from recognizer import registry
from recognizer.models import ModelVersion
row = json.loads(sys.argv[1])
for number in range(1, 5):
    ModelVersion.objects.create(**row | {"number": number, "sha256": f"{number:064x}"})
registry.activate(version=ModelVersion.objects.get(number=1), reason="the first")
"""
ACTIVATE = """
import random, sys
from recognizer import registry
from recognizer.models import ModelVersion
draw = random.Random(int(sys.argv[1]))
num_done = 0
for turn in range(int(sys.argv[2])):
    version = ModelVersion.objects.get(number=draw.randint(1, 4))
    try:
        registry.activate(version=version, reason=f"turn {turn}", force=True)
        num_done += 1
    except registry.ActivationRefused as refusal:
        assert "active already" in str(refusal), refusal
print(num_done)
"""
WATCH = """
import time
from recognizer.models import ModelVersion
num_looks, found = 0, set()
print("watching", flush=True)
until = time.monotonic() + 60
while time.monotonic() < until and not sys.stdin.closed:
    found.add(ModelVersion.objects.active().count())
    num_looks += 1
    if select.select([sys.stdin], [], [], 0.001)[0]:
        break
print(num_looks, sorted(found))
"""
JUDGE = """
import json
from recognizer.models import Activation, ModelVersion
activations = Activation.objects.order_by("pk").values_list("version__number", "replaced__number")
active = list(ModelVersion.objects.active().values_list("number", flat=True))
print(json.dumps([list(activations), active]))
"""
SET_UP = "import select, sys; import django; django.setup()\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'db.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def start(database_url: str):
    """Start a Python process with the site's settings on the database."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "digitsite.settings",
        "DATABASE_URL": database_url,
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "SECRET_KEY": "only-for-the-race",
        "REDIS_URL": "",
        "LOG_LEVEL": "ERROR",
    }

    def run(script: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", SET_UP + script, *arguments],
            env=environment,
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    return run


def finish(process: subprocess.Popen[str], said: str = "") -> str:
    answer, _ = process.communicate(said, timeout=120)
    assert process.returncode == 0
    return answer.strip()


def row_of(version: ModelVersion) -> str:
    """What a version of the same files needs, as JSON."""
    names = ("name", "size_bytes", "compiled_sha256", "passport", "status")
    files = {name: str(getattr(version, name)) for name in ("file", "compiled")}
    return json.dumps({name: getattr(version, name) for name in names} | files)


def test_of_eight_that_activate_at_once_one_version_is_active_at_any_moment(version, start):
    finish(start("from django.core.management import call_command; call_command('migrate', '-v0')"))
    finish(start(PREPARE, row_of(version)))
    watcher = start(WATCH)
    assert watcher.stdout is not None
    watcher.stdout.readline()

    racers = [start(ACTIVATE, str(seed), str(TURNS)) for seed in range(PROCESSES)]
    num_done = sum(int(finish(racer)) for racer in racers)
    num_looks, _, found = finish(watcher, "\n").partition(" ")
    activations, active = json.loads(finish(start(JUDGE)))

    assert (found, int(num_looks) > 100) == ("[1]", True)
    assert len(activations) == num_done + 1 > PROCESSES
    # Each took the place of the one before: none was lost, none came in between.
    assert [replaced for _, replaced in activations] == [None, *(to for to, _ in activations[:-1])]
    assert active == [activations[-1][0]]
