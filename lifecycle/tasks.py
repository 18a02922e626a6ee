"""The ticks of subscribers: no arguments, no results, one call each."""

from __future__ import annotations

from django.utils import timezone

from integrations import ticks
from integrations.apart import Apart
from integrations.tasks import SECONDS
from lifecycle import log
from lifecycle.services import lists, suppression, told
from lifecycle.services.activities import READ_LOG


def read_log() -> None:
    """Read the merchants' logs and parse them. What is left when the time is over is taken up by the next tick."""
    with ticks.running(READ_LOG):
        log.work(seconds=SECONDS)


def fill_lists() -> None:
    """Put whoever had the status before on the lists per status, and suppress whoever was dead or not subscribed before that was
    wanted.
    """
    with ticks.running("fill_lists"), Apart() as apart:
        apart.do("suppressions", lambda: suppression.check_all(at=timezone.now(), seconds=SECONDS / 2), 0)
        apart.do("lists", lambda: lists.fill(at=timezone.now(), seconds=SECONDS / 2), 0)


def tell_rulesets() -> None:
    """Tell the destinations of whom a ruleset became true, or ended: who missed the sign-up."""
    with ticks.running("tell_rulesets"):
        told.tell(at=timezone.now(), seconds=SECONDS)
