"""OMNI's document, customers who are merged: from Shopify's webhook over real sockets to Klaviyo, its profile merge, too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Customer, InboundMessage
from loyalty.models import Member
from loyalty.services import programmes, tier_rules
from loyalty.verification import verify
from tests.support.payloads import shopify_order
from tests.support.schemas import objections_to
from tests.support.world import Shop, World

DAY = timedelta(days=1)
ANN, BOB = "ann@shopper.example", "bob@shopper.example"
MERGED: dict[str, Any] = {
    "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
    "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
    "admin_graphql_api_job_id": None,
    "status": "completed",
    "errors": [],
}


@pytest.fixture
def shop(world: World) -> Shop:
    """A merchant with OMNI's metrics, a programme, and a tier from 100 € on."""
    made = world.shop(packs=["loyalty"])
    at = timezone.now() - 30 * DAY
    programmes.change(made.merchant, by=None, at=at)
    tier_rules.save(made.merchant, "silver", name="Silver", entry_minor=10_000, by=None, at=at)
    return made


def buy(shop: Shop, number: int, customer: int, email: str) -> None:
    """A paid order of 60 €."""
    shopper: dict[str, Any] = {"customer": {"id": customer, "email": email}, "email": email}
    at = timezone.now().replace(microsecond=0) - DAY
    shop.shopify("orders/create", shopify_order(number, at=at, subtotal_price="60.00", name=f"#{number}", **shopper))


@pytest.mark.parametrize("is_early", [False, True])
def test_a_merge_reaches_klaviyo_once(world: World, shop: Shop, is_early: bool) -> None:
    """Told before the shop tells of the customer who is kept, it waits for them."""
    buy(shop, 12, 2, BOB)
    if not is_early:
        buy(shop, 11, 1, ANN)
    world.work()
    shop.shopify("customers/merge", MERGED | {"status": "failed", "errors": [{"message": "busy"}]})
    shop.shopify("customers/merge", MERGED | {"status": "in_progress"})
    world.work()
    assert Member.objects.count() == 2 - is_early

    for _ in range(2):
        shop.shopify("customers/merge", MERGED)
    world.work()
    if is_early:
        assert shop.names["Customer merged"] == 0
        shop.shopify("customers/create", {"id": 1, "email": ANN, "created_at": timezone.now().isoformat()})
        world.work()
        buy(shop, 11, 1, ANN)
        world.work()

    ann = Customer.objects.get(email=ANN)
    merged = shop.one("Customer merged")
    before, after = (0, 60) if is_early else (60, 120)
    assert merged["properties"].items() >= {"BalanceBefore": before, "BalanceAfter": after}.items()
    assert merged["properties"]["DestinationCustomerId"] == str(ann.pk)
    assert Member.objects.get().customer == ann
    updated = shop.one("Tiers updated")["properties"]
    assert (updated["Type"], updated["TierName"]) == ("spending_assign", "Silver")
    profiles = {each["email"]: each["properties"] for each in world.sandbox.profiles(shop.public_key)}
    assert [each for each in profiles if each.endswith("shopper.example")] == [ANN]
    assert profiles[ANN].items() >= {"loyalty_point_balance": 120, "loyalty_member_tier": "silver"}.items()
    assert shop.states.keys() == {"sent"}
    assert set(InboundMessage.objects.values_list("state", flat=True)) == {"handled"}
    assert objections_to(shop.events) == []
    assert verify() == []

    buy(shop, 13, 2, BOB)
    world.work()
    assert (Member.objects.get().balance, Customer.objects.filter(merged_into=None).count()) == (180, 1)
