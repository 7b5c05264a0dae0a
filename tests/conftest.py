"""Real small things that the tests share: a tiny Keras model, registered; a drawn seven."""

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageDraw

from benchmarks import postgres
from recognizer import recognition, registry
from recognizer.admin import counts
from recognizer.engine import Cache
from recognizer.models import ModelVersion
from tests import workers

# A linear model, learnt from the sample's digits: real, and made in seconds.
# It is made in a process of its own, so that TensorFlow stays out of this one.
MAKE_TINY_MODEL = """
import sys
import keras
import numpy as np
from recognizer.engine import SAMPLE_PATH

keras.utils.set_random_seed(7)
with np.load(SAMPLE_PATH) as file:
    digits, labels = file["x_train"], file["y_train"]
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.AveragePooling2D(2),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
model.fit(digits[..., None], labels, batch_size=100, epochs=15, verbose=0)
model.save(sys.argv[1])
"""


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real Keras file that reads the probe digits, made once a session."""
    path = tmp_path_factory.mktemp("models") / "tiny.keras"
    subprocess.run([sys.executable, "-c", MAKE_TINY_MODEL, str(path)], check=True)
    return path


# Linear too, and worse: the means of the digits as weights.
MAKE_OTHER_MODEL = """
import sys
import keras
import numpy as np
from recognizer.engine import SAMPLE_PATH

with np.load(SAMPLE_PATH) as file:
    digits, labels = file["x_train"].reshape(-1, 784) / 255, file["y_train"]
means = np.array([digits[labels == digit].mean(0) for digit in range(10)])
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
model.layers[-1].set_weights([2 * means.T, -(means ** 2).sum(1)])
model.save(sys.argv[1])
"""


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another real Keras file, which reads worse than the tiny one."""
    path = tmp_path_factory.mktemp("models") / "other.keras"
    subprocess.run([sys.executable, "-c", MAKE_OTHER_MODEL, str(path)], check=True)
    return path


SAVE_AGAIN = """
import sys
import keras
keras.models.load_model(sys.argv[1]).save(sys.argv[2])
"""
MAKE_MODEL_OF_TWELVE = """
import sys
import keras
model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(12)])
model.save(sys.argv[1])
"""


@pytest.fixture(scope="session")
def model_of_twelve(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real Keras file that has twelve answers, made once a session."""
    path = tmp_path_factory.mktemp("models") / "twelve.keras"
    subprocess.run([sys.executable, "-c", MAKE_MODEL_OF_TWELVE, str(path)], check=True)
    return path


@pytest.fixture(scope="session")
def tiny_h5(tiny_model: Path) -> Path:
    """The tiny model as HDF5."""
    path = tiny_model.with_suffix(".h5")
    subprocess.run([sys.executable, "-c", SAVE_AGAIN, str(tiny_model), str(path)], check=True)
    return path


@pytest.fixture(scope="session")
def registered_row(django_db_setup, django_db_blocker, tiny_model: Path) -> ModelVersion:
    """The row of the tiny model's one real registration; its files stay, the row is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        version = registry.register(path=tiny_model, name="tiny", passport={})
        transaction.set_rollback(True)
    return version


@pytest.fixture
def version(db, registered_row: ModelVersion) -> ModelVersion:
    """The tiny model, registered and not active."""
    values = {
        field.attname: getattr(registered_row, field.attname)
        for field in ModelVersion._meta.concrete_fields
        if not field.primary_key
    }
    files = {name: values[name].name for name in ("file", "compiled", "keras_file")}
    return ModelVersion.objects.create(**(values | files))


@pytest.fixture
def active_version(version: ModelVersion) -> ModelVersion:
    """The tiny model, registered and active."""
    registry.activate(version=version, reason="for the tests")
    return version


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of the session's own, as a URL for a process's DATABASE_URL."""
    with postgres.serve() as url:
        yield url


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch):
    """Each test begins as a process does: nothing counted, no version loaded."""
    cache.clear()
    counts.rows_in.cache_clear()
    monkeypatch.setattr(recognition, "_engines", Cache())


@pytest.fixture
def kept_tasks(settings) -> None:
    """What is put into the queue stays there."""
    workers.keep_tasks(settings)


@pytest.fixture
def client_who_may(db, django_user_model):
    """Make a browser of a staff user with these permissions; `client.user` is the user."""

    def make(*codenames: str, username: str = "staff") -> Client:
        user = django_user_model.objects.create_user(username, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        client.user = user  # type: ignore[attr-defined]
        return client

    return make


@pytest.fixture
def drawing_png() -> bytes:
    """A seven as a visitor draws it on a canvas of 280 px: dark ink on white, as PNG."""
    return png(drawn_seven())


@pytest.fixture
def several_png() -> bytes:
    """Three drawn sevens side by side, as PNG of 840 × 280 px."""
    return png(three_sevens())


def drawn_seven(size: int = 280, width: int = 18) -> Image.Image:
    image = Image.new("RGB", (size, size), "white")
    points = [(0.28, 0.25), (0.72, 0.25), (0.45, 0.8)]
    pen = ImageDraw.Draw(image)
    pen.line([(x * size, y * size) for x, y in points], "black", width, joint="curve")
    return image


def three_sevens() -> Image.Image:
    image = Image.new("RGB", (840, 280), "white")
    for place in range(3):
        image.paste(drawn_seven(), (280 * place, 0))
    return image


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def scans_in(queries: CaptureQueriesContext) -> list[str]:
    """List the steps of these queries' plans that go over all predictions or submissions.

    An index over the role alone bounds nothing: all that was served has the same.
    """
    selects = [one["sql"] for one in queries if one["sql"].startswith("SELECT")]
    with connection.cursor() as cursor:
        steps = [
            row[3]
            for sql in selects
            for row in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
        ]
    tables = ("SCAN recognizer_prediction", "SCAN recognizer_submission")
    return [step for step in steps if step.startswith(tables) or step.endswith("(role=?)")]
