"""The ticks that django-q2 runs: no arguments, no results, one call each.

A tick may run twice, late, never or die half-way without harm: what is to be done stands in the database.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from integrations import (
    alerts,
    connections,
    daily_list,
    housekeeping,
    inbound,
    reconciliation,
    removal,
    replays,
    suppression_check,
    ticks,
    wake,
)
from integrations import launch as launching
from integrations.apart import Apart
from integrations.delivery.engine import Engine

SECONDS = 40
"""How long a tick takes up new work; what is left then is handed over to another tick at once. Requests in flight by then get
30 seconds more, and django-q2's timeout is 75.
"""


REPLAY_SECONDS = 5
"""How long a tick lines up what is sent once more before it delivers."""


def handle_inbound() -> None:
    """Handle what was received. What comes of it asks for `deliver` by itself."""
    with ticks.running(wake.HANDLE_INBOUND):
        inbound.handle_due(seconds=SECONDS, hand_over=lambda: wake.ask(wake.HANDLE_INBOUND))


def deliver() -> None:
    """Go on with what is sent once more, and deliver what is due."""
    with ticks.running(wake.DELIVER), Apart() as apart:
        apart.do("replays", lambda: replays.advance_due(at=timezone.now(), seconds=REPLAY_SECONDS), 0)
        Engine().run(seconds=SECONDS, hand_over=lambda: wake.ask(wake.DELIVER))


def launch() -> None:
    """Launch connections whose date has come."""
    _run("launch", lambda: launching.launch_due(at=timezone.now()))


def check_keys() -> None:
    """See whether refused keys work again."""
    _run("check_keys", lambda: connections.check_paused(at=timezone.now()))


def housekeep() -> None:
    """Retry what waits, and let go of what nobody needs any more."""
    _run("housekeep", lambda: housekeeping.run(at=timezone.now()))


def alert() -> None:
    """Tell people what has gone wrong, and what is over."""
    _run("alert", lambda: alerts.look(at=timezone.now()))


def list_stalled() -> None:
    """Send the daily lists whose time has come."""
    _run("list_stalled", lambda: daily_list.send_due(at=timezone.now()))


def remove_merchants() -> None:
    """Remove merchants whose time has come."""
    _run("remove_merchants", lambda: removal.remove_due(at=timezone.now(), seconds=SECONDS))


def reconcile() -> None:
    """Look whether the numbers add up, and log what does not."""
    _run("reconcile", lambda: reconciliation.report(at=timezone.now()))


def compare_suppressions() -> None:
    """See whether what is suppressed here is suppressed at the destinations."""
    _run("compare_suppressions", lambda: suppression_check.compare_due(at=timezone.now(), seconds=SECONDS))


def heartbeat() -> None:
    """Show that schedules are run and workers work."""
    _run("heartbeat", lambda: None)


def _run(name: str, work: Callable[[], object]) -> None:
    with ticks.running(name):
        work()
