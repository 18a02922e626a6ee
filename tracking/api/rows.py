"""Orders, shipments and what belongs to them, as they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integrations.models import Merchant
from tracking.models import Issue, Order, OrderLine, Scan, Shipment
from tracking.page import links

ORDER_FIELDS = (
    "external_id",
    "number",
    "status",
    "customer_id",
    "currency",
    "total",
    "net_value",
    "net_refunded",
    "is_test",
    "status_url",
    "destination_country",
    "locale",
    "tracking_page_url",
    "placed_at",
    "processing_at",
    "billed_at",
    "completed_at",
    "scheduled_on",
    "shipped_at",
    "delivered_at",
    "cancelled_at",
    "cancel_reason",
    "stalls_at",
    "stalled_at",
    "updated_at",
    "recorded_at",
)
SHIPMENT_FIELDS = (
    "external_id",
    "order_external_id",
    "order_number",
    "tracking_number",
    "carrier",
    "service_level",
    "carrier_url",
    "destination_country",
    "items",
    "status",
    "substatus",
    "status_message",
    "status_at",
    "shipped_at",
    "delivered_at",
    "promised_on",
    "expected_on",
    "last_scan_at",
    "stalls_at",
    "stalled_at",
    "delays_at",
    "delayed_at",
    "early_at",
    "updated_at",
    "recorded_at",
)
LINE_FIELDS = (
    "external_id",
    "product_name",
    "variant_name",
    "sku",
    "product_id",
    "variant_id",
    "quantity",
    "ordered",
    "price",
    "requires_shipping",
    "image_url",
    "product_url",
    "categories",
)
SCAN_FIELDS = (
    "status",
    "substatus",
    "raw_status",
    "message",
    "occurred_at",
    "recorded_at",
    "city",
    "province",
    "country",
    "postal_code",
    "is_attempt",
    "is_transition",
)
ISSUE_FIELDS = ("problem", "occurred_at", "recorded_at", "still_since", "window_hours", "resolved_at")


def order(row: Order, fields: Iterable[str] = ORDER_FIELDS) -> dict[str, Any]:
    """An order."""
    derived = {
        "customer_id": None if row.customer_id is None else str(row.customer_id),
        "updated_at": row.source_updated_at,
        "locale": row.locale or "",
        "tracking_page_url": links.address(row.page_token) or None,
    }
    return _told(row, fields, derived)


def shipment(row: Shipment, fields: Iterable[str] = SHIPMENT_FIELDS) -> dict[str, Any]:
    """A shipment, with its order read already."""
    derived = {
        "order_external_id": row.order.external_id,
        "order_number": row.order.number,
        "items": [{"line_external_id": line, "quantity": quantity} for line, quantity in row.items],
        "updated_at": row.source_updated_at,
    }
    return _told(row, fields, derived)


def whole_order(row: Order) -> dict[str, Any]:
    """An order with its lines, shipments and issues: three statements."""
    lines = OrderLine.objects.for_merchant(row.merchant_id).filter(order=row).order_by("position", "pk")
    shipments = list(Shipment.objects.for_merchant(row.merchant_id).filter(order=row).order_by("pk"))
    ids = {each.pk: each.external_id for each in shipments}
    for each in shipments:
        each.order = row
    issues = Issue.objects.for_merchant(row.merchant_id).filter(order=row).order_by("occurred_at", "pk")
    return order(row) | {
        "stalled_policy_version": row.policy.version,
        "lines": [_told(each, LINE_FIELDS) for each in lines],
        "shipments": [shipment(each) for each in shipments],
        "issues": [_issue(each, ids.get(each.shipment_id or 0)) for each in issues],
    }


def whole_shipment(row: Shipment) -> dict[str, Any]:
    """A shipment, with its order read already, and its scans and issues: two statements."""
    scans = Scan.objects.for_merchant(row.merchant_id).filter(shipment=row).order_by("occurred_at", "pk")
    issues = Issue.objects.for_merchant(row.merchant_id).filter(shipment=row).order_by("occurred_at", "pk")
    return shipment(row) | {
        "scans": [_told(each, SCAN_FIELDS) for each in scans],
        "issues": [_issue(each, row.external_id) for each in issues],
    }


def order_of(merchant: Merchant, external_id: str) -> Order | None:
    """The order with that id, with the settings by which it is judged: one statement."""
    mine = Order.objects.for_merchant(merchant).select_related("stalled_policy")
    return mine.filter(external_id=external_id).first()


def shipment_of(merchant: Merchant, external_id: str) -> Shipment | None:
    """The shipment with that id, with its order: one statement."""
    mine = Shipment.objects.for_merchant(merchant).select_related("order")
    return mine.filter(external_id=external_id).first()


def _issue(row: Issue, shipment_external_id: str | None) -> dict[str, Any]:
    return {"shipment_external_id": shipment_external_id, **_told(row, ISSUE_FIELDS)}


def _told(row: Any, fields: Iterable[str], derived: dict[str, Any] | None = None) -> dict[str, Any]:
    derived = derived or {}
    return {name: derived[name] if name in derived else getattr(row, name) for name in fields}
