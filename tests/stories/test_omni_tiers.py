"""The tiers of OMNI's document: from webhooks, a night and a person over real sockets to Klaviyo, each of the five types."""

from __future__ import annotations

from datetime import timedelta
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


def test_each_type_reaches_klaviyo(world: World, shop: Shop) -> None:
    merchant, now = shop.merchant, timezone.now().replace(microsecond=0)
    placed = now - 3 * DAY
    midnight = begin_of(now.astimezone(ZoneInfo(merchant.timezone)).date(), merchant.timezone)
    shop.shopify("orders/create", bought(1, ANN, "120.00", placed))
    shop.shopify("orders/create", bought(2, BOB, "150.50", placed))
    world.work()
    placements = [each for each in shop.received if each["metric"] == METRIC]
    assert {each["properties"]["Type"] for each in placements} == {"spending_assign"}
    assert sorted(each["properties"]["Spend365"] for each in placements) == [120.0, 150.5]
    silver = {"TierId": "silver", "TierName": "Silver", "TierExpiresAt": midnight.isoformat(), "MaintainSpend": 80.0}
    assert placements[0]["properties"].items() > silver.items()
    assert profile(world, shop, ANN) == {
        "loyalty_member_tier": "silver",
        "loyalty_member_tier_name": "Silver",
        "loyalty_member_tier_name_de": "Silber",
        "loyalty_member_tier_expired_at": midnight.isoformat(),
        "loyalty_member_tier_updated_at": placed.isoformat(),
        "loyalty_next_tier_name": "Gold",
        "loyalty_next_tier_spend_needed": 380.0,
    }

    refunded = {"updated_at": now - DAY, "current_subtotal_price": "79.99"}
    shop.shopify("orders/updated", bought(2, BOB, "150.50", placed, **refunded))
    world.take_in()
    assert nights.work(at=now, seconds=60)
    world.work()
    until = begin_of(midnight.astimezone(ZoneInfo(merchant.timezone)).date() + 2 * DAY, merchant.timezone)
    before = {"PreviousTierId": "silver", "PreviousTierName": "Silver"}
    extended, downgraded = of_type(shop, "spending_extend"), of_type(shop, "spending_downgrade")
    assert extended["properties"] == {
        **silver,
        **before,
        "Type": "spending_extend",
        "TierExpiresAt": until.isoformat(),
        "Spend365": 120.0,
        "NextTierName": "Gold",
        "NextTierSpendNeeded": 380.0,
    }
    assert downgraded["properties"] == {
        **before,
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

    shop.shopify("orders/create", bought(3, ANN, "400.00", now))
    world.work()
    raised = of_type(shop, "spending_upgrade")["properties"]
    assert raised.items() > {"TierId": "gold", "Spend365": 520.0, "MaintainSpend": 400.0, **before}.items()
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

    with transaction.atomic():
        services.assign_tier(
            merchant=merchant,
            customer=Customer.objects.for_merchant(merchant).get(email=BOB),
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

    assert (shop.names[METRIC], set(shop.states)) == (6, {"sent"})
    assert {each["unique_id"].split(":")[0] for each in shop.received if each["metric"] == METRIC} == {"tier"}
    assert objections_to(shop.events) == []
