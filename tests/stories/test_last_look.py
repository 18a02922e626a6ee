"""What was found is looked at once more before it is sent, and told to be over only where it was told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import inbound
from integrations.catalog import catalog
from integrations.delivery.engine import Engine
from integrations.models import Delivery
from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_order
from tests.support.schemas import objections_to
from tests.support.world import Shop, World
from tracking import tasks

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UPDATE, ISSUE, RESOLVED = "Order Tracking Update", "Tidings: OrderIssueCreated", "Tidings: OrderIssueResolved"
NUMBER = "1Z1"


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant with every metric on, the optional ones too."""
    shop = world.shop()
    shop.connection.enabled_metrics = list(catalog.metrics)
    shop.connection.save(update_fields=["enabled_metrics"])
    return shop


@pytest.fixture
def placed() -> datetime:
    """Long enough ago that 72 hours are over, with a weekend among them at most."""
    return timezone.now().replace(microsecond=0) - 132 * HOUR


def place(shop: Shop, placed: datetime, **more: Any) -> None:
    """An order of one jumper."""
    shop.shopify("orders/create", shopify_order(1, at=placed, number="#1", lines=[(11, "Jumper", 1)], **more))


def ship(shop: Shop, placed: datetime, when: datetime) -> None:
    """It leaves in one parcel."""
    fulfillment = shopify_fulfillment(5, 1, at=placed, updated_at=when, items=[(11, 1)], numbers=[NUMBER])
    shop.shopify("fulfillments/create", fulfillment)


def track(shop: Shop, *scans: tuple[str, datetime], **more: Any) -> None:
    """The carrier tells."""
    event_id = f"{len(scans)} {more.get('estimate')}"
    shop.easypost(easypost_tracker(scans, number=NUMBER, event_id=event_id, **more))


def find() -> None:
    """Take in what came, and find what stalled, without sending anything."""
    inbound.handle_due(seconds=20)
    tasks.flag_stalled()


def untrue(shop: Shop) -> set[str]:
    """What was not sent because it was no longer true."""
    skipped = Delivery.objects.for_merchant(shop.merchant).filter(state="skipped", reason="no_longer_true")
    return set(skipped.values_list("event__metric", flat=True))


def test_a_parcel_that_moved_a_second_ago_is_not_called_stalled(world: World, shop: Shop, placed: datetime) -> None:
    place(shop, placed)
    ship(shop, placed, placed)
    track(shop, ("in_transit", placed))
    find()
    moved = timezone.now().replace(microsecond=0)
    track(shop, ("in_transit", placed), ("in_transit", moved))

    world.work()

    assert (ISSUE in shop.names, RESOLVED in shop.names) == (False, False)
    assert "stalled_in_transit" not in {
        each["properties"]["Trigger"] for each in shop.received if each["metric"] == UPDATE
    }
    assert untrue(shop) == {
        "order_issue_created",
        "order_issue_resolved",
        "order_tracking_update",
        "order_tracking_update_item",
    }
    assert objections_to(shop.events) == []


def test_a_parcel_that_was_told_to_have_stalled_is_told_to_move_again_once(
    world: World, shop: Shop, placed: datetime
) -> None:
    place(shop, placed)
    ship(shop, placed, placed)
    track(shop, ("in_transit", placed))
    find()
    world.work()
    moved = timezone.now().replace(microsecond=0)
    track(shop, ("in_transit", placed), ("in_transit", moved - HOUR))
    track(shop, ("in_transit", placed), ("in_transit", moved - HOUR), ("out_for_delivery", moved))

    world.work()

    resolved = shop.one(RESOLVED)
    assert resolved["unique_id"] == "resolved:ShipmentStalled:5"
    assert datetime.fromisoformat(resolved["time"]) == moved - HOUR
    assert resolved["properties"]["ResolvedAt"] == (moved - HOUR).isoformat()
    assert untrue(shop) == set()


@pytest.mark.parametrize("news", ["shipped", "cancelled"])
def test_an_order_that_was_shipped_or_cancelled_meanwhile_is_not_called_stalled(
    world: World, shop: Shop, placed: datetime, news: str
) -> None:
    place(shop, placed)
    find()
    now = timezone.now().replace(microsecond=0)
    if news == "shipped":
        ship(shop, now, now)
    else:
        cancelled = shopify_order(1, at=placed, updated_at=now, cancelled_at=now.isoformat(), lines=[(11, "Jumper", 1)])
        shop.shopify("orders/cancelled", cancelled)

    world.work()

    assert ISSUE not in shop.names
    assert "order_issue_created" in untrue(shop)


def test_an_order_that_was_told_to_have_stalled_is_told_when_it_ships(
    world: World, shop: Shop, placed: datetime
) -> None:
    place(shop, placed)
    find()
    world.work()
    now = timezone.now().replace(microsecond=0)
    ship(shop, now, now)

    world.work()

    assert shop.one(RESOLVED)["properties"]["ProblemType"] == "FulfillmentStalled"


@pytest.mark.parametrize(
    ("first", "then", "sent"), [(2, 0, False), (2, 3, True), (-1, 0, False), (-1, -2, True), (2, None, False)]
)
def test_late_and_early_is_looked_at_once_more(
    world: World, shop: Shop, first: int, then: int | None, sent: bool
) -> None:
    """`first` and `then`: how the estimate stands beside the promise, in days; None: it arrived."""
    now = timezone.now().replace(microsecond=0)
    placed, promise = now - 9 * HOUR, now.date() + 5 * DAY
    place(shop, placed)
    ship(shop, placed, placed)
    scans = [("in_transit", placed + hours * HOUR) for hours in range(1, 4)]
    track(shop, *scans[:1], estimate=promise)
    track(shop, *scans[:2], estimate=promise + first * DAY)
    find()
    if then is None:
        track(shop, *scans[:2], ("delivered", scans[2][1]))
    else:
        track(shop, *scans, estimate=promise + then * DAY)

    world.work()

    trigger = "delayed" if first > 0 else "arriving_early"
    told = {each["properties"]["Trigger"] for each in shop.received if each["metric"] == UPDATE}
    assert (trigger in told) == sent
    assert untrue(shop) == (set() if sent else {"order_tracking_update", "order_tracking_update_item"})


def test_the_last_look_costs_nothing_where_nothing_was_found(world: World, shop: Shop) -> None:
    now = timezone.now().replace(microsecond=0)
    place(shop, now - HOUR)
    ship(shop, now - HOUR, now - HOUR)
    track(shop, ("in_transit", now))
    inbound.handle_due(seconds=20)
    with CaptureQueriesContext(database) as queries:
        Engine().run(seconds=20)

    assert shop.states.keys() == {"sent"}
    assert not [each for each in queries if "tracking_issue" in each["sql"] and "resolved_at" in each["sql"]]
