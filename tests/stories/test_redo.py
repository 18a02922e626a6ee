"""Redo's document: every trigger of a tracking update, and every problem, from the messages of two carriers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from tests.support.payloads import aftership_tracking, easypost_tracker, shopify_fulfillment, shopify_order
from tests.support.schemas import objections_to
from tests.support.world import Shop, World
from tracking import tasks

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UPDATE, ITEM, ISSUE = "Order Tracking Update", "Order Tracking Update Item", "Tidings: OrderIssueCreated"
ATTEMPT = "Customer not available or business closed"

AFTERSHIP_WORDS = {
    "pre_transit": "InfoReceived_001",
    "in_transit": "InTransit_001",
    "out_for_delivery": "OutForDelivery_001",
    "available_for_pickup": "AvailableForPickup_001",
    "delivered": "Delivered_001",
    "attempt": "AttemptFail_002",
    "failure": "Exception_001",
    "return_to_sender": "Exception_011",
    "error": "Exception_013",
}

Tell = Callable[[Shop, str, Sequence[tuple[str, datetime]], date | None], Any]
"""A carrier tells of the parcel with that number: its history so far, each (word, instant), and when it is expected."""


def by_easypost(shop: Shop, number: str, history: Sequence[tuple[str, datetime]], expected: date | None) -> None:
    """The word "attempt" is a failure whose message says that nobody was there."""
    scans = [("failure" if word == "attempt" else word, instant) for word, instant in history]
    payload = easypost_tracker(scans, number=number, estimate=expected, event_id=f"{number} {len(scans)} {expected}")
    for (word, _), detail in zip(history, payload["result"]["tracking_details"], strict=True):
        if word == "attempt":
            detail["message"] = ATTEMPT
    assert shop.easypost(payload).status_code < 300


def by_aftership(shop: Shop, number: str, history: Sequence[tuple[str, datetime]], expected: date | None) -> None:
    """In AfterShip's words."""
    checkpoints = [(AFTERSHIP_WORDS[word], instant) for word, instant in history]
    assert shop.post("aftership", aftership_tracking(checkpoints, number=number, estimate=expected)).status_code < 300


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant with Redo's metrics, and Malomo's for the problems."""
    return world.shop(packs=["returns_and_tracking", "order_tracking"])


def order_in_a_parcel(shop: Shop, key: int, placed: datetime) -> str:
    """An order of one jumper that is shipped at once; the parcel's number."""
    shop.shopify("orders/create", shopify_order(key, at=placed, number=f"#{key}", lines=[(11, "Jumper", 1)]))
    numbers = [f"1Z{key}"]
    shop.shopify("fulfillments/create", shopify_fulfillment(key, key, at=placed, items=[(11, 1)], numbers=numbers))
    return numbers[0]


def triggers(shop: Shop, metric: str = UPDATE) -> Counter[str]:
    """How many updates of each trigger Klaviyo has."""
    return Counter(event["properties"]["Trigger"] for event in shop.received if event["metric"] == metric)


@pytest.mark.parametrize("tell", [by_easypost, by_aftership])
def test_every_trigger_and_every_problem(world: World, shop: Shop, tell: Tell) -> None:
    placed = timezone.now().replace(microsecond=0) - 9 * DAY
    day = (placed + 2 * DAY).date()
    paths: list[tuple[list[str], date | None]] = [
        (["pre_transit", "in_transit", "available_for_pickup", "out_for_delivery", "delivered"], None),
        (["in_transit", "attempt", "attempt", "return_to_sender"], None),
        (["failure"], None),
        (["error"], None),
        (["in_transit", "delivered"], day),
    ]
    for key, (words, expected) in enumerate(paths, start=1):
        number = order_in_a_parcel(shop, key, placed)
        tell(shop, number, [(word, placed + hours * HOUR) for hours, word in enumerate(words, start=1)], expected)
    # Expected two days later than at first, a day earlier, and never seen again.
    for key, moved in ((6, 2), (7, -1), (8, None)):
        number = order_in_a_parcel(shop, key, placed)
        tell(shop, number, [("in_transit", placed + HOUR)], None if moved is None else day)
        if moved is not None:
            history = [("in_transit", placed + HOUR), ("in_transit", placed + 2 * HOUR)]
            tell(shop, number, history, day + moved * DAY)
            world.work()
            tell(shop, number, [*history, ("delivered", placed + 3 * HOUR)], None)
    # Called off by the shop, and never shipped.
    order_in_a_parcel(shop, 9, placed)
    shop.shopify(
        "fulfillments/update",
        shopify_fulfillment(
            9, 9, at=placed, updated_at=placed + HOUR, status="cancelled", items=[(11, 1)], numbers=["1Z9"]
        ),
    )
    shop.shopify("orders/create", shopify_order(10, at=placed, number="#10"))
    world.work()
    tasks.flag_stalled()
    world.work()

    expected_triggers = {
        "order_created": 10,
        "pre_transit": 1,
        "in_transit": 6,
        "available_for_pickup": 1,
        "out_for_delivery": 1,
        "delivered": 4,
        "delivery_attempted": 2,
        "return_to_sender": 1,
        "failure": 1,
        "error": 1,
        "cancelled": 1,
        "delayed": 1,
        "arriving_early": 1,
        "stalled_in_transit": 3,
    }
    assert triggers(shop) == expected_triggers
    # One item in each, and two in the order that was never shipped.
    assert triggers(shop, ITEM) == expected_triggers | {"order_created": 11}
    problems = Counter(each["properties"]["ProblemType"] for each in shop.received if each["metric"] == ISSUE)
    assert problems == {
        "FulfillmentStalled": 1,
        "ShipmentStalled": 3,
        "ShipmentDeliveryAttempted": 2,
        "ShipmentReturnToSender": 1,
    }
    assert shop.states.keys() == {"sent"}
    assert objections_to(shop.events) == []


