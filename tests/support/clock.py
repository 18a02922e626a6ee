"""A clock that stands until it is moved, and deliveries worked off under it: days of retries in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import F, Min
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from integrations.delivery.engine import Engine
from integrations.models import Delivery

PATIENCE = 60
"""Seconds that working off what is due at one instant may take."""


class Clock:
    """Gives the instant `at`, for the engine; `timestamp` gives its epoch seconds, for the sandbox."""

    def __init__(self) -> None:
        self.at = timezone.now().replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.at

    def timestamp(self) -> float:
        """Seconds since the epoch."""
        return self.at.timestamp()

    def move_to(self, at: datetime) -> None:
        """Move on; never back."""
        self.at = max(self.at, at)


def next_due() -> datetime | None:
    """When the next delivery that waits may be sent; None where none waits."""
    blocked_until = Coalesce("connection__lane__blocked_until", F("not_before"))
    waiting = Delivery.objects.filter(state=Delivery.State.PENDING)
    found: datetime | None = waiting.aggregate(due=Min(Greatest("not_before", blocked_until)))["due"]
    return found


def work_off(clock: Clock, *, step: timedelta, rounds: int = 1_000) -> Iterator[datetime]:
    """Deliver, move the clock to `step` after the next due instant, and so on until nothing waits; yields each instant."""
    engine = Engine(clock=clock)
    for _ in range(rounds):
        engine.run(seconds=PATIENCE)
        yield clock.at
        due = next_due()
        if due is None:
            return
        clock.move_to(max(due, clock.at) + step)
    raise AssertionError(f"deliveries still wait after {rounds} rounds")
