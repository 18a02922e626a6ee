"""Merchants do not wait for each other: a worker process beside an account that refuses and one that hangs."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests.integrations.delivery.conftest import Backlog
from tests.integrations.delivery.test_processes import worker
from tests.support.waiting import wait_for
from tests.support.world import Shop, World

SOON = timedelta(seconds=2)
"""How long trouble at one account may hold up another's event."""


def delay(world: World, shop: Shop, backlog: Backlog) -> timedelta:
    """From an event's recording to its arrival at Klaviyo."""
    before = len(shop.received)
    backlog(shop, 1)
    recorded_at = timezone.now()
    wait_for(lambda: len(shop.received) > before, "the event")
    return max(datetime.fromisoformat(event["received_at"]) for event in shop.received) - recorded_at


@pytest.mark.slow
def test_trouble_at_some_accounts_delays_no_other_merchants_event(world: World, backlog: Backlog) -> None:
    throttled, hanging, first, second = (world.shop(name) for name in ("Alba", "Bora", "Cielo", "Dune"))
    with worker(world, "--forever"):
        delay(world, first, backlog)  # until the process is up
        world.sandbox.fault("throttle", account=throttled.public_key, seconds=60)
        world.sandbox.fault("hang", account=hanging.public_key, seconds=60)
        backlog(throttled, 20)
        backlog(hanging, 20)
        wait_for(lambda: hanging.states["sending"], "a request that hangs")

        delays = [delay(world, shop, backlog) for shop in (first, second) * 4]

        assert throttled.states["pending"] == 20
        assert hanging.states["sending"] > 0
    assert max(delays) <= SOON
