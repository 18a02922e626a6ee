"""The ticks of loyalty: no arguments, no results, one call each."""

from __future__ import annotations

from django.utils import timezone

from integrations import ticks, wake
from integrations.apart import Apart
from integrations.tasks import SECONDS
from loyalty import campaigns, nights, recomputation
from loyalty.services.campaigns import RUN

PLACING_SECONDS = 20
"""Of a tick that has done the nights."""


def do_nights() -> None:
    """Let points begin to count and run out, where a merchant's day has begun; go on with placing members anew."""
    with ticks.running("do_nights"), Apart() as apart:
        apart.do("nights", lambda: nights.work(at=timezone.now(), seconds=SECONDS), False)
        apart.do("placing", lambda: recomputation.work(at=timezone.now(), seconds=PLACING_SECONDS), False)


def run_campaigns() -> None:
    """Go on with the campaigns that run; what is left then is another tick's, at once."""
    with ticks.running(RUN):
        if not campaigns.work(at=timezone.now(), seconds=SECONDS):
            wake.ask(RUN)
