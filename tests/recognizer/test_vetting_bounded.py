"""A process that touches an untrusted file: its end, its limits, and what it can know and say."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recognizer import vetting
from recognizer.vetting import RefusedModel, bounded

PROCESS = """
import os, sys
from pathlib import Path
from recognizer.vetting import bounded

LIMITS = bounded.Limits(
    wall_s=3, cpu_s=2, memory_bytes=2**30, mapped_bytes=2**31, written_bytes=2**21
)

REPORT = 3  # where `report_on` keeps the file that its report goes to

def look(path, workspace):
    {code}

if __name__ == "__main__":
    bounded.report_on(sys.argv[1:], LIMITS, look)
"""


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path, monkeypatch) -> Run:
    """Runs lines of code as one of our processes would run over a file."""
    monkeypatch.setattr(bounded, "ROOT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{Path(vetting.__file__).parents[2]}")
    monkeypatch.setattr(bounded, "PASSED_ENVIRONMENT", (*bounded.PASSED_ENVIRONMENT, "PYTHONPATH"))
    limits = bounded.Limits(
        wall_s=3, cpu_s=2, memory_bytes=2**30, mapped_bytes=2**31, written_bytes=2**21
    )

    def run_code(code: str, **other: int) -> dict[str, Any]:
        lines = "\n    ".join(code.splitlines())
        (tmp_path / "looking.py").write_text(PROCESS.replace("{code}", lines))
        asked = replace(limits, **other)
        return bounded.run("looking", tmp_path, limits=asked, workspace=tmp_path)

    return run_code


@pytest.mark.parametrize(
    ("code", "check", "found"),
    [
        ("os.kill(os.getpid(), 11)", "Process", "SIGSEGV"),
        ("os.kill(os.getpid(), 40)", "Process", "signal 40"),
        ("os._exit(3)", "Process", "exit status 3 (it said nothing)"),
        ("raise RuntimeError('oh')", "Process", "RuntimeError: oh"),
        ("import time; time.sleep(60)", "Time", "none"),
        ("bytearray(2**31)", "Memory", "more"),
        ("Path(workspace, 'x').write_bytes(bytes(2**22))", "Process", "File too large"),
        ("while True: sys.stderr.write('x' * 2**16)", "Process", "exit status 1"),
        # What a file could report that has taken the process over.
        ("os._exit(0)", "Report", "none"),
        ("os.write(REPORT, b'[]'); os._exit(0)", "Report", "none"),
        ("os.write(REPORT, b'[' * 10**5); os._exit(0)", "Report", "none"),
        ("os.write(REPORT, bytes(2**20 + 1)); os._exit(0)", "Report", "none"),
        ("return {'x': 'y' * 2**20}", "Report", "none"),
        ("return {'refused': 7}", "nothing", "nothing"),
        ("return {'refused': {'check': 'A\\0B', 'found': ['c'], 'x': 1}}", "A\ufffdB", "['c']"),
        ("return {'refused': {'found': 'z' * 9_999}}", "nothing", "z" * 99),
    ],
)
def test_a_process_that_does_not_end_well_is_a_refusal(run, code, check, found):
    with pytest.raises(RefusedModel) as refusal:
        run(code)

    assert refusal.value.check == check
    assert found in refusal.value.found


def test_whoever_uses_up_the_processors_is_told_so(run):
    with pytest.raises(RefusedModel) as refusal:
        run("while True: pass", wall_s=30)  # two seconds of a processor that others use too

    assert str(refusal.value).startswith("Time: expected at most 2 s of processors, found more.")


def test_what_a_library_prints_is_no_report(run):
    code = "print('hello'); os.system('echo hello'); return {'a': [1]}"

    assert run(code) == {"a": [1]}


def test_a_refusal_with_impossible_words_can_be_kept(run):
    """Half a surrogate pair, NUL and line ends: what a database or a log does not take."""
    with pytest.raises(RefusedModel) as refusal:
        run("raise RuntimeError('a\\ud800b\\0c')")

    assert str(refusal.value).isprintable()
    str(refusal.value).encode()


def test_the_process_knows_no_secrets(run, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "a secret")
    monkeypatch.setenv("DATABASE_URL", "postgres://…")

    environment = run("return dict(os.environ)")

    ours = {"CUDA_VISIBLE_DEVICES", "HOME", "KERAS_BACKEND", "OMP_NUM_THREADS", "TMPDIR"}
    of_tensorflow = {name for name in environment if name.startswith("TF_")}
    # LC_CTYPE is Python's own, where the host says nothing of its language.
    assert set(environment) <= {*bounded.PASSED_ENVIRONMENT, *ours, *of_tensorflow, "LC_CTYPE"}
    assert environment["HOME"] == str(tmp_path)


def test_the_limits_hold_before_the_file_is_read(run):
    code = (
        "import resource as r\n"
        "names = 'CPU DATA AS FSIZE CORE'.split()\n"
        "return {name: r.getrlimit(getattr(r, 'RLIMIT_' + name)) for name in names}"
    )
    found = run(code)

    assert found["CPU"] == [2, 2 + bounded.GRACE_S]
    assert found["DATA"] == [2**30] * 2
    assert found["AS"] == [2**31] * 2
    assert found["FSIZE"] == [2**21] * 2
    assert found["CORE"] == [0, 0]


def test_what_it_starts_dies_with_it(run):
    found = run("import subprocess; return {'pid': subprocess.Popen(['sleep', '60']).pid}")

    assert ends_soon(found["pid"])


def ends_soon(pid: int) -> bool:
    """Tell whether a process is gone, or only its exit is still to be fetched, within a second."""
    for _ in range(20):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
