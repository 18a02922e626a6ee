"""The tick of returns: no arguments, no results, one call."""

from __future__ import annotations

from django.utils import timezone

from integrations import ticks
from integrations.tasks import SECONDS
from returns import sweep


def watch_returns() -> None:
    """Tell of returns whose time runs out, and complete those whose order is there."""
    with ticks.running("watch_returns"):
        sweep.sweep(at=timezone.now(), seconds=SECONDS)
