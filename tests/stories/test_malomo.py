"""Malomo's document: what happens to orders and parcels becomes four metrics."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_fulfillment_event, shopify_order
from tests.support.world import Shop, World
from tracking import tasks

HOUR = timedelta(hours=1)
UPDATE, ISSUE = "Malomo: ShipmentUpdateReceived", "Malomo: OrderIssueCreated"


@pytest.fixture
def placed() -> datetime:
    """When the order was placed: recently enough that all of it is news."""
    return timezone.now().replace(microsecond=0) - 10 * HOUR


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant who came from Malomo and kept its prefix."""
    return world.shop(packs=["order_tracking"], metric_prefix="Malomo")


def test_order_and_parcel_are_told_as_they_happen(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR))
    shop.easypost(easypost_tracker([("in_transit", placed + 2 * HOUR)]))
    shop.easypost(easypost_tracker([("in_transit", placed + 2 * HOUR), ("delivered", placed + 4 * HOUR)]))

    world.work()

    assert [(event["metric"], event["unique_id"]) for event in shop.received] == [
        ("Malomo: ShopifyOrderCreated", "order:820982911946154508"),
        ("Malomo: ShipmentCreated", "shipment:255858046:created"),
        (UPDATE, f"shipment:255858046:in_transit:{int((placed + 2 * HOUR).timestamp())}"),
        (UPDATE, f"shipment:255858046:delivered:{int((placed + 4 * HOUR).timestamp())}"),
    ]
    assert shop.states == {"sent": 4}


def test_events_carry_their_properties_and_the_profile(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR))

    world.work()

    properties = shop.one("Malomo: ShopifyOrderCreated")["properties"]
    assert properties["ItemNames"] == ["Wool jumper", "Socks"]
    assert (properties["ItemCount"], properties["OrderTotal"], properties["Currency"]) == (3, 59.9, "USD")
    parcel = shop.one("Malomo: ShipmentCreated")["properties"]
    assert (parcel["TrackingNumber"], parcel["ShipmentIndex"], parcel["Status"]) == ("1Z999AA10123456784", 1, "unknown")
    (profile,) = [each for each in world.sandbox.profiles(shop.public_key) if each["email"] == "ann@shopper.example"]
    assert (profile["first_name"], profile["properties"]["LastOrderNumber"]) == ("Ann", "#1001")


def test_scans_of_one_message_each_tell_their_own_moment(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR))
    statuses = ["pre_transit", "in_transit", "out_for_delivery", "delivered"]
    shop.easypost(easypost_tracker([(each, placed + (2 + i) * HOUR) for i, each in enumerate(statuses)]))

    world.work()

    told = [event["properties"]["Status"] for event in shop.received if event["metric"] == UPDATE]
    assert told == statuses


def test_late_and_repeated_scans_are_kept_and_tell_nothing(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR))
    shop.shopify("fulfillment_events/create", shopify_fulfillment_event("delivered", at=placed + 5 * HOUR))
    shop.shopify("fulfillment_events/create", shopify_fulfillment_event("in_transit", at=placed + 3 * HOUR))
    shop.shopify("fulfillment_events/create", shopify_fulfillment_event("delivered", at=placed + 5 * HOUR))

    world.work()

    assert shop.one(UPDATE)["properties"]["Status"] == "delivered"


def test_failed_attempt_is_update_and_issue_and_the_parcel_may_still_arrive(
    world: World, shop: Shop, placed: datetime
) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR))
    scans = [("out_for_delivery", 2), ("failure", 3), ("failure", 4), ("out_for_delivery", 5), ("delivered", 6)]
    shop.easypost(easypost_tracker([(status, placed + hours * HOUR) for status, hours in scans]))

    world.work()

    told = [event["properties"]["Status"] for event in shop.received if event["metric"] == UPDATE]
    assert told == ["out_for_delivery", "failure", "out_for_delivery", "delivered"]
    assert shop.one(ISSUE)["properties"]["ProblemType"] == "ShipmentDeliveryAttempted"


def test_return_to_sender_is_update_and_issue(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR))
    shop.easypost(easypost_tracker([("in_transit", placed + 2 * HOUR), ("return_to_sender", placed + 3 * HOUR)]))

    world.work()

    assert shop.one(ISSUE)["unique_id"] == "issue:ShipmentReturnToSender:255858046"
    assert shop.names[UPDATE] == 2


def test_everything_backwards_tells_the_same(world: World, shop: Shop, placed: datetime) -> None:
    shop.easypost(easypost_tracker([("in_transit", placed + 2 * HOUR), ("delivered", placed + 3 * HOUR)]))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR))
    world.work()
    assert [message.state for message in shop.messages] == ["waiting", "waiting"]

    shop.shopify("orders/create", shopify_order(at=placed))
    world.work()

    assert shop.names == {
        "Malomo: ShopifyOrderCreated": 1,
        "Malomo: ShipmentCreated": 1,
        UPDATE: 2,
    }


def test_two_parcels_of_one_fulfilment_are_two_shipments(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR, numbers=["1ZA", "1ZB"]))
    shop.easypost(easypost_tracker([("in_transit", placed + 2 * HOUR)], number="1ZB"))

    world.work()

    created = {event["unique_id"] for event in shop.received if event["metric"] == "Malomo: ShipmentCreated"}
    assert created == {"shipment:255858046:created", "shipment:255858046:1ZB:created"}
    assert shop.one(UPDATE)["properties"]["ShipmentIndex"] == 2


