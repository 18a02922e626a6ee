"""Sweeps: from the hook to the delivery, several at once, broken off in the middle, and under a clock that jumps."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import history, inbound, sources
from integrations.models import Delivery, Event, Merchant
from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_order
from tests.support.waiting import wait_until_a_lock_is_waited_for
from tests.tracking.stalling import (
    DUE,
    PLACED,
    issues,
    many,
    merchant_in_new_york,
    place,
    scan,
    ship,
    side_by_side,
    stalled_order,
)
from tests.tracking.telling import DAY, HOUR, make_merchant
from tracking import services, stalled, tasks
from tracking.models import Issue, Order, Problem, Shipment, StalledPolicy


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant in New York with every metric on."""
    return merchant_in_new_york()


@pytest.fixture
def committed(transactional_db: None) -> Merchant:
    """A merchant whom other connections see."""
    return merchant_in_new_york()


def test_from_the_hook_to_the_delivery(merchant: Merchant) -> None:
    placed = timezone.now().replace(microsecond=0) - 20 * DAY
    hear(merchant, "orders/create", shopify_order(1, at=placed, lines=[(11, "Tea", 1)]), placed)
    hear(merchant, "orders/create", shopify_order(2, at=placed, lines=[(11, "Tea", 1)], number="#2"), placed)
    hear(merchant, "fulfillments/create", shopify_fulfillment(5, 2, at=placed, items=[(11, 1)]), placed)
    hear(merchant, "tracker.updated", easypost_tracker([("in_transit", placed + HOUR)]), placed)
    inbound.handle_due(seconds=20, clock=lambda: placed + HOUR)

    tasks.flag_stalled()

    told = Delivery.objects.filter(event__metric="order_issue_created").order_by("event__unique_id")
    assert [(each.told.unique_id, each.state) for each in told] == [
        ("issue:FulfillmentStalled:1", "pending"),
        ("issue:ShipmentStalled:5", "pending"),
    ]


@pytest.mark.parametrize(("minutes_ago", "found"), [(0.5, [stalled_order("2")]), (2, [])])
def test_nothing_is_flagged_while_older_messages_wait(merchant: Merchant, minutes_ago: float, found: list[Any]) -> None:
    """One of them may tell that it moved."""
    place(merchant, PLACED, key="2")
    now = DUE + HOUR
    hear(merchant, "orders/create", shopify_order(9, at=now), now - minutes_ago * HOUR / 60)

    stalled.sweep(at=now)
    assert issues() == found

    inbound.handle_due(seconds=20, clock=lambda: now)
    stalled.sweep(at=now)
    assert issues() == [stalled_order("2")]


def hear(merchant: Merchant, topic: str, payload: Any, received: datetime) -> None:
    """A message at the merchant's hook."""
    kind = sources.get("easypost" if topic == "tracker.updated" else "shopify")
    headers = {**kind.headers_for(topic), "x-shopify-webhook-id": f"{topic} {payload['id']}"}
    assert inbound.receive(merchant, kind, json.dumps(payload).encode(), headers, at=received)


def test_the_tick_looks_at_the_clock(merchant: Merchant) -> None:
    place(merchant)
    for moment, found in ((DUE - HOUR, 0), (DUE, 1)):
        with time_machine.travel(moment, tick=False):
            tasks.flag_stalled()
        assert Issue.objects.count() == found


def test_a_clock_that_jumps_ahead_and_back_tells_each_once_at_its_own_instant(merchant: Merchant) -> None:
    for hours in range(3):
        place(merchant, PLACED + hours * HOUR, key=str(hours))

    found = [stalled.sweep(at=moment) for moment in (DUE + HOUR, DUE - 9 * DAY, DUE + 99 * DAY, DUE)]

    assert found == [2, 0, 1, 0]
    assert issues() == [stalled_order(str(hours), DUE + hours * HOUR) for hours in range(3)]


def test_what_a_sweep_asks_does_not_grow_with_what_is_due(merchant: Merchant) -> None:
    counts = []
    for count, due in ((2, DUE), (12, DUE + DAY)):
        for number in range(count):
            place(merchant, PLACED + (due - DUE), key=f"{count}-{number}")
            place(merchant, PLACED + (due - DUE), key=f"s{count}-{number}")
            ship(merchant, PLACED + (due - DUE), key=f"s{count}-{number}")
        with CaptureQueriesContext(connection) as queries:
            assert stalled.sweep(at=due + 2 * DAY) == 2 * count
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 28


def test_a_sweep_with_nothing_due_asks_once_for_each_kind_of_deadline(merchant: Merchant) -> None:
    many(merchant, 3)
    with CaptureQueriesContext(connection) as queries:
        stalled.sweep(at=PLACED)

    assert len([each for each in queries if each["sql"].startswith("SELECT")]) == 3


def test_a_sweep_takes_one_batch_after_the_other(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalled, "BATCH", 2)
    many(merchant, 5)

    assert stalled.sweep(at=DUE) == 10
    assert Issue.objects.count() == 10


def test_a_sweep_whose_time_is_over_takes_nothing_more(merchant: Merchant) -> None:
    many(merchant, 1)

    assert stalled.sweep(at=DUE, seconds=0) == 0


