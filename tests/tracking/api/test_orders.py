"""Orders that clients tell of: the same orders as the shop's, with the same events, whoever tells of them first."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import sources
from integrations.catalog import catalog
from integrations.models import Customer, Event, Merchant
from tests.support import rest as world
from tests.support.payloads import shopify_order
from tests.support.rest import AT, Rest, logged
from tests.tracking.telling import make_merchant, told
from tracking.api import examples
from tracking.models import STATUSES, Order, OrderLine

ADA: dict[str, Any] = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"}


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with every metric on."""
    return make_merchant(*(pack.key for pack in catalog.packs()))


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def new(external_id: str = "5001", **more: Any) -> dict[str, Any]:
    """A body for `POST /orders`."""
    return examples.NEW_ORDER | {"external_id": external_id, "number": f"#{external_id}", "customer": ADA} | more


def place(api: Rest, external_id: str = "5001", **more: Any) -> dict[str, Any]:
    answer = api.post("orders", new(external_id, **more))
    assert answer.status_code in (200, 201), answer.json()
    return dict(answer.json())


def test_an_order_is_kept_whole_and_told_as_it_is_kept(merchant: Merchant, api: Rest) -> None:
    answer = api.post("orders", examples.NEW_ORDER)

    customer = Customer.objects.get()
    written = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/v1/orders/5001")
    assert {name: written[name] for name in ("external_id", "number", "status", "total", "currency")} == {
        "external_id": "5001",
        "number": "#1001",
        "status": "processing",
        "total": "42.5",
        "currency": "EUR",
    }
    assert (customer.email, written["customer_id"]) == ("ada@example.com", str(customer.pk))
    assert written["placed_at"] == "2026-11-20T09:00:00Z"
    assert set(told("shopify_order_created", "processing_order")) == {"order:5001", "order:5001:processing"}
    assert written["event_ids"] == [str(key) for key in Event.objects.order_by("pk").values_list("pk", flat=True)]

    whole = api.get("orders/5001").json()
    assert {name: value for name, value in whole.items() if name in written} == {
        name: value for name, value in written.items() if name != "event_ids"
    }
    assert whole["lines"] == [examples.LINE]
    assert (whole["shipments"], whole["issues"], whole["stalled_policy_version"]) == ([], [], 0)


def from_shopify(merchant: Merchant) -> None:
    """A worker takes in what Shopify tells of the order 5001."""
    lines = [(11, "Wool jumper", 1)]
    payload = shopify_order(5001, at=AT, email="ada@example.com", lines=lines)
    sources.get("shopify").handle(merchant, "orders/create", payload, received_at=AT, at=AT)


@pytest.mark.parametrize("is_first", ["shopify", "rest"])
def test_the_same_order_told_by_shopify_and_by_a_client_is_one_order_with_one_event(
    merchant: Merchant, api: Rest, is_first: str
) -> None:
    tell = [lambda: from_shopify(merchant), lambda: place(api)]
    for each in tell if is_first == "shopify" else tell[::-1]:
        each()

    assert Order.objects.get().external_id == "5001"
    assert list(OrderLine.objects.values_list("external_id", "quantity")) == [("11", 1)]
    assert Customer.objects.count() == 1
    assert told("shopify_order_created", "processing_order") == ["order:5001", "order:5001:processing"]


def test_what_is_told_again_changes_nothing_and_is_answered_with_the_order(api: Rest) -> None:
    first = place(api)

    answer = api.post("orders", new())

    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert answer.json() == first | {"event_ids": []}


def test_what_is_older_than_what_is_known_changes_nothing(api: Rest) -> None:
    place(api, total="10", updated_at="2026-11-20T12:00:00Z")

    answer = place(api, total="99", lines=[], updated_at="2026-11-20T11:59:59Z")

    assert (answer["total"], answer["updated_at"]) == ("10", "2026-11-20T12:00:00Z")
    assert [line["quantity"] for line in api.get("orders/5001").json()["lines"]] == [1]


