"""Both engines on a real file, and the cache that keeps the last good version."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from recognizer import engine
from recognizer.models import ModelVersion

# In a process of its own: TensorFlow must stay out of this one.
READ_WITH_KERAS = """
import sys
import numpy as np
from recognizer.engine import Contract, KerasEngine, probes
with open(sys.argv[1], "rb") as file:
    loaded = KerasEngine(file.read(), ".keras", Contract())
np.save(sys.argv[2], loaded.probabilities(probes()[0]))
"""


@pytest.fixture
def source(version: ModelVersion) -> engine.Source:
    return engine.source_of(version, "litert")


def broken(source: engine.Source) -> engine.Source:
    return replace(source, version_id=source.version_id + 1, read=lambda: b"not a model")


def test_litert_answers_ten_probabilities_for_each_digit(source):
    digits, labels = engine.probes()

    answers = engine.load(source).engine.probabilities(digits)

    assert answers.shape == (20, 10)
    assert answers.dtype == np.float32
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert (answers.argmax(axis=1) == labels).mean() >= 0.9


def test_both_engines_answer_the_same(source, tiny_model, tmp_path):
    answers_path = tmp_path / "answers.npy"
    subprocess.run(
        [sys.executable, "-c", READ_WITH_KERAS, str(tiny_model), str(answers_path)], check=True
    )

    litert = engine.load(source).engine.probabilities(engine.probes()[0])

    assert np.abs(litert - np.load(answers_path)).max() <= 1e-4


def test_a_batch_reads_as_its_digits_do_one_by_one(source):
    digits, _ = engine.probes()
    loaded = engine.load(source).engine

    together = loaded.probabilities(digits)

    assert np.array_equal(
        together, np.vstack([loaded.probabilities(digit[None]) for digit in digits])
    )


def test_threads_read_at_once_without_mixing_their_answers(source):
    digits, _ = engine.probes()
    loaded = engine.load(source).engine
    expected = loaded.probabilities(digits)
    found: list[bool] = []

    def read_many() -> None:
        found.extend(np.array_equal(loaded.probabilities(digits), expected) for _ in range(20))

    threads = [threading.Thread(target=read_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [True] * 80


def test_a_changed_file_is_not_loaded(source):
    changed = replace(source, read=lambda: source.read() + b"\0")

    with pytest.raises(engine.LoadFailed, match="has changed since it was registered"):
        engine.load(changed)


def test_a_file_that_answers_otherwise_is_not_loaded(source):
    other = replace(source, golden=tuple(reversed(source.golden)))

    with pytest.raises(engine.LoadFailed, match="answers otherwise"):
        engine.load(other)


def test_a_missing_file_is_a_failure_to_load(version):
    version.compiled.name = "models/gone.tflite"

    with pytest.raises(engine.LoadFailed, match="cannot be read from storage"):
        engine.load(engine.source_of(version, "litert"))


def test_a_version_without_a_compiled_form_is_read_with_keras(version):
    version.compiled.name = ""

    assert engine.source_of(version, "litert").kind == "keras"


def test_a_storage_that_fails_in_its_own_way_is_a_failure_to_load(source):
    def read() -> bytes:
        raise LookupError("NoSuchBucket")

    with pytest.raises(engine.LoadFailed, match="NoSuchBucket"):
        engine.load(replace(source, read=read))


def test_a_failure_is_forgotten_when_the_good_version_is_asked_for_again(source):
    cache = engine.Cache()
    cache.get(source)
    cache.get(broken(source))
    cache.get(source)

    assert cache.failure is None


def test_the_cache_loads_a_version_once(source):
    num_reads = 0

    def read() -> bytes:
        nonlocal num_reads
        num_reads += 1
        return source.read()

    counted, cache = replace(source, read=read), engine.Cache()

    assert cache.get(counted) is cache.get(counted)
    assert num_reads == 1


def test_the_cache_takes_up_a_new_version_at_once(source):
    cache = engine.Cache()
    cache.get(source)

    assert cache.get(replace(source, version_id=source.version_id + 1)).version_id == (
        source.version_id + 1
    )


def test_a_version_that_fails_leaves_the_last_good_one_serving(source, caplog):
    cache = engine.Cache()
    good = cache.get(source)

    assert cache.get(broken(source)) is good
    assert isinstance(cache.failure, engine.LoadFailed)
    assert "does not load" in caplog.text


def held_back(source: engine.Source) -> tuple[engine.Source, threading.Event]:
    """Another version, whose file is read only after the event."""
    may_go_on = threading.Event()

    def read() -> bytes:
        may_go_on.wait(10)
        return source.read()

    return replace(source, version_id=source.version_id + 1, read=read), may_go_on


def test_nobody_waits_long_for_a_version_that_loads_slowly(source, monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE_S", 0.2)
    cache = engine.Cache()
    good = cache.get(source)
    slow, may_go_on = held_back(source)

    started = time.monotonic()
    assert cache.get(slow) is good
    assert cache.get(slow) is good  # only the first waits
    assert 0.2 <= time.monotonic() - started < 0.4
    may_go_on.set()
    deadline = time.monotonic() + 5
    while cache.get(slow) is good and time.monotonic() < deadline:
        time.sleep(0.01)

    assert cache.get(slow).version_id == slow.version_id


def test_whoever_has_no_version_yet_waits_for_the_first(source):
    cache = engine.Cache()
    slow, may_go_on = held_back(source)
    threading.Timer(0.2, may_go_on.set).start()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(cache.get, [slow] * 4))

    assert {id(loaded) for loaded in found} == {id(found[0])}


def test_how_a_load_ended_is_told_once(source):
    cache = engine.Cache()
    cache.get(source)
    assert cache.pop_news() == (source.version_id, None)
    assert cache.pop_news() is None

    cache.get(broken(source))
    news = cache.pop_news()
    assert news is not None
    assert isinstance(news.failure, engine.LoadFailed)


def test_golden_outputs_of_another_shape_are_a_failure_to_load(source):
    odd = replace(source, version_id=source.version_id + 1, golden=((0.5, 0.5),) * 3)
    cache = engine.Cache()
    good = cache.get(source)

    assert cache.get(odd) is good
    assert isinstance(cache.failure, engine.LoadFailed)


def test_a_version_that_fails_is_not_tried_at_every_request(source):
    num_reads = 0

    def read() -> bytes:
        nonlocal num_reads
        num_reads += 1
        raise FileNotFoundError("gone")

    cache = engine.Cache()
    cache.get(source)
    failing = replace(source, version_id=source.version_id + 1, read=read)
    for _ in range(3):
        cache.get(failing)

    assert num_reads == 1


def test_without_a_good_version_the_failure_is_told(source):
    with pytest.raises(engine.LoadFailed, match="has changed"):
        engine.Cache().get(broken(source))
