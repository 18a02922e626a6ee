"""Profile properties that come of orders and parcels: the shopper's present state."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from tests.tracking.telling import AT, DAY, HOUR, fulfillment, make_merchant, order, page_of, scan, ship, track
from tracking import profile, stalled
from tracking.models import Order, Shipment

ORDER, SHIPMENT, ISSUE, _ = profile.PARTS
EVERYTHING = set().union(*(part.names for part in profile.PARTS))


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with every metric on."""
    return make_merchant()


def ann(merchant: Merchant) -> int:
    """The shopper's key."""
    return Customer.objects.get(merchant=merchant, email="ann@shopper.example").pk


def read(part: profile.Part, merchant: Merchant) -> dict[str, Any]:
    """What is told of the shopper."""
    return dict(profile.read(merchant.pk, {ann(merchant)}, part.names)[ann(merchant)])


def test_the_newest_order_and_where_it_stands(merchant: Merchant) -> None:
    order(merchant, key="1")
    order(merchant, key="2", is_paid=True)
    Order.objects.filter(external_id="1").update(placed_at=AT - DAY)

    assert read(ORDER, merchant) == {
        "LastOrderNumber": "#2",
        "LastOrderAt": "2026-11-20T10:00:00+00:00",
        "LastOrderStatus": "processing",
    }


@pytest.mark.parametrize(
    ("instants", "status"),
    [
        ({}, "placed"),
        ({"processing_at": AT}, "processing"),
        ({"processing_at": AT, "shipped_at": AT}, "shipped"),
        ({"processing_at": AT, "shipped_at": AT, "delivered_at": AT}, "delivered"),
        ({"processing_at": AT, "cancelled_at": AT}, "cancelled"),
        ({"delivered_at": AT, "cancelled_at": AT}, "cancelled"),
    ],
)
def test_where_an_order_stands(merchant: Merchant, instants: dict[str, Any], status: str) -> None:
    order(merchant)
    Order.objects.update(**instants)

    assert read(ORDER, merchant)["LastOrderStatus"] == status


def test_the_parcel_that_moved_last(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, key="f1", numbers=["1ZA"])
    ship(merchant, key="f2", numbers=["1ZB"])
    track(merchant, scan("in_transit", 5), number="1ZB", tracking_url="https://ups.example/1ZB")
    track(merchant, scan("delivered", 4), number="1ZA")

    assert read(SHIPMENT, merchant) == {
        "LastShipmentStatus": "in_transit",
        "LastShipmentStatusAt": "2026-11-20T15:00:00+00:00",
        "LastTrackingUrl": page_of(),
    }
    Order.objects.update(page_token="")
    assert read(SHIPMENT, merchant)["LastTrackingUrl"] == "https://ups.example/1ZB", "its page was taken back"


@pytest.mark.parametrize(
    ("words", "issue"),
    [
        (["failure"], ("ShipmentDeliveryAttempted", 2)),
        (["failure", "return_to_sender"], ("ShipmentReturnToSender", 3)),
        (["failure", "out_for_delivery"], ("ShipmentDeliveryAttempted", 2)),
        (["failure", "delivered"], None),
        (["in_transit"], None),
    ],
)
def test_an_issue_is_open_until_the_parcel_arrives(
    merchant: Merchant, words: list[str], issue: tuple[str, int] | None
) -> None:
    order(merchant, fulfillments=(fulfillment(),))
    track(merchant, *(scan(word, 2 + number) for number, word in enumerate(words)))

    expected = (
        {}
        if issue is None
        else {
            "OpenShipmentIssue": issue[0],
            "OpenShipmentIssueAt": (AT + issue[1] * HOUR).isoformat(),
        }
    )
    assert read(ISSUE, merchant) == expected


def test_an_order_that_stalled_is_an_open_issue_until_it_is_shipped(merchant: Merchant) -> None:
    order(merchant)
    due = Order.objects.get().stalls_at
    assert due
    stalled.sweep(at=due)
    assert read(ISSUE, merchant) == {"OpenShipmentIssue": "FulfillmentStalled", "OpenShipmentIssueAt": due.isoformat()}

    ship(merchant)

    assert read(ISSUE, merchant) == {}


def test_test_orders_are_nobodys_orders(merchant: Merchant) -> None:
    order(merchant, key="1")
    order(merchant, key="2", is_test=True)

    assert read(ORDER, merchant)["LastOrderNumber"] == "#1"


@pytest.mark.parametrize("part", [SHIPMENT, ISSUE], ids=["shipment", "issue"])
def test_parcels_of_test_orders_are_nobodys_parcels(merchant: Merchant, part: profile.Part) -> None:
    order(merchant, is_test=True, fulfillments=(fulfillment(scan=scan("failure", 2)),))
    assert Shipment.objects.get().status == "failure"

    assert read(part, merchant) == {}


def test_another_merchants_orders_are_not_read(merchant: Merchant) -> None:
    other = make_merchant()
    order(other, fulfillments=(fulfillment(scan=scan("failure", 2)),))
    Customer.objects.update(account_created_at=AT)

    assert profile.read(other.pk, {ann(other)}, EVERYTHING)[ann(other)].keys() == EVERYTHING
    assert profile.read(merchant.pk, {ann(other)}, EVERYTHING) == {}


@pytest.mark.parametrize("shoppers", [1, 5])
def test_any_number_of_shoppers_and_properties_is_one_query(merchant: Merchant, shoppers: int) -> None:
    for number in range(shoppers):
        key = str(number)
        shipped = (fulfillment(key=f"f{key}", numbers=[f"1Z{key}"], scan=scan("failure", 2)),)
        order(merchant, key=key, person=PersonInput(email=f"{key}@shopper.example"), fulfillments=shipped)
    asked = set(Customer.objects.values_list("pk", flat=True))

    with CaptureQueriesContext(connection) as queries:
        answers = profile.read(merchant.pk, asked, EVERYTHING)

    assert len(queries) == 1
    assert answers.keys() == asked
