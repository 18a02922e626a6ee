"""Members by the API: found, how they stand, and where their points came from and lie."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Customer, Event, Merchant
from integrations.people import PersonInput
from loyalty.models import Member
from loyalty.services import programmes
from tests.loyalty.telling import add, ann, merchant_with_programme, order
from tests.loyalty.telling_tiers import assign
from tests.support import rest as world
from tests.support.rest import Rest, logged
from tests.tracking.telling import AT, DAY

pytestmark = pytest.mark.django_db
BEN = PersonInput(email="ben@shopper.example", phone="+4930901820", external_id="8")


def statements(api: Rest, path: str) -> int:
    api.get(path)  # a process remembers the token for some seconds
    with CaptureQueriesContext(connection) as made:
        assert api.get(path).status_code == 200
    return len(made)


def test_how_a_member_stands(merchant: Merchant, api: Rest) -> None:
    programmes.change(merchant, by=None, at=AT - 100 * DAY, pending_days=14)
    order(merchant, "2", "40.50")
    add(merchant, 30, at=AT - 3 * DAY)

    told = api.get(f"members/{ann().pk}").json()

    member = Member.objects.get()
    assert told == {
        "customer_id": str(ann().pk),
        "status": "activated",
        "status_at": "2026-11-20T10:00:00Z",
        "source": "order",
        "balance": 110,
        "owed": 0,
        "balance_at": "2026-11-17T10:00:00Z",
        "tier": "silver",
        "tier_name": "Silver",
        "tier_since": "2026-11-20T10:00:00Z",
        "tier_expires_at": "2027-11-20T23:00:00Z",
        "birth_month": None,
        "registered_at": None,
        "joined_at": "2026-11-20T10:00:00Z",
        "pending": 40,
        "next_expiry": {"points": 30, "expires_at": "2027-11-17T23:00:00Z"},
        "currency": "EUR",
        "spent": "120.5",
        "next_tier": {"tier": "gold", "name": "Gold", "spend_needed": "379.5"},
    }
    assert member.balance == told["balance"]


def test_what_a_member_is_read_by_costs_the_same_however_much_it_is(merchant: Merchant, api: Rest) -> None:
    path = f"members/{ann().pk}"
    costs = [statements(api, path)]
    for _ in range(5):
        add(merchant, 10)
    costs.append(statements(api, path))

    # The request is counted; the member, lots, pending points, what was spent and the tiers are read.
    assert costs == [logged(6), logged(6)]


def test_members_are_found(merchant: Merchant, api: Rest) -> None:
    other = merchant_with_programme()
    order(other)
    order(merchant, "2", "600", person=BEN)
    ben = Customer.objects.get(merchant=merchant, email=BEN.email)
    theirs = Customer.objects.get(merchant=other)
    asked: list[tuple[dict[str, Any], int]] = [
        ({}, 2),
        ({"email": "BEN@shopper.example"}, 1),
        ({"phone": "+4930901820"}, 1),
        ({"external_id": "8"}, 1),
        ({"customer_id": ben.pk}, 1),
        ({"customer_id": theirs.pk}, 0),
        ({"tier": "gold"}, 1),
        ({"tier": "gold", "email": "ann@shopper.example"}, 0),
        ({"tier": "nosuch"}, 0),
    ]

    assert [len(api.get("members", **query).json()["items"]) for query, _ in asked] == [n for _, n in asked]
    assert api.get(f"members/{theirs.pk}").status_code == 404


@pytest.mark.parametrize("what", ["members", "ledger", "lots"])
def test_pages_go_through_all_of_it_and_cost_the_same(merchant: Merchant, api: Rest, what: str) -> None:
    ada = Customer.objects.get()
    for number in range(4):
        order(merchant, f"1{number}", "5")
        order(merchant, f"2{number}", "5", person=PersonInput(email=f"s{number}@shopper.example"))
    path = what if what == "members" else f"members/{ada.pk}/{what}"

    cost = statements(api, f"{path}?limit=2")
    page = api.get(path, limit=2).json()
    seen = list(page["items"])
    while page["next"]:
        page = api.get(path, limit=2, cursor=page["next"]).json()
        seen += page["items"]

    assert len({each.get("id") or each["customer_id"] for each in seen}) == len(seen) == 5
    assert cost == logged(2 if what == "members" else 3)


def test_what_runs_out_first_is_the_first_lot(merchant: Merchant, api: Rest) -> None:
    programmes.change(merchant, by=None, at=AT - 30 * DAY, expiry="never")
    forever = add(merchant, 20)
    programmes.change(merchant, by=None, at=AT - 20 * DAY, expiry="after_days", expiry_days=30)
    soon = add(merchant, 10)

    lots = api.get(f"members/{ann().pk}/lots").json()["items"]

    assert [(each["remaining"], each["expires_at"]) for each in lots] == [
        (10, "2026-12-20T23:00:00Z"),
        (80, "2027-11-20T23:00:00Z"),
        (20, None),
    ]
    assert [lots[0]["entry_id"], lots[2]["entry_id"]] == [str(soon.pk), str(forever.pk)]


def test_a_birth_month_is_kept(merchant: Merchant, api: Rest) -> None:
    path = f"members/{ann().pk}/birth-month"
    answers = [api.post(path, {"month": month}) for month in (3, 3, 4)]

    assert [(each.status_code, each.json()["birth_month"]) for each in answers] == [(200, 3), (200, 3), (200, 4)]
    assert api.post(path, {"month": 13}).json()["errors"][0]["pointer"] == "/month"
    assert Member.objects.get().birth_month == 4


def test_a_tier_by_hand_is_given_once(merchant: Merchant, api: Rest, time_machine: Any) -> None:
    path = f"members/{ann().pk}/tier"
    body = {"external_id": "T-1", "tier": "friends", "reason": "as promised", "until": "2026-11-24"}
    first = api.post(path, body)
    time_machine.move_to(AT + 10 * DAY)
    again = api.post(path, body)
    other = api.post(path, body | {"until": "2026-12-24"})
    unknown = api.post(path, body | {"external_id": "T-2", "tier": "diamond"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.json()["expires_at"] == "2026-11-24T23:00:00Z"
    assert [first.json()[name] for name in ("type", "from_tier", "to_tier", "external_id")] == [
        "manual_assign",
        "bronze",
        "friends",
        "T-1",
    ]
    assert "“warehouse”" in first.json()["actor"]
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert unknown.json()["errors"][0]["pointer"] == "/tier"
    assert "bronze, silver, gold, friends" in unknown.json()["detail"]


def test_whoever_is_no_member_is_not_found(merchant: Merchant, api: Rest) -> None:
    eve = Customer.objects.create(merchant=merchant, email="eve@example.com", created_at=AT)
    reads = [api.get(f"members/{eve.pk}{rest}") for rest in ("", "/ledger", "/lots", "/rewards")]
    writes = [
        api.post(f"members/{eve.pk}/adjustments", {"external_id": "1", "points": 1, "reason": "x"}),
        api.post(f"members/{eve.pk}/redemptions", {"external_id": "1", "points": 1}),
        api.post(f"members/{eve.pk}/redemptions/1/revert"),
        api.post(f"members/{eve.pk}/birth-month", {"month": 1}),
        api.post(f"members/{eve.pk}/tier", {"external_id": "1", "tier": "gold", "reason": "x"}),
    ]

    assert {(each.status_code, each.json()["code"]) for each in [*reads, *writes]} == {(404, "not_found")}


def test_a_tier_by_hand_is_told(merchant: Merchant, api: Rest) -> None:
    assign(merchant, "gold")
    api.post(f"members/{ann().pk}/tier", {"external_id": "T-9", "tier": "silver", "reason": "a mistake"})

    newest = Event.objects.filter(metric="tiers_updated").latest("pk")
    assert (newest.properties["Type"], newest.properties["TierId"]) == ("manual_assign", "silver")


def test_an_order_of_a_client_earns_by_its_net_value(merchant: Merchant, api: Rest) -> None:
    told = {
        "external_id": "9001",
        "number": "#9001",
        "placed_at": "2026-11-20T10:30:00Z",
        "customer": {"email": "dee@shopper.example"},
        "currency": "EUR",
        "total": "64.90",
        "is_billed": True,
        "lines": [],
    }
    api.post("orders", told | {"updated_at": "2026-11-20T10:30:00Z"})
    dee = Member.objects.get(customer__email="dee@shopper.example")
    assert dee.balance == 0

    earned = api.post("orders", told | {"net_value": "60", "updated_at": "2026-11-20T10:40:00Z"}).json()
    silent = api.post("orders", told | {"updated_at": "2026-11-20T10:45:00Z"}).json()
    refunded = api.post(
        "orders", told | {"net_value": "60", "net_refunded": "15", "updated_at": "2026-11-20T10:50:00Z"}
    ).json()
    wrong = api.post("orders", told | {"net_value": "60", "net_refunded": "60.01"})

    assert [(each["net_value"], each["net_refunded"]) for each in (earned, silent, refunded)] == [
        ("60", None),
        ("60", None),
        ("60", "15"),
    ]
    entries = api.get(f"members/{dee.customer_id}/ledger").json()["items"]
    assert [(each["points"], each["source"], each["order_external_id"]) for each in entries] == [
        (-15, "order_refund", "9001"),
        (60, "purchase", "9001"),
    ]
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/net_refunded")


def test_a_client_of_another_scope_neither_reads_nor_writes_points(merchant: Merchant) -> None:
    api = world.rest(merchant, ["orders:read", "orders:write", "loyalty:read"])
    path = f"members/{ann().pk}"

    assert api.get(path).status_code == 200
    assert api.post(f"{path}/redemptions", {"external_id": "1", "points": 1}).json()["code"] == "scope_missing"
