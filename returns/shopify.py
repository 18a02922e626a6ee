"""Shopify's returns, and refunds as far as they are for returns: pure parsers, and what each topic leads to.

Its messages name an order's lines by their ids and carry no shopper, product or money, so a return is joined with its order.
They carry no time either: what they tell happened when they were received.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from integrations.sources import Handled
from returns import services, stages
from returns.inputs import ItemInput, RefundedInput, ReturnInput
from tracking.reading import Record
from tracking.shopify import source
from tracking.shopify.source import Message

STATUS_AFTER = {
    "returns/approve": stages.APPROVED,
    "returns/decline": stages.DECLINED,
    "returns/cancel": stages.CANCELLED,
    "returns/close": stages.CLOSED,
}
"""The status that a topic tells of."""

_GID = re.compile(r"gid://shopify/(?:Return|ReturnLineItem|UnverifiedReturnLineItem)/([1-9][0-9]{0,18})(?:\?.*)?")


def parse_return(payload: Any, topic: str, received_at: datetime) -> ReturnInput:
    """Read a message of a topic `returns/request` or `approve`, which carries the whole return. Raises `Malformed`."""
    message = Record(payload, topic)
    status = STATUS_AFTER.get(topic)
    exchanged = [each.child("line_item") for each in message.children("exchange_line_items")]
    items = [_item(line) for line in message.children("return_line_items")]
    return ReturnInput(
        external_id=message.identifier("id"),
        order_external_id=message.required_child("order").identifier("id"),
        created_at=received_at,
        updated_at=received_at,
        reached={status: received_at} if status else {},
        items=tuple(_exchanged({item.external_id: item for item in items}, exchanged)),
    )


def parse_status(payload: Any, topic: str) -> str:
    """Whose status a message of a topic `returns/decline`, `cancel`, `close` or `reopen` tells. Raises `Malformed`."""
    return Record(payload, topic).identifier("id")


def parse_removals(payload: Any, topic: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Read a message of the topic `returns/update`: (return's id, (item's id, units taken out)). Raises `Malformed`."""
    message = Record(payload, topic)
    removed: dict[str, int] = {}
    for each in message.child("return_line_items").children("removals"):
        item_id = _gid(each)
        removed[item_id] = removed.get(item_id, 0) + (each.count("delta") or 0)
    return message.optional_identifier("id") or _gid(message), tuple(removed.items())


def parse_refunded(payload: Any, topic: str) -> RefundedInput:
    """Read a message of the topic `refunds/create`. Raises `Malformed`.

    Only units that come back after they were shipped (restock type "return") can be those of a return that is not named.
    """
    refund = Record(payload, topic)
    lines = [line for line in refund.children("refund_line_items") if line.text("restock_type") == "return"]
    named = refund.child("return")
    return RefundedInput(
        order_external_id=refund.identifier("order_id"),
        at=refund.instant("processed_at") or refund.required_instant("created_at"),
        return_external_id=named.optional_identifier("id"),
        line_external_ids=tuple(line.identifier("line_item_id") for line in lines),
    )


def _item(line: Record) -> ItemInput:
    ordered = line.child("fulfillment_line_item").child("line_item")
    return ItemInput(
        external_id=line.identifier("id"),
        line_external_id=ordered.optional_identifier("id"),
        quantity=line.count("quantity"),
    )


def _exchanged(items: dict[str, ItemInput], exchanged: list[Record]) -> list[ItemInput]:
    """The items, each once. Which is exchanged for what is not said: it is known only where there is one of each."""
    found = list(items.values())
    if len(found) != 1 or len(exchanged) != 1:
        return found
    given, item = exchanged[0], found[0]
    return [
        ItemInput(
            external_id=item.external_id,
            line_external_id=item.line_external_id,
            quantity=item.quantity,
            type=stages.EXCHANGE,
            new_sku=given.text("sku"),
            new_product_name=given.text("title"),
            new_variant_name=given.text("variant_title"),
        )
    ]


def _gid(record: Record) -> str:
    """The number in an id of the GraphQL API. Raises `Malformed`."""
    found = _GID.fullmatch(record.required_text("admin_graphql_api_id"))
    if found is None:
        raise record.complaint("admin_graphql_api_id", "must be like gid://shopify/Return/123")
    return found[1]


def _return(message: Message) -> Handled:
    told = parse_return(message.payload, message.topic, message.received_at)
    return services.ingest_return(merchant=message.merchant, told=told, at=message.at)


def _status(message: Message) -> Handled:
    return services.move_return(
        merchant=message.merchant,
        return_external_id=parse_status(message.payload, message.topic),
        status=STATUS_AFTER[message.topic],
        when=message.received_at,
        at=message.at,
    )


def _reopened(message: Message) -> Handled:
    return services.reopen_return(
        merchant=message.merchant,
        return_external_id=parse_status(message.payload, message.topic),
        when=message.received_at,
        at=message.at,
    )


def _updated(message: Message) -> Handled:
    return_id, removed = parse_removals(message.payload, message.topic)
    return services.take_out_items(
        merchant=message.merchant, return_external_id=return_id, removed=removed, at=message.at
    )


def _refund(message: Message) -> Handled | None:
    told = parse_refunded(message.payload, message.topic)
    return services.refund(merchant=message.merchant, told=told, at=message.at)


def register() -> None:
    """Act on the topics of Shopify that tell of returns."""
    source.also("returns/request", _return)
    source.also("returns/approve", _return)
    source.also("returns/update", _updated)
    source.also("returns/decline", _status)
    source.also("returns/cancel", _status)
    source.also("returns/close", _status)
    source.also("returns/reopen", _reopened)
    source.also("refunds/create", _refund)
