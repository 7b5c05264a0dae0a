"""A process of its own for what touches an untrusted file: no secrets, and limits on everything."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.vetting.refusal import RefusedModel

ROOT = Path(__file__).parent.parent.parent
# What the process may know: enough to find Python and its libraries, and no secrets.
PASSED_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
# What it may leave in its workspace: its report, the compiled form, and the .keras form of a .h5
# file.
REPORT_NAME, COMPILED_NAME, KERAS_NAME = "report.json", "model.tflite", "converted.keras"


@dataclass(frozen=True)
class Limits:
    """What a process may use.

    Attributes:
        wall_s, cpu_s: Seconds by the clock, and of processors.
        memory_bytes: Of address space.
        written_bytes: Of any one file.
    """

    wall_s: int
    cpu_s: int
    memory_bytes: int
    written_bytes: int


LOOKING = Limits(wall_s=12, cpu_s=10, memory_bytes=2 * 2**30, written_bytes=512 * 2**20)
# Keras and its converter take 5 to 15 s on two cores, a small host some times that. TensorFlow maps
# far more memory than it uses.
LOADING = Limits(wall_s=75, cpu_s=150, memory_bytes=8 * 2**30, written_bytes=256 * 2**20)


def run(module: str, path: Path, *, limits: Limits, workspace: Path) -> dict[str, Any]:
    """Run one of our modules over a file in a process of its own; give its report.

    Args:
        module: Its `main` calls `report_on`.
        path: The file.
        limits: Those that the module sets itself; the clock's is kept here.
        workspace: A folder for what it writes.

    Raises:
        RefusedModel: The module refused the file, or did not come to its end.
    """
    said = workspace / "said.txt"
    with said.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603  (our own module, and paths that we made)
            [sys.executable, "-m", module, str(path), str(workspace)],
            cwd=ROOT,
            env=_environment(workspace),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,  # what it starts dies with it
        )
        try:
            status = process.wait(limits.wall_s)
        except subprocess.TimeoutExpired as error:
            raise RefusedModel(
                "Time", f"an end within {limits.wall_s} s", "none", "A smaller model loads sooner."
            ) from error
        finally:
            _kill(process)
    if status != 0:
        raise RefusedModel("Process", "an end by itself", f"{_end(status)} ({_last_line(said)})")
    report: dict[str, Any] = json.loads((workspace / REPORT_NAME).read_text())
    if refusal := report.get("refused"):
        raise RefusedModel(**refusal)
    return report


def report_on(
    arguments: list[str], limits: Limits, find: Callable[[Path, Path], dict[str, Any]]
) -> None:
    """In the process of its own: set its limits, look at the file, and write the report."""
    path, workspace = map(Path, arguments)
    for kind, most in (
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.written_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    try:
        report = find(path, workspace)
    except RefusedModel as refusal:
        report = {"refused": refusal.as_dict()}
    except MemoryError:
        most_mb = f"at most {limits.memory_bytes >> 20:,} MB"
        report = {"refused": RefusedModel("Memory", most_mb, "more").as_dict()}
    (workspace / REPORT_NAME).write_text(json.dumps(report))


def _environment(workspace: Path) -> dict[str, str]:
    passed = {name: os.environ[name] for name in PASSED_ENVIRONMENT if name in os.environ}
    return passed | {
        "CUDA_VISIBLE_DEVICES": "-1",
        "HOME": str(workspace),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TMPDIR": str(workspace),
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end(status: int) -> str:
    if status < 0:
        return f"signal {signal.Signals(-status).name}"
    return f"exit status {status}"


def _last_line(said: Path) -> str:
    """Give the last line of what the process said, which names the error and no path of ours."""
    with said.open("rb") as file:
        file.seek(max(0, said.stat().st_size - 2_000))
        lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "it said nothing"
