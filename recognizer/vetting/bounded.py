"""A process of its own for what touches an untrusted file: no secrets, and limits on everything.

What it may still do, should a file take it over: it runs as the user who asked, so it reads what
that user reads, a `.env` beside manage.py and `/proc/<asker>/environ` among it; it may open
connections; and what it starts in a session of its own outlives it. Against that stand a user, a
container and a network of its own for the worker, which are the host's to give.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from recognizer.vetting.refusal import RefusedModel

ROOT = Path(__file__).parent.parent.parent
# What the process may know: enough to find Python and its libraries, and no secrets.
PASSED_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
# As many threads on every host: each takes memory (200 MB for eight instead of four), and so what
# the limits mean would hang on the number of cores.
NUM_THREADS = "2"
# What it may leave in its workspace: the compiled form, and the .keras form of a .h5 file.
COMPILED_NAME, KERAS_NAME = "model.tflite", "converted.keras"
# Golden outputs take 3 kB, 500 layers about 60 kB.
MAX_REPORT_BYTES = 2**20
# Between the signal that names the limit and the one that nobody survives.
GRACE_S = 2


@dataclass(frozen=True)
class Limits:
    """What a process may use.

    Attributes:
        wall_s, cpu_s: Seconds by the clock, and of processors.
        memory_bytes: Of memory that it writes to.
        mapped_bytes: Of address space, libraries and the like included.
        written_bytes: Of any one file.
    """

    wall_s: int
    cpu_s: int
    memory_bytes: int
    mapped_bytes: int
    written_bytes: int


# The shipped model takes half a second and 50 MB. All that is written is the report, and words.
LOOKING = Limits(
    wall_s=10,
    cpu_s=8,
    memory_bytes=2**30,
    mapped_bytes=3 * 2**30,
    written_bytes=2 * MAX_REPORT_BYTES,
)
# Keras and its converter take 5 to 15 s on two cores, a small host some times that. A model of 19
# million parameters takes 1.2 GB of memory; TensorFlow maps 3.4 GB.
LOADING = Limits(
    wall_s=70,
    cpu_s=140,
    memory_bytes=3 * 2**30,
    mapped_bytes=12 * 2**30,
    written_bytes=256 * 2**20,
)


def run(module: str, path: Path, *, limits: Limits, workspace: Path) -> dict[str, Any]:
    """Run one of our modules over a file in a process of its own; give its report.

    Args:
        module: Its `main` calls `report_on`.
        path: The file.
        limits: Those that the module sets itself; the clock's is kept here.
        workspace: A folder for what it writes.

    Returns:
        An object of JSON. A file may have taken the process over: trust none of it.

    Raises:
        RefusedModel: The module refused the file, or did not come to its end.
    """
    # Files without a name: nothing can be put in their place, and nothing is left of them.
    with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603  (our own module, and paths that we made)
            [sys.executable, "-m", module, str(path), str(workspace)],
            cwd=ROOT,
            env=_environment(workspace),
            stdin=subprocess.DEVNULL,
            stdout=report,
            stderr=said,
            start_new_session=True,  # what it starts dies with it
        )
        try:
            status = process.wait(limits.wall_s)
        except subprocess.TimeoutExpired as error:
            raise RefusedModel("Time", f"an end within {limits.wall_s} s", "none", _SMALLER) from (
                error
            )
        finally:
            _kill(process)
        if status == -signal.SIGXCPU:
            raise RefusedModel("Time", f"at most {limits.cpu_s} s of processors", "more", _SMALLER)
        if status != 0:
            found = f"{_end(status)} ({_last_line(said)})"
            raise RefusedModel("Process", "an end by itself", found)
        return _report_in(report)


_SMALLER = "A smaller model loads sooner."


def report_on(
    arguments: list[str], limits: Limits, find: Callable[[Path, Path], dict[str, Any]]
) -> None:
    """In the process of its own: set its limits, look at the file, and write the report."""
    path, workspace = map(Path, arguments)
    _hold(limits)
    report_file = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no report
    try:
        report = find(path, workspace)
    except RefusedModel as refusal:
        report = {"refused": refusal.as_dict()}
    except MemoryError:
        most_mb = f"at most {limits.memory_bytes >> 20:,} MB"
        report = {"refused": RefusedModel("Memory", most_mb, "more").as_dict()}
    with report_file:
        json.dump(report, report_file)


def _hold(limits: Limits) -> None:
    """Set the limits, before the first byte of the file is read."""
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + GRACE_S))
    for kind, most in (
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_AS, limits.mapped_bytes),
        (resource.RLIMIT_FSIZE, limits.written_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _environment(workspace: Path) -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ENVIRONMENT if name in os.environ}
    return passed | {
        "CUDA_VISIBLE_DEVICES": "-1",
        "HOME": str(workspace),
        "KERAS_BACKEND": "tensorflow",
        "OMP_NUM_THREADS": NUM_THREADS,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_NUM_INTEROP_THREADS": NUM_THREADS,
        "TF_NUM_INTRAOP_THREADS": NUM_THREADS,
        "TMPDIR": str(workspace),
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:  # those for programs' own use have no names
        return f"signal {-status}"


def _last_line(said: IO[bytes]) -> str:
    """Give the last line of what the process said, which names the error."""
    size = os.fstat(said.fileno()).st_size
    lines = os.pread(said.fileno(), 2_000, max(0, size - 2_000)).decode(errors="replace")
    return lines.strip().splitlines()[-1][:200] if lines.strip() else "it said nothing"


def _report_in(file: IO[bytes]) -> dict[str, Any]:
    written = os.pread(file.fileno(), MAX_REPORT_BYTES + 1, 0)
    try:
        report = json.loads(written) if len(written) <= MAX_REPORT_BYTES else None
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict):
        raise RefusedModel(
            "Report", f"an object of JSON, of at most {MAX_REPORT_BYTES:,} bytes", "none"
        )
    if "refused" in report:
        raise _refusal(report["refused"])
    return report


def _refusal(said: Any) -> RefusedModel:
    parts = said if isinstance(said, dict) else {}
    check, expected, found = (
        str(parts.get(name) or "nothing") for name in ("check", "expected", "found")
    )
    return RefusedModel(check, expected, found, str(parts.get("advice") or ""))
