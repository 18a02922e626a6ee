"""Placed, Cancelled and Fulfilled Order: each once, and the last two never before the first was accepted, whatever comes when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import strategies as st

from integrations import housekeeping, launch, reconciliation
from integrations.delivery.engine import Engine
from integrations.delivery.resend import resend
from integrations.models import Connection, Delivery, Merchant
from integrations.people import PersonInput
from integrations.sources import Handled
from tests.support.clock import Clock, work_off
from tests.support.examples import tried_with
from tests.support.world import Shop, World
from tracking import services
from tracking.inputs import LineInput, OrderInput

EMAIL = "ann@shopper.example"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACED, CANCELLED, FULFILLED = "Placed Order", "Cancelled Order", "Fulfilled Order"
LINES = (LineInput("11", "Small box", price=Decimal("47.95"), categories=("Boxes", "Organic")),)


def placed(placed_at: datetime, **more: Any) -> OrderInput:
    told: dict[str, Any] = {"updated_at": placed_at, "currency": "USD", "total": Decimal("47.95"), "lines": LINES}
    return OrderInput("5001", "#1001", placed_at, person=PersonInput(email=EMAIL), **(told | more))


Word = Callable[[Merchant, datetime], Handled]
WORDS: dict[str, Word] = {
    "created": lambda merchant, at: services.ingest_order(merchant=merchant, order=placed(at), at=at),
    "billed": lambda merchant, at: services.bill_order(
        merchant=merchant, order_external_id="5001", billed_at=at + HOUR, at=at
    ),
    "completed": lambda merchant, at: services.complete_order(
        merchant=merchant, order_external_id="5001", completed_at=at + 2 * HOUR, at=at
    ),
    "cancelled": lambda merchant, at: services.cancel_order(
        merchant=merchant, order_external_id="5001", cancelled_at=at + 3 * HOUR, reason="customer", at=at
    ),
}
"""What may be told of the order, each of its own hour: however late it is told, it is true."""


@pytest.fixture
def shop(world: World) -> Shop:
    return world.shop(packs=["subscription_lifecycle"])


def tell(merchant: Merchant, word: str, at: datetime) -> bool:
    """Whether it was taken: what comes before its order waits for it, and is told once more."""
    with transaction.atomic():
        return not WORDS[word](merchant, at).waits_for


def told(shop: Shop) -> list[str]:
    """The metrics of what Klaviyo recorded, in the order in which it came."""
    return [each["metric"] for each in shop.world.sandbox.events(shop.public_key)]


def standing(shop: Shop) -> dict[str, tuple[str, str]]:
    """Name -> state and reason of its delivery."""
    rows = Delivery.objects.for_merchant(shop.merchant).filter(event__isnull=False)
    return {name: (state, reason) for name, state, reason in rows.values_list("event__metric_name", "state", "reason")}


steps = st.lists(st.sampled_from([*WORDS, "accepts", "refuses", "is down"]), min_size=4, max_size=10)


@tried_with(8, 200, steps=steps)
def test_nothing_comes_before_placed_order(world: World, clock: Clock, steps: list[str]) -> None:
    shop, sandbox, happened_at = world.shop(packs=["subscription_lifecycle"]), world.sandbox, clock()
    waiting: list[str] = []
    for step in [*steps, "created"]:
        clock.move_to(clock() + timedelta(minutes=1))
        if step in WORDS:
            waiting = [each for each in [step, *waiting] if not tell(shop.merchant, each, happened_at)]
            continue
        sandbox.refuse_email(*([EMAIL] if step == "refuses" else []))
        if step == "is down":
            sandbox.fault("unavailable", account=shop.public_key, times=1)
        Engine(clock=clock).run(seconds=60)
        assert told(shop)[:1] in ([], [PLACED])
    sandbox.refuse_email()
    sandbox.clear_faults()
    resend(Delivery.objects.for_merchant(shop.merchant), at=clock())
    list(work_off(clock, step=timedelta(seconds=1)))

    wanted = {PLACED} | ({CANCELLED} if "cancelled" in steps else set())
    wanted |= {FULFILLED} if {"billed", "completed"} <= set(steps) else set()
    assert told(shop)[0] == PLACED
    assert sorted(told(shop)) == sorted(wanted)
    assert not reconciliation.reconcile(at=clock(), merchant=shop.merchant).differences


def test_the_reason_is_seen_while_they_wait_and_they_go_with_what_is_sent_again(shop: Shop, clock: Clock) -> None:
    for word in WORDS:
        tell(shop.merchant, word, clock())
    assert standing(shop) == {
        PLACED: ("pending", ""),
        CANCELLED: ("held", "follows"),
        FULFILLED: ("held", "follows"),
    }

    shop.world.sandbox.refuse_email(EMAIL)
    Engine(clock=clock).run(seconds=60)
    housekeeping.run(at=clock())
    assert standing(shop) == {
        PLACED: ("dead", "rejected"),
        CANCELLED: ("held", "follows"),
        FULFILLED: ("held", "follows"),
    }

    shop.world.sandbox.refuse_email()
    resend(Delivery.objects.for_merchant(shop.merchant), at=clock())
    Engine(clock=clock).run(seconds=60)
    assert told(shop)[0] == PLACED
    assert sorted(told(shop)) == [CANCELLED, FULFILLED, PLACED]
    ids = {each["unique_id"] for each in shop.world.sandbox.events(shop.public_key)}
    assert ids == {"5001"}


def test_what_is_told_of_each(shop: Shop, clock: Clock) -> None:
    at = clock()
    with transaction.atomic():
        services.ingest_order(merchant=shop.merchant, order=placed(at, scheduled_on=at.date()), at=at)
    for word in ("completed", "billed", "cancelled"):
        tell(shop.merchant, word, at)
    Engine(clock=clock).run(seconds=60)

    seen = {each["metric"]: each for each in shop.world.sandbox.events(shop.public_key)}
    properties = {name: each["properties"] for name, each in seen.items()}
    assert {(each["value"], each["value_currency"]) for each in seen.values()} == {(47.95, "USD")}
    assert [datetime.fromisoformat(seen[name]["time"]) - at for name in (PLACED, FULFILLED, CANCELLED)] == [
        0 * HOUR,
        2 * HOUR,
        3 * HOUR,
    ]
    assert properties[PLACED]["Categories"] == ["Boxes", "Organic"]
    assert properties[PLACED]["ItemNames"] == ["Small box"]
    assert properties[FULFILLED]["FulfillmentMeaning"] == "billed_not_shipped"
    assert properties[CANCELLED]["Reason"] == "customer"
    days = {properties[name].get("ScheduledDeliveryDate") for name in (PLACED, FULFILLED)}
    assert days == {at.date().isoformat()}


def test_without_placed_order_they_are_not_sent(shop: Shop, clock: Clock) -> None:
    """It was off when the order came: nothing was told of it, and nothing is."""
    Connection.objects.filter(pk=shop.connection.pk).update(enabled_metrics=["cancelled_order", "fulfilled_order"])
    tell(shop.merchant, "created", clock())
    Connection.objects.filter(pk=shop.connection.pk).update(enabled_metrics=shop.connection.enabled_metrics)
    for word in ("billed", "completed", "cancelled"):
        tell(shop.merchant, word, clock())
    Engine(clock=clock).run(seconds=60)

    assert standing(shop) == {CANCELLED: ("skipped", "not_followed"), FULFILLED: ("skipped", "not_followed")}
    assert not told(shop)


def test_before_the_window_and_back_within_it(world: World, clock: Clock) -> None:
    """An order from before the launch window is not told at all; with the window widened it is told in its order."""
    shop = world.shop(packs=["subscription_lifecycle"], launch_at=clock() - HOUR)
    for word in WORDS:
        tell(shop.merchant, word, clock() - 2 * DAY)
    assert {reason for _, reason in standing(shop).values()} == {"before_window"}

    shop.connection.refresh_from_db()
    launch.reschedule(shop.connection, launch_at=shop.connection.launch_at, backfill_days=3, at=clock())
    Engine(clock=clock).run(seconds=60)
    assert (told(shop)[0], len(told(shop))) == (PLACED, 3)


def test_placed_order_turned_off_while_it_waits_takes_the_others_with_it(shop: Shop, clock: Clock) -> None:
    tell(shop.merchant, "created", clock())
    tell(shop.merchant, "cancelled", clock())
    connection = Connection.objects.select_related("merchant").get(pk=shop.connection.pk)
    left = [each for each in connection.enabled_metrics if each != "placed_order"]
    Connection.objects.filter(pk=connection.pk).update(enabled_metrics=left)
    Engine(clock=clock).run(seconds=60)

    assert standing(shop) == {PLACED: ("skipped", "metric_off"), CANCELLED: ("skipped", "not_followed")}


def test_what_ended_unseen_is_found_by_housekeeping(shop: Shop, clock: Clock) -> None:
    tell(shop.merchant, "created", clock())
    tell(shop.merchant, "cancelled", clock())
    mine = Delivery.objects.for_merchant(shop.merchant).filter(event__metric="placed_order")
    mine.update(state="skipped", reason="before_window", settled_at=clock())
    housekeeping.run(at=clock())

    assert standing(shop)[CANCELLED] == ("skipped", "not_followed")


def test_a_cancelled_order_is_neither_billed_nor_completed_later(shop: Shop, clock: Clock) -> None:
    tell(shop.merchant, "created", clock())
    tell(shop.merchant, "cancelled", clock())
    for finish in (
        lambda at: services.bill_order(merchant=shop.merchant, order_external_id="5001", billed_at=at, at=at),
        lambda at: services.complete_order(merchant=shop.merchant, order_external_id="5001", completed_at=at, at=at),
    ):
        with pytest.raises(services.Contradiction), transaction.atomic():
            finish(clock() + 5 * HOUR)


def test_other_metrics_cost_no_statement_more(world: World, clock: Clock) -> None:
    """The last looks are taken only where a batch has an event that follows another, or is followed."""
    shop = world.shop(packs=["order_status"])
    tell(shop.merchant, "created", clock())
    tell(shop.merchant, "billed", clock())
    with CaptureQueriesContext(database) as statements:
        Engine(clock=clock).run(seconds=60)

    assert told(shop) == ["Processing order"]
    assert not [each["sql"] for each in statements if "not_followed" in each["sql"] or "follows" in each["sql"]]
