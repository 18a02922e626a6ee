"""The metrics of orders and parcels: what each tells, to the letter."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.catalog import catalog
from integrations.models import Event, Merchant
from tests.support.schemas import objections_to
from tests.tracking.telling import AT, HOUR, fulfillment, make_merchant, order, page_of, scan, track
from tracking.inputs import LineInput

JUMPER = LineInput(
    "11",
    "Wool jumper",
    variant_name="Blue / L",
    sku="WJ-BL-L",
    price=Decimal("19.95"),
    image_url="https://shop.example/jumper.jpg",
    product_url="https://shop.example/jumper",
)
SOCKS = LineInput("12", "Socks", quantity=2, ordered=2, price=Decimal("10.00"))
JUMPER_ITEM = {
    "ProductName": "Wool jumper",
    "SKU": "WJ-BL-L",
    "VariantName": "Blue / L",
    "Quantity": 1,
    "ItemPrice": 19.95,
    "RowTotal": 19.95,
    "ImageURL": "https://shop.example/jumper.jpg",
    "ProductURL": "https://shop.example/jumper",
}
SOCKS_ITEM = {"ProductName": "Socks", "Quantity": 2, "ItemPrice": 10.0, "RowTotal": 20.0}


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with every metric on."""
    return make_merchant()


@pytest.fixture
def story(merchant: Merchant) -> Merchant:
    """An order in two parcels; the first is missed once and arrives, the second is on its way."""
    parts: dict[str, Any] = {"carrier": "ups", "service_level": "Ground", "destination_country": "DE"}
    first = fulfillment(items=(("11", 1),), **parts)
    second = fulfillment(key="f2", numbers=["1ZB"], items=(("12", 2),), created_at=AT + 2 * HOUR)
    order(
        merchant,
        lines=(JUMPER, SOCKS),
        total=Decimal("39.95"),
        currency="EUR",
        is_paid=True,
        status_url="https://shop.example/orders/1",
        fulfillments=(first, second),
    )
    scans = [
        scan("in_transit", 3, message="Departed", estimate=date(2026, 11, 23)),
        scan("failure", 4, substatus="delivery_attempted", message="Nobody home"),
        scan("delivered", 6, message="Front door"),
    ]
    track(merchant, *scans, tracking_url="https://ups.example/1ZA")
    track(merchant, scan("delivered", 7), number="1ZB")
    order(merchant, 8, lines=(JUMPER, SOCKS), total=Decimal("39.95"), currency="EUR", cancelled_at=AT + 8 * HOUR)
    return merchant


def event(metric: str, unique_id: str = "") -> Event:
    """The only event of that metric, or the one with that identity."""
    events = Event.objects.filter(metric=metric)
    return events.get(unique_id=unique_id) if unique_id else events.get()


def test_shopify_order_created(story: Merchant) -> None:
    placed = event("shopify_order_created")

    assert (placed.metric_name, placed.unique_id, placed.occurred_at) == ("Tidings: ShopifyOrderCreated", "order:1", AT)
    assert placed.value is None
    assert placed.properties == {
        "OrderNumber": "#1",
        "OrderId": "1",
        "OrderCreatedAt": "2026-11-20T10:00:00+00:00",
        "ItemNames": ["Wool jumper", "Socks"],
        "Items": [JUMPER_ITEM, SOCKS_ITEM],
        "ItemCount": 3,
        "OrderTotal": 39.95,
        "Currency": "EUR",
        "OrderStatusUrl": "https://shop.example/orders/1",
        "StalledSettingsVersion": 0,
    }


def test_shipment_created(story: Merchant) -> None:
    created = event("shipment_created", "shipment:f1:created")

    assert (created.metric_name, created.occurred_at) == ("Tidings: ShipmentCreated", AT + HOUR)
    assert (created.tracking_number, created.subject) == ("1ZA", "order:1")
    assert created.properties == {
        "OrderNumber": "#1",
        "OrderId": "1",
        "ShipmentId": "f1",
        "TrackingNumber": "1ZA",
        "Carrier": "ups",
        "CarrierFriendly": "UPS",
        "ServiceLevel": "Ground",
        "Status": "unknown",
        "StatusAt": "2026-11-20T11:00:00+00:00",
        "ShippedAt": "2026-11-20T11:00:00+00:00",
        "TrackingUrl": page_of(),
        "DestinationCountry": "DE",
        "ShipmentIndex": 1,
        "ShipmentCount": 2,
        "ItemNames": ["Wool jumper"],
        "Items": [JUMPER_ITEM],
        "$extra": {"OtherShipments": [{"ShipmentId": "f2", "TrackingNumber": "1ZB", "Status": "unknown"}]},
    }


