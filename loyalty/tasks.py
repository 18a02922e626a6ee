"""The tick of loyalty: no arguments, no results, one call."""

from __future__ import annotations

from django.utils import timezone

from integrations import ticks
from integrations.tasks import SECONDS
from loyalty import nights, recomputation

PLACING_SECONDS = 20
"""Of a tick that has done the nights."""


def do_nights() -> None:
    """Let points begin to count and run out, where a merchant's day has begun; go on with placing members anew."""
    with ticks.running("do_nights"):
        nights.work(at=timezone.now(), seconds=SECONDS)
        recomputation.work(at=timezone.now(), seconds=PLACING_SECONDS)
