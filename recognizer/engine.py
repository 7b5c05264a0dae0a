"""A version's file → calibrated probabilities, and the cache of the loaded version. No tables.

TensorFlow is imported only inside `KerasEngine` and `serving_function`: a web process that serves
LiteRT never pays for it (docs/decisions/0001-engine.md).
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

Kind = Literal["litert", "keras"]
Key = tuple[int, Kind, str]  # a version's id, how it is read, the SHA-256 of what is loaded

# Twenty real digits (two of each, MNIST's training part) whose answers a version's passport keeps.
PROBES_PATH = Path(__file__).parent / "probes.npz"
# Digits that come along with the project, labelled, whose test part no version learnt from.
SAMPLE_PATH = Path(__file__).parent.parent / "training" / "sample" / "digits.npz"
# The largest difference of a probability that two machines' arithmetic explains; a changed model
# or preprocessing moves the golden answers by far more.
GOLDEN_TOLERANCE = 1e-3
# How long a version that failed to load is left alone before it is tried again.
RETRY_AFTER_S = 10.0
# How long the first who asks for a new version waits for it, where another one serves meanwhile.
# LiteRT needs a few hundredths of it; Keras may need more, and then serves a little later.
PATIENCE_S = 1.0
# Where a passport says nothing (a file that was uploaded, not trained here).
DEFAULT_UNSURE_BELOW = 0.80
# Below it no digit is likelier than all the others together: nothing was recognised.
DEFAULT_REJECT_BELOW = 0.50


class LoadFailed(RuntimeError):
    """A version's file is missing, changed or unreadable, or no longer answers as it did."""


