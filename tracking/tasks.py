"""The ticks of orders and parcels: no arguments, no results, one call each."""

from __future__ import annotations

from django.utils import timezone

from integrations import ticks
from integrations.tasks import SECONDS
from tracking import stalled


def flag_stalled() -> None:
    """Flag what stalled. What is left when the time is over is taken up by the next tick."""
    with ticks.running("flag_stalled"):
        stalled.sweep(at=timezone.now(), seconds=SECONDS)
