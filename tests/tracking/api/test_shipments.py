"""Parcels and scans that clients tell of: the same rows and events as those of shops and carriers."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import sources
from integrations.catalog import catalog
from integrations.models import Merchant
from tests.support import rest as world
from tests.support.payloads import shopify_fulfillment
from tests.support.rest import AT, Rest, logged
from tests.tracking.telling import make_merchant, told
from tracking.api import examples
from tracking.models import Scan, Shipment


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with every metric on."""
    return make_merchant(*(pack.key for pack in catalog.packs()))


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    """A client of that merchant, who has told of the order 5001."""
    made = world.rest(merchant)
    assert made.post("orders", examples.NEW_ORDER).status_code == 201
    return made


def new(external_id: str = "S-1", **more: Any) -> dict[str, Any]:
    """A body for `POST /shipments`."""
    return examples.NEW_SHIPMENT | {"external_id": external_id, "tracking_number": f"1Z{external_id}"} | more


def ship(api: Rest, external_id: str = "S-1", **more: Any) -> dict[str, Any]:
    answer = api.post("shipments", new(external_id, **more))
    assert answer.status_code in (200, 201), answer.json()
    return dict(answer.json())


def scan(api: Rest, status: str, occurred_at: str = "2026-11-22T10:00:00Z", **more: Any) -> dict[str, Any]:
    body = {"scans": [{"status": status, "occurred_at": occurred_at, **more}]}
    answer = api.post("shipments/S-1/scans", body)
    assert answer.status_code == 200, answer.json()
    return dict(answer.json())


def test_a_parcel_is_kept_whole_and_told_as_it_is_kept(api: Rest) -> None:
    answer = api.post("shipments", examples.NEW_SHIPMENT)

    written = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, "/api/v1/shipments/S-1")
    expected = {"order_number": "#1001", "tracking_number": "1Z999AA10123456784", "carrier": "UPS", "status": "unknown"}
    assert {name: written[name] for name in expected} == expected
    assert (written["shipped_at"], written["items"]) == ("2026-11-21T08:30:00Z", examples.SHIPMENT["items"])
    assert told("shipment_created", "order_shipped") == ["shipment:S-1:created", "order:5001:shipped"]
    assert api.get("orders/5001").json()["status"] == "shipped"


@pytest.mark.parametrize("is_first", ["shopify", "rest"])
def test_the_same_parcel_told_by_shopify_and_by_a_client_is_one_parcel_with_one_event(
    merchant: Merchant, api: Rest, is_first: str
) -> None:
    payload = shopify_fulfillment(900, 5001, at=AT, numbers=["1Z900"], items=[(11, 1)])
    tell = [
        lambda: sources.get("shopify").handle(merchant, "fulfillments/create", payload, received_at=AT, at=AT),
        lambda: ship(api, "900"),
    ]
    for each in tell if is_first == "shopify" else tell[::-1]:
        each()

    assert Shipment.objects.get().external_id == "900"
    assert told("shipment_created", "order_shipped") == ["shipment:900:created", "order:5001:shipped"]


def test_what_is_told_again_changes_nothing_and_what_is_new_is_taken(api: Rest) -> None:
    first = ship(api, tracking_number="")

    again = api.post("shipments", new(tracking_number=""))
    numbered = ship(api)

    assert (again.status_code, again.json()["event_ids"]) == (200, [])
    assert (first["tracking_number"], numbered["tracking_number"]) == ("", "1ZS-1")
    assert (numbered["shipped_at"], Shipment.objects.count()) == ("2026-11-21T08:30:00Z", 1)


def test_a_parcel_that_does_not_leave_after_all_is_cancelled(api: Rest) -> None:
    ship(api)

    assert ship(api, is_cancelled=True)["status"] == "cancelled"