def test_shipment_update_received(story: Merchant) -> None:
    moved = event("shipment_update_received", f"shipment:f1:failure:{int((AT + 4 * HOUR).timestamp())}")

    assert (moved.metric_name, moved.occurred_at) == ("Tidings: ShipmentUpdateReceived", AT + 4 * HOUR)
    told = {name: moved.properties.get(name) for name in ("Status", "PreviousStatus", "Substatus", "StatusMessage")}
    assert told == {
        "Status": "failure",
        "PreviousStatus": "in_transit",
        "Substatus": "delivery_attempted",
        "StatusMessage": "Nobody home",
    }
    assert moved.properties["StatusAt"] == "2026-11-20T14:00:00+00:00"
    assert moved.properties["EstimatedDeliveryDate"] == "2026-11-23"
    assert moved.properties["CarrierTrackingUrl"] == "https://ups.example/1ZA"
    assert "DeliveredAt" not in moved.properties


def test_only_the_delivery_tells_when_it_arrived(story: Merchant) -> None:
    moved = event("shipment_update_received", f"shipment:f1:delivered:{int((AT + 6 * HOUR).timestamp())}")

    assert moved.properties["DeliveredAt"] == moved.properties["StatusAt"] == "2026-11-20T16:00:00+00:00"
    assert moved.properties["PreviousStatus"] == "failure"


def test_order_issue_created(story: Merchant) -> None:
    issue = event("order_issue_created")

    assert (issue.metric_name, issue.unique_id) == (
        "Tidings: OrderIssueCreated",
        "issue:ShipmentDeliveryAttempted:f1",
    )
    assert issue.occurred_at == AT + 4 * HOUR
    assert issue.properties == {
        "ProblemType": "ShipmentDeliveryAttempted",
        "OrderNumber": "#1",
        "OrderId": "1",
        "ShipmentId": "f1",
        "TrackingNumber": "1ZA",
        "Carrier": "UPS",
        "StalledSettingsVersion": 0,
        "TrackingUrl": page_of(),
        "AdminUrl": f"http://127.0.0.1:8000/m/{story.public_id}/why/?q=%231",
        "ItemNames": ["Wool jumper"],
        "Items": [JUMPER_ITEM],
    }


FOLLOWED = {"TrackingNumber": "1ZA", "Carrier": "ups"}
STATES: list[tuple[str, str, float, dict[str, Any]]] = [
    ("processing_order", "processing", 0, {}),
    ("order_shipped", "shipped", 1, FOLLOWED),
    (
        "order_delivered",
        "delivered",
        7,
        {"TrackingNumber": "1ZA", "Carrier": "UPS"},
    ),
    ("order_cancelled", "cancelled", 8, {}),
]


@pytest.mark.parametrize(("key", "state", "hours", "more"), STATES)
def test_order_status(story: Merchant, key: str, state: str, hours: float, more: dict[str, Any]) -> None:
    told = event(key)
    at = AT + hours * HOUR

    assert (told.metric_name, told.unique_id) == (catalog.metrics[key].name, f"order:1:{state}")
    assert told.occurred_at == at
    assert told.properties == {
        "OrderNumber": "#1",
        "OrderId": "1",
        "Status": state,
        "StatusAt": at.isoformat(),
        **more,
        **({"TrackingUrl": page_of()} if "Carrier" in more else {}),
    }


def test_names_are_whiplashs_own() -> None:
    names = [metric.name for metric in catalog.in_pack("order_status")]

    assert names == ["Processing order", "Order cancelled", "Order shipped", "Order delivered"]


