"""Over the API: all data of a customer, and forgetting them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import customers, disclosure
from integrations.models import AuditEntry, Customer, DataRequest, Erasure, Merchant
from integrations.people import PersonInput
from tests.support.dump import dump
from tests.support.rest import Rest, delivery, events, merchant, rest
from tracking.models import Order

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
EVA = PersonInput(email="eva@shopper.example", external_id="7", first_name="Eva")


@pytest.fixture
def shop(db: None) -> Merchant:
    """A merchant."""
    return merchant()


@pytest.fixture
def client(shop: Merchant) -> Rest:
    """A client that may do everything."""
    return rest(shop)


def eva(of: Merchant, *, told: int = 3) -> Customer:
    """A customer with a history."""
    row = customers.resolve(of, EVA, at=AT)
    assert row
    for event in events(of, [AT] * told, customer=row):
        delivery(event, "sent", identifier=row.email)
    return row


def test_an_erasure_is_done_once_and_answers_the_same_again(shop: Merchant, client: Rest) -> None:
    shop.connections.update(erases_profiles=False)
    row = eva(shop)

    first = client.post(f"customers/{row.pk}/erasure", {}, Idempotency_Key="for eva@shopper.example")
    again = client.post(f"customers/{row.pk}/erasure", {"keep_profile": True})

    assert (first.status_code, again.json()) == (200, first.json())
    assert (first.json()["customer_id"], first.json()["emptied"]["events"]) == (str(row.pk), 3)
    assert Erasure.objects.get().actor.startswith("API token")
    assert EVA.email not in dump()
    assert list(AuditEntry.objects.values_list("what", flat=True)) == ["erased a shopper"]
    assert client.get(f"customers/{row.pk}").json()["status"] == "erased"


@pytest.mark.parametrize("keeps", [True, False])
def test_a_client_may_leave_the_profile_alone(shop: Merchant, client: Rest, keeps: bool) -> None:
    row = eva(shop)

    told = client.post(f"customers/{row.pk}/erasure", {"keep_profile": keeps}).json()

    assert told["is_passed_on"] is not keeps
    assert row.profile_changes.filter(kind="erase").exists() is not keeps


def test_a_customer_who_was_erased_is_not_made_anew_by_a_client(shop: Merchant, client: Rest) -> None:
    row = eva(shop)
    client.post(f"customers/{row.pk}/erasure", {})

    told = client.post("customers", {"email": EVA.email, "first_name": "Eva"}).json()

    assert (told["id"], told["status"], told["first_name"]) == (str(row.pk), "erased", "")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [("GET", "data", "privacy:read"), ("POST", "erasure", "privacy:write")],
)
def test_it_needs_a_scope_of_its_own_and_ones_own_customer(
    shop: Merchant, client: Rest, method: str, path: str, scope: str
) -> None:
    row, other = eva(shop), eva(merchant("Bora"))
    poor = rest(shop, {"customers:read", "customers:write"})

    refused = poor.send(method, f"customers/{row.pk}/{path}", {} if method == "POST" else None)
    missing = client.send(method, f"customers/{other.pk}/{path}", {} if method == "POST" else None)

    assert (refused.status_code, scope in refused.json()["detail"]) == (403, True)
    assert missing.status_code == 404
    assert not Erasure.objects.exists()


def document(client: Rest, row: Customer) -> dict[str, Any]:
    """All data of a customer."""
    answer = client.get(f"customers/{row.pk}/data")
    assert answer.status_code == 200
    told: dict[str, Any] = orjson.loads(b"".join(answer.streaming_content))
    return told


def test_all_data_is_one_document_which_answers_the_request(shop: Merchant, client: Rest) -> None:
    row = eva(shop)
    Order.objects.create(
        merchant=shop, customer=row, external_id="1", number="#1", placed_at=AT, source_updated_at=AT, recorded_at=AT
    )
    disclosure.requested(merchant=shop, person=EVA, at=AT)

    told = document(client, row)

    assert told["customer"]["ids"] == [{"source": "shop", "external_id": "7"}]
    assert [each["deliveries"][0]["identifier"] for each in told["events"]] == [EVA.email] * 3
    assert [each["number"] for each in told["orders"]] == ["#1"]
    assert DataRequest.objects.get().answered_by.startswith("API token")
    assert AuditEntry.objects.get().what == "fetched a shopper's data"


def test_what_a_document_costs_does_not_grow_with_its_rows(shop: Merchant, client: Rest) -> None:
    row, counted = eva(shop, told=2), []
    document(client, row)
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            document(client, row)
        counted.append(len(found))
        for event in events(shop, [AT] * 50, customer=row):
            delivery(event, "sent", identifier=row.email)

    assert counted[0] == counted[1]
