"""Redo's tracking updates: all fourteen triggers, what is late and what is early, and an item for each line."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from integrations.models import Event, Merchant
from tests.tracking.stalling import DUE, PLACED, at, merchant_in_new_york, place, scan, ship
from tests.tracking.telling import DAY, HOUR, page_of
from tracking import stalled, updates
from tracking.inputs import LineInput, ParcelInput
from tracking.models import Order, Shipment
from tracking.services import policies

PROMISED = date(2026, 11, 27)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant in New York with Redo's metrics on."""
    return merchant_in_new_york("returns_and_tracking")


def told() -> list[tuple[str, datetime]]:
    """Trigger and instant of each tracking update, in order of their recording."""
    events = Event.objects.filter(metric="order_tracking_update").order_by("id")
    return [(each.properties["Trigger"], each.occurred_at) for each in events]


def triggers() -> list[str]:
    """The triggers alone."""
    return [trigger for trigger, _ in told()]


def shipped(merchant: Merchant, **more: Any) -> Shipment:
    """An order in one parcel, shipped when it was placed."""
    place(merchant, **more)
    return ship(merchant)


def test_there_are_redos_fourteen() -> None:
    assert len(set(updates.TRIGGERS)) == 14


def test_each_status_is_its_own_trigger(merchant: Merchant) -> None:
    shipped(merchant)
    words = ["unknown", "pre_transit", "in_transit", "available_for_pickup", "out_for_delivery", "failure", "error"]
    for hours, word in enumerate([*words, "in_transit", "delivered"]):
        scan(merchant, word, PLACED + hours * HOUR)
    for key, word in (("2", "return_to_sender"), ("3", "cancelled")):
        place(merchant, key=key)
        ship(merchant, key=key)
        scan(merchant, word, PLACED + 30 * HOUR, key=key)

    assert told() == [
        ("order_created", PLACED),
        *[(word, PLACED + hours * HOUR) for hours, word in enumerate([*words, "in_transit", "delivered"]) if hours],
        ("order_created", PLACED),
        ("return_to_sender", PLACED + 30 * HOUR),
        ("order_created", PLACED),
        ("cancelled", PLACED + 30 * HOUR),
    ]


def test_an_attempt_after_which_the_carrier_tries_again_is_not_the_final_failure(merchant: Merchant) -> None:
    shipped(merchant)
    scan(merchant, "failure", PLACED + HOUR, substatus="delivery_attempted")
    scan(merchant, "in_transit", PLACED + 2 * HOUR, substatus="delivery_attempted")
    scan(merchant, "failure", PLACED + 3 * HOUR)

    assert triggers() == ["order_created", "delivery_attempted", "in_transit", "failure"]