def test_corrected_tracking_number_is_the_same_parcel(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR, numbers=["1ZTYPO"]))
    corrected = shopify_fulfillment(at=placed + HOUR, updated_at=placed + 2 * HOUR, numbers=["1ZRIGHT"])
    shop.shopify("fulfillments/update", corrected)
    shop.easypost(easypost_tracker([("delivered", placed + 3 * HOUR)], number="1ZRIGHT"))

    world.work()

    assert shop.names == {"Malomo: ShopifyOrderCreated": 1, "Malomo: ShipmentCreated": 1, UPDATE: 1}


def test_cancelled_fulfilment_that_was_never_told_tells_nothing(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/update", shopify_fulfillment(at=placed, updated_at=placed + HOUR, status="cancelled"))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed))

    world.work()

    assert shop.names == {"Malomo: ShopifyOrderCreated": 1}


def test_test_orders_build_no_events(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed, test=True))

    world.work()

    assert shop.received == []
    assert shop.messages.get().note == "#1001 is a test order: it is kept and builds no events"


def test_order_without_identity_waits_until_the_shopper_is_known(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed, email=None))
    world.work()
    assert shop.states == {"held": 1}

    shop.shopify("orders/updated", shopify_order(at=placed, updated_at=placed + HOUR))
    world.work()

    assert shop.one("Malomo: ShopifyOrderCreated")["email"] == "ann@shopper.example"
    assert shop.states == {"sent": 1}


def test_identity_that_comes_too_late_sends_nothing(world: World, shop: Shop) -> None:
    long_ago = timezone.now().replace(microsecond=0) - timedelta(days=5)
    shop.shopify("orders/create", shopify_order(at=long_ago, email=None))
    world.work()
    shop.shopify("orders/updated", shopify_order(at=long_ago, updated_at=long_ago + HOUR))

    world.work()

    assert (shop.received, shop.states) == ([], {"skipped": 1})


def test_out_for_delivery_grows_old_in_half_a_day(world: World, shop: Shop) -> None:
    placed = timezone.now().replace(microsecond=0) - timedelta(hours=30)
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed))
    shop.easypost(easypost_tracker([("in_transit", placed + 5 * HOUR), ("out_for_delivery", placed + 17 * HOUR)]))

    world.work()

    told = {event["properties"]["Status"]: event["backfill"] for event in shop.received if event["metric"] == UPDATE}
    assert told == {"in_transit": False, "out_for_delivery": True}


def test_stale_events_are_recorded_without_starting_flows(world: World, shop: Shop) -> None:
    shop.shopify("orders/create", shopify_order(at=timezone.now() - timedelta(hours=73)))

    world.work()

    event = shop.one("Malomo: ShopifyOrderCreated")
    assert (event["backfill"], event["would_trigger_flows"]) == (True, False)


def test_an_order_and_a_parcel_that_stand_still(world: World, shop: Shop) -> None:
    # 72 hours with a weekend among them at most are over by now, and not for so long that it is no news.
    placed = timezone.now().replace(microsecond=0) - 132 * HOUR
    shop.shopify("orders/create", shopify_order(1, at=placed, number="#1"))
    shop.shopify("orders/create", shopify_order(2, at=placed, number="#2"))
    shop.shopify("fulfillments/create", shopify_fulfillment(5, 2, at=placed))
    shop.easypost(easypost_tracker([("in_transit", placed + HOUR)]))
    world.work()

    for _ in range(2):
        tasks.flag_stalled()
        world.work()

    order, parcel = sorted(
        (each for each in shop.received if each["metric"] == ISSUE), key=lambda each: each["unique_id"]
    )
    assert (order["unique_id"], parcel["unique_id"]) == ("issue:FulfillmentStalled:1", "issue:ShipmentStalled:5")
    assert (order["properties"]["OrderNumber"], parcel["properties"]["TrackingNumber"]) == ("#1", "1Z999AA10123456784")
    assert [each["properties"]["WindowHours"] for each in (order, parcel)] == [72, 72]
    assert 72 <= order["properties"]["HoursStalled"] <= 132
    assert parcel["properties"]["NotUpdatedSince"] == (placed + HOUR).isoformat()
    assert not any("backfill" in each and each["backfill"] for each in (order, parcel))
    (profile,) = [each for each in world.sandbox.profiles(shop.public_key) if each["email"] == "ann@shopper.example"]
    assert profile["properties"]["OpenShipmentIssue"] in ("FulfillmentStalled", "ShipmentStalled")


def test_a_parcel_that_moves_in_time_is_no_problem(world: World, shop: Shop) -> None:
    placed = timezone.now().replace(microsecond=0) - 132 * HOUR
    shop.shopify("orders/create", shopify_order(1, at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(5, 1, at=placed))
    shop.easypost(easypost_tracker([("in_transit", placed + HOUR), ("in_transit", placed + 90 * HOUR)]))
    world.work()

    tasks.flag_stalled()
    world.work()

    assert ISSUE not in shop.names