def test_scans_move_the_parcel_on_and_tell_of_it(api: Rest) -> None:
    ship(api)

    answer = api.post("shipments/S-1/scans", examples.NEW_SCANS)

    assert (answer.json()["status"], answer.json()["expected_on"]) == ("out_for_delivery", "2026-11-23")
    assert len(told("shipment_update_received")) == 2
    whole = api.get("shipments/S-1").json()
    assert [(each["status"], each["city"], each["is_transition"]) for each in whole["scans"]] == [
        ("in_transit", "Berlin", True),
        ("out_for_delivery", "", True),
    ]
    assert scan(api, "delivered", "2026-11-23T10:00:00Z")["delivered_at"] == "2026-11-23T10:00:00Z"
    assert told("order_delivered") == ["order:5001:delivered"]


def test_a_scan_again_and_one_out_of_order_tell_nothing(api: Rest) -> None:
    ship(api)
    scan(api, "out_for_delivery")

    again = scan(api, "out_for_delivery")
    late = scan(api, "in_transit", "2026-11-22T09:00:00Z")

    assert [(each["status"], each["event_ids"]) for each in (again, late)] == [("out_for_delivery", [])] * 2
    assert list(Scan.objects.order_by("occurred_at").values_list("status", "is_transition")) == [
        ("in_transit", False),
        ("out_for_delivery", True),
    ]


def test_every_attempt_is_told_and_the_problem_once(api: Rest) -> None:
    ship(api)
    for day in (22, 23):
        scan(api, "failure", f"2026-11-{day}T10:00:00Z", substatus="delivery_attempted")

    whole = api.get("shipments/S-1").json()

    assert [(each["problem"], each["shipment_external_id"]) for each in whole["issues"]] == [
        ("ShipmentDeliveryAttempted", "S-1")
    ]
    assert api.get("orders/5001").json()["issues"] == whole["issues"]
    assert len(told("order_tracking_update")) == 3  # shipped, and two attempts
    assert len(told("order_issue_created")) == 1


def test_an_unknown_status_is_refused_with_those_there_are_and_none_of_the_scans_is_kept(api: Rest) -> None:
    ship(api)
    good = {"status": "in_transit", "occurred_at": "2026-11-22T10:00:00Z"}

    answer = api.post("shipments/S-1/scans", {"scans": [good, good | {"status": "on_its_way"}]})

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/scans/1/status")
    assert "in_transit, out_for_delivery" in error["detail"]
    assert not Scan.objects.exists()


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown order": ({"order_external_id": "5002"}, "/order_external_id", "tell of the order first"),
    "an unknown line": (
        {"items": [{"line_external_id": "12", "quantity": 1}]},
        "/items/0/line_external_id",
        "a line of the order: 11",
    ),
    "nothing of a line": (
        {"items": [{"line_external_id": "11", "quantity": 0}]},
        "/items/0/quantity",
        "greater than or equal to 1",
    ),
    "a line twice": (
        {"items": [{"line_external_id": "11", "quantity": 1}] * 2},
        "/items/1/line_external_id",
        "once",
    ),
}


