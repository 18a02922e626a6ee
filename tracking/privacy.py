"""What orders and parcels hold of a shopper, and how it is emptied.

What stays is counted or looked up by late messages: numbers and ids, instants, states, amounts, countries. Addresses of pages go,
and texts that shops, carriers and warehouses wrote, which may name anybody: who signed, what was engraved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import F

from integrations.disclosure import in_pages, told, with_children
from integrations.models import Merchant
from integrations.privacy import Holding, register
from tracking.models import Follower, Order, OrderLine, Scan, Shipment, WishlistItem

LINE = ("external_id", "product_name", "variant_name", "sku", "quantity", "ordered", "price")
SCAN = ("occurred_at", "status", "substatus", "raw_status", "message", "city", "province", "country", "postal_code")


def _empty_orders(merchant: Merchant, customers: Sequence[int]) -> int:
    """The shopper's page is gone with it."""
    orders = Order.objects.for_merchant(merchant).filter(customer__in=customers)
    lines = OrderLine.objects.for_merchant(merchant).filter(order__in=orders.values("pk"))
    lines.update(product_name=F("sku"), variant_name="", image_url="", product_url="")
    return orders.update(status_url="", page_token="", cancel_reason="")


def _numbers(merchant: Merchant, customers: Sequence[int]) -> Iterator[str]:
    orders = Order.objects.for_merchant(merchant).filter(customer__in=customers)
    yield from orders.values_list("number", flat=True)


def _empty_shipments(merchant: Merchant, customers: Sequence[int]) -> int:
    """Where a parcel was seen last is where somebody lives."""
    shipments = Shipment.objects.for_merchant(merchant).filter(order__customer__in=customers)
    scans = Scan.objects.for_merchant(merchant).filter(shipment__in=shipments.values("pk"))
    scans.update(message="", city="", province="", postal_code="")
    return (
        Shipment.objects.for_merchant(merchant)
        .filter(pk__in=shipments.values("pk"))
        .update(carrier_url="", status_message="")
    )


WHEN = ("processing_at", "billed_at", "completed_at", "scheduled_on", "shipped_at", "delivered_at", "cancelled_at")


def _tell_orders(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each with its lines."""
    columns = ("placed_at", "external_id", "number", "currency", "total", "destination_country", "locale", "status_url")
    orders = Order.objects.for_merchant(merchant).filter(customer__in=customers)
    for page in in_pages(orders, *columns, *WHEN):
        lines = OrderLine.objects.for_merchant(merchant).filter(order__in=[row["pk"] for row in page])
        yield from with_children(page, "lines", lines.order_by("pk").values("order", *LINE))


def _tell_shipments(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each with its scans."""
    columns = ("shipped_at", "external_id", "order__number", "tracking_number", "carrier", "carrier_url", "status")
    parcels = Shipment.objects.for_merchant(merchant).filter(order__customer__in=customers)
    for page in in_pages(parcels, *columns, "status_message", "status_at", "delivered_at"):
        scans = Scan.objects.for_merchant(merchant).filter(shipment__in=[row["pk"] for row in page])
        yield from with_children(page, "scans", scans.order_by("occurred_at", "pk").values("shipment", *SCAN))


def _empty_wishes(merchant: Merchant, customers: Sequence[int]) -> int:
    """What somebody wished for is nothing without them."""
    return WishlistItem.objects.for_merchant(merchant).filter(customer__in=customers).delete()[0]


def _empty_following(merchant: Merchant, customers: Sequence[int]) -> int:
    """Nobody hears of an order any more."""
    return Follower.objects.for_merchant(merchant).filter(customer__in=customers).delete()[0]


def _tell_following(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    mine = Follower.objects.for_merchant(merchant).filter(customer__in=customers)
    return told(mine, "since", "order__number")


def _tell_wishes(merchant: Merchant, customers: Sequence[int]) -> Iterator[dict[str, Any]]:
    mine = WishlistItem.objects.for_merchant(merchant).filter(customer__in=customers)
    return told(mine, "added_at", "product_name", "variant_name", "sku", "product_url", "order_number")


register(
    Holding("orders", _empty_orders, _tell_orders, _numbers),
    Holding("shipments", _empty_shipments, _tell_shipments),
    Holding("wish_list", _empty_wishes, _tell_wishes),
    Holding("followed_orders", _empty_following, _tell_following),
)
