"""Events that had to wait, for a new key or for days: they arrive, and those that come late start no flow."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from integrations import amending, vitals
from integrations.audit import Actor
from integrations.delivery.engine import Engine
from integrations.models import Delivery, DeliveryAttempt, Event, Merchant
from integrations.reconciliation import reconcile
from tests.integrations.delivery.conftest import Backlog
from tests.support.clock import Clock, work_off
from tests.support.world import Shop, World

FRESHNESS, DOUBT = timedelta(hours=72), timedelta(hours=72)
METRICS_OWN = timedelta(hours=12)


def requests_after_refusal() -> int:
    """Requests that were begun after the first refusal had arrived."""
    first = DeliveryAttempt.objects.filter(status=401).earliest("started_at", "pk")
    arrived = first.started_at + timedelta(milliseconds=first.duration_ms)
    return DeliveryAttempt.objects.filter(started_at__gt=arrived).count()


def give_new_key(world: World, shop: Shop) -> None:
    """The merchant makes a new key for the same account, and the CSM enters it."""
    key = f"{shop.key}_new"
    world.sandbox.set_limits(None)
    world.sandbox.add_account(key, public_key=shop.public_key)
    shop.connection.refresh_from_db()
    amending.change_key(shop.connection, key, by=Actor(label="test"), at=timezone.now())


@pytest.mark.parametrize(("count", "in_flight"), [(150, 4), (1_500, 1)], ids=["single", "bulk"])
def test_key_that_is_revoked_in_the_middle_costs_nothing_but_time(
    world: World, shop: Shop, backlog: Backlog, count: int, in_flight: int
) -> None:
    now = timezone.now().replace(microsecond=0)
    stale = backlog(shop, 50, at=now - FRESHNESS - timedelta(hours=1))
    fresh = backlog(shop, count - 50, at=now)
    world.sandbox.fault("revoke_key", unique_id=fresh[-40].told.unique_id, times=1)

    Engine().run(seconds=30)

    assert DeliveryAttempt.objects.filter(status=401).count() <= in_flight
    assert requests_after_refusal() <= 2
    assert set(shop.states) == {"sent", "pending"}
    assert not Delivery.objects.filter(state="pending", attempts__gt=0).exists()
    merchant = vitals.with_vitals(Merchant.objects.filter(pk=shop.merchant.pk), at=timezone.now()).get()
    assert [each.text for each in vitals.concerns(merchant, at=now) if each.is_urgent] == ["the key is refused"]

    give_new_key(world, shop)
    Engine().run(seconds=30)

    assert shop.states == {"sent": count}
    recorded = {event["unique_id"]: event["backfill"] for event in world.sandbox.events()}
    late = {each.told.unique_id for each in stale}
    assert recorded == {each.told.unique_id: each.told.unique_id in late for each in [*stale, *fresh]}


def age(deliveries: list[Delivery], at: datetime) -> dict[str, bool | None]:
    """Let events be 0 to 96 hours old, some of a metric that ages sooner, some in doubt.

    Returns for each whether it must go as backfill; None where it must not go at all.
    """
    dice, expected = random.Random(7), {}
    for delivery in deliveries:
        event = delivery.told
        age_now = timedelta(seconds=dice.randrange(96 * 3600))
        event.occurred_at = at - age_now
        event.fresh_until = event.occurred_at + METRICS_OWN if dice.random() < 0.3 else None
        is_late = age_now > (FRESHNESS if event.fresh_until is None else METRICS_OWN)
        if dice.random() < 0.05:
            delivery.is_ambiguous, delivery.attempts, delivery.first_attempt_at = True, 1, event.occurred_at
        expected[event.unique_id] = None if delivery.is_ambiguous and age_now > DOUBT else is_late
    Event.objects.bulk_update([each.told for each in deliveries], ["occurred_at", "fresh_until"], batch_size=200)
    Delivery.objects.bulk_update(deliveries, ["is_ambiguous", "attempts", "first_attempt_at"], batch_size=200)
    return expected


@pytest.mark.slow
@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.full)])
def test_what_was_held_for_days_arrives_and_starts_no_flow(
    standing: World, clock: Clock, backlog: Backlog, count: int
) -> None:
    shop = standing.shop()
    standing.sandbox.set_limits(100)
    expected = age(backlog(shop, count, at=clock.at), clock.at)

    for _ in work_off(clock, step=timedelta(seconds=1)):
        pass

    events = standing.sandbox.events()
    assert {event["unique_id"]: event["backfill"] for event in events} == {
        unique_id: is_late for unique_id, is_late in expected.items() if is_late is not None
    }
    assert not [event for event in events if event["would_trigger_flows"] and expected[event["unique_id"]]]
    assert any(event["would_trigger_flows"] for event in events)
    uncertain = [unique_id for unique_id, is_late in expected.items() if is_late is None]
    expired = Delivery.objects.filter(state="expired", reason="uncertain")
    assert sorted(expired.values_list("event__unique_id", flat=True)) == sorted(uncertain)
    assert len(uncertain) > 0
    assert reconcile(at=clock.at).differences == []