def test_a_line_that_is_not_told_any_more_is_not_ordered_any_more(api: Rest) -> None:
    socks = examples.NEW_LINE | {"external_id": "12", "quantity": 2, "price": None}
    place(api, lines=[examples.NEW_LINE, socks])

    place(api, lines=[examples.NEW_LINE], updated_at="2026-11-21T10:00:00Z")

    lines = api.get("orders/5001").json()["lines"]
    assert [(each["external_id"], each["quantity"], each["ordered"]) for each in lines] == [("11", 1, 1), ("12", 0, 2)]


def test_billing_and_cancelling_tell_of_it_once(api: Rest) -> None:
    place(api, is_billed=False)

    billed = [api.post("orders/5001/bill", {"billed_at": "2026-11-20T10:00:00Z"}).json() for _ in range(2)]
    cancelled = [api.post("orders/5001/cancel", examples.CANCELLATION).json() for _ in range(2)]

    assert [(each["status"], len(each["event_ids"])) for each in billed] == [("processing", 1), ("processing", 0)]
    assert billed[0]["processing_at"] == "2026-11-20T10:00:00Z"
    assert {each["status"] for each in cancelled} == {"cancelled"}
    assert (len(cancelled[0]["event_ids"]) > 0, cancelled[1]["event_ids"]) == (True, [])
    assert (cancelled[1]["cancelled_at"], cancelled[1]["cancel_reason"]) == ("2026-11-20T12:00:00Z", "customer")
    assert cancelled[1]["stalls_at"] is None
    assert told("processing_order", "order_cancelled") == ["order:5001:processing", "order:5001:cancelled"]


def test_a_cancelled_order_is_not_billed(api: Rest) -> None:
    place(api, is_billed=False, cancelled_at="2026-11-20T12:00:00Z")

    answer = api.post("orders/5001/bill")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert told("processing_order") == []


def test_fulfilling_makes_a_parcel_and_tells_that_the_order_was_shipped(api: Rest) -> None:
    place(api)

    answers = [api.post("orders/5001/fulfil", examples.FULFILMENT) for _ in range(2)]

    assert [(each.status_code, len(each.json()["event_ids"]) > 0) for each in answers] == [(201, True), (200, False)]
    assert answers[0].headers["Location"] == "/api/v1/shipments/S-1"
    assert told("shipment_created", "order_shipped") == ["shipment:S-1:created", "order:5001:shipped"]
    whole = api.get("orders/5001").json()
    assert (whole["status"], whole["shipped_at"]) == ("shipped", "2026-11-21T08:30:00Z")
    assert [(each["external_id"], each["items"]) for each in whole["shipments"]] == [
        ("S-1", [{"line_external_id": "11", "quantity": 1}])
    ]


def test_a_test_order_tells_nothing(api: Rest) -> None:
    assert place(api, is_test=True)["event_ids"] == []
    assert told() == []


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no id": ({"external_id": ""}, "/external_id", "blank"),
    "an id with a slash": ({"external_id": "2026/17"}, "/external_id", "no “/”"),
    "the word of an address": ({"external_id": "bulk"}, "/external_id", "bulk"),
    "a long id": ({"external_id": "1" * 65}, "/external_id", "64"),
    "an id that is a number": ({"external_id": 5001}, "/external_id", "text"),
    "a time without its offset": ({"placed_at": "2026-11-20T10:00:00"}, "/placed_at", "2026-11-20T10:00:00Z"),
    "a time of another world": ({"updated_at": "9999-12-31T23:59:59Z"}, "/updated_at", "1970"),
    "a currency": ({"currency": "eur"}, "/currency", "EUR"),
    "a country": ({"destination_country": "Germany"}, "/destination_country", "DE"),
    "an amount": ({"total": "1,50"}, "/total", "42.50"),
    "a negative amount": ({"total": -1}, "/total", "negative"),
    "an amount that is none": ({"total": True}, "/total", "42.50"),
    "a flag": ({"is_test": "yes"}, "/is_test", "true or false"),
    "an e-mail address": ({"customer": {"email": "ada"}}, "/customer/email", "can be mailed"),
    "a phone number": ({"customer": {"phone": "12"}}, "/customer/phone", "+4930"),
    "nobody": ({"customer": {"first_name": "Ada"}}, "/customer", "an email, a phone or an external_id"),
    "a link": ({"status_url": "javascript:alert(1)"}, "/status_url", "https://"),
    "a quantity": ({"lines": [examples.NEW_LINE | {"quantity": "2"}]}, "/lines/0/quantity", "whole number"),
    "a line twice": ({"lines": [examples.NEW_LINE] * 2}, "/lines/1/external_id", "once"),
    "a field of a line": ({"lines": [{**examples.NEW_LINE, "colour": 1}]}, "/lines/0/colour", "not known"),
    "no lines": ({"lines": None}, "/lines", "null"),
}


