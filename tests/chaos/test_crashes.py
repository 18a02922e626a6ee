"""Workers die at every step, the database crashes, nearly every second answer is faulty: nothing is lost, nothing doubled."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from django.utils import timezone

from integrations.models import Delivery, DeliveryAttempt
from tests.chaos.audit import Figures, audit, kills, requests_made, wait_for_free_leases
from tests.chaos.form import FORM
from tests.chaos.helpers import Helper
from tests.chaos.kill_points import CHANCES, FROM_OUTSIDE, KillLog
from tests.chaos.load import patiently, put_backlog, receive_order, wait_until_delivered
from tests.chaos.postgres import Postgres
from tests.chaos.processes import Processes
from tests.chaos.trouble import Restarts, make_faulty
from tests.support.world import Shop, World

SHOPS = 20
WORKERS = 4
FAULTY = 0.45
LARGE_SHARE, SMALL_SHARE, MESSAGE_SHARE = 0.7, 0.2, 0.1
"""Of the events: backlogs that travel in bulk, backlogs that go singly, and what comes in as messages meanwhile."""

WORTH_BULK = 350
"""Events of a large backlog, at least."""

PORTION, PORTION_EVERY = 20, 2.0
"""So many messages come in at once, so many seconds apart: a worker that does everything in turn gets round to delivering."""

RESTART_EVERY = 15.0
OUTSIDE_EVERY = 8.0


class Intake(Helper):
    """Brings in messages while the workers work: `least` of them, and more until the run has seen all that it is to see."""

    def __init__(self, shops: list[Shop], least: int, log: KillLog, restarts: Restarts) -> None:
        super().__init__()
        self.received = 0
        self._shops = shops
        self._least = least
        self._log = log
        self._restarts = restarts

    def work(self) -> None:
        """Message after message, to one merchant after the other."""
        for number, shop in zip(itertools.count(1), itertools.cycle(self._shops), strict=False):
            if self.stopped.is_set() or (number > self._least and self._is_enough()):
                return
            receive_order(shop, number, at=timezone.now().replace(microsecond=0))
            self.received = number
            if number % PORTION == 0:
                self.stopped.wait(PORTION_EVERY)
            while number > self._least and backlog_left() and not self.stopped.wait(PORTION_EVERY):
                continue

    def _is_enough(self) -> bool:
        count = Counter(self._log.labels())
        return self._restarts.is_over and all(count[label] >= FORM.kills_each for label in CHANCES)


def test_nothing_is_lost_or_doubled_by_crashes_and_faulty_answers(
    world: World, processes: Processes, server: Postgres, tmp_path: Path, keep: Callable[[Figures], None]
) -> None:
    shops = open_shops(world)
    make_faulty(world.sandbox, FAULTY)
    log = KillLog(tmp_path / "kills")
    restarts = Restarts(server, FORM.restarts, RESTART_EVERY)
    intake = Intake(shops, round(FORM.events * MESSAGE_SHARE), log, restarts)
    began = time.monotonic()

    workers = processes.start_workers(log, count=WORKERS, outside_every=OUTSIDE_EVERY)
    with restarts, intake:
        wait_until_delivered(FORM.patience, lambda: intake.is_over)
    processes.stop(workers)

    found, killed = audit(shops, world.sandbox), kills(log)
    keep(
        {
            **found.figures(),
            "kills": sum(killed.values()),
            **{f"killed: {label}": count for label, count in killed.items()},
            "restarts of the database": restarts.done,
            "seconds until delivery went on after a restart": round(restarts.longest, 1),
            "requests": requests_made(),
            "bulk requests": DeliveryAttempt.objects.filter(is_bulk=True).count(),
            "faulty answers": world.sandbox.counters()["faults"],
            "seconds": round(time.monotonic() - began),
        }
    )
    assert found.is_clean, found
    assert found.events == intake.received + backlog_of(shops)
    assert set(killed) == {*CHANCES, FROM_OUTSIDE}
    assert min(killed[label] for label in CHANCES) >= FORM.kills_each
    assert restarts.done == FORM.restarts
    wait_for_free_leases()


def backlog_left() -> bool:
    """Whether the workers have enough to do without another message."""
    return patiently(Delivery.objects.exclude(state="sent").count) > PORTION


def open_shops(world: World) -> list[Shop]:
    """The first ones have backlogs that are worth bulk requests."""
    shops = [world.shop(f"Shop{number}", packs=["order_status"]) for number in range(SHOPS)]
    for number, shop in enumerate(shops):
        put_backlog(shop, backlog(number))
    return shops


def backlog(number: int) -> int:
    """How many orders with two events each wait for the shop of that number."""
    large = min(SHOPS // 2, round(FORM.events * LARGE_SHARE / WORTH_BULK))
    share, shops = (LARGE_SHARE, large) if number < large else (SMALL_SHARE, SHOPS - large)
    return round(FORM.events * share / shops / 2)


def backlog_of(shops: list[Shop]) -> int:
    """The events of all backlogs."""
    return sum(2 * backlog(number) for number in range(len(shops)))