def test_every_event_of_an_order_leads_to_the_shoppers_page(world: World, shop: Shop, settings: Any) -> None:
    """From the shop's webhook to Klaviyo, and from there by the link to the page, all over real sockets."""
    settings.PUBLIC_BASE_URL = world.site
    number = order_in_a_parcel(shop, 1, timezone.now().replace(microsecond=0) - DAY)
    by_easypost(shop, number, [("in_transit", timezone.now() - HOUR)], None)
    world.work()

    told = [each["properties"] for each in shop.received]
    links = {
        each.get("TrackingPageLink") or each.get("TrackingUrl") for each in told if "StalledSettingsVersion" not in each
    }
    (link,) = links
    page = requests.get(link, timeout=30, headers={"Accept-Language": "de"})
    assert (len(told), page.status_code, page.cookies.get_dict()) == (7, 200, {})
    assert "<h1>Unterwegs</h1>" in page.text
    assert "Jumper" in page.text
    assert "ann@shopper.example" not in page.text


def test_a_parcel_that_is_tried_five_times_with_words_on_its_estimate_in_between(world: World, shop: Shop) -> None:
    """The shape of FedEx: failures, some of them attempts, scans that are `unknown`, and in the end it arrives."""
    placed = timezone.now().replace(microsecond=0) - 4 * DAY
    number = order_in_a_parcel(shop, 1, placed)
    history: list[tuple[str, str, str, str]] = [
        ("pre_transit", "label_created", "OC", "Shipment information sent to FedEx"),
        ("in_transit", "arrived_at_facility", "PU", "Picked up"),
        ("unknown", "status_update", "AO", "Shipment on time"),
        ("in_transit", "departed_facility", "DP", "Left FedEx origin facility"),
        ("unknown", "status_update", "AE", "Shipment arriving early"),
        ("out_for_delivery", "out_for_delivery", "OD", "On FedEx vehicle for delivery"),
        ("failure", "delayed", "DE", ATTEMPT),
        ("unknown", "status_update", "AO", "Shipment on time"),
        ("failure", "awaiting_information", "DE", ATTEMPT),
        ("failure", "transit_exception", "SE", "Barcode label unreadable"),
        ("unknown", "status_update", "AE", "Shipment arriving early"),
        ("out_for_delivery", "out_for_delivery", "OD", "On FedEx vehicle for delivery"),
        ("failure", "delayed", "DE", ATTEMPT),
        ("failure", "delayed", "DE", ATTEMPT),
        ("failure", "delayed", "DE", ATTEMPT),
        ("unknown", "status_update", "AO", "Shipment on time"),
        ("out_for_delivery", "out_for_delivery", "OD", "On FedEx vehicle for delivery"),
        ("delivered", "arrived_at_destination", "DL", "Delivered"),
    ]
    for upto in (6, 7, 11, 15, len(history)):
        words = [(status, placed + hours * HOUR) for hours, (status, *_) in enumerate(history[:upto], start=1)]
        payload = easypost_tracker(words, number=number, event_id=f"evt {upto}")
        payload["result"] |= {"carrier": "FedEx", "status": "failure" if upto in (7, 11, 15) else words[-1][0]}
        for (_, detail, code, message), told in zip(history, payload["result"]["tracking_details"], strict=False):
            told |= {"status_detail": detail, "carrier_code": code, "message": message, "source": "FedEx"}
        shop.easypost(payload)
        shop.easypost(payload)
        world.work()

    begun = placed.timestamp()
    told = [(each["metric"].removeprefix("Tidings: "), each["unique_id"]) for each in shop.received]
    assert [
        (unique_id.split(":")[2], (int(unique_id.split(":")[3]) - begun) // 3600)
        for name, unique_id in told
        if name == "ShipmentUpdateReceived"
    ] == [
        ("pre_transit", 1),
        ("in_transit", 2),
        ("out_for_delivery", 6),
        ("failure", 7),
        ("out_for_delivery", 12),
        ("failure", 13),
        ("out_for_delivery", 17),
        ("delivered", 18),
    ]
    updates = [
        (each["properties"]["Trigger"], (datetime.fromisoformat(each["time"]).timestamp() - begun) // 3600)
        for each in shop.received
        if each["metric"] == UPDATE
    ]
    assert updates == [
        ("order_created", 0),
        ("pre_transit", 1),
        ("in_transit", 2),
        ("arriving_early", 5),
        ("out_for_delivery", 6),
        ("delivery_attempted", 7),
        ("delivery_attempted", 9),
        ("out_for_delivery", 12),
        ("delivery_attempted", 13),
        ("delivery_attempted", 14),
        ("delivery_attempted", 15),
        ("out_for_delivery", 17),
        ("delivered", 18),
    ]
    assert [each["unique_id"] for each in shop.received if each["metric"] == ISSUE] == [
        "issue:ShipmentDeliveryAttempted:1"
    ]
