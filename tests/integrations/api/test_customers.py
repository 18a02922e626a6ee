"""Shoppers: found, written and brought up to date as webhooks do it, and the log of what they do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Customer, CustomerExternalId, Delivery, Merchant
from tests.support import rest as world
from tests.support.rest import AT, Rest, logged

pytestmark = pytest.mark.django_db
ADA = {"email": "ada@example.com", "phone": "+4930901820", "external_id": "5932", "first_name": "Ada"}


@pytest.fixture
def merchant() -> Merchant:
    return world.merchant()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def test_a_customer_is_made_and_brought_up_to_date(api: Rest) -> None:
    made = api.post("customers", ADA | {"email": "ADA@example.com", "phone": "030 901820", "country": "DE"})
    again = api.post("customers", {"external_id": "5932", "last_name": "Byron", "first_name": "Augusta"})

    told = again.json()
    assert (made.status_code, again.status_code) == (200, 200)
    assert told == made.json() | {"first_name": "Augusta", "last_name": "Byron"}
    assert (told["email"], told["phone"], told["external_ids"]) == ("ada@example.com", "+4930901820", ["5932"])
    assert api.get(f"customers/{told['id']}").json() == told


def test_a_new_address_moves_what_was_not_sent_yet(merchant: Merchant, api: Rest) -> None:
    key = int(api.post("customers", ADA).json()["id"])
    [row] = world.events(merchant, [AT], customer=Customer.objects.get(pk=key))
    waiting = world.delivery(row, "pending")

    api.post("customers", {"external_id": "5932", "email": "ada@new.example"})

    assert Delivery.objects.get(pk=waiting.pk).identifier == "ada@new.example"


FINDING: dict[str, dict[str, Any]] = {
    "e-mail": {"email": "Ada@Example.com"},
    "phone": {"phone": "+4930901820"},
    "id in the shop": {"external_id": "5932"},
    "all": {"email": "ada@example.com", "phone": "+4930901820", "external_id": "5932"},
}


@pytest.mark.parametrize("query", FINDING.values(), ids=FINDING.keys())
def test_a_customer_is_found(api: Rest, query: dict[str, Any]) -> None:
    key = api.post("customers", ADA).json()["id"]
    api.post("customers", {"email": "bob@example.com"})

    assert [each["id"] for each in api.get("customers", **query).json()["items"]] == [key]
    assert [each["id"] for each in api.get("customers", **query, order="asc").json()["items"]] == [key]
    nobody = {name: value.replace("a", "x").replace("9", "8") for name, value in query.items()}
    assert api.get("customers", **nobody).json()["items"] == []


def test_an_address_that_is_none_finds_nobody(merchant: Merchant, api: Rest) -> None:
    Customer.objects.create(merchant=merchant, email="", phone="+4930901820")

    assert api.get("customers", email="x").json()["items"] == []
    assert api.get("customers", phone="x").json()["items"] == []


def test_pages_hold_every_customer_once_at_the_same_cost(merchant: Merchant, api: Rest) -> None:
    rows = Customer.objects.bulk_create(
        Customer(merchant=merchant, email=f"c{number}@example.com", created_at=AT) for number in range(25)
    )
    CustomerExternalId.objects.bulk_create(
        CustomerExternalId(merchant=merchant, customer=row, source="shop", external_id=str(row.pk)) for row in rows
    )
    api.get("customers")  # a process remembers the token for some seconds
    found, cursor, costs = [], None, []
    while True:
        with CaptureQueriesContext(connection) as queries:
            page = api.get("customers", limit=10, cursor=cursor).json()
        costs.append(len(queries))
        found += [int(each["id"]) for each in page["items"]]
        assert all(each["external_ids"] == [each["id"]] for each in page["items"])
        cursor = page["next"]
        if not cursor:
            break

    assert found == [row.pk for row in rows[::-1]]
    assert costs == [logged(3)] * 3


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"first_name": "Ada"}, ""),
        ({"external_id": "unknown"}, ""),
        ({"email": "ada"}, "/email"),
        ({"email": ""}, "/email"),
        ({"phone": "123"}, "/phone"),
        ({"phone": 4930901820}, "/phone"),
        ({"phone": "030 901820", "country": "germany"}, "/country"),
        ({"email": "ada@example.com", "consent": {}}, "/consent"),
    ],
)
def test_a_customer_whom_nobody_could_know_is_refused(api: Rest, body: dict[str, Any], pointer: str) -> None:
    answer = api.post("customers", body)

    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (422, [pointer])
    assert not Customer.objects.exists()


def test_many_customers_are_answered_one_by_one(api: Rest) -> None:
    told = api.post("customers/bulk", {"items": [ADA, {"email": "x"}, ADA | {"last_name": "Byron"}]}).json()

    assert [each["status"] for each in told["results"]] == [200, 422, 200]
    assert (told["failed"], Customer.objects.get().last_name) == (1, "Byron")


def consent(**values: Any) -> dict[str, Any]:
    return {
        "kind": "consent",
        "customer": {"email": "ada@example.com"},
        "occurred_at": AT.isoformat(),
        "details": {"channel": "email", "state": "subscribed"},
    } | values


def test_consent_is_kept_and_an_older_word_changes_nothing(api: Rest) -> None:
    first = api.post("activity", consent())
    older = consent(occurred_at=(AT - timedelta(days=1)).isoformat(), details={"channel": "email", "state": "pending"})
    again = api.post("activity", older)

    row = Customer.objects.get()
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == {
        "kind": "consent",
        "customer_id": str(row.pk),
        "note": f"email consent of customer {row.pk} is subscribed",
    }
    assert "nothing changed" in again.json()["note"]
    assert row.consent == {"email": {"state": "subscribed", "at": AT.isoformat()}}


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"kind": "page_view"}, "/kind"),
        ({"details": {}}, "/details/channel"),
        ({"details": {"channel": "email", "state": "yes"}}, "/details/state"),
        ({"customer": {"external_id": "unknown"}}, "/customer"),
        ({"occurred_at": (timezone.now() + timedelta(hours=1)).isoformat()}, "/occurred_at"),
    ],
)
def test_a_wrong_entry_is_refused_at_its_place(api: Rest, values: dict[str, Any], pointer: str) -> None:
    answer = api.post("activity", consent(**values))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not Customer.objects.exists()


def test_an_unknown_kind_is_told_the_known_ones(api: Rest) -> None:
    [error] = api.post("activity", consent(kind="page_view")).json()["errors"]

    assert error == {"pointer": "/kind", "detail": "must be one of consent"}
