"""What shoppers do, from the tracking page and the shop to Klaviyo, over real sockets."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from integrations.models import Connection, ConsentRecord
from tests.support.payloads import shopify_fulfillment, shopify_order
from tests.support.schemas import objections_to
from tests.support.world import Shop, World
from tracking.models import Follower, Order, OrderLine, TrackingPage

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = "Yes, send me news and offers by e-mail and SMS."
ZOE, NUMBER = "zoe@friend.example", "+4915787654321"


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant whose pages have all that shoppers can do, with a list of single opt-in."""
    made = world.shop(packs=["returns_and_tracking"])
    headers = {"Authorization": f"Klaviyo-API-Key {made.key}", "revision": "2026-07-15"}
    newsletter = {"data": {"type": "list", "attributes": {"name": "News", "opt_in_process": "single_opt_in"}}}
    answer = requests.post(f"{world.sandbox.url}/api/lists", json=newsletter, headers=headers, timeout=10)
    Connection.objects.filter(pk=made.connection.pk).update(marketing_list_id=answer.json()["data"]["id"])
    TrackingPage.objects.create(
        merchant=made.merchant,
        by_email=True,
        by_sms=True,
        has_wishes=True,
        consent_texts={"en": TEXT},
        consent_version=4,
    )
    return made


@pytest.fixture
def page(shop: Shop) -> str:
    """The address of the page of Ann's order."""
    shop.shopify("orders/create", shopify_order(1, at=timezone.now(), shipping_address={"country_code": "DE"}))
    shop.world.work()
    return f"{shop.world.site}/t/{Order.objects.get().page_token}/"


def post(page: str, what: str, **fields: str) -> requests.Response:
    """A form of the page is sent, as a browser without JavaScript does; the page that follows."""
    shown = requests.get(page, timeout=30).text
    (version,) = re.findall(r'name="version" value="([^"]*)"', shown)
    return requests.post(f"{page}{what}/", data={"version": version, **fields}, timeout=30)


def profile(shop: Shop, **of: str) -> dict[str, Any]:
    """Somebody at Klaviyo; nothing where they are not known there."""
    ((name, value),) = of.items()
    found = [each for each in shop.world.sandbox.profiles(shop.public_key) if each[name] == value]
    return found[0] if found else {}


def states(told: dict[str, Any]) -> dict[str, str]:
    return {channel: each["state"] for channel, each in told.get("consent", {}).items()}


def test_a_ticked_box_on_the_page_subscribes_at_klaviyo(shop: Shop, page: str) -> None:
    answer = post(page, "updates", email=ZOE, phone="01578 7654321", consent="yes")
    shop.world.work()

    by_email, by_sms = profile(shop, email=ZOE), profile(shop, phone_number=NUMBER)
    assert (answer.status_code, answer.cookies.get_dict()) == (200, {})
    assert "We have noted that you want to hear of this order, and our news." in answer.text
    assert (states(by_email)["email"], states(by_sms)["sms"]) == ("SUBSCRIBED", "SUBSCRIBED")
    assert by_email["consent"]["email"]["custom_source"] == "Tracking page"
    assert by_email["lists"] == [Connection.objects.get().marketing_list_id]
    kept = ConsentRecord.objects.order_by("pk").values_list("text", "version", "source", "email", "phone")
    assert list(kept) == [
        (TEXT, "en-4", "Tracking page", ZOE, ""),
        (TEXT, "en-4", "Tracking page", "", NUMBER),
    ]


def test_a_box_that_was_left_alone_reaches_klaviyo_not_at_all(shop: Shop, page: str) -> None:
    answer = post(page, "updates", email=ZOE)
    shop.world.work()

    assert "We have noted that you want to hear of this order." in answer.text
    assert profile(shop, email=ZOE) == {}
    assert not ConsentRecord.objects.exists()


def test_whoever_waits_for_a_parcel_hears_of_it_and_of_nothing_else(shop: Shop, page: str) -> None:
    """Ann ordered; Zoe, who is to get it, leaves her address on the page and no box ticked."""
    post(page, "updates", email=ZOE)
    post(page, "updates", email=ZOE)
    at = timezone.now().replace(microsecond=0) + timedelta(seconds=1)
    shop.shopify("fulfillments/create", shopify_fulfillment(order_id=1, at=at, shipment_status="out_for_delivery"))
    shop.world.work()

    follower = Follower.objects.get()
    moved = [
        each for each in shop.received if each["unique_id"].startswith("track:") and "out_for" in each["unique_id"]
    ]
    heard = {each["unique_id"]: each["email"] for each in moved if ":item:" not in each["unique_id"]}
    (anns,) = [each for each, email in heard.items() if email == "ann@shopper.example"]
    assert heard == {anns: "ann@shopper.example", f"{anns}:for:{follower.customer_id}": ZOE}
    assert len(moved) == 2 * (1 + OrderLine.objects.count())
    assert states(profile(shop, email=ZOE)) == {} or "SUBSCRIBED" not in states(profile(shop, email=ZOE)).values()
    assert objections_to(shop.events) == []


def test_an_opt_out_after_the_consent_stays(shop: Shop, page: str) -> None:
    """The shop's word of the opt-out comes while the consent waits to be sent."""
    Connection.objects.update(state="paused_operator")
    post(page, "updates", email=ZOE, consent="yes")
    opt_out(shop, timezone.now() + timedelta(seconds=1))
    Connection.objects.update(state="active")
    shop.world.work()
    assert states(profile(shop, email=ZOE))["email"] == "UNSUBSCRIBED"


def opt_out(shop: Shop, at: datetime) -> None:
    payload = {
        "customer_id": 9,
        "email_address": ZOE,
        "email_marketing_consent": {"state": "unsubscribed", "consent_updated_at": at.isoformat()},
    }
    shop.shopify("customers_email_marketing_consent/update", payload)
    shop.world.take_in()


def test_a_wish_is_told_of_once(shop: Shop, page: str) -> None:
    answers = [post(page, "wishes", line="11") for _ in range(2)]
    shop.world.work()

    event = shop.one("Product Added to Wishlist")
    assert [each.status_code for each in answers] == [200, 200]
    assert "Saved" in answers[0].text
    assert event["properties"] == {"SKU": "SKU-11", "ProductName": "Wool jumper", "OrderRef": "#1001"}
    assert event["unique_id"].startswith("wishlist:")
    assert objections_to(shop.events) == []


def test_an_account_is_told_of_once(shop: Shop) -> None:
    made = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    ada = {"id": 7, "email": "ada@shopper.example", "state": "disabled", "created_at": "2024-01-01T00:00:00Z"}
    for topic in ("customers/create", "customers/enable", "customers/update", "customers/enable"):
        assert shop.shopify(topic, ada | {"updated_at": made.isoformat()}).status_code == 202
    shop.world.work()

    event = shop.one("Customer Account Created")
    assert (event["unique_id"], event["properties"]) == ("account:7", {"CustomerId": "7", "Source": "shopify"})
    assert datetime.fromisoformat(event["time"]) == made
    assert profile(shop, email="ada@shopper.example")["properties"]["AccountCreatedAt"] == made.isoformat()
    assert objections_to(shop.events) == []
