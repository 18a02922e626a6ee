"""Whiplash's document: four states of an order, a launch date with a window before it, and how shoppers are called."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations import launch
from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_order
from tests.support.world import Shop, World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def placed() -> datetime:
    """When the order was placed."""
    return timezone.now().replace(microsecond=0) - 10 * HOUR


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant with the pack of the four states."""
    return world.shop(packs=["order_status"])


def test_paid_shipped_and_delivered(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=placed + HOUR))
    shop.easypost(easypost_tracker([("delivered", placed + 2 * HOUR)]))

    world.work()

    assert [(event["metric"], event["properties"]["Status"]) for event in shop.received] == [
        ("Processing order", "processing"),
        ("Order shipped", "shipped"),
        ("Order delivered", "delivered"),
    ]


def test_unpaid_order_is_not_processed_until_it_is_paid(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed, financial_status="pending"))
    world.work()
    assert shop.received == []

    shop.shopify("orders/paid", shopify_order(at=placed, updated_at=placed + HOUR))
    world.work()

    assert shop.one("Processing order")["time"].startswith((placed + HOUR).strftime("%Y-%m-%dT%H:%M:%S"))


def test_cancellation_is_told_once_whichever_topic_tells_it(world: World, shop: Shop, placed: datetime) -> None:
    cancelled: dict[str, Any] = {
        "cancelled_at": (placed + HOUR).isoformat(),
        "cancel_reason": "customer",
        "financial_status": "voided",
    }
    shop.shopify("orders/create", shopify_order(at=placed, **cancelled))
    world.work()
    assert shop.received == []

    shop.shopify("orders/updated", shopify_order(at=placed, updated_at=placed + HOUR, **cancelled))
    shop.shopify("orders/cancelled", shopify_order(at=placed, updated_at=placed + HOUR, **cancelled))
    world.work()

    assert shop.names == {"Order cancelled": 1}


def test_split_order_is_delivered_with_its_last_parcel(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(at=placed))
    shop.shopify("fulfillments/create", shopify_fulfillment(1, at=placed + HOUR, numbers=["1ZA"], items=[(11, 1)]))
    shop.easypost(easypost_tracker([("delivered", placed + 2 * HOUR)], number="1ZA"))
    world.work()
    assert "Order delivered" not in shop.names

    shop.shopify("fulfillments/create", shopify_fulfillment(2, at=placed + 3 * HOUR, numbers=["1ZB"], items=[(12, 2)]))
    shop.easypost(easypost_tracker([("delivered", placed + 4 * HOUR)], number="1ZB"))
    world.work()

    assert shop.names == {"Processing order": 1, "Order shipped": 1, "Order delivered": 1}


def test_company_and_then_address_stand_in_for_a_missing_name(world: World, shop: Shop, placed: datetime) -> None:
    nameless: dict[str, Any] = {"customer": None, "shipping_address": {"country_code": "US", "company": "Acme Ltd"}}
    shop.shopify("orders/create", shopify_order(1, at=placed, email="buyer@acme.example", **nameless))
    shop.shopify("orders/create", shopify_order(2, at=placed, email="who@shopper.example", customer=None))

    world.work()

    names = {profile["email"]: profile.get("first_name") for profile in world.sandbox.profiles(shop.public_key)}
    assert names["buyer@acme.example"] == "Acme Ltd"
    assert names["who@shopper.example"] == "who@shopper.example"


def test_newest_full_name_wins(world: World, shop: Shop, placed: datetime) -> None:
    shop.shopify("orders/create", shopify_order(1, at=placed))
    renamed = {"id": 4711, "email": "ann@shopper.example", "first_name": "Anna", "last_name": "Buyer"}
    shop.shopify("customers/update", {**renamed, "created_at": placed.isoformat()})
    shop.shopify("orders/create", shopify_order(2, at=placed, customer=renamed))

    world.work()

    (profile,) = [each for each in world.sandbox.profiles(shop.public_key) if each["email"] == "ann@shopper.example"]
    assert (profile["first_name"], profile["last_name"]) == ("Anna", "Buyer")


def test_account_gets_a_default_list_and_profile(world: World, shop: Shop) -> None:
    (made,) = world.sandbox.lists(shop.public_key)

    assert (made["name"], made["id"]) == ("Tidings", shop.connection.list_id)
    assert made["profiles"] == [shop.connection.default_profile_id]


def test_nothing_leaves_before_launch_and_the_window_goes_as_backfill(world: World) -> None:
    now = timezone.now().replace(microsecond=0)
    shop = world.shop(packs=["order_status"], launch_at=now + HOUR, backfill_days=3)
    for order_id, age in ((1, 5 * DAY), (2, 2 * DAY), (3, timedelta(0))):
        shop.shopify("orders/create", shopify_order(order_id, at=now - age, number=f"#{order_id}"))
    world.work()
    assert (shop.received, shop.states) == ([], {"held": 2, "skipped": 1})

    launch.reschedule(shop.connection, launch_at=now - DAY, backfill_days=3, at=now)
    world.work()

    sent = {event["properties"]["OrderNumber"]: event["backfill"] for event in shop.received}
    assert sent == {"#2": True, "#3": False}


def test_updates_of_orders_from_before_the_window_are_not_sent(world: World) -> None:
    now = timezone.now().replace(microsecond=0)
    shop = world.shop(packs=["order_status"], launch_at=now - DAY, backfill_days=2)
    shop.shopify("orders/create", shopify_order(at=now - 4 * DAY, updated_at=now - HOUR))
    shop.shopify("fulfillments/create", shopify_fulfillment(at=now - HOUR))

    world.work()

    assert (shop.received, shop.states) == ([], {"skipped": 2})
