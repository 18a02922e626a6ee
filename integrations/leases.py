"""Exclusive, expiring rights to work on one thing, decided by the database and timed by the database's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F
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


def acquire(key: str, seconds: int) -> Held | None:
    """Take the lease for `seconds`, or None while somebody else holds it."""
    held = _take(key, seconds)
    if held is None and not Lease.objects.filter(key=key).exists():
        Lease.objects.bulk_create([Lease(key=key, until=Now() - timedelta(seconds=1))], ignore_conflicts=True)
        held = _take(key, seconds)
    return held


@contextmanager
def holding(key: str, seconds: int) -> Iterator[Held | None]:
    """Hold the lease in a `with` block; None where somebody else holds it."""
    held = acquire(key, seconds)
    try:
        yield held
    finally:
        if held:
            held.release()


def _take(key: str, seconds: int) -> Held | None:
    """Take and read in one transaction: between two, a process that stood still could read its heir's epoch as its own."""
    with transaction.atomic():
        free = Lease.objects.filter(key=key, until__lte=Now())
        if not free.update(epoch=F("epoch") + 1, until=Now() + timedelta(seconds=seconds)):
            return None
        return Held(key, Lease.objects.values_list("epoch", flat=True).get(key=key))
