"""The project started as a process of its own, with nothing but the environment given here."""

from __future__ import annotations

import subprocess
import sys

from config import env

PRODUCTION = {
    "ENV_FILE": "",
    "SECRET_KEY": "for-this-test-only-0123456789-abcdefghijklmnopqrstuvwxyz",
    "TIDINGS_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "tidings.example",
    "DATABASE_URL": "sqlite://:memory:",
}


def run(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=env.ROOT, env=environment, capture_output=True, text=True, timeout=60)


def test_production_settings_pass_the_deployment_check() -> None:
    ended = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", environment=PRODUCTION)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_without_any_setting_nothing_starts_and_everything_missing_is_named() -> None:
    ended = run("manage.py", "check", environment={"ENV_FILE": ""})
    assert ended.returncode == 1
    assert [line.partition(")")[0] for line in ended.stderr.splitlines() if line.startswith("?:")] == [
        "?: (tidings.E002",
        "?: (tidings.E003",
        "?: (tidings.E005",
    ]
    assert "Traceback" not in ended.stderr


def test_a_server_without_a_secret_key_ends_with_one_line() -> None:
    ended = run("-c", "import config.wsgi", environment=PRODUCTION | {"SECRET_KEY": ""})
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "(tidings.E002) SECRET_KEY is not set. "
        "Set SECRET_KEY to 50 or more random characters; `make .env` does so for development."
    ]
