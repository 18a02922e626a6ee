"""The history as a list: whole, in order and without repeats whatever happens meanwhile, and what narrows it down."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.catalog import catalog
from integrations.models import AuditEntry, Customer, Delivery, DeliveryAttempt, Merchant
from tests.support import rest as world
from tests.support.rest import AT, Rest

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def merchant() -> Merchant:
    return world.merchant()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def walk(api: Rest, towards: str = "next", **query: Any) -> list[dict[str, Any]]:
    """Every page of the list, one after the other."""
    pages = [api.get("events", **query).json()]
    while pages[-1][towards]:
        pages.append(api.get("events", **{**query, "cursor": pages[-1][towards]}).json())
    return pages


def ids(pages: list[dict[str, Any]]) -> list[int]:
    return [int(item["id"]) for page in pages for item in page["items"]]


def test_an_event_is_told_as_it_was_recorded(merchant: Merchant, api: Rest) -> None:
    customer = Customer.objects.create(merchant=merchant, email="ada@example.com")
    at = AT.replace(microsecond=418201)
    [row] = world.events(
        merchant, [AT], customer=customer, recorded_at=at, value="42.50", value_currency="EUR", tracking_number="1Z"
    )

    [told] = api.get("events").json()["items"]

    assert told == {
        "id": str(row.pk),
        "metric": "shipment_created",
        "metric_name": "ShipmentCreated",
        "occurred_at": "2026-11-20T15:00:00Z",
        "recorded_at": "2026-11-20T15:00:00.418201Z",
        "customer_id": str(customer.pk),
        "order_number": "#0",
        "tracking_number": "1Z",
        "unique_id": "shipment:0",
        "value": "42.5",
        "value_currency": "EUR",
        "properties": {"Number": 0},
    }


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_hold_every_event_once_though_thousands_have_the_same_time(
    merchant: Merchant, api: Rest, order: str
) -> None:
    rows = world.events(merchant, [AT] * 3_000 + [AT + MINUTE, AT - MINUTE])
    expected = [row.pk for row in sorted(rows, key=lambda row: (row.occurred_at, row.pk), reverse=order == "desc")]

    there = walk(api, order=order, limit=700)
    back = walk(api, "previous", order=order, limit=700, cursor=there[-1]["previous"])

    assert ids(there) == expected
    assert ids(back[::-1]) == expected[: len(expected) - len(there[-1]["items"])]
    assert (there[0]["previous"], there[-1]["next"], back[-1]["previous"]) == (None, None, None)


def test_a_list_that_grows_meanwhile_neither_repeats_nor_leaves_out_what_was_there(
    merchant: Merchant, api: Rest
) -> None:
    world.events(merchant, [AT + number * MINUTE for number in range(20)])
    first = api.get("events", limit=10).json()

    newer = world.events(merchant, [AT + timedelta(days=1)] * 3)
    second = api.get("events", limit=10, cursor=first["next"]).json()
    before = api.get("events", limit=10, cursor=first["previous"] or second["previous"]).json()

    assert len({*ids([first, second])}) == 20
    assert ids([before]) == ids([first])
    assert before["previous"]
    assert ids([api.get("events", limit=10, cursor=before["previous"]).json()]) == [row.pk for row in newer[::-1]]


METRIC = catalog.in_pack("order_status")[0].key
FILTERS: dict[str, dict[str, Any]] = {
    "metric": {"metric": METRIC},
    "pack": {"pack": "order_status"},
    "e-mail": {"email": "Ada@Example.com"},
    "order number": {"order_number": "x-1"},
    "order number with #": {"order_number": "#X-1"},
    "tracking number": {"tracking_number": "1zwanted"},
    "occurred": {"occurred_after": "2026-11-20T16:00:00+01:00", "occurred_before": "2026-11-20T15:00:01Z"},
    "recorded": {"recorded_after": "2026-11-20T15:00:00Z", "recorded_before": "2026-11-20T15:00:00.000001Z"},
    "all at once": {"metric": METRIC, "email": "ada@example.com", "order_number": "X-1", "state": "sent"},
}


@pytest.mark.parametrize("query", FILTERS.values(), ids=FILTERS.keys())
def test_a_filter_leaves_in_what_fits_and_no_more(merchant: Merchant, api: Rest, query: dict[str, Any]) -> None:
    ada = Customer.objects.create(merchant=merchant, email="ada@example.com")
    bob = Customer.objects.create(merchant=merchant, email="bob@example.com")
    world.events(merchant, [AT - MINUTE, AT + MINUTE], customer=bob, tracking_number="1Z")
    [wanted] = world.events(
        merchant, [AT], metric=METRIC, customer=ada, order_number="#X-1", tracking_number="1ZWANTED", subject="order:x"
    )
    world.delivery(wanted, "sent")

    assert ids([api.get("events", **query).json()]) == [wanted.pk]
    assert ids([api.get("events", **query, customer_id=bob.pk).json()]) == []


@pytest.mark.parametrize("state", [*Delivery.State.values, "failed"])
def test_events_are_found_by_the_state_of_their_deliveries(merchant: Merchant, api: Rest, state: str) -> None:
    rows = world.events(merchant, [AT + number * MINUTE for number in range(len(Delivery.State.values))])
    for row, each in zip(rows, Delivery.State.values, strict=True):
        world.delivery(row, each)
    fitting = ("dead", "expired") if state == "failed" else (state,)

    found = ids([api.get("events", state=state, order="asc").json()])

    assert found == [row.pk for row, each in zip(rows, Delivery.State.values, strict=True) if each in fitting]


def test_only_the_fields_that_were_asked_for_are_there(merchant: Merchant, api: Rest) -> None:
    world.events(merchant, [AT, AT])

    page = api.get("events", fields="properties,id", limit=1).json()
    [item] = api.get("events", fields="metric", limit=1, cursor=page["next"]).json()["items"]

    assert list(page["items"][0]) == ["id", "properties"]
    assert item == {"metric": "shipment_created"}


def test_a_cursor_is_good_for_its_own_filters_and_order_only(merchant: Merchant, api: Rest) -> None:
    world.events(merchant, [AT, AT])
    cursor = api.get("events", limit=1).json()["next"]

    others: list[dict[str, Any]] = [{"order": "asc"}, {"metric": "shipment_created"}, {"state": "sent"}]
    tried = [api.get("events", cursor=cursor, **query) for query in others]
    tried += [api.get("events", cursor=each) for each in (cursor[:-1], "A" * len(cursor), "\u00e9", cursor + "=")]

    assert {(answer.status_code, answer.json()["code"]) for answer in tried} == {(400, "invalid_cursor")}
    assert api.get("events", cursor=cursor, limit=5, fields="id").status_code == 200


def test_wrong_parameters_are_named_with_what_would_be_right(api: Rest) -> None:
    answer = api.get("events", state="lost", limit="1001", colour="red", occurred_after="2026-11-20", pack="x")

    told = {each["parameter"]: each["detail"] for each in answer.json()["errors"]}
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert told.keys() == {"state", "limit", "colour", "occurred_after", "pack"}
    assert "known are metric, pack, customer_id" in told["colour"]
    assert "1 to 1000" in told["limit"]
    assert "2026-11-20T10:00:00Z" in told["occurred_after"]


def test_a_page_is_two_statements_and_what_is_known_is_not_sent_again(merchant: Merchant, api: Rest) -> None:
    world.events(merchant, [AT] * 150)
    first = api.get("events", customer_id=None)

    with CaptureQueriesContext(connection) as queries:
        again = api.get("events", headers={"If-None-Match": first.headers["ETag"]})
    # One counts the request. What PostgreSQL has prepared passes by Django's count.
    assert len(queries) == (0 if connection.vendor == "postgresql" else 2)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    world.events(merchant, [AT])
    assert api.get("events", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_head_is_get_without_its_body(merchant: Merchant, api: Rest) -> None:
    world.events(merchant, [AT])
    got, asked = api.get("events"), api.send("HEAD", "events")

    assert (asked.status_code, asked.content, asked.headers["ETag"]) == (200, b"", got.headers["ETag"])


def test_a_page_is_compressed_for_who_asks_and_is_known_again(merchant: Merchant, api: Rest) -> None:
    world.events(merchant, [AT] * 20)
    packed = api.get("events", headers={"Accept-Encoding": "gzip"})
    again = api.get("events", headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})

    assert gzip.decompress(packed.content) == api.get("events").content
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert again.status_code == 304


def test_an_event_comes_with_its_deliveries_and_every_request(merchant: Merchant, api: Rest) -> None:
    [row] = world.events(merchant, [AT])
    dead = world.delivery(row, "dead", error="Invalid email address")
    for number in range(2):
        DeliveryAttempt.objects.create(
            merchant=merchant,
            connection=dead.connection,
            delivery=dead,
            started_at=AT + number * MINUTE,
            duration_ms=80,
            status=500 - 100 * number,
            outcome="refused",
        )

    told = api.get(f"events/{row.pk}").json()

    [delivery] = told["deliveries"]
    assert (told["id"], delivery["state"], delivery["error"]) == (str(row.pk), "dead", "Invalid email address")
    assert [each["status"] for each in delivery["attempts"]] == [500, 400]
    assert api.get(f"events/{row.pk + 1}").status_code == 404


def test_what_failed_is_sent_again_and_the_trail_names_the_token(merchant: Merchant, api: Rest) -> None:
    [row] = world.events(merchant, [AT])
    dead = world.delivery(row, "dead")

    answers = [api.post(f"events/{row.pk}/resend") for _ in range(2)]

    assert [(each.status_code, each.json().get("resent")) for each in answers] == [(202, 1), (409, None)]
    assert Delivery.objects.get(pk=dead.pk).state == Delivery.State.PENDING
    assert "API token “warehouse” (tdg_live_" in AuditEntry.objects.get().actor
