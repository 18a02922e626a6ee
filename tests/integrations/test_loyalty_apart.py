"""Two merchants with the same members, rewards and tiers: what is done in one's programme changes nothing of the other's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import transaction

from integrations import customers, inbound
from integrations.audit import Actor
from integrations.models import Customer, InboundMessage, Merchant
from loyalty import nights, services
from loyalty.models import IssuedReward, PointSource, Reward
from loyalty.services import programmes, tier_rules
from loyalty.services.rewards import NoReward
from tests.integrations.tenants import AT, DAY, HOUR, everything, hear, make_merchant, story

MAY = Actor(label="May")
LATER = AT + DAY
MERGED: dict[str, Any] = {
    "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/7",
    "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/8",
    "status": "completed",
    "errors": [],
}


@pytest.fixture
def pair(db: None) -> tuple[Merchant, Merchant]:
    """Two shops with the same order, and the same two members with the same points, tiers, rewards and codes."""
    merchants = make_merchant("Alba"), make_merchant("Bora")
    for merchant in merchants:
        story(merchant, merchant.name)
        hear(merchant, "shopify", "customers/create", {"id": 8, "email": "bob@shopper.example"})
        inbound.handle_due(seconds=20, clock=lambda: AT + HOUR)
        tier_rules.save(merchant, "gold", by=None, at=AT, name="Gold", entry_minor=100_000)
        mug: dict[str, Any] = {"kind": Reward.Kind.CUSTOM, "name": "Mug", "points_cost": 5, "codes": Reward.Codes.POOL}
        services.add_codes(services.offer_reward(merchant, by=None, at=AT, **mug), ["MUG-1", "MUG-2"], by=None, at=AT)
        with transaction.atomic():
            for who in ("7", "8"):
                add(merchant, who)
            redeem(merchant, cause="both")
            assign(merchant)
    return merchants


def customer(merchant: Merchant, shop_id: str = "7") -> Customer:
    return customers.matching(merchant, external_id=shop_id).get()


def add(merchant: Merchant, shop_id: str) -> None:
    source, cause = PointSource.ONE_TIME_CAMPAIGN, f"campaign:{shop_id}"
    services.add_points(
        merchant=merchant, customer=customer(merchant, shop_id), points=50, source=source, cause=cause, at=AT
    )


def mug(merchant: Merchant) -> Reward:
    found: Reward = Reward.objects.for_merchant(merchant).get()
    return found


def redeem(merchant: Merchant, cause: str) -> IssuedReward:
    source = IssuedReward.Source.POINTS_REDEMPTION
    return services.issue_reward(
        merchant=merchant, customer=customer(merchant), reward=mug(merchant), source=source, cause=cause, at=LATER
    )


def assign(merchant: Merchant, until: date | None = None) -> Any:
    given: dict[str, Any] = {"tier": "gold", "reason": "as promised", "by": MAY, "cause": f"by hand:{until}", "at": AT}
    return services.assign_tier(merchant=merchant, customer=customer(merchant), until=until, **given)


def flow(merchant: Merchant, handle: str, **given: Any) -> Any:
    """The shop's workflow runs an action, under the same id at both."""
    body = {"action_run_id": "run-1", "handle": handle, "shopify_domain": f"{merchant.name.lower()}.myshopify.com"}
    return hear(
        merchant,
        "shopify_flow_actions",
        handle,
        body | {"properties": {"customer_id": "gid://shopify/Customer/7"} | given},
    )


def sleep(merchant: Merchant) -> None:
    """The night in which all points run out, and all that members hold."""
    for _ in nights.night(merchant, date(2028, 1, 1), at=AT + 500 * DAY):
        pass


def deactivate(merchant: Merchant) -> IssuedReward:
    key = IssuedReward.objects.for_merchant(merchant).get().pk
    return services.deactivate_reward(merchant=merchant, key=key, at=LATER, by=MAY)


ACTIONS: dict[str, Callable[[Merchant], Any]] = {
    "points by Flow": lambda m: flow(m, "add-points", points=10),
    "reward by Flow": lambda m: flow(m, "grant-reward", reward_id=str(mug(m).pk)),
    "customers merged": lambda m: hear(m, "shopify", "customers/merge", MERGED),
    "points by hand": lambda m: services.adjust(
        merchant=m, customer=customer(m), points=-20, reason="Twice", by=MAY, cause="campaign:7:back", at=LATER
    ),
    "points redeemed": lambda m: redeem(m, "again"),
    "reward taken back": deactivate,
    "put into a tier": lambda m: assign(m, date(2026, 12, 24)),
    "night": sleep,
    "rules changed": lambda m: programmes.change(m, by=MAY, at=LATER, points_per_unit=9),
    "tier retired": lambda m: tier_rules.retire(m, "gold", by=MAY, at=LATER),
    "codes added": lambda m: services.add_codes(mug(m), ["MUG-1", "MUG-3"], by=MAY, at=LATER),
    "reward retired": lambda m: services.retire_reward(mug(m), by=MAY, at=LATER),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())
def test_what_is_done_in_one_programme_changes_nothing_of_another(
    pair: tuple[Merchant, Merchant], action: Callable[[Merchant], Any]
) -> None:
    mine, theirs = pair
    before, own = everything(theirs), everything(mine)

    with transaction.atomic():
        action(mine)
    inbound.handle_due(seconds=20, merchant=mine, clock=lambda: LATER)

    assert everything(theirs) == before
    assert not InboundMessage.objects.for_merchant(mine).filter(state="failed").exists()
    assert changed(own, everything(mine)) - {"InboundMessage", "AuditEntry"}


def test_nothing_is_given_of_another_merchants(pair: tuple[Merchant, Merchant]) -> None:
    """A reward that the workflow names by the other's id is not there; nor is the other's issued reward."""
    mine, theirs = pair
    flow(mine, "grant-reward", reward_id=str(mug(theirs).pk))
    before = everything(theirs), IssuedReward.objects.for_merchant(mine).count()
    inbound.handle_due(seconds=20, merchant=mine, clock=lambda: LATER)
    foreign = IssuedReward.objects.for_merchant(theirs).get()
    for ends in (services.use_reward, services.deactivate_reward):
        with pytest.raises(NoReward):
            ends(merchant=mine, key=foreign.pk, at=LATER)

    run = InboundMessage.objects.for_merchant(mine).get(source="shopify_flow_actions")
    assert (run.state, f"there is no reward {mug(theirs).pk}" in run.error + run.note) == ("failed", True)
    assert (everything(theirs), IssuedReward.objects.for_merchant(mine).count()) == before


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The kinds of rows that differ."""
    return {name for name in after if after[name] != before[name]}
