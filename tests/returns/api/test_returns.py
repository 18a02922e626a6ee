"""Returns that clients tell of: the same returns as every other source's, with the same events, whoever tells of them first."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations import sources
from integrations.models import Event, Merchant
from returns import stages
from returns.api import examples
from returns.models import Return, ReturnItem
from tests.returns.telling import merchant_with_returns
from tests.support import rest as world
from tests.support.payloads import loop_return
from tests.support.rest import AT, Rest, logged
from tests.tracking.telling import told
from tracking.api import examples as orders


@pytest.fixture
def merchant(db: None) -> Merchant:
    return merchant_with_returns()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def place(api: Rest, external_id: str = "5001", **more: Any) -> None:
    """Tell of the order that is returned."""
    body = orders.NEW_ORDER | {"external_id": external_id, "number": f"#{external_id}"} | more
    assert api.post("orders", body).status_code == 201


def new(external_id: str = "R-77", **more: Any) -> dict[str, Any]:
    """A body for `POST /returns`."""
    return examples.NEW_RETURN | {"external_id": external_id} | more


def send_back(api: Rest, external_id: str = "R-77", **more: Any) -> dict[str, Any]:
    answer = api.post("returns", new(external_id, **more))
    assert answer.status_code in (200, 201), answer.json()
    return dict(answer.json())


def test_a_return_is_kept_whole_and_told_as_it_is_kept(api: Rest) -> None:
    assert api.post("orders", orders.NEW_ORDER).status_code == 201

    answer = api.post("returns", examples.NEW_RETURN)

    written = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/v1/returns/R-77")
    unlike = {"customer_id", "recorded_at", "event_ids"}
    assert written.keys() == examples.WRITTEN_RETURN.keys()
    assert {name: value for name, value in written.items() if name not in unlike} == {
        name: value for name, value in examples.RETURN.items() if name not in unlike
    }
    events = Event.objects.filter(unique_id__startswith="return:").order_by("pk")
    assert written["event_ids"] == [str(each.pk) for each in events]
    assert [(each.unique_id, str(each.value), each.value_currency) for each in events] == [
        ("return:R-77", "42.5000", "EUR"),
        ("return:R-77:item:1", "42.5000", "EUR"),
    ]

    whole = api.get("returns/R-77").json()
    assert {name: whole[name] for name in examples.RETURN} == {name: written[name] for name in examples.RETURN}
    assert [each | {"recorded_at": ""} for each in whole["items"]] == [examples.ITEM | {"recorded_at": ""}]
    assert api.get("returns/R-77/items").json()["items"] == whole["items"]


def test_a_return_may_come_before_its_order_and_says_so(api: Rest) -> None:
    early = send_back(api)
    assert (early["waits_for"], early["event_ids"], early["order_number"]) == ("order", [], "")
    assert [each["external_id"] for each in api.get("returns", waiting="yes").json()["items"]] == ["R-77"]

    place(api)

    found = api.get("returns/R-77").json()
    assert (found["waits_for"], found["order_number"]) == (None, "#5001")
    assert (api.get("returns", waiting="yes").json()["items"], told("return_created")) == ([], ["return:R-77"])


def from_loop(merchant: Merchant) -> None:
    """A worker takes in what Loop tells of the return 77."""
    payload = loop_return(77, 5001, at=AT, items=[(1, 11, "exchange")], currency="EUR")
    with transaction.atomic():
        sources.get("loop").handle(merchant, "return.created", payload, received_at=AT, at=AT)


@pytest.mark.parametrize("is_first", ["loop", "rest"])
def test_the_same_return_told_by_loop_and_by_a_client_is_one_return_with_one_event(
    merchant: Merchant, api: Rest, is_first: str
) -> None:
    place(api)
    tell = [lambda: from_loop(merchant), lambda: send_back(api, "77")]
    for each in tell if is_first == "loop" else tell[::-1]:
        each()

    assert (Return.objects.count(), ReturnItem.objects.count()) == (1, 1)
    assert told("return_created", "return_created_item") == ["return:77", "return:77:item:1"]


def test_what_is_told_again_changes_nothing_and_is_answered_with_the_return(api: Rest) -> None:
    place(api)
    first = send_back(api)

    answer = api.post("returns", new())

    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert answer.json() == first | {"event_ids": []}


def test_items_may_be_told_later(api: Rest) -> None:
    place(api)
    assert send_back(api, items=[])["waits_for"] == "items"

    first = api.post("returns/R-77/items", examples.NEW_ITEMS).json()
    more = examples.NEW_ITEM | {"external_id": "2", "quantity": None, "line_external_id": ""}
    second = api.post("returns/R-77/items", {"items": [more]}).json()

    assert (first["waits_for"], len(first["event_ids"]), len(second["event_ids"])) == (None, 2, 1)
    assert [each["quantity"] for each in api.get("returns/R-77").json()["items"]] == [1, 1]


@pytest.mark.parametrize("status", stages.REACHABLE)
def test_each_status_may_be_told_and_found(api: Rest, status: str) -> None:
    place(api)
    send_back(api, "other")
    written = send_back(api, **{f"{status}_at": "2026-11-26T10:00:00Z"})

    assert (written["status"], written[f"{status}_at"]) == (status, "2026-11-26T10:00:00Z")
    assert [each["external_id"] for each in api.get("returns", status=status).json()["items"]] == ["R-77"]


def test_a_return_of_another_order_is_a_conflict(api: Rest) -> None:
    place(api)
    place(api, "5002")
    send_back(api)

    answers = [
        api.post("returns", new(order_external_id="5002")),
        api.post("returns", new(currency="USD")),
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(409, "conflict")] * 2


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no id": ({"external_id": ""}, "/external_id", "blank"),
    "an id with a slash": ({"external_id": "1/2"}, "/external_id", "no “/”"),
    "no order": ({"order_external_id": None}, "/order_external_id", "null"),
    "a time without its offset": ({"created_at": "2026-11-20T10:00:00"}, "/created_at", "2026-11-20T10:00:00Z"),
    "a coverage": ({"coverage": "partly"}, "/coverage", "covered, not covered"),
    "a way": ({"delivery": "drone"}, "/delivery", "label, pickup, none"),
    "an amount": ({"value": "1,50"}, "/value", "42.50"),
    "a currency": ({"currency": "eur"}, "/currency", "EUR"),
    "a type": ({"items": [examples.NEW_ITEM | {"type": "cash"}]}, "/items/0/type", "refund, store_credit, exchange"),
    "a quantity": ({"items": [examples.NEW_ITEM | {"quantity": "2"}]}, "/items/0/quantity", "whole number"),
    "an item twice": ({"items": [examples.NEW_ITEM] * 2}, "/items/1/external_id", "once"),
    "a field": ({"colour": 1}, "/colour", "not known"),
}


@pytest.mark.parametrize(("wrong", "pointer", "right"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named_with_what_would_be_right(
    api: Rest, wrong: dict[str, Any], pointer: str, right: str
) -> None:
    answer = api.post("returns", new() | wrong)

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, pointer)
    assert right in error["detail"]
    assert not Return.objects.exists()


def test_a_request_with_a_key_is_done_once(api: Rest) -> None:
    answers = [api.post("returns", new(), Idempotency_Key="a-key") for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[1].headers["Idempotency-Replayed"] == "true"


def test_of_many_the_good_ones_are_kept_and_the_bad_ones_named(api: Rest) -> None:
    place(api)
    items = [new("1"), new("2", value="much"), "3", new("1"), new("4", order_external_id="none")]

    body = api.post("returns/bulk", {"items": items}).json()

    assert (body["failed"], [each["status"] for each in body["results"]]) == (2, [201, 422, 422, 200, 201])
    assert sorted(told("return_created")) == ["return:1"]


FILTERS: dict[str, dict[str, Any]] = {
    "order": {"order_external_id": "5002"},
    "number": {"order_number": "5002"},
    "e-mail": {"email": "Bob@Example.com"},
    "created": {"created_after": "2026-11-26T10:00:00Z", "created_before": "2026-11-26T10:00:01Z"},
    "status": {"status": "received"},
    "complete": {"waiting": "no", "status": "received"},
    "all at once": {"order_number": "#5002", "email": "bob@example.com", "status": "received"},
}


@pytest.mark.parametrize("query", FILTERS.values(), ids=FILTERS.keys())
def test_a_filter_leaves_in_what_fits_and_no_more(api: Rest, query: dict[str, Any]) -> None:
    place(api)
    place(api, "5002", customer={"email": "bob@example.com"})
    send_back(api, "before", created_at="2026-11-26T09:59:59Z")
    send_back(api, "after", created_at="2026-11-26T10:00:01Z")
    at = "2026-11-26T10:00:00Z"
    send_back(api, "x", order_external_id="5002", created_at=at, received_at=at)

    assert [each["external_id"] for each in api.get("returns", **query).json()["items"]] == ["x"]


def test_pages_hold_every_return_once_and_cost_the_same(api: Rest) -> None:
    place(api)
    api.post("returns/bulk", {"items": [new(str(number)) for number in range(20)]})
    counts = []
    for limit in (3, 20):
        with CaptureQueriesContext(connection) as queries:
            page = api.get("returns", limit=limit, fields="external_id,status").json()
        counts.append(len(queries))
    walked = [each["external_id"] for each in page["items"]]
    page = api.get("returns", limit=7).json()
    found = page["items"]
    while page["next"]:
        page = api.get("returns", limit=7, cursor=page["next"]).json()
        found += page["items"]

    assert counts == [logged(2)] * 2
    assert [each["external_id"] for each in found] == walked
    assert sorted(map(int, walked)) == list(range(20))


def test_pages_of_items_hold_every_item_once(api: Rest) -> None:
    place(api)
    items = [examples.NEW_ITEM | {"external_id": str(number)} for number in range(12)]
    send_back(api, items=items)
    with CaptureQueriesContext(connection) as queries:
        page = api.get("returns/R-77/items", limit=5).json()
    statements, found = len(queries), page["items"]
    while page["next"]:
        page = api.get("returns/R-77/items", limit=5, cursor=page["next"]).json()
        found += page["items"]

    assert statements == logged(3)
    assert [each["external_id"] for each in found] == [str(number) for number in range(12)]


def test_a_return_is_three_statements_whatever_it_holds(api: Rest) -> None:
    place(api)
    send_back(api, items=[examples.NEW_ITEM | {"external_id": str(number)} for number in range(20)])
    with CaptureQueriesContext(connection) as queries:
        whole = api.get("returns/R-77").json()

    assert (len(whole["items"]), len(queries)) == (20, logged(3))


def test_another_merchants_return_is_not_found(api: Rest) -> None:
    place(api)
    send_back(api)
    other = world.rest(world.merchant("Bora"))

    assert [
        other.get("returns/R-77").status_code,
        other.get("returns/R-77/items").status_code,
        other.post("returns/R-77/items", examples.NEW_ITEMS).status_code,
    ] == [404] * 3
    assert other.get("returns").json()["items"] == []
    assert other.get("returns", email="ada@example.com").json()["items"] == []
