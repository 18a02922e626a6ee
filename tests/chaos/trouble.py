"""What goes wrong while the workers work: answers of Klaviyo, the database, processes of the web server."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from integrations.destinations.klaviyo.sandbox import Controls
from integrations.models import Delivery
from tests.chaos.helpers import Helper
from tests.chaos.load import patiently
from tests.chaos.postgres import Postgres
from tests.chaos.processes import Processes
from tests.support.processes import parent
from tests.support.waiting import wait_for

FAULTS = {
    "throttle": {"seconds": 1},
    "server_error": {},
    "bad_gateway": {},
    "unavailable": {},
    "challenge": {},
    "hang": {"seconds": 3},
    "reset_before": {},
    "reset_after": {},
    "half_answer": {},
    "hang_after": {"seconds": 3},
    "garbage": {},
    "slow": {"milliseconds": 300},
}
"""429, 500, 502, 503, a proxy's 403, silence and broken connections before and after the event was taken, rubbish, delay."""


def make_faulty(sandbox: Controls, share: float) -> None:
    """Let that share of all answers be faulty, each kind as often as the others."""
    each, left = share / len(FAULTS), 1.0
    for seed, (kind, settings) in enumerate(FAULTS.items()):
        sandbox.fault(kind, probability=each / left, seed=seed, **settings)
        left -= each


class Restarts(Helper):
    """Restarts the database `count` times like a crash, `every` seconds apart; `longest` is the longest time in seconds
    until another delivery was settled after one.
    """

    def __init__(self, server: Postgres, count: int, every: float) -> None:
        super().__init__()
        self.done = 0
        self.longest = 0.0
        self._server = server
        self._count = count
        self._every = every

    def work(self) -> None:
        """All of them, one after the other."""
        while self.done < self._count and not self.stopped.wait(self._every):
            self._restart()
            self.done += 1

    def _restart(self) -> None:
        self._server.restart()
        began = timezone.now()
        settled = Delivery.objects.filter(settled_at__gt=began)
        wait_for(lambda: self.stopped.is_set() or patiently(settled.exists), "a delivery after the restart")
        self.longest = max(self.longest, (timezone.now() - began) / timedelta(seconds=1))


class WebKiller(Helper):
    """Kills a process of the web server now and then; the server replaces it."""

    def __init__(self, processes: Processes, server: int, every: float) -> None:
        super().__init__()
        self.kills = 0
        self._processes = processes
        self._server = server
        self._every = every

    def work(self) -> None:
        """Until it is stopped."""
        while not self.stopped.wait(self._every):
            serving = [pid for pid in self._processes.ids() if parent(pid) == self._server]
            if serving:
                with suppress(ProcessLookupError):
                    os.kill(random.choice(serving), signal.SIGKILL)
                    self.kills += 1
