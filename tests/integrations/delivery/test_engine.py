"""The delivery engine against a Klaviyo on a real socket that fails in every way it can."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import connections, leases
from integrations.catalog import catalog
from integrations.delivery import claim, engine, lane, resend
from integrations.delivery.engine import Engine
from integrations.models import Delivery, DeliveryAttempt, Lane, Lease
from tests.integrations.delivery.conftest import Backlog
from tests.support.world import Shop, World

LATER = timedelta(minutes=6)


def later(minutes: float) -> time_machine.travel:
    """A clock that is ahead and goes on."""
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=True)


def test_few_events_go_singly_and_many_in_bulk(world: World, shop: Shop, backlog: Backlog) -> None:
    backlog(shop, 3)
    Engine().run(seconds=10)
    assert not DeliveryAttempt.objects.filter(is_bulk=True).exists()

    backlog(shop, 450)
    summary = Engine().run(seconds=10)

    assert (summary.sent, summary.requests) == (450, 1)
    assert world.sandbox.counters()["recorded"] == 453


def test_work_that_is_left_when_the_time_is_over_is_handed_over_once(shop: Shop, backlog: Backlog) -> None:
    handed_over: list[str] = []
    Engine().run(seconds=5, hand_over=lambda: handed_over.append("nothing was left"))
    assert handed_over == []

    backlog(shop, 3)
    Engine().run(seconds=0, hand_over=lambda: handed_over.append("three are left"))

    assert (handed_over, shop.states) == (["three are left"], {"pending": 3})


@pytest.mark.postgres
def test_a_batch_costs_four_statements(shop: Shop, backlog: Backlog, monkeypatch: pytest.MonkeyPatch) -> None:
    """One to claim, one for the profiles, one for the attempt, one to settle. What time alone costs is not counted: looks for
    lanes, and asking an open lane again.
    """
    looks: list[object] = []
    monkeypatch.setattr(lane, "LOOK_AGAIN_AFTER", timedelta(minutes=1))

    def look(**given: Any) -> Any:
        looks.append(given)
        return claim.lanes_with_work(**given)

    monkeypatch.setattr(engine, "lanes_with_work", look)

    def statements(count: int) -> int:
        backlog(shop, count)
        looks.clear()
        with CaptureQueriesContext(connection) as queries:
            Engine().run(seconds=10)
        made = [q for q in queries if not q["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
        return len(made) - len(looks)

    one, four = statements(1_000), statements(4_000)

    assert four - one <= 3 * 4


def test_throttled_events_wait_without_losing_an_attempt(world: World, shop: Shop, backlog: Backlog) -> None:
    (delivery,) = backlog(shop, 1)
    world.sandbox.fault("throttle", times=1, seconds=30)
    Engine().run(seconds=10)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.is_ambiguous) == ("pending", 0, False)
    assert delivery.first_attempt_at is None
    blocked_until = Lane.objects.get().blocked_until
    assert blocked_until is not None
    assert blocked_until >= timezone.now() + timedelta(seconds=25)
    with later(1):
        Engine().run(seconds=10)
    assert shop.states == {"sent": 1}


def test_success_that_comes_late_does_not_shorten_the_wait_that_was_asked_for(
    world: World, shop: Shop, backlog: Backlog
) -> None:
    throttled, slow = backlog(shop, 2)
    world.sandbox.script(throttled.told.unique_id, ["throttle"], seconds=60)
    world.sandbox.script(slow.told.unique_id, ["slow"], milliseconds=300)

    summary = Engine().run(seconds=10)

    assert (summary.requests, shop.states) == (2, {"sent": 1, "pending": 1})
    blocked_until = Lane.objects.get().blocked_until
    assert blocked_until is not None
    assert blocked_until > timezone.now() + timedelta(seconds=50)


@pytest.mark.parametrize(
    ("kind", "is_ambiguous"),
    [
        ("server_error", True),
        ("bad_gateway", True),
        ("unavailable", True),
        ("challenge", True),
        ("reset_before", True),
        ("reset_after", True),
    ],
)
def test_passing_failures_are_tried_again_and_told_once(
    world: World, shop: Shop, backlog: Backlog, kind: str, is_ambiguous: bool
) -> None:
    (delivery,) = backlog(shop, 1)
    world.sandbox.fault(kind, times=1)
    Engine().run(seconds=10)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.is_ambiguous) == ("pending", 1, is_ambiguous)
    with later(2):
        Engine().run(seconds=10)
    assert (shop.states, world.sandbox.counters()["recorded"]) == ({"sent": 1}, 1)


def test_a_batch_in_doubt_never_travels_in_bulk_again(world: World, shop: Shop, backlog: Backlog) -> None:
    backlog(shop, 300)
    world.sandbox.fault("reset_after", times=1)
    Engine().run(seconds=10)
    assert Delivery.objects.filter(is_ambiguous=True).count() == 300

    with later(2):
        Engine().run(seconds=30)

    assert DeliveryAttempt.objects.filter(is_bulk=True).count() == 1
    assert (shop.states, world.sandbox.counters()["recorded"]) == ({"sent": 300}, 300)


def test_refused_key_pauses_at_once_and_loses_nothing(world: World, shop: Shop, backlog: Backlog) -> None:
    backlog(shop, 50)
    world.sandbox.revoke_key(shop.key)

    summary = Engine().run(seconds=10)

    shop.connection.refresh_from_db()
    assert (shop.connection.state, shop.states) == ("paused_auth", {"pending": 50})
    assert summary.requests <= 4
    assert Delivery.objects.filter(attempts__gt=0).count() == 0


def test_key_that_works_again_resumes(world: World, shop: Shop, backlog: Backlog) -> None:
    backlog(shop, 5)
    world.sandbox.set_limits(None)
    world.sandbox.revoke_key(shop.key)
    Engine().run(seconds=10)
    world.sandbox.restore_key(shop.key)

    assert connections.check_paused(at=timezone.now()) == 1
    Engine().run(seconds=10)

    assert shop.states == {"sent": 5}


def test_paused_connections_and_merchants_are_left_alone(world: World, shop: Shop, backlog: Backlog) -> None:
    backlog(shop, 5)
    connections.pause(shop.connection, "operator", detail="holiday", at=timezone.now())

    summary = Engine().run(seconds=5)

    assert (summary.requests, shop.states) == (0, {"pending": 5})


def test_five_failures_in_a_row_open_the_circuit_and_one_probe_closes_it(
    world: World, shop: Shop, backlog: Backlog
) -> None:
    backlog(shop, 20)
    world.sandbox.fault("server_error")
    Engine().run(seconds=10)
    world.sandbox.clear_faults()

    lane = Lane.objects.get()
    assert (lane.opened, lane.blocked_until is not None) == (1, True)
    with later(30):
        Engine().run(seconds=10)
    lane.refresh_from_db()
    assert (lane.opened, shop.states) == (0, {"sent": 20})


def test_what_a_dead_worker_left_in_flight_is_sent_singly(world: World, shop: Shop, backlog: Backlog) -> None:
    backlog(shop, 300)
    held = leases.acquire(f"lane:{shop.connection.pk}", 0)
    assert held
    claim.take(shop.connection, held.epoch, most=1_000, at=timezone.now())
    assert shop.states == {"sending": 300}

    Engine().run(seconds=30)

    assert shop.states == {"sent": 300}
    assert not DeliveryAttempt.objects.filter(is_bulk=True).exists()


def test_a_lane_in_another_workers_hands_is_left_to_it(world: World, shop: Shop, backlog: Backlog) -> None:
    backlog(shop, 3)
    assert leases.acquire(f"lane:{shop.connection.pk}", 60)

    summary = Engine().run(seconds=1)

    assert (summary.requests, shop.states) == (0, {"pending": 3})


def test_a_hanging_account_does_not_delay_another(world: World, shop: Shop, backlog: Backlog) -> None:
    other = world.shop("Bora")
    backlog(shop, 5)
    world.sandbox.fault("hang", account=shop.public_key, seconds=3)
    backlog(other, 5)
    began = timezone.now()

    Engine().run(seconds=1)

    newest = Delivery.objects.for_merchant(other.merchant).order_by("-settled_at").first()
    assert newest is not None
    assert newest.settled_at is not None
    assert newest.settled_at - began < timedelta(seconds=2)


def test_exhausted_deliveries_can_be_sent_again_by_hand(world: World, shop: Shop, backlog: Backlog) -> None:
    (delivery,) = backlog(shop, 1)
    Delivery.objects.update(attempts=9)
    world.sandbox.fault("server_error", times=1)
    Engine().run(seconds=10)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == ("dead", "exhausted")

    assert resend.resend(Delivery.objects.all(), at=timezone.now()) == 1
    Engine().run(seconds=10)

    assert shop.states == {"sent": 1}


def test_doubt_older_than_three_days_waits_for_a_person(world: World, shop: Shop, backlog: Backlog) -> None:
    backlog(shop, 1)
    Delivery.objects.update(is_ambiguous=True, first_attempt_at=timezone.now() - timedelta(hours=73))

    Engine().run(seconds=5)

    assert (shop.states, world.sandbox.events()) == ({"expired": 1}, [])


def test_metric_turned_off_is_skipped_with_its_reason(world: World, shop: Shop, backlog: Backlog) -> None:
    backlog(shop, 1)
    shop.connection.enabled_metrics = ["order_shipped"]
    shop.connection.save()

    Engine().run(seconds=5)

    assert Delivery.objects.get().reason == "metric_off"


def test_our_own_mistake_in_one_lane_costs_no_other_lane_anything(
    world: World, shop: Shop, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = world.shop("Bora")
    backlog(shop, 3)
    backlog(other, 3)
    real = catalog.profile_properties

    def fail(merchant_id: int, wanted: object) -> object:
        if merchant_id == shop.merchant.pk:
            raise KeyError("a bug")
        return real(merchant_id, wanted)  # type: ignore[arg-type]

    monkeypatch.setattr(catalog, "profile_properties", fail)
    Engine().run(seconds=5)

    assert (shop.states, other.states) == ({"pending": 3}, {"sent": 3})
    assert Lane.objects.get(connection=shop.connection).last_error == "internal error: KeyError"
    assert Delivery.objects.filter(is_ambiguous=True).count() == 0


def test_connection_that_cannot_be_opened_costs_no_other_anything(world: World, shop: Shop, backlog: Backlog) -> None:
    other = world.shop("Bora")
    backlog(shop, 3)
    backlog(other, 3)
    Lane.objects.filter(connection=shop.connection).delete()

    Engine().run(seconds=5)

    assert (shop.states, other.states) == ({"pending": 3}, {"sent": 3})


def test_worker_that_breaks_off_leaves_what_is_in_flight_in_doubt(
    world: World, shop: Shop, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlog(shop, 300)
    world.sandbox.fault("slow", milliseconds=500, times=1)
    engine = Engine()

    def break_off() -> None:
        raise OperationalError("the database is gone")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_wait", break_off)
        with pytest.raises(OperationalError):
            engine.run(seconds=5)
    assert shop.states == {"sending": 300}

    with later(2):
        Lease.objects.update(until=timezone.now() - timedelta(hours=1))
        engine.run(seconds=20)

    assert shop.states == {"sent": 300}
    assert not DeliveryAttempt.objects.filter(is_bulk=True).exists()


def test_one_shoppers_events_are_never_in_flight_together(world: World, shop: Shop, backlog: Backlog) -> None:
    deliveries = backlog(shop, 12)
    Delivery.objects.update(identifier="ann@shopper.example")
    world.sandbox.fault("slow", milliseconds=20)

    Engine().run(seconds=20)

    order = [event["unique_id"] for event in world.sandbox.events()]
    assert order == [delivery.told.unique_id for delivery in deliveries]


def test_later_events_of_a_subject_wait_for_an_earlier_one_that_failed(
    world: World, shop: Shop, backlog: Backlog
) -> None:
    first, second = backlog(shop, 2)
    Delivery.objects.update(subject="order:1")
    world.sandbox.script(first.told.unique_id, ["server_error"])
    Delivery.objects.filter(pk=second.pk).update(not_before=timezone.now() + timedelta(seconds=1))
    Engine().run(seconds=5)
    with later(0.05):
        Engine().run(seconds=5)
    assert shop.states == {"pending": 2}

    with later(1):
        Engine().run(seconds=5)

    assert [event["unique_id"] for event in world.sandbox.events()] == [
        first.told.unique_id,
        second.told.unique_id,
    ]


def test_events_of_a_subject_that_were_claimed_together_wait_for_the_one_that_failed(
    world: World, shop: Shop, backlog: Backlog
) -> None:
    first, second, other = backlog(shop, 3)
    Delivery.objects.filter(pk__in=[first.pk, second.pk]).update(subject="order:1", identifier="ann@shopper.example")
    world.sandbox.script(first.told.unique_id, ["server_error"])

    Engine().run(seconds=5)

    assert [event["unique_id"] for event in world.sandbox.events()] == [other.told.unique_id]
    second.refresh_from_db()
    assert (second.state, second.attempts) == ("pending", 0)


def test_run_ends_where_all_that_is_due_waits_for_an_earlier_event(world: World, shop: Shop, backlog: Backlog) -> None:
    first, _ = backlog(shop, 2)
    Delivery.objects.update(subject="order:1")
    Delivery.objects.filter(pk=first.pk).update(
        attempts=1, first_attempt_at=timezone.now(), not_before=timezone.now() + timedelta(minutes=1)
    )
    began = time.monotonic()

    summary = Engine().run(seconds=30)

    assert (summary.requests, shop.states) == (0, {"pending": 2})
    assert time.monotonic() - began < 15


def test_erroneous_event_is_refused_before_it_can_spoil_a_batch(world: World, shop: Shop, backlog: Backlog) -> None:
    deliveries = backlog(shop, 300)
    event = deliveries[7].told
    event.__class__.objects.filter(pk=event.pk).update(properties={"Note": "x" * 150_000})

    summary = Engine().run(seconds=20)

    assert (shop.states, summary.requests) == ({"sent": 299, "dead": 1}, 1)
