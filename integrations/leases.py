"""Exclusive, expiring rights to work on one thing, decided by the database and timed by the database's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from integrations.models import Lease


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that this process holds. `epoch` fences: rows claimed under another epoch are another holder's."""

    key: str
    epoch: int

    def renew(self, seconds: int) -> bool:
        """Hold on for `seconds` from now. False: somebody else holds the lease by now, so stop."""
        mine = Lease.objects.filter(key=self.key, epoch=self.epoch)
        return mine.update(until=Now() + timedelta(seconds=seconds)) == 1

    def release(self) -> None:
        """Let the next one in at once."""
        Lease.objects.filter(key=self.key, epoch=self.epoch).update(until=Now() - timedelta(seconds=1))


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


def acquire(key: str, seconds: int) -> Held | None:
    """Take the lease for `seconds`, or None while somebody else holds it."""
    vendor = connection.vendor
    with connection.cursor() as cursor:
        cursor.execute(_ACQUIRE.format(later=_LATER[vendor], now=_NOW[vendor]), [key, seconds])
        taken = cursor.fetchone()
    return Held(key, taken[0]) if taken else None


@contextmanager
def holding(key: str, seconds: int) -> Iterator[Held | None]:
    """Hold the lease in a `with` block; None where somebody else holds it."""
    held = acquire(key, seconds)
    try:
        yield held
    finally:
        if held:
            held.release()
