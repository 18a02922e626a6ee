"""What the properties of several metrics are read with, and the properties that they share."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from integrations.catalog import Property
from tracking import profile
from tracking.dossier import describe_items
from tracking.facts import OrderFact, ShipmentFact
from tracking.models import Shipment
from tracking.page import links

OUT_FOR_DELIVERY_FRESH_FOR = timedelta(hours=12)
"""A parcel that was out for delivery half a day ago is no news."""


ITEMS_EXAMPLE = [
    {
        "ProductName": "Wool jumper",
        "SKU": "WJ-BL-L",
        "VariantName": "Blue / L",
        "Quantity": 1,
        "ItemPrice": 89.5,
        "RowTotal": 89.5,
        "ImageURL": "https://shop.example/images/wool-jumper.jpg",
        "ProductURL": "https://shop.example/products/wool-jumper",
    },
]
"""The array `Items` of an example."""

ITEM_NAMES_EXAMPLE = ["Wool jumper"]
SHIPPED_AT_EXAMPLE = "2026-11-21T15:30:00+00:00"
CARRIER_URL_EXAMPLE = "https://www.ups.com/track?tracknum=1Z999AA10123456784"
TRACKING_PAGE_EXAMPLE = "https://tidings.example/t/Zk3vX9aPq1LrT7wYc2Ud8eHm/"


def item_names(items: list[dict[str, Any]]) -> list[str]:
    """The names of products in an array `Items`."""
    return [item["ProductName"] for item in items if "ProductName" in item]


def ordered(fact: OrderFact) -> list[dict[str, Any]]:
    """The array `Items` of what was ordered."""
    return describe_items((line, line.ordered) for line in fact.dossier.lines)


def packed(fact: ShipmentFact) -> list[dict[str, Any]]:
    """The array `Items` of what is in a parcel."""
    return describe_items(fact.dossier.lines_in(fact.shipment))


def page_of(fact: Any, parcel: Shipment | None) -> str | None:
    """Where the shopper can follow it: our page of the order; where the merchant took that back, the carrier's."""
    return links.address(fact.dossier.order.page_token) or (parcel.carrier_url if parcel else None)


def iso(moment: date | None) -> str | None:
    """An instant or a date in ISO 8601."""
    return moment.isoformat() if moment else None


ORDER_NUMBER: Property[Any] = Property(
    "OrderNumber", "string", "The order's name, e.g. #1001.", lambda f: f.order_number, example="#1001"
)
ORDER_ID: Property[Any] = Property(
    "OrderId",
    "string",
    "The order's id in the shop.",
    lambda f: f.dossier.order.external_id,
    example="5001",
    is_always_sent=True,
)
SHIPMENT_ID: Property[Any] = Property(
    "ShipmentId",
    "string",
    "The shipment's id, where a parcel is meant.",
    lambda f: f.shipment and f.shipment.external_id,
    example="7001",
)
TRACKING_NUMBER: Property[Any] = Property(
    "TrackingNumber",
    "string",
    "The carrier's number of the parcel.",
    lambda f: f.shipment and f.shipment.tracking_number,
    example="1Z999AA10123456784",
)
CARRIER: Property[Any] = Property(
    "Carrier",
    "string",
    "The carrier as the source names it.",
    lambda f: f.shipment and f.shipment.carrier,
    example="UPS",
)
TRACKING_URL: Property[Any] = Property(
    "TrackingUrl",
    "string",
    "The shopper's page of the order, with all its parcels.",
    lambda f: page_of(f, f.shipment),
    example=TRACKING_PAGE_EXAMPLE,
)

PARCEL_PROFILE = (
    profile.LAST_ORDER_NUMBER,
    profile.LAST_SHIPMENT_STATUS,
    profile.LAST_SHIPMENT_STATUS_AT,
    profile.LAST_TRACKING_URL,
)