class Engine(Protocol):
    """What reads digits."""

    def probabilities(self, digits: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Read `uint8 (N, 28, 28)`; answer `float32 (N, 10)`, each row summing to 1."""


class Version(Protocol):
    """What the engine needs of a model version: recognizer.models.ModelVersion has it."""

    pk: Any
    file: Any
    sha256: Any
    compiled: Any
    compiled_sha256: Any
    passport: Any


@dataclass(frozen=True)
class Thresholds:
    """Where a reading stops being sure: confidences, 0 to 1, chosen on validation data."""

    unsure_below: float = DEFAULT_UNSURE_BELOW
    reject_below: float = DEFAULT_REJECT_BELOW


@dataclass(frozen=True)
class Contract:
    """How a Keras model wants its input and gives its output; found by vetting.

    Attributes:
        input_max: What ink is to the model: 255.0 or 1.0.
        gives_logits: Whether a softmax is still to be taken of its output.
    """

    input_max: float = 255.0
    gives_logits: bool = False


@dataclass(frozen=True)
class Source:
    """Where a version is loaded from, and what it must prove before it serves."""

    version_id: int
    kind: Kind
    name: str
    sha256: str
    read: Callable[[], bytes]
    golden: tuple[tuple[float, ...], ...]
    contract: Contract
    thresholds: Thresholds

    @property
    def key(self) -> Key:
        return (self.version_id, self.kind, self.sha256)


@dataclass(frozen=True)
class Loaded:
    """An engine that serves, and the version whose it is."""

    version_id: int
    kind: Kind
    engine: Engine
    thresholds: Thresholds


class Outcome(NamedTuple):
    """How a try to load a version ended.

    Attributes:
        version_id: Which one.
        failure: Why it does not load; None where it does.
    """

    version_id: int
    failure: LoadFailed | None


def source_of(version: Version, kind: str) -> Source:
    """Describe a version's file to the engine.

    Args:
        version: The version to read with.
        kind: `litert` or `keras`. One that could not be converted is always read with Keras.
    """
    passport: Mapping[str, Any] = version.passport
    is_compiled = kind == "litert" and bool(version.compiled)
    file = version.compiled if is_compiled else version.file
    return Source(
        version_id=version.pk,
        kind="litert" if is_compiled else "keras",
        name=file.name,
        sha256=version.compiled_sha256 if is_compiled else version.sha256,
        read=lambda: _read(file),
        golden=tuple(tuple(row) for row in passport.get("golden", ())),
        contract=Contract(**passport.get("contract", {})),
        thresholds=Thresholds(**passport.get("thresholds", {})),
    )


def load(source: Source) -> Loaded:
    """Load a version, and prove it: its bytes by their hash, its answers by the golden outputs.

    Raises:
        LoadFailed: The file is missing, changed or unreadable, or answers otherwise.
    """
    try:
        content = source.read()
    except Exception as error:  # each storage has its own
        raise LoadFailed(f"{source.name} cannot be read from storage: {error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise LoadFailed(
            f"{source.name} has changed since it was registered. "
            f"Expected SHA-256 {source.sha256}, found {found}. Register the model again."
        )
    engine = _engine(source, content)
    _check_golden(engine, source)
    return Loaded(source.version_id, source.kind, engine, source.thresholds)


class LiteRTEngine:
    """The converted model in LiteRT, one thread a reading.

    An interpreter is not thread-safe: each thread has its own. A batch is read one by one, which
    LiteRT does as fast as all at once (docs/decisions/0001-engine.md).

    Args:
        content: The bytes of a .tflite file, `uint8 (1, 28, 28)` → `float32 (1, 10)`.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._local = threading.local()
        self._interpreter()  # bytes that are no model fail here, not at the first reading

    def probabilities(self, digits: NDArray[np.uint8]) -> NDArray[np.float32]:
        interpreter, input_index, output_index = self._interpreter()
        answers = np.empty((len(digits), 10), np.float32)
        for row, digit in enumerate(digits):
            interpreter.set_tensor(input_index, digit[np.newaxis])  # (1, 28, 28)
            interpreter.invoke()
            answers[row] = interpreter.get_tensor(output_index)[0]
        return answers

    def _interpreter(self) -> tuple[Any, int, int]:
        if not hasattr(self._local, "interpreter"):
            from ai_edge_litert.interpreter import Interpreter

            interpreter = Interpreter(model_content=self._content, num_threads=1)
            interpreter.allocate_tensors()
            self._local.interpreter = (
                interpreter,
                interpreter.get_input_details()[0]["index"],
                interpreter.get_output_details()[0]["index"],
            )
        return cast("tuple[Any, int, int]", self._local.interpreter)


class KerasEngine:
    """The Keras file itself, through one traced `tf.function`.

    Args:
        content: The bytes of a .keras or .h5 file.
        suffix: Which of them it is, as `.keras`.
        contract: How the model wants its input and gives its output.
    """

    def __init__(self, content: bytes, suffix: str, contract: Contract) -> None:
        import keras
        import tensorflow as tf

        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(content)
            file.flush()
            model = keras.models.load_model(file.name, compile=False, safe_mode=True)
        self._read = tf.function(
            serving_function(model, contract),
            input_signature=[tf.TensorSpec((None, 28, 28), tf.uint8)],
        )

    def probabilities(self, digits: NDArray[np.uint8]) -> NDArray[np.float32]:
        return cast("NDArray[np.float32]", self._read(digits).numpy())


def serving_function(model: Any, contract: Contract) -> Callable[[Any], Any]:
    """Wrap a Keras model so that it takes digits and gives probabilities, whatever its own habits.

    Args:
        model: A Keras model, input `(None, 28, 28, 1)`, `(None, 28, 28)` or `(None, 784)`.
        contract: How the model wants its input and gives its output.

    Returns:
        A function of a Keras tensor, `uint8 (N, 28, 28)` → `float32 (N, 10)`.
    """
    from keras import ops

    def read(digits: Any) -> Any:
        x = ops.cast(digits, "float32") * (contract.input_max / 255.0)
        y = ops.cast(model(ops.reshape(x, (-1, *model.input_shape[1:])), training=False), "float32")
        return ops.softmax(y) if contract.gives_logits else y

    return read


def sample() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Give the sample's test digits, `uint8 (N, 28, 28)`, and their labels, `uint8 (N,)`."""
    with np.load(SAMPLE_PATH, allow_pickle=False) as file:
        return file["x_test"], file["y_test"]


def probes() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Give the probe digits, `uint8 (20, 28, 28)`, and their labels, `uint8 (20,)`."""
    with np.load(PROBES_PATH, allow_pickle=False) as file:
        return file["digits"], file["labels"]


class Cache:
    """The loaded version of this process: the one asked for, or the last good one.

    A version is loaded once, by its id and file hash, in a thread of its own, and has read the
    probes before it serves. Meanwhile all go on with the one before; whoever asked first waits for
    the new one, `PATIENCE_S` at most, so that a process which was idle takes it up at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._serving: tuple[Key, Loaded] | None = None
        self._loading: threading.Event | None = None
        self._failed: tuple[Key, float, LoadFailed] | None = None
        self._news: Outcome | None = None

    def get(self, source: Source) -> Loaded:
        """Give the version asked for, or the last good one where it does not load.

        Raises:
            LoadFailed: It does not load, and none was loaded before.
        """
        before = self._serving
        if before is not None and before[0] == source.key:
            self._failed = None
            return before[1]
        loading, is_first = self._begin(source)
        if loading is not None and (before is None or is_first):
            loading.wait(None if before is None else PATIENCE_S)
        if self._serving is not None:
            return self._serving[1]
        raise self._failed[2] if self._failed else LoadFailed(f"{source.name} did not load")

    @property
    def failure(self) -> LoadFailed | None:
        """Why the version last asked for does not serve; None where it does."""
        return self._failed[2] if self._failed else None

    def pop_news(self) -> Outcome | None:
        """Give how the last try to load a version ended, once; None where none ended since."""
        with self._lock:
            news, self._news = self._news, None
        return news

    def _begin(self, source: Source) -> tuple[threading.Event | None, bool]:
        """Begin to load, unless something is being loaded or it failed lately.

        Returns:
            What to wait for, None where there is nothing; and whether this call began it.
        """
        with self._lock:
            if self._loading is not None:
                return self._loading, False
            if self._serving is not None and self._serving[0] == source.key:  # just now
                return None, False
            if not self._may_try(source):
                return None, False
            self._loading = threading.Event()
            threading.Thread(target=self._load, args=[source, self._loading], daemon=True).start()
            return self._loading, True

    def _load(self, source: Source, done: threading.Event) -> None:
        try:
            loaded = load(source)
        except Exception as error:
            logger.exception("Version %s does not load", source.version_id)
            self._fail(source, error)
        else:
            with self._lock:
                self._serving, self._failed = (source.key, loaded), None
                self._news = Outcome(source.version_id, None)
        finally:
            with self._lock:
                self._loading = None
            done.set()

    def _fail(self, source: Source, error: Exception) -> None:
        told = error if isinstance(error, LoadFailed) else LoadFailed(f"{source.name}: {error}")
        with self._lock:
            self._failed = (source.key, time.monotonic(), told)
            self._news = Outcome(source.version_id, told)

    def _may_try(self, source: Source) -> bool:
        if self._failed is None or self._failed[0] != source.key:
            return True
        return time.monotonic() - self._failed[1] > RETRY_AFTER_S


def _read(file: Any) -> bytes:
    with file.storage.open(file.name, "rb") as stored:
        return cast("bytes", stored.read())


def _engine(source: Source, content: bytes) -> Engine:
    try:
        if source.kind == "litert":
            return LiteRTEngine(content)
        return KerasEngine(content, Path(source.name).suffix, source.contract)
    except ImportError as error:
        raise LoadFailed(
            f"{source.name} needs a library that is not installed here: {error}. "
            "Expected: what requirements.txt names, for DIGITS_ENGINE=keras and for models "
            "without a compiled form."
        ) from error
    except Exception as error:  # whatever a library says of a file that it cannot read
        raise LoadFailed(
            f"{source.name} is no model that {source.kind} can load: {error}"
        ) from error


def _check_golden(engine: Engine, source: Source) -> None:
    if not source.golden:
        return
    digits, _ = probes()
    answers, golden = engine.probabilities(digits), np.array(source.golden)
    if answers.shape != golden.shape:
        raise LoadFailed(
            f"{source.name} was registered with golden outputs of shape {golden.shape}; "
            f"expected {answers.shape}. Register the model again."
        )
    difference = float(np.abs(answers - golden).max())
    if not difference <= GOLDEN_TOLERANCE:  # NaN too
        raise LoadFailed(
            f"{source.name} answers otherwise than when it was registered: expected its golden "
            f"outputs within {GOLDEN_TOLERANCE}, found a difference of {difference:.3g}."
        )
