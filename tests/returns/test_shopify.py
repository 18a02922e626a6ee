"""Shopify's returns: what each topic is read as, and what it leads to beside what orders make of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from integrations import sources
from integrations.models import Merchant
from integrations.sources import Handled, Malformed
from returns.inputs import ItemInput, RefundedInput
from returns.models import Return
from returns.shopify import parse_refunded, parse_removals, parse_return, parse_status
from tests.returns.telling import merchant_with_returns, order
from tests.support.messages import load
from tests.support.payloads import shopify_return
from tests.tracking.telling import AT, DAY, HOUR, told

RECEIVED_AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_a_request_names_lines_and_nothing_else() -> None:
    read = parse_return(load("shopify/return"), "returns/request", RECEIVED_AT)

    assert (read.external_id, read.order_external_id) == ("945000123", "820982911946154508")
    assert (read.created_at, read.updated_at, dict(read.reached)) == (RECEIVED_AT, RECEIVED_AT, {})
    assert read.items == (
        ItemInput("677614677", "466157049", quantity=1),
        ItemInput("677614678", "518995019", quantity=2),
    )


def test_an_approval_says_that_it_is_approved() -> None:
    read = parse_return(load("shopify/return"), "returns/approve", RECEIVED_AT)

    assert dict(read.reached) == {"approved": RECEIVED_AT}


NEW = {"id": 1, "line_item": {"id": 2, "sku": "WJ-BL-M", "title": "Wool jumper", "variant_title": "Blue / M"}}


@pytest.mark.parametrize(
    ("items", "exchanged", "expected"),
    [
        (1, [NEW], [("exchange", "WJ-BL-M", "Blue / M")]),
        (1, [{"id": 1, "line_item": None}], [("exchange", "", "")]),
        (1, [NEW, NEW], [("", "", "")]),
        (2, [NEW], [("", "", "")] * 2),
        (1, [], [("", "", "")]),
    ],
)
def test_what_is_exchanged_is_known_only_where_there_is_one_of_each(
    items: int, exchanged: list[Any], expected: list[Any]
) -> None:
    payload = shopify_return(items=[(31, 11, 1), (32, 12, 2)][:items], exchange_line_items=exchanged)

    read = parse_return(payload, "returns/approve", RECEIVED_AT)

    assert [(each.type, each.new_sku, each.new_variant_name) for each in read.items] == expected


def test_removals_are_named_by_their_ids_of_the_graphql_api() -> None:
    assert parse_removals(load("shopify/return_update"), "returns/update") == ("945000123", (("677614678", 1),))


@pytest.mark.parametrize("gid", ["", "123", "gid://shopify/Order/1", "gid://shopify/Return/0", None])
def test_an_update_of_nothing_is_malformed(gid: Any) -> None:
    with pytest.raises(Malformed, match="admin_graphql_api_id"):
        parse_removals({"admin_graphql_api_id": gid}, "returns/update")


def test_a_refund_names_its_return_or_the_lines_that_came_back() -> None:
    lines = [
        {"line_item_id": 11, "restock_type": "return"},
        {"line_item_id": 12, "restock_type": "cancel"},
    ]
    refund = {"id": 1, "order_id": 5, "created_at": "2026-11-24T09:00:00+01:00", "refund_line_items": lines}
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)

    assert parse_refunded(refund, "refunds/create") == RefundedInput("5", at, "", ("11",))
    named = refund | {"return": {"id": 945000123, "admin_graphql_api_id": "gid://shopify/Return/945000123"}}
    assert parse_refunded(named, "refunds/create").return_external_id == "945000123"


@pytest.mark.parametrize("payload", [{}, {"id": "x"}, {"id": None}, {"id": -1}, []])
def test_a_status_of_nothing_is_malformed(payload: Any) -> None:
    with pytest.raises(Malformed):
        parse_status(payload, "returns/close")


@pytest.fixture
def merchant(db: None) -> Merchant:
    return merchant_with_returns()


def hear(merchant: Merchant, topic: str, payload: Any, *, days: float = 2) -> Handled:
    """A worker handles a message that was received so many days after the order."""
    with transaction.atomic():
        return sources.get("shopify").handle(
            merchant, topic, payload, received_at=AT + days * DAY, at=AT + days * DAY + HOUR
        )


def status(topic: str) -> dict[str, Any]:
    return {"id": 7, "admin_graphql_api_id": "gid://shopify/Return/7", "order_id": 1, "status": topic}


def test_the_topics_of_a_return_one_after_the_other(merchant: Merchant) -> None:
    order(merchant)
    hear(merchant, "returns/request", shopify_return(7, 1))
    hear(merchant, "returns/approve", shopify_return(7, 1, status="open"), days=3)
    hear(merchant, "returns/close", status("closed"), days=4)
    hear(merchant, "returns/reopen", status("open"), days=5)
    assert Return.objects.get().status == "approved"
    refund = {"id": 9, "order_id": 1, "created_at": (AT + 6 * DAY).isoformat(), "return": {"id": 7}}
    handled = hear(merchant, "refunds/create", refund, days=6)
    hear(merchant, "returns/close", status("closed"), days=7)

    assert Return.objects.get().status == "closed"
    assert handled.note == "0 lines of #1 were reduced; return 7 is refunded"
    whole = ["return:7", "return:7:item:31", "return:7:item:32"]
    assert [each for each in told() if each.startswith("return")] == [
        *whole,
        "return:7:approved",
        "return:7:closed",
        "return:7:refunded",
    ]


@pytest.mark.parametrize("topic", ["returns/close", "returns/cancel", "returns/decline", "returns/reopen"])
def test_a_status_waits_for_its_return(merchant: Merchant, topic: str) -> None:
    assert hear(merchant, topic, status("x")).waits_for == "return:7"


def test_a_refund_of_nothing_that_was_sent_back_is_the_orders_only(merchant: Merchant) -> None:
    order(merchant)
    refund = {"id": 9, "order_id": 1, "created_at": (AT + DAY).isoformat(), "refund_line_items": []}

    assert hear(merchant, "refunds/create", refund).note == "0 lines of #1 were reduced"


def test_a_refund_before_its_order_waits_for_that_first(merchant: Merchant) -> None:
    refund = {"id": 9, "order_id": 1, "created_at": AT.isoformat(), "return": {"id": 7}}

    assert hear(merchant, "refunds/create", refund).waits_for == "order:1"
    order(merchant)
    assert hear(merchant, "refunds/create", refund).waits_for == "return:7"