def test_a_sweep_over_several_merchants_tells_each_its_own(merchant: Merchant) -> None:
    other = Merchant.objects.prefetch_related("connections").get(pk=make_merchant().pk)
    place(merchant)
    place(other)
    stalled.sweep(at=DUE + 9 * DAY)

    mine, theirs = (Event.objects.for_merchant(each).get(metric="order_issue_created") for each in (merchant, other))
    assert (mine.occurred_at, theirs.occurred_at) == (DUE, PLACED + 5 * DAY)
    assert Issue.objects.for_merchant(other).get().order.merchant_id == other.pk


def test_a_sweep_that_breaks_in_the_middle_leaves_nothing_and_loses_nothing(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(merchant, 2)
    announce = history.announce

    def break_off(*facts: Any, at: datetime) -> list[Event]:
        announce(*facts, at=at)
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(history, "announce", break_off)
        with pytest.raises(KeyboardInterrupt):
            stalled.sweep(at=DUE)
    assert (Issue.objects.count(), issues()) == (0, [])

    assert stalled.sweep(at=DUE) == 4
    assert len(issues()) == len(set(issues())) == 4


@pytest.mark.parametrize("broken", [1, 2])
def test_rows_for_which_it_fails_hold_back_no_others(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken: int
) -> None:
    monkeypatch.setattr(stalled, "BATCH", 6)
    many(merchant, 7)
    bad = StalledPolicy(merchant=merchant, version=9, created_at=PLACED)
    bad.save()
    StalledPolicy.objects.filter(pk=bad.pk).update(problems_off=7)
    keys = [each for number in range(broken) for each in (str(number + 3), f"s{number + 3}")]
    Order.objects.filter(external_id__in=keys).update(stalled_policy=bad)

    assert stalled.sweep(at=DUE) == 2 * (7 - broken)
    assert caplog.text.count("stalled.unflaggable") == 2 * broken
    assert stalled.sweep(at=DUE) == 0

    StalledPolicy.objects.filter(pk=bad.pk).update(problems_off=[])
    assert stalled.sweep(at=DUE) == 2 * broken
    assert len(issues()) == len(set(issues())) == 14


def test_a_database_that_is_away_is_no_fault_of_a_row(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    many(merchant, 2)

    def away(*facts: Any, at: datetime) -> list[Event]:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(history, "announce", away)
    with pytest.raises(OperationalError):
        stalled.sweep(at=DUE)


def test_an_issue_that_is_there_is_not_made_again(merchant: Merchant) -> None:
    place(merchant)
    stalled.sweep(at=DUE)
    Order.objects.update(stalls_at=DUE, stalled_at=None)

    assert stalled.sweep(at=DUE) == 0
    assert (Issue.objects.count(), len(issues())) == (1, 1)


def test_sweepers_at_once_tell_each_once(committed: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalled, "BATCH", 3)
    many(committed, 12)

    side_by_side(*[lambda: stalled.sweep(at=DUE)] * 3)
    stalled.sweep(at=DUE)

    assert Issue.objects.count() == 24
    assert len(issues()) == len(set(issues())) == 24


@pytest.mark.postgres
def test_what_another_holds_is_passed_over(committed: Merchant) -> None:
    """News of an order that are being written keep neither the sweep nor its other rows waiting."""
    many(committed, 2)
    with transaction.atomic():
        held = Order.objects.select_for_update().filter(external_id__in=["0", "s0"])
        assert len(held) == 2
        side_by_side(lambda: stalled.sweep(at=DUE))

    assert {identity for identity, _, _ in issues()} == {"issue:FulfillmentStalled:1", "issue:ShipmentStalled:fs1"}
    assert stalled.sweep(at=DUE) == 2


@pytest.mark.postgres
def test_scans_and_sweeps_at_once_wait_in_no_circle(committed: Merchant) -> None:
    many(committed, 10)

    def tell() -> None:
        for number in range(10):
            scan(committed, "in_transit", DUE + number * HOUR, key=f"s{number}")

    def sweep() -> None:
        for _ in range(10):
            stalled.sweep(at=DUE)

    side_by_side(tell, sweep, sweep)
    stalled.sweep(at=DUE + 30 * DAY)

    assert Issue.objects.filter(problem=Problem.SHIPMENT_STALLED).count() == 10


@pytest.mark.postgres
def test_an_order_that_is_deleted_while_it_is_flagged_goes_with_its_issue(committed: Merchant) -> None:
    place(committed)
    flagged = threading.Event()

    def flag() -> None:
        with transaction.atomic():
            assert stalled.flag_orders(at=DUE) == (1, 1)
            flagged.set()
            wait_until_a_lock_is_waited_for("the deletion")

    def forget() -> None:
        assert flagged.wait(30)
        with transaction.atomic():
            services.forget_order(merchant=committed, order_external_id="1", at=DUE)

    side_by_side(flag, forget)

    assert (Order.objects.count(), Issue.objects.count(), len(issues())) == (0, 0, 1)


@pytest.mark.postgres
def test_a_sweep_reads_what_is_due_only(merchant: Merchant) -> None:
    many(merchant, 2)
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        for model, index in ((Order, "order_stalls"), (Shipment, "shipment_stalls")):
            plan = model.objects.filter(stalls_at__lte=DUE).order_by("stalls_at")[: stalled.BATCH].explain()
            assert f"{index} " in plan
