"""A PostgreSQL of one's own, for a test run or a measurement: nothing of the machine's is used."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEBIAN_FOLDERS = Path("/usr/lib/postgresql")  # one for each major version, never on PATH
# PostgreSQL refuses to run as root; Debian's package makes this user.
UNPRIVILEGED = "postgres"
# Rows that are thrown away need not outlive a power cut. All else is as PostgreSQL ships it.
OPTIONS = "-c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off"


class NoPostgres(RuntimeError):
    """There is no PostgreSQL on this machine, or it does not start."""


@contextmanager
def serve(data: Path | None = None) -> Iterator[str]:
    """Start a PostgreSQL that nobody else reaches, and stop it at the end.

    It listens on a socket in a folder of its own: no port that could be taken, no password.

    Args:
        data: Where its rows are kept, and found again; None: they are gone at the end.

    Yields:
        A URL for DATABASE_URL: an empty database, unless `data` held one.

    Raises:
        NoPostgres: It is not installed, or does not start; the message says why.
    """
    with tempfile.TemporaryDirectory(prefix="digitsite-postgres-") as folder:
        room = Path(folder)
        _give_away(room)
        data = data or room / "data"
        if not (data / "PG_VERSION").exists():
            _make(data)
        control = ["pg_ctl", "-D", str(data), "-w", "-s"]
        _run(*control, "-l", str(room / "log"), "-o", f"-k {room} {OPTIONS}", "start", cwd=room)
        try:
            yield f"postgres:///postgres?host={room}&user=postgres"
        finally:
            _run(*control, "-m", "fast", "stop", cwd=room)


def _make(data: Path) -> None:
    """Make the folder, with an empty database in it."""
    data.mkdir(parents=True, exist_ok=True)
    _give_away(data)
    # C.UTF-8 is on every Debian, and its indexes are no better than another language's.
    locale = ("--encoding=UTF8", "--locale=C.UTF-8")
    _run("initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "-N", *locale, cwd=data)


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        _program("initdb")  # without it, there may be no such user either
        shutil.chown(folder, UNPRIVILEGED, UNPRIVILEGED)


def _run(name: str, *arguments: str, cwd: Path) -> None:
    """Run one of PostgreSQL's programs, as root on behalf of its own user."""
    is_root = os.geteuid() == 0
    command = [_program(name), *arguments]
    # Neither the environment's PGDATA and PGPORT nor its language has a say.
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    try:
        subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            user=UNPRIVILEGED if is_root else None,
            group=UNPRIVILEGED if is_root else None,
            extra_groups=[] if is_root else None,
            check=True,
            capture_output=True,
            text=True,
        )
    except PermissionError as error:
        raise NoPostgres(
            f"Expected a folder that the user {UNPRIVILEGED} may enter, received {cwd}. "
            "Name one that is not inside a private folder, e.g. in /var/tmp."
        ) from error
    except subprocess.CalledProcessError as error:
        log = cwd / "log"
        said = error.stderr + (log.read_text() if log.exists() else "")
        raise NoPostgres(f"Expected {name} to succeed, it said:\n{said.strip()}") from error


def _program(name: str) -> str:
    """Find one of PostgreSQL's programs: on PATH, else where Debian has it, the newest."""
    folders = sorted(DEBIAN_FOLDERS.glob("*/bin"), key=_major, reverse=True)
    places = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)])
    if found := shutil.which(name, path=places):
        return found
    raise NoPostgres(
        f"Expected PostgreSQL's {name} on PATH or in {DEBIAN_FOLDERS}/*/bin, found none. "
        "Install it; on Debian: apt-get install postgresql"
    )


def _major(folder: Path) -> int:
    return int(re.sub(r"\D", "", folder.parent.name) or 0)