@pytest.mark.parametrize(("wrong", "pointer", "right"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named_with_what_would_be_right(
    api: Rest, wrong: dict[str, Any], pointer: str, right: str
) -> None:
    answer = api.post("orders", new() | wrong)

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, pointer)
    assert right in error["detail"]
    assert not Order.objects.exists()


def test_amounts_may_be_numbers_and_free_orders_are_worked_on(api: Rest) -> None:
    assert place(api, "1", total=42.5, is_billed=False)["total"] == "42.5"
    assert place(api, "2", total=0, is_billed=False)["status"] == "processing"


def test_a_request_with_a_key_is_done_once(api: Rest) -> None:
    answers = [api.post("orders", new(), Idempotency_Key="a-key") for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotency-Replayed"] == "true"


def test_of_many_the_good_ones_are_kept_and_the_bad_ones_named(api: Rest) -> None:
    place(api, "1")
    items = [new("1"), new("2"), new("3", total="much"), "4", new("5"), new("2")]

    answer = api.post("orders/bulk", {"items": items})

    body = answer.json()
    assert (answer.status_code, body["failed"]) == (200, 2)
    assert [each["status"] for each in body["results"]] == [200, 201, 422, 422, 201, 200]
    assert body["results"][2]["problem"]["errors"][0]["pointer"] == "/total"
    assert body["results"][4]["item"]["external_id"] == "5"
    assert sorted(Order.objects.values_list("external_id", flat=True)) == ["1", "2", "5"]
    assert sorted(told("shopify_order_created")) == ["order:1", "order:2", "order:5"]


def test_the_shoppers_page_and_its_language(merchant: Merchant, api: Rest, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://tidings.example"
    place(api, locale="de-AT")
    order = Order.objects.get()
    address = f"https://tidings.example/t/{order.page_token}/"
    refused = api.post("orders", new("5002", locale="Deutsch!"))

    assert api.get("orders/5001").json()["tracking_page_url"] == address
    assert api.get("orders", fields="locale,tracking_page_url").json()["items"] == [
        {"locale": "de-AT", "tracking_page_url": address}
    ]
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/locale")
    for token in ("", None):
        Order.objects.update(page_token=token)
        assert api.get("orders/5001").json()["tracking_page_url"] is None
    place(api, locale="")
    assert api.get("orders/5001").json()["locale"] == ""


def test_many_orders_cost_a_bounded_number_of_statements_each(api: Rest) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = api.post("orders/bulk", {"items": [new(str(number)) for number in range(100)]})

    assert answer.json()["failed"] == 0
    # Of a new order of a known shopper with all metrics on, savepoints included; PostgreSQL's mark for who follows is one more.
    # Two ask whether the shopper was erased, and one whether they are to be suppressed.
    assert len(queries) <= 100 * 22 + 10


FILTERS: dict[str, dict[str, Any]] = {
    "number": {"number": "wanted"},
    "number with #": {"number": "#WANTED"},
    "e-mail": {"email": "Bob@Example.com"},
    "placed": {"placed_after": "2026-11-20T10:00:00Z", "placed_before": "2026-11-20T11:00:00.000001+01:00"},
    "status": {"status": "cancelled"},
    "all at once": {"number": "#WANTED", "email": "bob@example.com", "status": "cancelled"},
}


@pytest.mark.parametrize("query", FILTERS.values(), ids=FILTERS.keys())
def test_a_filter_leaves_in_what_fits_and_no_more(api: Rest, query: dict[str, Any]) -> None:
    place(api, "before", placed_at="2026-11-20T09:59:59Z")
    place(api, "after", placed_at="2026-11-20T10:00:01Z")
    bob, cancelled_at = {"email": "bob@example.com"}, "2026-11-20T12:00:00Z"
    place(api, "x", number="#WANTED", placed_at="2026-11-20T10:00:00Z", customer=bob, cancelled_at=cancelled_at)

    assert [each["external_id"] for each in api.get("orders", **query).json()["items"]] == ["x"]


@pytest.mark.parametrize("status", STATUSES)
def test_orders_are_found_by_where_they_stand(api: Rest, status: str) -> None:
    for each in STATUSES:
        place(api, each, is_billed=False)
    api.post("orders/processing/bill")
    api.post("orders/cancelled/cancel")
    for each in ("shipped", "delivered"):
        api.post(f"orders/{each}/fulfil", examples.FULFILMENT | {"external_id": each})
    api.post("shipments/delivered/scans", {"scans": [{"status": "delivered", "occurred_at": "2026-11-23T10:00:00Z"}]})

    found = api.get("orders", status=status).json()["items"]

    assert [(each["external_id"], each["status"]) for each in found] == [(status, status)]


def test_pages_hold_every_order_once_and_cost_the_same(api: Rest) -> None:
    api.post("orders/bulk", {"items": [new(str(number)) for number in range(30)]})
    counts = []
    for limit in (3, 30):
        with CaptureQueriesContext(connection) as queries:
            page = api.get("orders", limit=limit, fields="external_id,number").json()
        counts.append(len(queries))
    walked = page["items"]
    page = api.get("orders", limit=7).json()
    found = page["items"]
    while page["next"]:
        page = api.get("orders", limit=7, cursor=page["next"]).json()
        found += page["items"]

    assert counts == [logged(2)] * 2
    assert [each["external_id"] for each in found] == [each["external_id"] for each in walked]
    assert sorted(int(each["external_id"]) for each in found) == list(range(30))
    assert set(walked[0]) == {"external_id", "number"}


def test_an_order_is_five_statements_whatever_it_holds(api: Rest) -> None:
    place(api, lines=[examples.NEW_LINE | {"external_id": str(number)} for number in range(20)])
    for number in range(3):
        api.post("orders/5001/fulfil", {"external_id": f"S-{number}"})
    with CaptureQueriesContext(connection) as queries:
        whole = api.get("orders/5001").json()

    assert (len(whole["lines"]), len(whole["shipments"]), len(queries)) == (20, 3, logged(5))


def test_an_id_with_a_hash_is_found_in_its_quoted_form(api: Rest) -> None:
    answer = api.post("orders", new("#10 01"))

    assert answer.headers["Location"] == "/api/v1/orders/%2310%2001"
    assert api.get("orders/%2310%2001").json()["external_id"] == "#10 01"


def test_another_merchants_order_is_not_found(api: Rest) -> None:
    place(api)
    other = world.rest(world.merchant("Bora"))

    assert [
        other.get("orders/5001").status_code,
        *(other.post(f"orders/5001/{what}", body).status_code for what, body in ACTIONS.items()),
    ] == [404] * 4
    assert other.get("orders").json()["items"] == []
    assert other.get("orders", email="ada@example.com").json()["items"] == []
    assert api.get("orders/5001").json()["status"] == "processing"


ACTIONS: dict[str, Any] = {"cancel": None, "bill": None, "fulfil": examples.FULFILMENT}