SHIP = {
    *("OrderNumber", "OrderId", "ShipmentId", "TrackingNumber", "Carrier", "CarrierFriendly", "ServiceLevel", "Status"),
    *("Substatus", "StatusMessage", "StatusAt", "ShippedAt", "DeliveredAt", "EstimatedDeliveryDate"),
    *(
        "TrackingUrl",
        "CarrierTrackingUrl",
        "DestinationCountry",
        "ShipmentIndex",
        "ShipmentCount",
        "ItemNames",
        "Items",
        "$extra",
    ),
}
STATUS = {"OrderNumber", "OrderId", "Status", "StatusAt"}
ORDER = {"OrderNumber", "OrderId", "OrderCreatedAt", "ItemNames", "Items", "ItemCount", "OrderTotal", "Currency"}
PARCEL_PROFILE = {"LastOrderNumber", "LastShipmentStatus", "LastShipmentStatusAt", "LastTrackingUrl"}
STATUS_PROFILE = {"LastOrderNumber", "LastOrderStatus"}
PROMISED: dict[str, tuple[set[str], set[str]]] = {
    "shopify_order_created": (ORDER | {"OrderStatusUrl"}, {"LastOrderNumber", "LastOrderAt"}),
    "shipment_created": (SHIP, PARCEL_PROFILE),
    "shipment_update_received": (SHIP | {"PreviousStatus"}, PARCEL_PROFILE),
    "order_issue_created": (
        {"ProblemType", "OrderNumber", "OrderId", "ShipmentId", "TrackingNumber", "Carrier", "ItemNames", "Items"},
        {"OpenShipmentIssue", "OpenShipmentIssueAt"},
    ),
    "processing_order": (STATUS, STATUS_PROFILE),
    "order_cancelled": (STATUS, STATUS_PROFILE),
    "order_shipped": (STATUS | {"TrackingNumber", "Carrier", "TrackingUrl"}, STATUS_PROFILE),
    "order_delivered": (STATUS | {"TrackingNumber", "Carrier", "TrackingUrl"}, STATUS_PROFILE),
}


@pytest.mark.parametrize("key", PROMISED)
def test_at_least_what_was_promised_to_flows(key: str) -> None:
    properties, profile = PROMISED[key]

    assert properties <= {each.name for each in catalog.metrics[key].properties}
    assert profile <= {each.name for each in catalog.metrics[key].profile}


def test_what_is_built_is_as_the_schemas_say(story: Merchant) -> None:
    assert objections_to(Event.objects.all()) == []


def test_what_flows_can_segment_on_is_flat_and_everything_is_json(story: Merchant) -> None:
    for told in Event.objects.all():
        assert json.loads(json.dumps(told.properties)) == told.properties
        assert len(told.properties) <= 400
        nested = {name for name, value in told.properties.items() if isinstance(value, dict)}
        lists = {name for name, value in told.properties.items() if isinstance(value, list)}
        assert nested <= {"$extra"}
        assert lists <= {"Items", "ItemNames"}
        assert all(name[0].isupper() or name == "$extra" for name in told.properties)


@pytest.mark.parametrize(("word", "hours"), [("out_for_delivery", 12), ("in_transit", None), ("delivered", None)])
def test_out_for_delivery_is_news_for_half_a_day(merchant: Merchant, word: str, hours: int | None) -> None:
    order(merchant, fulfillments=(fulfillment(),))
    track(merchant, scan(word, 3))

    moved = event("shipment_update_received")

    assert moved.fresh_until == (None if hours is None else AT + timedelta(hours=3 + hours))


def test_what_is_not_shipped_yet_is_told_beside_the_parcel(merchant: Merchant) -> None:
    order(merchant, lines=(JUMPER, SOCKS), fulfillments=(fulfillment(items=(("11", 1),)),))

    assert event("shipment_created").properties["$extra"] == {"UnfulfilledItems": [SOCKS_ITEM]}


def test_an_order_of_which_little_is_known_tells_little(merchant: Merchant) -> None:
    order(merchant, lines=())

    assert event("shopify_order_created").properties == {
        "OrderNumber": "#1",
        "OrderId": "1",
        "OrderCreatedAt": "2026-11-20T10:00:00+00:00",
        "ItemCount": 0,
        "StalledSettingsVersion": 0,
    }
    assert objections_to(Event.objects.all()) == []
