"""Several worker processes over one database, and what a `kill -9` leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.delivery.engine import Engine
from integrations.models import DeliveryAttempt, Lease
from tests.integrations.delivery.conftest import Backlog
from tests.support.waiting import PATIENCE, wait_for
from tests.support.world import Shop, World


@contextmanager
def worker(world: World, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that delivers."""
    environment = {**os.environ, "KLAVIYO_BASE_URL": world.sandbox.url, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "manage.py", "deliver", *options]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def expire_leases() -> None:
    """Let the time pass after which a dead worker's lane is free."""
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("count", [5, 300], ids=["single", "bulk"])
def test_kill_between_send_and_settle_loses_and_doubles_nothing(
    world: World, shop: Shop, backlog: Backlog, count: int
) -> None:
    backlog(shop, count)
    world.sandbox.fault("hang_after", seconds=PATIENCE)
    with worker(world, "--forever") as process:
        wait_for(
            lambda: world.sandbox.counters()["recorded"] >= min(count, 300) // (1 if count > 200 else 2),
            "events at Klaviyo",
        )
        process.kill()
        process.wait()
    world.sandbox.clear_faults()
    assert shop.states["sending"] > 0

    expire_leases()
    Engine().run(seconds=PATIENCE)

    assert shop.states == {"sent": count}
    assert world.sandbox.counters()["recorded"] == count
    assert DeliveryAttempt.objects.filter(is_bulk=True).count() == 0


@pytest.mark.postgres
def test_four_workers_share_the_work_and_send_everything_once(world: World, backlog: Backlog) -> None:
    shops = [world.shop(f"Shop{number}") for number in range(6)]
    for number, shop in enumerate(shops):
        backlog(shop, 250 if number % 2 else 60)
    with ExitStack() as workers:
        for _ in range(4):
            workers.enter_context(worker(world, "--until-empty"))

        wait_for(lambda: all(set(shop.states) == {"sent"} for shop in shops), "every delivery")

    receipts = world.sandbox.receipts()
    assert world.sandbox.counters()["recorded"] == 3 * 250 + 3 * 60
    assert set(receipts.values()) == {1}
