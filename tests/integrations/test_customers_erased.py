"""Shoppers are forgotten: nothing that names them stays, and what happened does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations import customers, inbound, sources
from integrations.catalog import catalog
from integrations.models import Connection, Customer, Delivery, DeliveryAttempt, Event, InboundMessage, Lane, Merchant
from integrations.people import PersonInput
from tests.support.dump import dump
from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_order

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CANARIES = ("canary", "Canarilla", "+4930901820")


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A launched merchant with every metric on."""
    made = Merchant.objects.create(name="Alba")
    connection = Connection.objects.create(
        merchant=made,
        enabled_metrics=list(catalog.metrics),
        launch_at=AT - 30 * DAY,
        launched_at=AT - 30 * DAY,
        erases_profiles=False,
    )
    Lane.objects.create(merchant=made, connection=connection)
    return made


def hear(merchant: Merchant, source: str, topic: str, payload: Any, at: datetime = AT) -> None:
    """A message comes in and is handled."""
    kind = sources.get(source)
    inbound.receive(merchant, kind, json.dumps(payload).encode(), kind.headers_for(topic), at=at)
    inbound.handle_due(seconds=10, clock=lambda: at)


def canary_order(order_id: int = 1, **more: Any) -> dict[str, Any]:
    """An order of the shopper who is to be forgotten."""
    person = {"id": 7, "email": "canary@shopper.example", "first_name": "Ann", "last_name": "Canarilla"}
    return shopify_order(order_id, at=AT, email="canary@shopper.example", customer=person, phone="+4930901820", **more)


def redact(merchant: Merchant, **customer: Any) -> None:
    """The shop asks to forget the shopper."""
    payload = {
        "shop_domain": "alba.myshopify.com",
        "customer": customer or {"id": 7, "email": "canary@shopper.example"},
    }
    hear(merchant, "shopify", "customers/redact", payload, AT + DAY)


def traces() -> list[str]:
    """Lines of the database in which the shopper can still be found; the redaction's own message is not looked at."""
    InboundMessage.objects.filter(topic="customers/redact").delete()
    return [line for line in dump().splitlines() if any(canary in line for canary in CANARIES)]


def test_erasing_leaves_nothing_of_orders_and_customers(merchant: Merchant) -> None:
    hear(merchant, "shopify", "orders/create", canary_order())
    hear(merchant, "shopify", "orders/updated", canary_order(updated_at=AT + HOUR))
    assert traces()

    redact(merchant)

    assert traces() == []
    assert Customer.objects.get().status == "erased"
    assert Delivery.objects.filter(state="pending").count() == 0


def test_erasing_keeps_what_happened_and_sends_nothing_more(merchant: Merchant) -> None:
    hear(merchant, "shopify", "orders/create", canary_order())
    told = Event.objects.count()

    redact(merchant)

    assert (Event.objects.count(), told) == (told, 6)
    assert set(Delivery.objects.values_list("state", "reason", "settled_at")) == {("skipped", "erased", AT + DAY)}


def test_erasing_clears_what_was_sent_of_its_identifier(merchant: Merchant) -> None:
    hear(merchant, "shopify", "orders/create", canary_order())
    Delivery.objects.update(state="dead", error="canary@shopper.example is no address")

    redact(merchant)

    assert set(Delivery.objects.values_list("state", "identifier", "error")) == {("dead", "", "")}


def test_erasing_nobody_erases_nobody(merchant: Merchant) -> None:
    hear(merchant, "shopify", "orders/create", canary_order())

    redact(merchant, id=8, email="bob@shopper.example")

    assert Customer.objects.get().email == "canary@shopper.example"


def test_an_erased_shopper_is_known_by_the_shops_id_and_stays_nobody(merchant: Merchant) -> None:
    hear(merchant, "shopify", "orders/create", canary_order())
    redact(merchant)

    known = customers.resolve(merchant, PersonInput(external_id="7", last_name="Canarilla"), at=AT)

    assert known
    assert (known.status, Customer.objects.count(), traces()) == ("erased", 1, [])


@pytest.mark.parametrize(
    ("source", "topic", "payload"),
    [
        (
            "shopify",
            "customers/update",
            {"id": 7, "email": "canary@shopper.example", "first_name": "Ann", "created_at": AT.isoformat()},
        ),
        (
            "shopify",
            "customers_email_marketing_consent/update",
            {
                "customer_id": 7,
                "email_address": "canary@shopper.example",
                "email_marketing_consent": {"state": "subscribed", "consent_updated_at": AT.isoformat()},
            },
        ),
        ("easypost", "tracker.updated", easypost_tracker([("delivered", AT)], message="Signed by CANARILLA Canarilla")),
        ("shopify", "orders/updated", canary_order(number="#1002")),
        ("shopify", "orders/updated", {"id": "malformed", "email": "canary@shopper.example"}),
    ],
    ids=["customer", "consent", "parcel", "renamed order", "failed"],
)
def test_erasing_leaves_no_message_that_names_the_shopper(
    merchant: Merchant, source: str, topic: str, payload: dict[str, Any]
) -> None:
    hear(merchant, "shopify", "orders/create", canary_order())
    hear(merchant, "shopify", "fulfillments/create", shopify_fulfillment(order_id=1, at=AT))
    hear(merchant, source, topic, payload)

    redact(merchant)

    bodies = [
        bytes(body).decode() for body in InboundMessage.objects.filter(topic=topic).values_list("body", flat=True)
    ]
    assert bodies
    assert not [body for body in bodies if any(canary in body for canary in CANARIES)]


def test_the_request_to_forget_is_itself_forgotten(merchant: Merchant) -> None:
    hear(merchant, "shopify", "orders/create", canary_order())

    redact(merchant)

    assert "canary" not in bytes(InboundMessage.objects.get(topic="customers/redact").body).decode()


def test_erasing_finds_the_messages_of_orders_that_no_metric_tells_of(merchant: Merchant) -> None:
    Connection.objects.update(enabled_metrics=[])
    hear(merchant, "shopify", "orders/create", canary_order())

    redact(merchant)

    assert traces() == []


def test_erasing_leaves_no_words_of_the_destination(merchant: Merchant) -> None:
    hear(merchant, "shopify", "orders/create", canary_order())
    delivery = Delivery.objects.first()
    assert delivery
    words = "canary@shopper.example is not a valid address"
    Lane.objects.update(last_error=words)
    DeliveryAttempt.objects.create(
        merchant=merchant,
        connection=delivery.connection,
        delivery=delivery,
        started_at=AT,
        duration_ms=1,
        status=400,
        outcome="refused",
        error=words,
    )

    redact(merchant)

    assert traces() == []


def test_erasing_finds_every_row_of_the_same_person(merchant: Merchant) -> None:
    for person in (
        PersonInput(phone="+4930901820", last_name="Canarilla"),
        PersonInput(email="canary@shopper.example", external_id="7"),
    ):
        customers.resolve(merchant, person, at=AT)

    redact(merchant, id=7, email="canary@shopper.example", phone="+4930901820")

    assert traces() == []
