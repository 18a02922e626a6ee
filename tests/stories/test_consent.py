"""A shopper signs up, says no, and is heard: from the API and the shop's webhooks to Klaviyo, over real sockets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from integrations import tokens
from integrations.models import Connection, ConsentRecord
from tests.support.payloads import shopify_order
from tests.support.world import Shop, World

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL, PHONE = "ann@shopper.example", "+4930901820"


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant whose sign-ups join a list of its account, which has single opt-in."""
    made = world.shop()
    headers = {"Authorization": f"Klaviyo-API-Key {made.key}", "revision": "2026-07-15"}
    newsletter = {"data": {"type": "list", "attributes": {"name": "News", "opt_in_process": "single_opt_in"}}}
    answer = requests.post(f"{world.sandbox.url}/api/lists", json=newsletter, headers=headers, timeout=10)
    Connection.objects.filter(pk=made.connection.pk).update(marketing_list_id=answer.json()["data"]["id"])
    return made


def tell(shop: Shop, path: str, **body: Any) -> dict[str, Any]:
    """Post to the API; what is answered."""
    _, token = tokens.create(shop.merchant, "page", ["customers:write"], at=timezone.now())
    answer = requests.post(
        f"{shop.world.site}/api/v1/{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def sign_up(shop: Shop, at: datetime, *, marketing: bool) -> dict[str, Any]:
    """Ann fills in the form, and ticks the box or not."""
    return tell(
        shop,
        "subscriptions",
        customer={"email": EMAIL, "phone": PHONE},
        channels=["email", "sms"],
        marketing=marketing,
        text="Yes, send me offers.",
        text_version="2026-11",
        source="Tracking page",
        occurred_at=at.isoformat(),
    )


def ann(shop: Shop) -> dict[str, Any]:
    """Ann at Klaviyo; nothing where she is not known there."""
    found = [each for each in shop.world.sandbox.profiles(shop.public_key) if each["email"] == EMAIL]
    return found[0] if found else {}


def test_a_ticked_box_subscribes_and_leaves_a_record(shop: Shop) -> None:
    said = sign_up(shop, timezone.now(), marketing=True)
    shop.world.work()

    told = ann(shop)
    (newsletter,) = told["lists"]
    assert newsletter == Connection.objects.get().marketing_list_id
    assert {channel: each["state"] for channel, each in told["consent"].items()} == {
        "email": "SUBSCRIBED",
        "sms": "SUBSCRIBED",
    }
    assert told["consent"]["email"]["custom_source"] == "Tracking page"
    kept = ConsentRecord.objects.get(pk=said["consent_id"])
    assert (kept.text, kept.version, kept.email, kept.phone) == ("Yes, send me offers.", "2026-11", EMAIL, PHONE)


def test_a_box_that_was_left_alone_is_no_marketing(shop: Shop) -> None:
    sign_up(shop, timezone.now(), marketing=False)
    shop.world.work()

    assert ann(shop) == {}
    assert not ConsentRecord.objects.exists()


def test_an_opt_out_at_the_shop_goes_to_klaviyo_and_an_older_consent_does_not_undo_it(shop: Shop) -> None:
    now = timezone.now()
    sign_up(shop, now - timedelta(seconds=30), marketing=True)
    shop.world.work()
    payload = {
        "customer_id": 7,
        "email_address": EMAIL,
        "email_marketing_consent": {"state": "unsubscribed", "consent_updated_at": now.isoformat()},
    }
    shop.shopify("customers_email_marketing_consent/update", payload)
    shop.world.work()
    assert ann(shop)["consent"]["email"]["state"] == "UNSUBSCRIBED"

    again = sign_up(shop, now - timedelta(seconds=10), marketing=True)
    shop.world.work()

    told = ann(shop)
    assert again["opted_out"] == ["email"]
    assert (told["consent"]["email"]["state"], told["consent"]["sms"]["state"]) == ("UNSUBSCRIBED", "SUBSCRIBED")
    assert told["suppressions"] == ["UNSUBSCRIBE"]


def test_an_opt_out_overtakes_the_consent_that_waits(shop: Shop) -> None:
    """Klaviyo is down while she signs up and thinks better of it: she is never subscribed by e-mail."""
    sandbox, now = shop.world.sandbox, timezone.now()
    Connection.objects.update(state="paused_operator")
    sign_up(shop, now - timedelta(seconds=20), marketing=True)
    tell(shop, "opt-outs", customer={"email": EMAIL}, channels=["email"], occurred_at=now.isoformat())
    Connection.objects.update(state="active")
    shop.world.work()

    told = ann(shop)
    subscribing = [
        each["body"]["data"]["attributes"]["profiles"]["data"][0]["attributes"]["subscriptions"].keys()
        for each in sandbox.requests(shop.public_key, bodies=True)
        if each["operation"] == "bulk_subscribe_profiles"
    ]
    assert subscribing == [{"sms": None}.keys()]
    assert told["consent"]["email"]["state"] == "UNSUBSCRIBED"


def test_order_events_follow_the_opt_out_before_them(shop: Shop) -> None:
    tell(shop, "opt-outs", customer={"email": EMAIL}, channels=["email"], occurred_at=timezone.now().isoformat())
    shop.shopify("orders/create", shopify_order(1, at=timezone.now(), email=EMAIL))
    shop.world.work()

    told = shop.world.sandbox.requests(shop.public_key)
    posted = [each["operation"] for each in told if each["method"] == "POST" and each["status"] == 202]
    started = posted.index("bulk_unsubscribe_profiles")
    assert "create_event" not in posted[:started]
    assert "create_event" in posted[started:]
