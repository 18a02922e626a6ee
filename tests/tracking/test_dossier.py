"""An order with its lines and parcels: what is to come, what has arrived, and what is in which parcel."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Merchant
from tests.tracking.telling import fulfillment, make_merchant, order
from tracking.dossier import Dossier, describe_items
from tracking.models import Order, OrderLine, Shipment

Items = list[tuple[str, int]]


def line(key: str, quantity: int = 1, *, ordered: int | None = None, requires_shipping: bool = True) -> OrderLine:
    """A line."""
    return OrderLine(
        external_id=key,
        product_name=key,
        quantity=quantity,
        ordered=quantity if ordered is None else ordered,
        requires_shipping=requires_shipping,
    )


def shipment(items: Items, status: str = "unknown", fulfillment_id: str = "f1") -> Shipment:
    """A parcel."""
    return Shipment(fulfillment_id=fulfillment_id, items=[list(item) for item in items], status=status)


def dossier(lines: list[OrderLine], *shipments: Shipment) -> Dossier:
    """An order that is in no database."""
    return Dossier(Order(), lines, list(shipments))


UNFULFILLED: list[tuple[str, list[OrderLine], list[Shipment], Items]] = [
    ("nothing shipped", [line("a"), line("b", 2)], [], [("a", 1), ("b", 2)]),
    ("one shipped", [line("a"), line("b", 2)], [shipment([("a", 1)])], [("b", 2)]),
    ("part of a line", [line("b", 3)], [shipment([("b", 1)]), shipment([("b", 1)], fulfillment_id="f2")], [("b", 1)]),
    ("more than ordered", [line("a")], [shipment([("a", 5)])], []),
    ("taken back", [line("a")], [shipment([("a", 1)], "cancelled")], [("a", 1)]),
    ("sent back", [line("a")], [shipment([("a", 1)], "return_to_sender")], []),
    ("removed by an edit", [line("a", 0, ordered=1)], [], []),
    ("not shipped at all", [line("a", requires_shipping=False)], [], []),
    ("of another order", [line("a")], [shipment([("x", 1)])], [("a", 1)]),
]


@pytest.mark.parametrize(
    ("lines", "shipments", "left"), [row[1:] for row in UNFULFILLED], ids=[row[0] for row in UNFULFILLED]
)
def test_what_is_still_to_be_shipped(lines: list[OrderLine], shipments: list[Shipment], left: Items) -> None:
    assert [(each.external_id, count) for each, count in dossier(lines, *shipments).unfulfilled] == left


DELIVERED = [
    ("no parcel", [], False),
    ("one that arrived", [shipment([("a", 1)], "delivered")], True),
    ("one on its way", [shipment([("a", 1)], "in_transit")], False),
    ("one of two", [shipment([("a", 1)], "delivered"), shipment([], "in_transit", "f2")], False),
    ("one taken back beside it", [shipment([("a", 1)], "cancelled"), shipment([("a", 1)], "delivered", "f2")], True),
    ("all taken back", [shipment([("a", 1)], "cancelled")], False),
    ("one sent back", [shipment([("a", 1)], "return_to_sender")], False),
    ("arrived, but something is left", [shipment([("x", 1)], "delivered")], False),
]


@pytest.mark.parametrize(
    ("shipments", "is_delivered"), [row[1:] for row in DELIVERED], ids=[row[0] for row in DELIVERED]
)
def test_everything_arrived(shipments: list[Shipment], is_delivered: bool) -> None:
    assert dossier([line("a")], *shipments).is_delivered is is_delivered


LINES = [line("a"), line("b", 0, ordered=2), line("gift card", requires_shipping=False)]
INSIDE: list[tuple[str, list[Shipment], Items]] = [
    ("what its fulfilment holds", [shipment([("a", 1)])], [("a", 1)]),
    ("what the fulfilment of several parcels holds", [shipment([]), shipment([("b", 2)])], [("b", 2)]),
    ("not what another fulfilment holds", [shipment([]), shipment([("b", 2)], "unknown", "f2")], [("a", 1), ("b", 2)]),
    ("everything, where nobody said", [shipment([])], [("a", 1), ("b", 2)]),
    ("only lines of the order", [shipment([("x", 1), ("a", 1)])], [("a", 1)]),
]


@pytest.mark.parametrize(("shipments", "inside"), [row[1:] for row in INSIDE], ids=[row[0] for row in INSIDE])
def test_what_is_in_a_parcel(shipments: list[Shipment], inside: Items) -> None:
    found = dossier(LINES, *shipments).lines_in(shipments[0])

    assert [(each.external_id, count) for each, count in found] == inside


def test_an_item_tells_what_is_known() -> None:
    known = OrderLine(
        product_name="Socks",
        sku="S",
        variant_name="Red",
        price=Decimal("1.10"),
        image_url="https://shop.example/s.jpg",
        product_url="https://shop.example/s",
    )

    assert describe_items([(known, 3), (OrderLine(product_name="Hat", price=Decimal(0)), 1)]) == [
        {
            "ProductName": "Socks",
            "SKU": "S",
            "VariantName": "Red",
            "Quantity": 3,
            "ItemPrice": 1.1,
            "RowTotal": 3.3,
            "ImageURL": "https://shop.example/s.jpg",
            "ProductURL": "https://shop.example/s",
        },
        {"ProductName": "Hat", "Quantity": 1, "ItemPrice": 0.0, "RowTotal": 0.0},
    ]
    assert describe_items([(OrderLine(product_name="Hat"), 1)]) == [{"ProductName": "Hat", "Quantity": 1}]


@pytest.mark.django_db
def test_reading_one_costs_two_queries() -> None:
    merchant: Merchant = make_merchant()
    order(merchant, fulfillments=(fulfillment(numbers=["1ZB", "1ZA"]),))

    with CaptureQueriesContext(connection) as queries:
        read = Dossier.of(Order.objects.get())

    assert len(queries) == 1 + 2
    assert [each.external_id for each in read.lines] == ["11", "12"]
    assert [each.tracking_number for each in read.shipments] == ["1ZB", "1ZA"]
