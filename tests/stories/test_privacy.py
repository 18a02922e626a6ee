"""A shopper is forgotten, or told, as the law wants: from Shopify's webhooks to the last row and to Klaviyo."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from django.apps import apps
from django.utils import timezone

from integrations import tokens
from integrations.fields import Sealed
from integrations.models import Connection, Customer, Delivery, Erasure, Event, InboundMessage, Merchant
from tests.support.life import BOB, DAY, EVA, HOUR, Person, customer, live, redact, traces
from tests.support.world import Shop, World
from tracking.models import Order

pytestmark = pytest.mark.django_db(transaction=True)
JOBS = "request_profile_deletion"


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant who sends everything."""
    return world.shop(packs=["order_tracking", "order_status", "returns_and_tracking", "loyalty"])


def rows_of(shop: Shop, person: Person) -> dict[str, Any]:
    """Every row that hangs on a shopper, and every one that names them."""
    key, found = customer(shop, person).pk, {}
    for app in ("integrations", "tracking", "returns", "loyalty", "lifecycle"):
        for model in apps.get_app_config(app).get_models():
            rows = [
                {name: value.token if isinstance(value, Sealed) else value for name, value in row.items()}
                for row in model._default_manager.order_by("pk").values()
            ]
            theirs = [row for row in rows if row.get("customer_id") == key or person.email in repr(row)]
            found[model.__name__] = theirs
    return found


def asked_to_delete(shop: Shop) -> list[dict[str, Any]]:
    """Whom Klaviyo was asked to delete."""
    journal = shop.world.sandbox.requests(shop.public_key, bodies=True)
    jobs = [each["body"]["data"]["attributes"] for each in journal if each["operation"] == JOBS]
    return [each["profile"]["data"]["attributes"] for each in jobs]


def emails(shop: Shop) -> set[str]:
    """Whom Klaviyo knows."""
    return {each["email"] for each in shop.world.sandbox.profiles(shop.public_key)}


def test_after_a_full_life_nothing_names_who_was_erased_and_others_are_as_they_were(shop: Shop) -> None:
    for person in (BOB, EVA):
        live(shop, person)
    Connection.objects.update(state="paused_operator")
    assert len(traces(EVA)) > 50
    counted = Event.objects.count(), Delivery.objects.count(), Order.objects.count()
    before = rows_of(shop, BOB)

    redact(shop, EVA)
    shop.world.work()
    assert {each.state for each in Delivery.objects.filter(change__kind="erase")} == {"pending"}
    Connection.objects.update(state="active")
    after = rows_of(shop, BOB)
    shop.world.work()

    assert traces(EVA) == []
    assert asked_to_delete(shop) == [{"email": EVA.email}]
    assert EVA.email not in emails(shop)
    assert after == before
    assert (Event.objects.count(), Delivery.objects.count() - 1, Order.objects.count()) == counted
    record = Erasure.objects.get()
    assert (record.actor, record.is_passed_on) == ("Shopify customers/redact", True)
    assert record.emptied.keys() >= {"messages", "answers", "events", "deliveries", "orders", "shipments", "returns"}


def test_a_late_message_makes_nobody_of_who_was_erased(shop: Shop) -> None:
    live(shop, EVA)
    redact(shop, EVA)
    Connection.objects.update(state="active")
    shop.world.work()
    profiles, people = emails(shop), Customer.objects.count()

    at = timezone.now()
    shop.shopify("orders/updated", EVA.order(1, at - DAY, updated_at=at.isoformat()))
    shop.shopify("orders/create", EVA.order(9, at - HOUR))
    shop.shopify("customers/update", {"id": EVA.shop_id, "email": EVA.email, **EVA.address()})
    shop.shopify("customers/create", {"id": 1, "email": EVA.email.upper(), **EVA.address()})
    word = {"customer_id": EVA.shop_id, "email_address": EVA.email, "email_marketing_consent": {"state": "redacted"}}
    shop.shopify("customers_email_marketing_consent/update", word)
    shop.world.work()

    assert traces(EVA) == []
    assert (emails(shop), Customer.objects.count()) == (profiles, people)
    assert set(InboundMessage.objects.values_list("state", flat=True)) == {"handled"}
    assert not Delivery.objects.filter(event__customer__status="erased", state__in=["pending", "held"]).exists()


def test_who_comes_back_on_purpose_is_a_new_customer_and_the_past_stays_nobodys(shop: Shop) -> None:
    live(shop, EVA)
    redact(shop, EVA)
    Connection.objects.update(state="active")
    shop.world.work()
    gone = Customer.objects.get(status="erased")

    later = timezone.now()
    shop.shopify("orders/create", EVA.order(5, later))
    shop.shopify("orders/updated", EVA.order(1, later - DAY, updated_at=later.isoformat()))
    shop.shopify("orders/create", EVA.order(6, later - HOUR))
    shop.world.work()

    back = customer(shop, EVA)
    orders = dict(Order.objects.values_list("number", "customer"))
    assert back.pk != gone.pk
    assert (orders["#715"], orders["#711"], orders["#716"]) == (back.pk, gone.pk, gone.pk)
    told = Event.objects.filter(customer=back).exclude(metric="member_activated")
    assert set(told.values_list("order_number", flat=True)) == {"#715"}
    assert EVA.email in emails(shop)


def test_the_merchant_may_keep_profiles_at_klaviyo(shop: Shop) -> None:
    Connection.objects.update(erases_profiles=False)
    live(shop, EVA)
    Connection.objects.update(state="active")
    redact(shop, EVA)
    shop.world.work()

    assert traces(EVA) == []
    assert (asked_to_delete(shop), EVA.email in emails(shop)) == ([], True)
    assert Merchant.objects.get().state == "active"


def test_a_shopper_who_asks_for_their_data_gets_all_of_it(shop: Shop) -> None:
    for person in (BOB, EVA):
        live(shop, person)
    told = {"id": EVA.shop_id, "email": EVA.email}
    shop.shopify("customers/data_request", {"shop_domain": "alba.example", "customer": told, "orders_requested": []})
    shop.world.take_in()
    note = shop.messages.get(topic="customers/data_request").note
    where = f"/api/v1/customers/{customer(shop, EVA).pk}/data"
    assert where in note

    _, token = tokens.create(shop.merchant, "desk", ["privacy:read"], at=timezone.now())
    answer = requests.get(f"{shop.world.site}{where}", headers={"Authorization": f"Bearer {token}"}, timeout=30)

    data = answer.json()
    assert [each["text"] for each in data["consents"]] == ["Offers?"]
    assert {each["number"] for each in data["orders"]} == {"#711", "#712"}
    assert [len(each["scans"]) for each in data["shipments"]] == [2]
    assert [len(each["items"]) for each in data["returns"]] == [1]
    assert {each["state"] for event in data["events"] for each in event["deliveries"]} >= {"sent", "dead", "pending"}
    assert "subscribe" in {each["kind"] for each in data["profile_changes"]}
    assert any(EVA.street in each["body"] for each in data["messages"])
    assert BOB.email not in answer.text
    assert BOB.last_name not in answer.text
