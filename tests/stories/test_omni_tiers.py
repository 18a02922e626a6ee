"""The tiers of OMNI's document: from webhooks, a night and a person over real sockets to Klaviyo, each of the five types."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.audit import Actor
from integrations.models import Customer
from loyalty import nights, services
from loyalty.models import Tier
from loyalty.services import programmes, tier_rules
from tests.support.payloads import shopify_order
from tests.support.schemas import objections_to
from tests.support.world import Shop, World
from tracking.business_time import begin_of

DAY = timedelta(days=1)
METRIC = "Tiers updated"
SILVER = {"TierId": "silver", "TierName": "Silver", "MaintainSpend": 80.0}
FROM_SILVER = {"PreviousTierId": "silver", "PreviousTierName": "Silver"}
ANN, BOB = "ann@shopper.example", "bob@shopper.example"


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant in New York with a programme and tiers whose periods last two days."""
    made = world.shop(packs=["loyalty"])
    merchant, at = made.merchant, timezone.now() - 10 * DAY
    programmes.change(merchant, by=None, at=at)
    two_days: dict[str, Any] = {"by": None, "at": at, "period_days": 2}
    tier_rules.save(merchant, "bronze", name="Bronze", names={"de": "Bronze"}, **two_days)
    silver: dict[str, Any] = {
        "name": "Silver",
        "names": {"de": "Silber"},
        "entry_minor": 10_000,
        "maintain_minor": 8_000,
    }
    tier_rules.save(merchant, "silver", **silver, **two_days)
    gold: dict[str, Any] = {"name": "Gold", "entry_minor": 50_000, "maintain_minor": 40_000, "bonus_points": 100}
    tier_rules.save(merchant, "gold", **gold, **two_days)
    tier_rules.save(merchant, "friends", name="Friends", kind=Tier.Kind.CUSTOM, by=None, at=at)
    return made


def bought(number: int, email: str, net: str, at: Any, **more: Any) -> dict[str, Any]:
    """A paid order of goods that cost so much."""
    shopper = {"id": 4711 + (email == BOB), "email": email}
    given: dict[str, Any] = {"subtotal_price": net, "customer": shopper, "number": f"#{number}", "email": email}
    return shopify_order(number, at=at, **given, **more)


def of_type(shop: Shop, type: str) -> dict[str, Any]:
    """The only event of that type that Klaviyo recorded."""
    (found,) = (each for each in shop.received if each["metric"] == METRIC and each["properties"]["Type"] == type)
    return found


def profile(world: World, shop: Shop, email: str) -> dict[str, Any]:
    """What Klaviyo knows of a shopper's tier by now."""
    (found,) = (each for each in world.sandbox.profiles(shop.public_key) if each["email"] == email)
    return {name: value for name, value in found["properties"].items() if "tier" in name}


def midnight_of(shop: Shop, at: datetime, *, days: int = 0) -> datetime:
    """The one that begins the merchant's day, or the day so many days later."""
    time_zone = shop.merchant.timezone
    return begin_of(at.astimezone(ZoneInfo(time_zone)).date() + days * DAY, time_zone)


def orders_place(world: World, shop: Shop, now: datetime) -> None:
    """Two orders of three days ago."""
    placed = now - 3 * DAY
    midnight = midnight_of(shop, now)
    shop.shopify("orders/create", bought(1, ANN, "120.00", placed))
    shop.shopify("orders/create", bought(2, BOB, "150.50", placed))
    world.work()
    placements = [each for each in shop.received if each["metric"] == METRIC]
    assert {each["properties"]["Type"] for each in placements} == {"spending_assign"}
    assert sorted(each["properties"]["Spend365"] for each in placements) == [120.0, 150.5]
    assert placements[0]["properties"].items() > (SILVER | {"TierExpiresAt": midnight.isoformat()}).items()
    assert profile(world, shop, ANN) == {
        "loyalty_member_tier": "silver",
        "loyalty_member_tier_name": "Silver",
        "loyalty_member_tier_name_de": "Silber",
        "loyalty_member_tier_expired_at": midnight.isoformat(),
        "loyalty_member_tier_updated_at": placed.isoformat(),
        "loyalty_next_tier_name": "Gold",
        "loyalty_next_tier_spend_needed": 380.0,
    }


