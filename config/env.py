"""The only reader of the environment.

A value that cannot be read does not stop the import: it is written down in `problems`, the default holds, and the
system checks refuse to start with a line that says what would be right. A `.env` file beside `manage.py` is read when
it is there; a variable that is already set wins over it. `ENV_FILE` names another file, an empty `ENV_FILE` none.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import environ

ROOT = Path(__file__).resolve().parent.parent
TRUE_WORDS = ("true", "1", "yes", "on")
FALSE_WORDS = ("false", "0", "no", "off")
DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql")
NO_DATABASE = {"ENGINE": "django.db.backends.dummy", "NAME": ""}

problems: list[tuple[str, str]] = []
"""What could not be read: (what is wrong, what would be right)."""

_env = environ.FileAwareEnv()
_file = os.environ.get("ENV_FILE", ".env")
if _file:
    _env.read_env(ROOT / _file)


def text(name: str, default: str = "") -> str:
    """The value without blanks around it; unset and empty are the same. `<name>_FILE` may name a file that holds it."""
    return str(_env.str(name, default="")).strip() or default


def words(name: str) -> list[str]:
    """A comma-separated list; blanks and empty items are dropped."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def flag(name: str, *, default: bool) -> bool:
    """A yes or no. Any other word is a problem, never a silent no."""
    word = text(name).lower()
    if word not in ("", *TRUE_WORDS, *FALSE_WORDS):
        problems.append((f"{name}={word} is neither yes nor no.", f"Set {name} to true or false."))
    return word in TRUE_WORDS if word in TRUE_WORDS + FALSE_WORDS else default


def integer(name: str, *, default: int) -> int:
    """A whole number of at least 1."""
    word = text(name)
    if not word:
        return default
    if word.isascii() and word.isdigit() and int(word) > 0:
        return int(word)
    problems.append((f"{name}={word} is not a whole number above 0.", f"Set {name} to a number such as {default}."))
    return default


def choice(name: str, options: Sequence[str], *, default: str) -> str:
    """One of `options`, in whichever case it was written."""
    word = text(name, default)
    for option in options:
        if word.lower() == option.lower():
            return option
    problems.append((f"{name}={word} is not known.", f"Set {name} to one of: {', '.join(options)}."))
    return default


def database(name: str, *, default: str) -> dict[str, Any]:
    """Django's settings of one database, from its URL. The path of an SQLite file is relative to the project."""
    url = text(name, default)
    scheme = url.partition(":")[0]
    right = f"Set {name} to postgres://user:password@host:5432/name or to {default}."
    if scheme not in DATABASE_SCHEMES:
        problems.append((f"{name} names the unknown database engine {scheme!r}.", right))
        return NO_DATABASE
    try:
        found: dict[str, Any] = _env.db_url_config(url)
    except ValueError:
        problems.append((f"{name} is not a URL that can be read.", f"{right} Percent-encode the password."))
        return NO_DATABASE
    if scheme == "sqlite" and found["NAME"] != ":memory:":
        found["NAME"] = str(ROOT / found["NAME"])
    return found
