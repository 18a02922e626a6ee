"""Accounts that shoppers make: told once for each customer, whatever the shop's webhooks and clients repeat, in any order."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations import customers, inbound, sources
from integrations.models import Customer, Event, InboundMessage, Merchant
from integrations.people import PersonInput
from tests.support import rest as world
from tests.support.rest import Rest
from tests.tracking.telling import AT, DAY, HOUR, make_merchant
from tracking import profile

pytestmark = pytest.mark.django_db
ADA = {"id": 7, "email": "ada@shopper.example", "first_name": "Ada", "last_name": "Byron"}
MADE = AT + 3 * HOUR


@pytest.fixture
def merchant(db: None) -> Merchant:
    return make_merchant("returns_and_tracking")


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


_numbers = itertools.count(1)


def by_shopify(merchant: Merchant, topic: str = "customers/enable", **more: Any) -> None:
    """The shop tells of Ada, who was a guest since two days before she made the account."""
    said = ADA | {"created_at": (MADE - 2 * DAY).isoformat(), "updated_at": MADE.isoformat(), "state": "disabled"}
    shopify = sources.get("shopify")
    headers = {**shopify.headers_for(topic), "x-shopify-webhook-id": f"message {next(_numbers)}"}
    assert inbound.receive(merchant, shopify, json.dumps(said | more).encode(), headers, at=AT)
    inbound.handle_due(seconds=20, clock=lambda: AT + DAY)


def by_client(api: Rest, **more: Any) -> Any:
    said = {"customer": {"email": "ada@shopper.example", "external_id": "7"}, "occurred_at": MADE.isoformat()}
    return api.post("customer-accounts", said | more)


def told() -> list[tuple[str, Any, dict[str, Any]]]:
    return [(each.unique_id, each.occurred_at, each.properties) for each in Event.objects.order_by("pk")]


def test_an_account_that_the_shop_enables_is_as_old_as_the_change(merchant: Merchant) -> None:
    by_shopify(merchant)

    assert told() == [("account:7", MADE, {"CustomerId": "7", "Source": "shopify"})]
    assert Customer.objects.get().account_created_at == MADE
    read = profile.read(merchant.pk, {Customer.objects.get().pk}, {"AccountCreatedAt"})
    assert list(read.values()) == [{"AccountCreatedAt": MADE.isoformat()}]


def test_who_is_enabled_from_the_start_has_the_account_since_then(merchant: Merchant) -> None:
    by_shopify(merchant, "customers/create", state="enabled")

    assert told() == [("account:7", MADE - 2 * DAY, {"CustomerId": "7", "Source": "shopify"})]


@pytest.mark.parametrize(("topic", "state"), [("customers/create", "disabled"), ("customers/update", "enabled")])
def test_a_guest_has_none_and_an_update_tells_of_none(merchant: Merchant, topic: str, state: str) -> None:
    by_shopify(merchant, topic, state=state)

    assert told() == []
    assert Customer.objects.get().account_created_at is None


WORDS: dict[str, Any] = {
    "created": lambda merchant, api: by_shopify(merchant, "customers/create", state="enabled"),
    "enabled": lambda merchant, api: by_shopify(merchant),
    "enabled once more": lambda merchant, api: by_shopify(merchant, updated_at=(MADE + DAY).isoformat()),
    "client": lambda merchant, api: by_client(api),
}


@pytest.mark.parametrize("order", list(itertools.permutations(WORDS)))
def test_it_is_told_once_and_the_first_word_stays(merchant: Merchant, api: Rest, order: tuple[str, ...]) -> None:
    WORDS[order[0]](merchant, api)
    first = told()
    for word in order[1:]:
        WORDS[word](merchant, api)

    assert len(first) == 1
    assert told() == first
    assert Customer.objects.get().account_created_at == first[0][1]


def test_a_customer_who_gets_another_address_has_no_second_account(merchant: Merchant) -> None:
    by_shopify(merchant)
    customers.resolve(merchant, PersonInput(email="grace@shopper.example"), at=AT)
    by_shopify(merchant, email="grace@shopper.example")

    assert [each[0] for each in told()] == ["account:7"]


def test_an_account_of_nobody_waits_for_its_shopper(merchant: Merchant) -> None:
    by_shopify(merchant, email=None)
    assert (told(), InboundMessage.objects.get().state) == ([], "waiting")
    customers.resolve(merchant, PersonInput(email="ada@shopper.example", external_id="7"), at=AT)
    inbound.replay(InboundMessage.objects.all())
    inbound.handle_due(seconds=20, clock=lambda: AT + DAY)

    assert [each[0] for each in told()] == ["account:7"]


def test_a_client_tells_of_an_account(merchant: Merchant, api: Rest) -> None:
    made = by_client(api, source="Checkout")
    again = by_client(api, source="Checkout")

    row = Customer.objects.get()
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json() == {"customer_id": str(row.pk), "event_ids": [str(Event.objects.get().pk)]}
    assert again.json() == {"customer_id": str(row.pk), "event_ids": []}
    assert Event.objects.get().properties == {"CustomerId": "7", "Source": "Checkout"}
    assert api.get(f"customers/{row.pk}").json()["account_created_at"] == "2026-11-20T13:00:00Z"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no id of the account": ({"customer": {"email": "ada@shopper.example"}}, "/customer/external_id"),
    "nobody is known by it": ({"customer": {"external_id": "8"}}, "/customer"),
    "later than now": ({"occurred_at": (timezone.now() + timedelta(hours=1)).isoformat()}, "/occurred_at"),
}


@pytest.mark.parametrize(("change", "pointer"), REFUSED.values(), ids=REFUSED.keys())
def test_a_client_is_told_what_would_be_right(api: Rest, change: dict[str, Any], pointer: str) -> None:
    answer = by_client(api, **change)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert not Customer.objects.exists()