def a_period_ends(world: World, shop: Shop, now: datetime) -> None:
    """For both; of one what was spent is not enough any more."""
    refunded = {"updated_at": now - DAY, "current_subtotal_price": "79.99"}
    shop.shopify("orders/updated", bought(2, BOB, "150.50", now - 3 * DAY, **refunded))
    world.take_in()
    assert nights.work(at=now, seconds=60)
    world.work()
    until = midnight_of(shop, now, days=2)
    extended, downgraded = of_type(shop, "spending_extend"), of_type(shop, "spending_downgrade")
    assert extended["properties"] == {
        **SILVER,
        **FROM_SILVER,
        "Type": "spending_extend",
        "TierExpiresAt": until.isoformat(),
        "Spend365": 120.0,
        "NextTierName": "Gold",
        "NextTierSpendNeeded": 380.0,
    }
    assert downgraded["properties"] == {
        **FROM_SILVER,
        "Type": "spending_downgrade",
        "TierId": "bronze",
        "TierName": "Bronze",
        "Spend365": 79.99,
        "MaintainSpend": 0.0,
        "NextTierName": "Silver",
        "NextTierSpendNeeded": 20.01,
    }
    assert {each["time"] for each in (extended, downgraded)} == {extended["time"]}
    assert profile(world, shop, BOB)["loyalty_member_tier"] == "bronze"


def an_order_raises(world: World, shop: Shop, now: datetime) -> None:
    """To the highest tier, which gives points."""
    shop.shopify("orders/create", bought(3, ANN, "400.00", now))
    world.work()
    raised = of_type(shop, "spending_upgrade")["properties"]
    assert raised.items() > {"TierId": "gold", "Spend365": 520.0, "MaintainSpend": 400.0, **FROM_SILVER}.items()
    assert "NextTierName" not in raised
    assert (
        profile(world, shop, ANN).items()
        > {
            "loyalty_member_tier": "gold",
            "loyalty_member_tier_name_de": "Gold",
            "loyalty_next_tier_spend_needed": 0.0,
        }.items()
    )
    added = [each["properties"] for each in shop.received if each["metric"] == "Points added"]
    assert [each["Points"] for each in added if each["Source"] == "tier_bonus"] == [100]


def somebody_assigns(world: World, shop: Shop, now: datetime) -> None:
    """A custom tier, by hand."""
    with transaction.atomic():
        services.assign_tier(
            merchant=shop.merchant,
            customer=Customer.objects.for_merchant(shop.merchant).get(email=BOB),
            tier="friends",
            reason="A friend of the house",
            by=Actor(label="May"),
            cause="form:1",
            at=now,
        )
    world.work()
    assert of_type(shop, "manual_assign")["properties"] == {
        "Type": "manual_assign",
        "TierId": "friends",
        "TierName": "Friends",
        "PreviousTierId": "bronze",
        "PreviousTierName": "Bronze",
        "Spend365": 79.99,
    }
    assert profile(world, shop, BOB)["loyalty_member_tier_name"] == "Friends"


def test_each_type_reaches_klaviyo(world: World, shop: Shop) -> None:
    now = timezone.now().replace(microsecond=0)
    for step in (orders_place, a_period_ends, an_order_raises, somebody_assigns):
        step(world, shop, now)

    assert (shop.names[METRIC], set(shop.states)) == (6, {"sent"})
    assert {each["unique_id"].split(":")[0] for each in shop.received if each["metric"] == METRIC} == {"tier"}
    assert objections_to(shop.events) == []
