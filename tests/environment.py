"""The settings of the test suite: the project's own, read in an environment that is the same on every machine.

Neither a developer's `.env` nor what is exported in the shell gets in, but for TEST_DATABASE_URL. Processes that a test
starts inherit this environment and use the project's settings as they are.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"

for name in re.findall(r"^([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE):
    os.environ.pop(name, None)
    os.environ.pop(f"{name}_FILE", None)

# Where the shell forbids bytecode, every process and every run would compile all modules and rewrite all tests anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

os.environ.update(
    DJANGO_SETTINGS_MODULE="config.settings",
    ENV_FILE="",
    DEBUG="false",
    SECRET_KEY="tests-only-" + "0123456789abcdef" * 4,
    TIDINGS_ENCRYPTION_KEYS=base64.urlsafe_b64encode(b"tests only, never for real data!").decode(),
    ALLOWED_HOSTS="*",
    SECURE_SSL_REDIRECT="false",
    # Tests of the admin sign staff in with one call; those of signing in turn it on.
    STAFF_SECOND_FACTOR="false",
    # The name matters to nobody but the live server, which would share a connection with its threads were it in memory.
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", "sqlite:///var/never-opened.sqlite3"),
    LOG_FORMAT="json",
    # Playwright keeps an event loop open in the test's thread, in which Django would refuse every query.
    DJANGO_ALLOW_ASYNC_UNSAFE="true",
)

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
