"""The project's settings for a test run: the production ones, on files of the run's own.

Nothing of the developer's `.env` is used: each variable that it may hold is set here, and the real
environment wins over `.env`.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_RUN = Path(tempfile.mkdtemp(prefix="digitsite-tests-"))
atexit.register(shutil.rmtree, _RUN, ignore_errors=True)
(_RUN / "static").mkdir()  # WhiteNoise warns of a folder that is not there

os.environ.update(
    {
        "SECRET_KEY": "only-for-tests-0123456789-0123456789-0123456789-0123456789",
        "DEBUG": "0",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        # Another one where a test runs tests on it: tests/again.py.
        "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", f"sqlite:///{_RUN / 'db.sqlite3'}"),
        "MEDIA_ROOT": str(_RUN / "media"),
        "STATIC_ROOT": str(_RUN / "static"),
        "CACHE_DIR": str(_RUN / "cache"),
        "REDIS_URL": "",
        "TASKS_BACKEND": "django_tasks_db.DatabaseBackend",
        "TRAINING_RUNS_AT_ONCE": "1",
        "DIGITS_ENGINE": "litert",
        "DIGITS_RATE_LIMIT": "0",
        "DIGITS_LIVE_RATE_LIMIT": "0",
        "DIGITS_WHY_RATE_LIMIT": "0",
        "DIGITS_AUDIT_SHARE": "0",
        "DIGITS_ADDRESS_HEADER": "",
        "RETENTION_DAYS": "",
        "RETENTION_KEEP_LABELLED": "0",
        "SECURE_SSL_REDIRECT": "0",
        "SECURE_COOKIES": "0",
        "SECURE_HSTS_SECONDS": "0",
        "BEHIND_TLS_PROXY": "0",
        "CSRF_TRUSTED_ORIGINS": "",
        "TIME_ZONE": "UTC",
        "LOG_LEVEL": "INFO",
    }
)

from digitsite.settings import *  # noqa: E402, F403
from digitsite.settings import DATABASES, STORAGES, TASKS  # noqa: E402

# A file, as in real life: WAL, IMMEDIATE and the busy timeout hold for the live server's threads.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(_RUN / "test.sqlite3")}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; nothing to protect

# Where a request asks for work behind it, that is done at once.
TASKS["default"]["BACKEND"] = "django_tasks.backends.immediate.ImmediateBackend"
