"""Exclusive, expiring rights to work on one thing, decided by the database and timed by the database's clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

_NOW = {"postgresql": "statement_timestamp()", "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"}
_LATER = {
    "postgresql": "statement_timestamp() + make_interval(secs => %s)",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', %s || ' seconds')",
}
_ACQUIRE = """
INSERT INTO integrations_lease (key, epoch, until) VALUES (%s, 1, {later})
ON CONFLICT (key) DO UPDATE SET epoch = integrations_lease.epoch + 1, until = excluded.until
WHERE integrations_lease.until <= {now}
RETURNING epoch
"""
"""Takes and tells at once: between two statements, a process that stood still could read its heir's epoch as its own."""

_EXTEND = "UPDATE integrations_lease SET until = {later} WHERE key = %s AND epoch = %s"
_RELEASE = "UPDATE integrations_lease SET until = {now} WHERE (key, epoch) IN"


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that this process holds. `epoch` fences: rows claimed under another epoch are another holder's."""

    key: str
    epoch: int

    def renew(self, seconds: int) -> bool:
        """Hold on for `seconds` from now. False: somebody else holds the lease by now, so stop."""
        return bool(_execute(_EXTEND, [seconds, self.key, self.epoch]).rowcount)

    def release(self) -> None:
        """Let the next one in at once."""
        release([self])


def acquire(key: str, seconds: int) -> Held | None:
    """Take the lease for `seconds`, or None while somebody else holds it."""
    taken = _execute(_ACQUIRE, [key, seconds]).fetchone()
    return Held(key, taken[0]) if taken else None


def release(leases: Sequence[Held]) -> None:
    """Let the next ones in at once: one statement."""
    pairs = ", ".join(["(%s, %s)"] * len(leases))
    _execute(f"{_RELEASE} ({pairs})", [each for held in leases for each in (held.key, held.epoch)])


@contextmanager
def holding(key: str, seconds: int) -> Iterator[Held | None]:
    """Hold the lease in a `with` block; None where somebody else holds it."""
    held = acquire(key, seconds)
    try:
        yield held
    finally:
        if held:
            held.release()


def _execute(statement: str, parameters: list[Any]) -> CursorWrapper:
    cursor = connection.cursor()
    cursor.execute(statement.format(later=_LATER[connection.vendor], now=_NOW[connection.vendor]), parameters)
    return cursor
