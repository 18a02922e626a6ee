"""Returns and their items, as they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from integrations.models import Merchant
from returns.models import Return, ReturnItem
from tracking import money

RETURN_FIELDS = (
    "external_id",
    "order_external_id",
    "order_number",
    "waits_for",
    "customer_id",
    "status",
    "coverage",
    "delivery",
    "new_order_number",
    "currency",
    "value",
    "created_at",
    "approved_at",
    "in_transit_at",
    "received_at",
    "refunded_at",
    "closed_at",
    "expired_at",
    "declined_at",
    "cancelled_at",
    "expires_at",
    "updated_at",
    "recorded_at",
)
ITEM_FIELDS = (
    "external_id",
    "line_external_id",
    "quantity",
    "type",
    "coverage",
    "sku",
    "product_name",
    "variant_name",
    "new_sku",
    "new_product_name",
    "new_variant_name",
    "recorded_at",
)


def told_return(row: Return, fields: Iterable[str] = RETURN_FIELDS) -> dict[str, Any]:
    """A return."""
    derived = {
        "waits_for": row.waits_for or None,
        "customer_id": None if row.customer_id is None else str(row.customer_id),
        "updated_at": row.source_updated_at,
    }
    return {name: derived[name] if name in derived else getattr(row, name) for name in fields}


def whole_return(row: Return) -> dict[str, Any]:
    """A return with its items: one statement."""
    return told_return(row) | {
        "items": [item(each, row.currency) for each in items_of(row).order_by("recorded_at", "pk")]
    }


def item(row: ReturnItem, currency: str) -> dict[str, Any]:
    """An item of a return in that currency."""
    return {name: getattr(row, name) for name in ITEM_FIELDS} | {"value": money.major(row.value_minor, currency)}


def items_of(row: Return) -> Any:
    """The items of a return, to be read."""
    return ReturnItem.objects.for_merchant(row.merchant_id).filter(parent=row)


def return_of(merchant: Merchant, external_id: str) -> Return | None:
    """The return with that id: one statement."""
    return Return.objects.for_merchant(merchant).filter(external_id=external_id).first()