def test_each_attempt_is_told_also_where_the_status_stays(merchant: Merchant) -> None:
    shipped(merchant)
    attempt: dict[str, Any] = {"substatus": "delivery_attempted", "attempt": True}
    for hours in (3, 6, 5, 6):
        scan(merchant, "failure", PLACED + hours * HOUR, **attempt)
    scan(merchant, "delivered", PLACED + 7 * HOUR)
    scan(merchant, "failure", PLACED + 8 * HOUR, **attempt)

    assert [(trigger, (when - PLACED) // HOUR) for trigger, when in told()[1:]] == [
        ("delivery_attempted", 3),
        ("delivery_attempted", 6),
        ("delivered", 7),
    ]


@pytest.mark.parametrize(
    ("word", "substatus", "found"),
    [
        ("in_transit", "delayed", ["delayed"]),
        ("in_transit", "weather_delay", ["delayed"]),
        ("unknown", "arriving_early", ["arriving_early"]),
        ("unknown", "on_time", []),
    ],
)
def test_a_carrier_may_say_itself_that_a_parcel_is_late_or_early(
    merchant: Merchant, word: str, substatus: str, found: list[str]
) -> None:
    shipped(merchant)
    scan(merchant, "in_transit", PLACED + HOUR)
    for hours in (2, 3):
        scan(merchant, word, PLACED + hours * HOUR, substatus=substatus)

    assert told()[2:] == [(trigger, PLACED + 2 * HOUR) for trigger in found]


def test_what_an_update_tells(merchant: Merchant) -> None:
    place(merchant, status_url="https://shop.example/orders/1")
    ship(merchant, PLACED + HOUR)
    scan(merchant, "delivered", PLACED + DAY, estimate=PROMISED)

    first, last = Event.objects.filter(metric="order_tracking_update").order_by("id")
    assert (first.metric_name, first.unique_id) == (
        "Order Tracking Update",
        f"track:order:1:order_created:{int(PLACED.timestamp())}",
    )
    assert first.properties == {
        "Trigger": "order_created",
        "OrderRef": "#1",
        "Date": PLACED.isoformat(),
        "TrackingPageLink": page_of(),
        "OrderCreatedDate": PLACED.isoformat(),
    }
    assert last.unique_id == f"track:f1:delivered:{int((PLACED + DAY).timestamp())}"
    assert last.properties == {
        "Trigger": "delivered",
        "OrderRef": "#1",
        "Date": (PLACED + DAY).isoformat(),
        "TrackingPageLink": page_of(),
        "OrderCreatedDate": PLACED.isoformat(),
        "OrderShippedDate": (PLACED + HOUR).isoformat(),
        "OrderDeliveredDate": (PLACED + DAY).isoformat(),
        "EstimatedDeliveryDate": "2026-11-27",
        "ShipmentId": "f1",
        "TrackingNumber": "1Z1",
        "Carrier": "UPS",
    }


def test_an_item_for_each_line_that_is_in_the_parcel(merchant: Merchant) -> None:
    tea = LineInput("11", "Tea", sku="T-1", variant_name="Green", quantity=3, ordered=3)
    place(merchant, lines=(tea, LineInput("12", "Pot")))
    ship(merchant, items=(("11", 2),))
    scan(merchant, "in_transit", PLACED + HOUR)

    items = Event.objects.filter(metric="order_tracking_update_item").order_by("id")
    created, moved = int(PLACED.timestamp()), int((PLACED + HOUR).timestamp())
    assert [(each.unique_id, each.occurred_at) for each in items] == [
        (f"track:order:1:order_created:{created}:item:11", PLACED),
        (f"track:order:1:order_created:{created}:item:12", PLACED),
        (f"track:f1:in_transit:{moved}:item:11", PLACED + HOUR),
    ]
    assert items[2].properties == {
        "Trigger": "in_transit",
        "OrderRef": "#1",
        "SKU": "T-1",
        "ProductName": "Tea",
        "VariantName": "Green",
        "Quantity": 2,
        "TrackingPageLink": page_of(),
        "ShipmentId": "f1",
    }


def test_where_the_page_was_taken_back_the_shops_or_the_carriers_is_told(merchant: Merchant) -> None:
    place(merchant, status_url="https://shop.example/orders/1")
    Order.objects.update(page_token="")
    ship(merchant, parcels=(ParcelInput("1Z1", "https://ups.example/1Z1"),))
    scan(merchant, "in_transit", PLACED + HOUR)
    Shipment.objects.update(carrier_url="")
    scan(merchant, "delivered", PLACED + DAY)

    told = Event.objects.filter(metric="order_tracking_update").order_by("id")[1:]
    assert [each.properties["TrackingPageLink"] for each in told] == [
        "https://ups.example/1Z1",
        "https://shop.example/orders/1",
    ]


def test_a_parcel_that_stalls_in_transit_is_told_and_one_that_was_never_picked_up_is_not(merchant: Merchant) -> None:
    shipped(merchant)
    scan(merchant, "in_transit", PLACED)
    place(merchant, key="2")
    ship(merchant, key="2")
    scan(merchant, "pre_transit", PLACED, key="2")

    stalled.sweep(at=DUE)

    found = Event.objects.get(properties__Trigger="stalled_in_transit", metric="order_tracking_update")
    assert found.unique_id == f"track:f1:stalled_in_transit:{int(PLACED.timestamp())}"
    assert found.occurred_at == DUE
    assert Event.objects.filter(properties__Trigger="stalled_in_transit").count() == 2


LATE = at("2026-11-28 00:00")


def test_an_estimate_that_moves_past_the_promise_is_a_delay_once(merchant: Merchant) -> None:
    shipped(merchant)
    for hours, days in ((1, 0), (2, 1), (3, 5), (4, 0), (5, 2)):
        scan(merchant, "in_transit", PLACED + hours * HOUR, estimate=PROMISED + days * DAY)

    assert told()[1:] == [("in_transit", PLACED + HOUR), ("delayed", PLACED + 2 * HOUR)]
    delayed = Event.objects.get(properties__Trigger="delayed", metric="order_tracking_update")
    assert delayed.unique_id == f"track:f1:delayed:{int(datetime.fromisoformat('2026-11-27T00:00Z').timestamp())}"
    assert delayed.properties["EstimatedDeliveryDate"] == "2026-11-28"


def test_a_promised_day_that_passes_undelivered_is_a_delay_at_its_end(merchant: Merchant) -> None:
    shipped(merchant)
    scan(merchant, "in_transit", PLACED + HOUR, estimate=PROMISED)

    for moment in (LATE - HOUR / 3600, LATE, LATE + DAY):
        stalled.sweep(at=moment)
        assert ("delayed" in triggers()) == (moment >= LATE)
    assert [when for trigger, when in told() if trigger == "delayed"] == [LATE]


@pytest.mark.parametrize("word", ["delivered", "return_to_sender", "cancelled"])
def test_what_is_not_awaited_any_more_is_neither_late_nor_early(merchant: Merchant, word: str) -> None:
    shipped(merchant)
    scan(merchant, "in_transit", PLACED + HOUR, estimate=PROMISED)
    scan(merchant, word, PLACED + 2 * HOUR, estimate=PROMISED + 9 * DAY)

    stalled.sweep(at=LATE + 9 * DAY)
    assert triggers() == ["order_created", "in_transit", word]


def test_an_old_estimate_that_comes_late_moves_nothing(merchant: Merchant) -> None:
    shipped(merchant)
    scan(merchant, "in_transit", PLACED + 5 * HOUR, estimate=PROMISED)
    scan(merchant, "pre_transit", PLACED + HOUR, estimate=PROMISED + 9 * DAY)

    assert triggers() == ["order_created", "in_transit"]


def test_an_estimate_that_moves_ahead_is_early_once_and_fresh_until_that_day_ends(merchant: Merchant) -> None:
    shipped(merchant)
    for hours, days in ((1, 0), (2, -1), (3, -2), (4, 0), (5, -1)):
        scan(merchant, "in_transit", PLACED + hours * HOUR, estimate=PROMISED + days * DAY)

    assert told()[1:] == [("in_transit", PLACED + HOUR), ("arriving_early", PLACED + 2 * HOUR)]
    early = Event.objects.filter(properties__Trigger="arriving_early")
    assert {each.fresh_until for each in early} == {at("2026-11-27 00:00")}


@pytest.mark.parametrize(
    ("setting", "days", "found"),
    [
        ("days_until_delayed", 2, []),
        ("days_until_delayed", 1, ["delayed"]),
        ("days_until_delayed", None, []),
        ("days_early", 2, []),
        ("days_early", 1, ["arriving_early"]),
        ("days_early", None, []),
    ],
)
def test_how_late_and_how_early_are_settings(
    merchant: Merchant, setting: str, days: int | None, found: list[str]
) -> None:
    others: dict[str, Any] = {"days_until_delayed": None, "days_early": None, setting: days}
    policies.change(merchant, by=None, at=PLACED - DAY, **others)
    shipped(merchant)
    scan(merchant, "in_transit", PLACED + HOUR, estimate=PROMISED)
    moved = 1 if setting == "days_until_delayed" else -1
    scan(merchant, "in_transit", PLACED + 2 * HOUR, estimate=PROMISED + moved * timedelta(days=1))

    assert triggers()[2:] == found


def test_a_parcel_out_for_delivery_is_news_for_half_a_day(merchant: Merchant) -> None:
    shipped(merchant)
    scan(merchant, "out_for_delivery", PLACED + HOUR)

    moved = Event.objects.filter(properties__Trigger="out_for_delivery")
    assert [each.fresh_until for each in moved] == [PLACED + 13 * HOUR] * 2
