"""OMNI's document, the points: from Shopify's webhooks over real sockets, through the nights, to Klaviyo."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.audit import Actor
from integrations.models import Customer, Delivery
from loyalty import nights, services
from loyalty.models import LoyaltyClock
from loyalty.services import programmes
from loyalty.verification import verify
from tests.support.payloads import shopify_fulfillment, shopify_order
from tests.support.schemas import objections_to
from tests.support.world import Shop, World

DAY = timedelta(days=1)
ORDER = 820982911946154508


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant with OMNI's metrics, and a programme since a month ago whose points run out after ten days."""
    made = world.shop(packs=["loyalty"])
    programmes.change(made.merchant, by=None, at=timezone.now() - 30 * DAY, expiry_days=10)
    return made


def test_an_order_is_paid_refunded_and_what_is_left_runs_out(world: World, shop: Shop) -> None:
    now = timezone.now().replace(microsecond=0) - 12 * DAY
    placed = now - 2 * DAY
    prices: dict[str, Any] = {"subtotal_price": "59.90", "current_subtotal_price": "59.90"}
    shop.shopify("customers/create", {"id": 4711, "email": "ann@shopper.example", "created_at": placed.isoformat()})
    shop.shopify("orders/create", shopify_order(ORDER, at=placed, **prices, financial_status="pending"))
    world.work()
    assert dict(shop.names) == {"Member activated": 1}
    assert shop.one("Member activated")["properties"] == {"MemberStatus": "activated", "Source": "shop"}

    paid = shopify_order(ORDER, at=placed, updated_at=placed + DAY, **prices)
    for _ in range(2):
        shop.shopify("orders/paid", paid)
    world.work()
    added = shop.one("Points added")
    assert added["properties"].items() >= {"Points": 59, "Source": "purchase", "OrderNumber": "#1001"}.items()
    assert added["properties"]["BalanceAfter"] == 59

    refunded = prices | {"current_subtotal_price": "39.95", "financial_status": "partially_refunded"}
    shop.shopify("orders/updated", shopify_order(ORDER, at=placed, updated_at=placed + 1.5 * DAY, **refunded))
    world.work()
    subtracted = shop.one("Points subtracted")["properties"]
    assert subtracted == {"Points": 19, "Source": "order_refund", "BalanceAfter": 40, "OrderNumber": "#1001"}

    ann = Customer.objects.get()
    with transaction.atomic():
        services.redeem(merchant=shop.merchant, customer=ann, points=15, cause="redemption:1", at=now)
        by = Actor(label="May")
        services.adjust(merchant=shop.merchant, customer=ann, points=5, reason="Sorry", by=by, cause="manual:1", at=now)
    nights.work(at=now, seconds=20)
    nights.work(at=now + 10 * DAY, seconds=20)
    world.work()

    expired = shop.one("Points expired")
    assert expired["properties"].items() >= {"PointsExpired": 25, "BalanceAfter": 5}.items()
    assert shop.names == {
        "Member activated": 1,
        "Points added": 2,
        "Points subtracted": 2,
        "Points expired": 1,
    }
    profiles = {each["email"]: each["properties"] for each in world.sandbox.profiles(shop.public_key)}
    assert profiles["ann@shopper.example"]["loyalty_point_balance"] == 5
    unsent = Delivery.objects.exclude(state="sent").values_list("event__metric", "reason")
    assert set(unsent) == {("points_expiring", "no_longer_true")}
    assert objections_to(shop.events) == []
    assert LoyaltyClock.objects.get().done_on == (now + 10 * DAY).astimezone(shop.merchant.tz).date()
    assert verify() == []


def test_pending_points_count_after_fulfilment_and_their_days(world: World, shop: Shop) -> None:
    now = timezone.now().replace(microsecond=0) - 3 * DAY
    placed = now - 3 * DAY
    programmes.change(shop.merchant, by=None, at=placed - DAY, pending_days=1)
    prices: dict[str, Any] = {"subtotal_price": "59.90", "current_subtotal_price": "59.90"}
    shop.shopify("orders/create", shopify_order(ORDER, at=placed, **prices))
    world.work()
    nights.work(at=now, seconds=20)
    assert shop.names["Points added"] == 0

    shop.shopify("fulfillments/create", shopify_fulfillment(1, ORDER, at=now))
    world.work()
    nights.work(at=now + DAY, seconds=20)
    assert shop.names["Points added"] == 0
    nights.work(at=now + 2 * DAY, seconds=20)
    world.work()

    added = shop.one("Points added")
    assert (added["properties"]["Points"], added["properties"]["BalanceAfter"]) == (59, 59)
    assert objections_to(shop.events) == []
    assert verify() == []
