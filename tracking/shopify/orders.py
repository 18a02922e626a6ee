"""Shopify's orders and refunds, as `OrderInput` and `RefundInput`.

An edit (`orders/edited`) carries only line ids and differences; `orders/updated` follows it with the whole order. So it
is not read at all.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tracking.inputs import FulfillmentInput, LineInput, OrderInput, RefundInput
from tracking.reading import Record
from tracking.shopify.customers import buyer
from tracking.shopify.fulfillments import read_fulfillment

CREATE = "orders/create"
CANCELLED = "orders/cancelled"

PAID_STATUSES = frozenset({"paid", "authorized", "partially_refunded"})
"""Financial statuses in which nothing stands against working on an order."""

_SHIPPED_BEFORE = "return"
_DEFAULT_VARIANT = "Default Title"


def parse_order(payload: Any, topic: str) -> OrderInput:
    """Read a message of a topic that carries a whole order. Raises `Malformed`."""
    order = Record(payload, topic)
    order_id = order.identifier("id")
    created_at = order.required_instant("created_at")
    updated_at = order.instant("updated_at") or created_at
    cancelled_at = _cancelled_at(order, topic, updated_at)
    total, net_value = _shop_money(order, "total_price"), _shop_money(order, "subtotal_price")
    country = order.child("shipping_address").country("country_code")
    return OrderInput(
        external_id=order_id,
        number=order.text("name") or order.text("order_number") or order_id,
        created_at=created_at,
        updated_at=updated_at,
        person=buyer(order),
        currency=_currency(order),
        total=total,
        net_value=net_value,
        net_refunded=_refunded(order, net_value),
        is_test=order.flag("test"),
        is_paid=order.text("financial_status").lower() in PAID_STATUSES or total == 0,
        cancelled_at=cancelled_at,
        cancel_reason=order.text("cancel_reason") if cancelled_at else "",
        status_url=order.link("order_status_url"),
        destination_country=country,
        locale=order.text("customer_locale"),
        lines=_lines(order),
        fulfillments=_fulfillments(order, order_id, country),
    )


def parse_refund(payload: Any, topic: str) -> RefundInput:
    """Read a message of the topic `refunds/create`. Raises `Malformed`.

    Units that come back after they were shipped (restock type "return") were no longer waited for: they are not among
    the removed. All other types take units off the order, "no_restock" too (Shopify's fulfillable quantity is then 0).
    """
    refund = Record(payload, topic)
    removed: dict[str, int] = {}
    for line in refund.children("refund_line_items"):
        if line.text("restock_type") != _SHIPPED_BEFORE:
            line_id = line.identifier("line_item_id")
            removed[line_id] = removed.get(line_id, 0) + (line.count("quantity") or 0)
    return RefundInput(
        external_id=refund.identifier("id"),
        order_external_id=refund.identifier("order_id"),
        created_at=refund.required_instant("created_at"),
        removed=tuple(removed.items()),
    )


def parse_deleted(payload: Any, topic: str) -> str:
    """Whose deletion a message of the topic `orders/delete` tells: its body is the id. Raises `Malformed`."""
    return Record(payload, topic).identifier("id")


def _cancelled_at(order: Record, topic: str, updated_at: datetime) -> datetime | None:
    """Topic and state decide together: a creation tells of no cancellation, even of an order that has one."""
    if topic == CREATE:
        return None
    return order.instant("cancelled_at") or (updated_at if topic == CANCELLED else None)


def _lines(order: Record) -> tuple[LineInput, ...]:
    """Each line once: a repeated id would be two rows for one thing."""
    lines = [_line(line) for line in order.children("line_items")]
    return tuple({line.external_id: line for line in lines}.values())


def _fulfillments(order: Record, order_id: str, country: str) -> tuple[FulfillmentInput, ...]:
    found = [read_fulfillment(each, order_id=order_id, country=country) for each in order.children("fulfillments")]
    return tuple({each.external_id: each for each in found}.values())


def _line(line: Record) -> LineInput:
    ordered, current = line.count("quantity"), line.count("current_quantity")
    if ordered is None:
        ordered = 1 if current is None else current
    variant = line.text("variant_title")
    return LineInput(
        external_id=line.identifier("id"),
        product_name=line.text("title") or line.text("name"),
        variant_name="" if variant == _DEFAULT_VARIANT else variant,
        sku=line.text("sku"),
        product_id=line.optional_identifier("product_id"),
        variant_id=line.optional_identifier("variant_id"),
        quantity=ordered if current is None else current,
        ordered=ordered,
        price=_shop_money(line, "price"),
        requires_shipping=line.flag("requires_shipping", default=True),
    )


def _shop_money(record: Record, name: str) -> Decimal | None:
    """An amount in the shop's currency; the buyer's (`presentment_money`) may be another one."""
    amount = record.money(name)
    return record.child(f"{name}_set").child("shop_money").money("amount") if amount is None else amount


def _refunded(order: Record, net_value: Decimal | None) -> Decimal | None:
    """What of the goods' price was refunded or edited away. An edit that adds goods makes up for what went."""
    left = _shop_money(order, "current_subtotal_price")
    return None if net_value is None or left is None else max(net_value - left, Decimal(0))


def _currency(order: Record) -> str:
    code = order.text("currency").upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else ""