@pytest.mark.parametrize(("wrong", "pointer", "right"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named_and_changes_nothing(api: Rest, wrong: dict[str, Any], pointer: str, right: str) -> None:
    answer = api.post("shipments", new(**wrong))

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, pointer)
    assert right in error["detail"]
    assert not Shipment.objects.exists()
    assert told("shipment_created") == []


def test_an_id_stays_with_its_order_and_its_fulfilment(merchant: Merchant, api: Rest) -> None:
    api.post("orders", examples.NEW_ORDER | {"external_id": "5002"})
    payload = shopify_fulfillment(900, 5001, at=AT, numbers=["1ZA", "1ZB"], items=[(11, 1)])
    sources.get("shopify").handle(merchant, "fulfillments/create", payload, received_at=AT, at=AT)

    others = api.post("shipments", new("900", order_external_id="5002"))
    further = api.post("shipments", new("900:1ZB"))

    assert [(each.status_code, each.json()["code"]) for each in (others, further)] == [(409, "conflict")] * 2
    assert "5001" in others.json()["detail"]
    assert sorted(Shipment.objects.values_list("external_id", flat=True)) == ["900", "900:1ZB"]


def test_a_parcel_whose_id_holds_a_slash_is_found_in_its_quoted_form(merchant: Merchant, api: Rest) -> None:
    payload = shopify_fulfillment(900, 5001, at=AT, numbers=["1ZA", "1Z/B 2"], items=[(11, 1)])
    sources.get("shopify").handle(merchant, "fulfillments/create", payload, received_at=AT, at=AT)

    assert api.get("shipments/900%3A1Z%2FB%202").json()["tracking_number"] == "1Z/B 2"
    scans = api.post("shipments/900%3A1Z%2FB%202/scans", examples.NEW_SCANS)
    assert (scans.status_code, scans.json()["status"]) == (200, "out_for_delivery")


def test_of_many_the_good_ones_are_kept_and_the_bad_ones_named(api: Rest) -> None:
    items = [new("1"), new("2", order_external_id="5002"), new("3", items=[{"line_external_id": "12", "quantity": 1}])]

    body = api.post("shipments/bulk", {"items": [*items, new("1")]}).json()

    assert (body["failed"], [each["status"] for each in body["results"]]) == (2, [201, 422, 422, 200])
    assert body["results"][1]["problem"]["errors"][0]["pointer"] == "/order_external_id"
    assert list(Shipment.objects.values_list("external_id", flat=True)) == ["1"]


FILTERS: dict[str, dict[str, Any]] = {
    "order": {"order_external_id": "5002"},
    "order number": {"order_number": "1002"},
    "tracking number": {"tracking_number": "1zwanted"},
    "shipped": {"shipped_after": "2026-11-22T10:00:00Z", "shipped_before": "2026-11-22T11:00:00.000001+01:00"},
    "status": {"status": "in_transit"},
    "all at once": {"order_external_id": "5002", "tracking_number": "1ZWANTED", "status": "in_transit"},
}


@pytest.mark.parametrize("query", FILTERS.values(), ids=FILTERS.keys())
def test_a_filter_leaves_in_what_fits_and_no_more(api: Rest, query: dict[str, Any]) -> None:
    api.post("orders", examples.NEW_ORDER | {"external_id": "5002", "number": "#1002"})
    ship(api, "before", shipped_at="2026-11-22T09:59:59Z")
    ship(api, "after", shipped_at="2026-11-22T10:00:01Z")
    wanted = {"order_external_id": "5002", "tracking_number": "1ZWANTED", "shipped_at": "2026-11-22T10:00:00Z"}
    ship(api, "S-1", **wanted)
    scan(api, "in_transit")

    assert [each["external_id"] for each in api.get("shipments", **query).json()["items"]] == ["S-1"]


def test_lists_and_single_parcels_cost_the_same_whatever_they_hold(api: Rest) -> None:
    api.post("shipments/bulk", {"items": [new(str(number)) for number in range(12)] + [new("S-1")]})
    for hour in range(10, 20):
        scan(api, "in_transit", f"2026-11-22T{hour}:00:00Z")
    counts = []
    for path, limit in (("shipments", 2), ("shipments", None), ("shipments/S-1", None)):
        with CaptureQueriesContext(connection) as queries:
            answer = api.get(path, limit=limit).json()
        counts.append(len(queries))

    assert counts == [logged(2), logged(2), logged(4)]
    assert len(answer["scans"]) == 10


def test_another_merchants_parcel_is_not_found(api: Rest) -> None:
    ship(api)
    other = world.rest(world.merchant("Bora"))
    tried = [
        other.get("shipments/S-1"),
        other.post("shipments/S-1/scans", examples.NEW_SCANS),
        other.post("shipments", new("S-2")),
    ]

    assert [each.status_code for each in tried] == [404, 404, 422]
    assert other.get("shipments").json()["items"] == []
    assert api.get("shipments/S-1").json()["scans"] == []
