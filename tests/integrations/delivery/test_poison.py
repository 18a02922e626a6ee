"""Events that Klaviyo refuses among a thousand that it takes: they cost themselves, and few requests."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from integrations.delivery.engine import Engine
from integrations.models import Delivery
from tests.integrations.delivery.conftest import Backlog
from tests.support.world import Shop, World

EVENTS = 1_000
SPREAD = range(50, EVENTS, 100)
"""Ten places as far from each other as can be: no half without a culprit until late."""


@pytest.mark.parametrize(
    ("has_pointers", "places", "most_requests"),
    [(True, [501], 2), (True, SPREAD, 2), (False, [501], 21), (False, SPREAD, 150)],
    ids=["one, named", "ten, named", "one, not named", "ten, not named"],
)
def test_poisoned_events_cost_themselves_and_few_requests(
    world: World, shop: Shop, backlog: Backlog, has_pointers: bool, places: Sequence[int], most_requests: int
) -> None:
    world.sandbox.configure(pointers=has_pointers)
    world.sandbox.set_limits(100)  # the figure is the number of requests, not their pace
    deliveries = backlog(shop, EVENTS)
    poisoned = {deliveries[place].pk for place in places}
    world.sandbox.refuse_email(*(deliveries[place].identifier for place in places))

    summary = Engine().run(seconds=60)

    dead = Delivery.objects.filter(state="dead")
    assert {delivery.pk for delivery in dead} == poisoned
    assert shop.states == {"sent": EVENTS - len(poisoned), "dead": len(poisoned)}
    assert all(delivery.reason == "rejected" and "email" in delivery.error.lower() for delivery in dead)
    assert summary.requests <= most_requests
