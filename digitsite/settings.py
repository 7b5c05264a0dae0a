"""One settings file for every host; what differs comes from the environment: docs/settings.md."""

import re
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from digitsite import built

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()
env.read_env(BASE_DIR / ".env")  # made by `make serve` for a local run; the real environment wins

# --- The host -----------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Expected: a long random string in the environment or in .env. "
            "`make serve` makes one for a local run; on a host: "
            "python -c 'import secrets; print(secrets.token_urlsafe(50))'."
        )
    SECRET_KEY = get_random_secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

ROOT_URLCONF = "digitsite.urls"
WSGI_APPLICATION = "digitsite.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "recognizer",  # before django.contrib.admin: its admin/index.html extends the admin's own
    "training",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "digitsite.apps.UsedStaticFilesConfig",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_ratelimit",
    "import_export",
    "csp",
    "django_tasks",
    "django_tasks_db",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "digitsite.compression.PageGZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Spanish")]
LOCALE_PATHS = [BASE_DIR / "locale"]  # `make messages` and `make translations` write there
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True

# --- Where things are kept ----------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A writer takes its lock at BEGIN and waits for it, instead of failing half-way with
        # "database is locked"; readers never wait (WAL).
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
# Seconds. To open one anew takes a tenth of a live reading's time, of SQLite too.
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)

# Drawings and model files. Never a public URL: views check who asks.
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(BASE_DIR / "media"))()
STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))()
_NODE_MODULES = BASE_DIR / "node_modules"
_VENDORED = {  # what `npm ci` installed, by the folder that is served under vendor/
    "vendor/bootstrap/css": _NODE_MODULES / "bootstrap" / "dist" / "css",
    "vendor/chart.js": _NODE_MODULES / "chart.js" / "dist",
    "vendor/cropperjs": _NODE_MODULES / "cropperjs" / "dist",
}
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *((prefix, path) for prefix, path in _VENDORED.items() if path.is_dir()),
    *built.folders(BASE_DIR),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "digitsite.storage.ModuleManifestStorage"
    },
}

WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [
    "map",  # for developers' tools only
    *("jpg", "jpeg", "png", "gif", "webp", "woff", "woff2", "gz", "br", "zip"),  # compressed
]

# The counters of the rate limit must be shared by all workers: Redis, or on one machine files
# that several processes may count in at once (diskcache: SQLite files, atomic `incr`).
REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            # Seconds. One that does not answer must not hold up readings, which go on uncounted.
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "digitsite.counters.CountersCache",
            "LOCATION": env.str("CACHE_DIR", default=str(BASE_DIR / ".cache" / "django")),
            "OPTIONS": {"size_limit": 64 * 2**20},  # bytes
        }
    }
# The check knows other libraries' caches only, and neither of these two; both have an atomic
# `incr`, and test_limits.py counts over several processes.
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.W001"]

# What runs behind a request and by the clock: rows of the database, taken by `manage.py worker`.
TASKS = {
    "default": {
        "BACKEND": env.str("TASKS_BACKEND", default="django_tasks_db.DatabaseBackend"),
        "QUEUES": ["default", "periodic", "training"],
    }
}
# Trainings that may be under way at once. Each needs a worker of its own that takes "training",
# two cores and a gigabyte or more; the others wait for their turn.
TRAINING_RUNS_AT_ONCE = env.int("TRAINING_RUNS_AT_ONCE", default=1)
if TRAINING_RUNS_AT_ONCE < 1:
    raise ImproperlyConfigured(
        f"TRAINING_RUNS_AT_ONCE is {TRAINING_RUNS_AT_ONCE}. Expected: 1 (the default) or more."
    )

# --- Reading digits -----------------------------------------------------------------------------

# `litert` serves the converted model (no TensorFlow in the process), `keras` the Keras file.
DIGITS_ENGINE = env.str("DIGITS_ENGINE", default="litert")
if DIGITS_ENGINE not in {"litert", "keras"}:
    raise ImproperlyConfigured(
        f"DIGITS_ENGINE is {DIGITS_ENGINE!r}. Expected: 'litert' (the default) or 'keras'."
    )
# Readings a visitor may ask for ("60/m": 60 a minute); an address may ask for ten times as many,
# since a classroom shares one. "0": no limit. The second one is for readings of which nothing is
# stored: the page asks for one each 120 ms at most while somebody draws. The third is for why they
# were read so: that is asked by hand, and takes several times as long.
DIGITS_RATE_LIMIT = env.str("DIGITS_RATE_LIMIT", default="60/m")
DIGITS_LIVE_RATE_LIMIT = env.str("DIGITS_LIVE_RATE_LIMIT", default="600/m")
DIGITS_WHY_RATE_LIMIT = env.str("DIGITS_WHY_RATE_LIMIT", default="60/m")
for _name in ("DIGITS_RATE_LIMIT", "DIGITS_LIVE_RATE_LIMIT", "DIGITS_WHY_RATE_LIMIT"):
    if not re.fullmatch(r"0|\d+/(?:[1-9]\d*)?[smhd]", globals()[_name]):
        raise ImproperlyConfigured(
            f"{_name} is {globals()[_name]!r}. Expected: '0' (no limit), or a number of "
            "readings in a time, as '60/m', '1000/h' or '10/5s'."
        )
# The share of submissions, chosen by chance, that reviewers look at whatever was read: only these
# tell how often a version is right in the field.
DIGITS_AUDIT_SHARE = env.float("DIGITS_AUDIT_SHARE", default=0.05)
if not 0 <= DIGITS_AUDIT_SHARE <= 1:
    raise ImproperlyConfigured(
        f"DIGITS_AUDIT_SHARE is {DIGITS_AUDIT_SHARE}. Expected: a share of 0 to 1, as 0.05."
    )
# How long drawings are kept: so many days, then row and file go. Empty: for good.
_RETENTION_DAYS = env.str("RETENTION_DAYS", default="")
if not re.fullmatch(r"([1-9]\d{0,4})?", _RETENTION_DAYS):
    raise ImproperlyConfigured(
        f"RETENTION_DAYS is {_RETENTION_DAYS!r}. Expected: a number of days, 1 to 99999, as '90', "
        "or nothing to keep all."
    )
RETENTION_DAYS = int(_RETENTION_DAYS) if _RETENTION_DAYS else None
RETENTION_KEEP_LABELLED = env.bool("RETENTION_KEEP_LABELLED", default=False)
# The request header that holds the visitor's address where a proxy of ours sets it, e.g.
# HTTP_X_REAL_IP. Empty: the connection's own address.
DIGITS_ADDRESS_HEADER = env.str("DIGITS_ADDRESS_HEADER", default="")

# An image file may have 10 MiB; as a base64 data URL that is 13.4 MiB, and the form around it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20  # bytes

# --- Safety -------------------------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
CSRF_FAILURE_VIEW = "recognizer.views.csrf_failure"
# Off only for plain HTTP on one's own machine, as `make serve` does it.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=not DEBUG)
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60  # seconds: a year, as the visitor's own
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # balancers ask by plain HTTP
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", default=False) else None
)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_HSTS_SECONDS > 0
X_FRAME_OPTIONS = "DENY"
# Everything comes from this site, pictures too: no data: and no blob:, no inline script or style.
# What Bootstrap draws with data: images (selects, checkboxes, close buttons) needs files of ours.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
