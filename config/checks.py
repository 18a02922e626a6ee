"""Wrong settings are stopped at start: each check says what is wrong, and its hint what would be right.

`manage.py` runs them before every command that does work; a WSGI server runs `stop_if_wrong`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from config import env

TAG = "tidings"
SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
MINIMUM_SQLITE_TIMEOUT_SECONDS = 5

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?(/(?!\.)[A-Za-z0-9._~-]+)*"
)
"""Scheme, host and port, then a plain path: no user, no query, no fragment, no dots to climb by, nothing encoded."""

_HOST_NAME = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z]([a-z0-9-]*[a-z0-9])?")
"""A name of a host. The last part begins with a letter: 2130706433, 0x7f.1 and 127.1 are IP addresses to some programs."""


def stop_if_wrong() -> None:
    """Leave the process with one line per error, if there is any. Raises `SystemExit`."""
    found = [message for message in checks.run_checks(tags=[TAG]) if message.is_serious()]
    if found:
        raise SystemExit("\n".join(f"({error.id}) {error.msg} {error.hint}" for error in found))


@checks.register(TAG)
def environment(**_: Any) -> list[checks.CheckMessage]:
    """Every variable could be read."""
    return [checks.Error(wrong, hint=right, id="tidings.E001") for wrong, right in env.problems]


@checks.register(TAG)
def secret_key(**_: Any) -> list[checks.CheckMessage]:
    """There is a key that signs sessions and tasks."""
    try:
        present = bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        present = False
    if present:
        return []
    return [
        checks.Error(
            "SECRET_KEY is not set.",
            hint="Set SECRET_KEY to 50 or more random characters; `make .env` does so for development.",
            id="tidings.E002",
        )
    ]


@checks.register(TAG)
def encryption_keys(**_: Any) -> list[checks.CheckMessage]:
    """There is a key ring for the merchants' secrets, and every key of it is a Fernet key. No key is ever shown."""
    right = (
        "Set it to Fernet keys, separated by commas, the newest first; this makes one: "
        'python -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"'
    )
    if not settings.ENCRYPTION_KEYS:
        return [checks.Error("TIDINGS_ENCRYPTION_KEYS is not set.", hint=right, id="tidings.E003")]
    return [
        checks.Error(f"Key {place} of TIDINGS_ENCRYPTION_KEYS is not a Fernet key.", hint=right, id="tidings.E004")
        for place, key in enumerate(settings.ENCRYPTION_KEYS, start=1)
        if not _is_fernet_key(key)
    ]


@checks.register(TAG)
def allowed_hosts(**_: Any) -> list[checks.CheckMessage]:
    """Production knows its own names."""
    if settings.DEBUG or settings.ALLOWED_HOSTS:
        return []
    return [
        checks.Error(
            "ALLOWED_HOSTS is not set, so every request would be refused.",
            hint="Set ALLOWED_HOSTS to the host names of this site, separated by commas.",
            id="tidings.E005",
        )
    ]


@checks.register(TAG)
def addresses(**_: Any) -> list[checks.CheckMessage]:
    """Keys and customers' data travel over HTTPS; plain HTTP is for development and for this machine itself."""
    return [
        checks.Error(
            f"{name}={'…' if '@' in address else repr(address)[1:-1]} is not an https:// address of a host by its name.",
            hint=f"Set {name} to https://host, without a user, a query or an IP address other than this machine's; "
            "http:// is taken for 127.0.0.1, [::1] and localhost, and with DEBUG=true.",
            id="tidings.E006",
        )
        for name, address in (
            ("KLAVIYO_BASE_URL", settings.KLAVIYO_BASE_URL),
            ("SHOPIFY_BASE_URL", settings.SHOPIFY_BASE_URL),
            ("PUBLIC_BASE_URL", settings.PUBLIC_BASE_URL),
        )
        if not (_is_safe_address(address) or (name == "SHOPIFY_BASE_URL" and not address))
    ]


@checks.register(TAG)
def databases(**_: Any) -> list[checks.CheckMessage]:
    """Each database is one we know to hold under several workers, and is set up for that."""
    return [error for database in settings.DATABASES.values() for error in _database_errors(database)]


@checks.register(TAG)
def queue(**_: Any) -> list[checks.CheckMessage]:
    """A task that waits or runs is never handed to a second worker: the clock of `retry` starts when it is fetched."""
    timeout, retry = settings.Q_CLUSTER["timeout"], settings.Q_CLUSTER["retry"]
    needed = 3 * timeout + 60
    if retry >= needed:
        return []
    return [
        checks.Error(
            f"Q_CLUSTER retries a task after {retry} s although it may wait and run for {needed} s.",
            hint=f"Set Q_CLUSTER['retry'] to {needed} or more: three times the timeout of {timeout} s, and a minute.",
            id="tidings.E010",
        )
    ]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _is_safe_address(address: str) -> bool:
    found = _ADDRESS.fullmatch(address)
    if not found or not 0 < int(found["port"] or 443) < 65536:
        return False
    host = found["host"].lower()
    if settings.DEBUG or _is_this_machine(host):
        return True
    return found["scheme"] == "https" and _HOST_NAME.fullmatch(host) is not None


def _is_this_machine(host: str) -> bool:
    """Whether a host is this machine in one of its plain notations: others are read differently by different programs."""
    try:
        return host in ("localhost", "[::1]") or ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


def _database_errors(database: dict[str, Any]) -> Iterator[checks.CheckMessage]:
    options = database.get("OPTIONS", {})
    if database["ENGINE"] == SQLITE:
        yield from _sqlite_errors(options)
    elif database["ENGINE"] not in (POSTGRESQL, env.NO_DATABASE["ENGINE"]):
        yield checks.Error(
            f"The database engine {database['ENGINE']} is not supported.",
            hint="Set DATABASE_URL to a postgres:// or sqlite:/// address.",
            id="tidings.E008",
        )
    elif options.get("pool"):
        yield checks.Error(
            "The database has a psycopg pool, which breaks the background workers when they fork.",
            hint="Leave the pool option out; connections are kept by CONN_MAX_AGE.",
            id="tidings.E009",
        )


def _sqlite_errors(options: dict[str, Any]) -> Iterator[checks.CheckMessage]:
    if "journal_mode=wal" not in str(options.get("init_command", "")).lower().replace(" ", ""):
        yield _sqlite_error("does not keep a write-ahead log", "init_command to 'PRAGMA journal_mode=WAL'")
    if options.get("transaction_mode") != "IMMEDIATE":
        yield _sqlite_error("does not lock when a transaction begins", "transaction_mode to 'IMMEDIATE'")
    if options.get("timeout", 0) < MINIMUM_SQLITE_TIMEOUT_SECONDS:
        yield _sqlite_error("does not wait for its lock", f"timeout to {MINIMUM_SQLITE_TIMEOUT_SECONDS} s or more")


def _sqlite_error(wrong: str, right: str) -> checks.CheckMessage:
    return checks.Error(
        f"SQLite {wrong}: several workers would fail with 'database is locked'.",
        hint=f"Set the database's OPTIONS: {right}.",
        id="tidings.E007",
    )
