from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.sources import Malformed
from tracking.inputs import ParcelInput
from tracking.shopify.orders import parse_deleted, parse_order, parse_refund

FIXTURES = Path(__file__).parents[1] / "fixtures" / "shopify"
UPDATED = "orders/updated"


def load(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return payload


def test_ids_beyond_the_precision_of_a_float_stay_exact() -> None:
    order = parse_order(load("order"), UPDATED)

    assert order.external_id == "820982911946154508"
    assert [line.external_id for line in order.lines] == ["9007199254740993001", "9007199254740993002"]


def test_times_with_the_shops_offset_become_utc() -> None:
    order = parse_order(load("order"), UPDATED)

    assert order.created_at == datetime(2026, 10, 1, 13, 30, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 10, 2, 12, 20, 1, tzinfo=UTC)


def test_order_carries_name_total_currency_and_pages() -> None:
    order = parse_order(load("order"), UPDATED)

    assert (order.number, order.total, order.currency) == ("#1042", Decimal("601.50"), "USD")
    assert order.status_url == "https://outfitters.example/1/orders/ab12/authenticate?key=cd34"
    assert parse_order({**load("order"), "customer_locale": "en-CA"}, UPDATED).locale == "en-CA"
    assert order.destination_country == "CA"


def test_lines_say_what_is_still_ordered_and_what_was_ordered_first() -> None:
    tent, wrap = parse_order(load("order"), UPDATED).lines

    assert (tent.quantity, tent.ordered) == (2, 3)
    assert (wrap.quantity, wrap.ordered) == (1, 1)


def test_line_of_a_custom_item_has_no_product_and_no_variant() -> None:
    wrap = parse_order(load("order"), UPDATED).lines[1]

    assert (wrap.product_id, wrap.variant_id, wrap.sku, wrap.variant_name) == ("", "", "", "")
    assert wrap.requires_shipping is False


def test_line_price_is_in_the_shops_currency() -> None:
    tent = parse_order(load("order"), UPDATED).lines[0]

    assert tent.price == Decimal("199.00")
    assert (tent.product_name, tent.variant_name, tent.sku) == ("Canvas tent", "Green / 2 persons", "TENT-G2")


def test_line_price_is_read_from_the_set_where_the_plain_one_is_missing() -> None:
    payload = load("order")
    del payload["line_items"][0]["price"]

    assert parse_order(payload, UPDATED).lines[0].price == Decimal("199.00")


def test_line_without_current_quantity_counts_what_was_ordered() -> None:
    payload = load("order")
    del payload["line_items"][0]["current_quantity"]

    assert parse_order(payload, UPDATED).lines[0].quantity == 3


def test_repeated_line_is_taken_once() -> None:
    payload = load("order")
    payload["line_items"].append(payload["line_items"][0])

    assert len(parse_order(payload, UPDATED).lines) == 2


def test_fulfillments_inside_an_order_are_read_with_the_orders_country() -> None:
    (fulfillment,) = parse_order(load("order"), UPDATED).fulfillments

    assert fulfillment.order_external_id == "820982911946154508"
    assert fulfillment.destination_country == "CA"
    assert fulfillment.parcels[1] == ParcelInput(
        "1Z999AA10123456785", "https://www.ups.com/track?num=1Z999AA10123456785"
    )


def test_order_without_lines_customer_and_addresses_is_read() -> None:
    order = parse_order(load("order_guest"), "orders/create")

    assert (order.lines, order.fulfillments, order.person.has_identity) == ((), (), False)
    assert order.created_at == order.updated_at == datetime(2026, 10, 3, 18, 0, tzinfo=UTC)


def test_test_order_is_marked() -> None:
    assert parse_order({**load("order"), "test": True}, UPDATED).is_test is True


@pytest.mark.parametrize(
    ("topic", "cancelled_at", "expected"),
    [
        ("orders/create", "2026-10-02T00:00:00Z", None),
        ("orders/updated", "2026-10-02T00:00:00Z", datetime(2026, 10, 2, tzinfo=UTC)),
        ("orders/updated", None, None),
        ("orders/paid", "2026-10-02T00:00:00Z", datetime(2026, 10, 2, tzinfo=UTC)),
        ("orders/cancelled", "2026-10-02T00:00:00Z", datetime(2026, 10, 2, tzinfo=UTC)),
        ("orders/cancelled", None, datetime(2026, 10, 2, 12, 20, 1, tzinfo=UTC)),
    ],
)
def test_topic_and_state_decide_together_on_a_cancellation(
    topic: str, cancelled_at: str | None, expected: datetime | None
) -> None:
    order = parse_order({**load("order"), "cancelled_at": cancelled_at, "cancel_reason": "customer"}, topic)

    assert order.cancelled_at == expected
    assert order.cancel_reason == ("customer" if expected else "")


@pytest.mark.parametrize(
    ("financial_status", "total", "expected"),
    [
        ("paid", "10.00", True),
        ("authorized", "10.00", True),
        ("partially_refunded", "10.00", True),
        ("pending", "10.00", False),
        ("partially_paid", "10.00", False),
        ("refunded", "10.00", False),
        ("voided", "10.00", False),
        (None, "10.00", False),
        ("pending", "0.00", True),
    ],
)
def test_nothing_stands_against_an_order_that_is_paid_authorised_or_free(
    financial_status: str | None, total: str, expected: bool
) -> None:
    payload = {**load("order"), "financial_status": financial_status, "total_price": total}

    assert parse_order(payload, UPDATED).is_paid is expected


@pytest.mark.parametrize(
    "total", ["NaN", "Infinity", float("nan"), "1e99", "100000000000.00", "ten", True, None, [], {}]
)
def test_total_that_is_no_amount_is_unknown(total: Any) -> None:
    payload = load("order")
    del payload["total_price_set"]

    assert parse_order({**payload, "total_price": total}, UPDATED).total is None


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://a.example/ b", "ftp://a.example", "//a.example", 7])
def test_status_page_that_is_no_web_address_is_dropped(link: Any) -> None:
    assert parse_order({**load("order"), "order_status_url": link}, UPDATED).status_url == ""


@pytest.mark.parametrize("identifier", [None, "", "x", 0, -1, 1.5, True, 2**63, [], {}])
def test_order_without_a_usable_id_is_malformed(identifier: Any) -> None:
    with pytest.raises(Malformed, match=r"^orders/updated: id must be a whole number, got "):
        parse_order({**load("order"), "id": identifier}, UPDATED)


@pytest.mark.parametrize(
    "moment", [None, "", "yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", 1790000000]
)
def test_order_without_a_usable_creation_time_is_malformed(moment: Any) -> None:
    with pytest.raises(Malformed, match=r"^orders/updated: created_at must be a date and time"):
        parse_order({**load("order"), "created_at": moment}, UPDATED)


@pytest.mark.parametrize("quantity", ["x", -1, 1.5, True, 2**31, [], {}])
def test_complaint_about_a_quantity_names_its_line(quantity: Any) -> None:
    payload = load("order")
    payload["line_items"][1]["quantity"] = quantity

    with pytest.raises(Malformed, match=r"^orders/updated: line_items\[1\]\.quantity must be a whole number, got "):
        parse_order(payload, UPDATED)


@pytest.mark.parametrize("payload", [None, [], "x", 1])
def test_body_that_is_no_object_is_malformed(payload: Any) -> None:
    with pytest.raises(Malformed, match=r"^orders/create: the body must be an object, got "):
        parse_order(payload, "orders/create")


def test_refund_takes_off_what_was_not_shipped_before() -> None:
    refund = parse_refund(load("refund"), "refunds/create")

    assert refund.removed == (("9007199254740993001", 1), ("9007199254740993002", 1))
    assert (refund.external_id, refund.order_external_id) == ("890088186047892319", "820982911946154508")
    assert refund.created_at == datetime(2026, 10, 4, 14, 0, tzinfo=UTC)


def test_refund_adds_up_the_units_of_one_line() -> None:
    payload = load("refund")
    payload["refund_line_items"][1]["restock_type"] = "legacy_restock"

    assert parse_refund(payload, "refunds/create").removed[0] == ("9007199254740993001", 3)


def test_refund_of_money_only_takes_off_nothing() -> None:
    assert parse_refund({**load("refund"), "refund_line_items": []}, "refunds/create").removed == ()


def test_deleted_order_is_only_an_id() -> None:
    assert parse_deleted({"id": 820982911946154508}, "orders/delete") == "820982911946154508"


@pytest.mark.parametrize("total", ["99999999999.99", 601, 601.5, "0.00", "-5.00"])
def test_total_may_be_text_or_a_number(total: Any) -> None:
    assert parse_order({**load("order"), "total_price": total}, UPDATED).total == Decimal(str(total))
