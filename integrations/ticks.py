"""The log of ticks: when each kind last ran. The watchdog and the health page read it as the cluster's heartbeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone

from integrations.models import Tick


@contextmanager
def running(name: str) -> Iterator[None]:
    """Note that a tick begins (which answers any hint that asked for it) and, if it gets there, that it ended."""
    began = timezone.now()
    if not Tick.objects.filter(name=name).update(wanted_at=None, started_at=began):
        Tick.objects.bulk_create([Tick(name=name, started_at=began)], ignore_conflicts=True)
    yield
    Tick.objects.filter(name=name).update(finished_at=timezone.now())


def last_finished(name: str) -> datetime | None:
    """When a tick of that kind last ended well."""
    return Tick.objects.filter(name=name).values_list("finished_at", flat=True).first()
