"""The tick of loyalty: no arguments, no results, one call."""

from __future__ import annotations

from django.utils import timezone

from integrations import ticks
from integrations.tasks import SECONDS
from loyalty import nights


def do_nights() -> None:
    """Let points begin to count and run out, where a merchant's day has begun."""
    with ticks.running("do_nights"):
        nights.work(at=timezone.now(), seconds=SECONDS)
