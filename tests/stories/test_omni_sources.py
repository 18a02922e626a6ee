"""OMNI's document as a table: every source of points and of members, what is done, and what Klaviyo then has.

One-time campaigns and offline purchases have stories of their own. Every row is another shopper, so that their profiles show
one balance each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.audit import Actor
from integrations.models import Customer, Delivery
from loyalty import days, nights, services
from loyalty.models import IssuedReward, Reward
from loyalty.services import programmes, tier_rules
from loyalty.verification import verify
from tests.support.messages import load
from tests.support.payloads import shopify_order
from tests.support.schemas import objections_to
from tests.support.world import Shop, World
from tracking.business_time import begin_of

DAY = timedelta(days=1)
ZONE = "America/New_York"
MAY = Actor(label="May")


@dataclass
class Doing:
    """What is done for one shopper, whose number in the shop is `number`."""

    shop: Shop
    now: datetime
    number: int

    @property
    def email(self) -> str:
        return f"{self.number}@shopper.example"

    @property
    def customer(self) -> Customer:
        return Customer.objects.for_merchant(self.shop.merchant).get(email=self.email)

    def known(self, **more: Any) -> None:
        """The shop tells of the customer."""
        at = (self.now - 3 * DAY).isoformat()
        told = {"id": self.number, "email": self.email, "created_at": at, "updated_at": at}
        self.shop.shopify("customers/create", told | more)
        self.shop.world.take_in()

    def buy(self, **more: Any) -> None:
        """A paid order of 60."""
        shopper: dict[str, Any] = {"customer": {"id": self.number, "email": self.email}, "email": self.email}
        at, prices = self.now - DAY, {"subtotal_price": "60.00", "current_subtotal_price": "60.00"}
        told = shopify_order(self.number, at=at, number=f"#{self.number}", **(prices | shopper | more))
        self.shop.shopify("orders/updated", told)
        self.shop.world.take_in()

    def refund(self) -> None:
        """A third of it is refunded."""
        self.buy()
        self.buy(updated_at=self.now, current_subtotal_price="40.00")

    def adjust(self, points: int) -> None:
        """By hand, out of 20 points where they are taken."""
        self.known()
        for each in (20, points) if points < 0 else (points,):
            cause = f"manual:{self.number}:{each}"
            with transaction.atomic():
                services.adjust(
                    merchant=self.shop.merchant,
                    customer=self.customer,
                    points=each,
                    reason="Sorry",
                    by=MAY,
                    cause=cause,
                    at=self.now,
                )

    def redeem(self) -> IssuedReward:
        """A reward for ten of 20 points."""
        self.adjust(20)
        reward = Reward.objects.for_merchant(self.shop.merchant).get()
        return services.issue_reward(
            merchant=self.shop.merchant,
            customer=self.customer,
            reward=reward,
            source=IssuedReward.Source.POINTS_REDEMPTION,
            cause=f"issue:{self.number}",
            at=self.now,
        )

    def revert(self) -> None:
        """The reward is deactivated."""
        services.deactivate_reward(merchant=self.shop.merchant, key=self.redeem().pk, at=self.now)

    def flow(self) -> None:
        """A workflow of the shop adds points."""
        self.known()
        run: dict[str, Any] = load("shopify_flow/add_points")
        run |= {"shopify_domain": self.shop.merchant.shop_domains.get().domain}
        run["properties"] = {"customer_id": self.number, "points": 50, "note": "A review was written"}
        self.shop.post("shopify_flow_actions", run)
        self.shop.world.take_in()

    def rise(self) -> None:
        """Somebody puts the shopper into a tier that gives points."""
        self.known()
        with transaction.atomic():
            services.assign_tier(
                merchant=self.shop.merchant,
                customer=self.customer,
                tier="gold",
                reason="A friend",
                by=MAY,
                cause=f"tier:{self.number}",
                at=self.now,
            )

    def celebrate(self) -> None:
        """Their month begins."""
        self.known()
        day = days.local_date(self.now, ZONE).replace(day=1)
        with transaction.atomic():
            said_at = begin_of(day, ZONE) - DAY
            services.capture_birth_month(
                merchant=self.shop.merchant, customer=self.customer, month=day.month, at=said_at
            )
        for _ in nights.night(self.shop.merchant, day, at=self.now):
            pass


@dataclass(frozen=True)
class Row:
    """A source, what is done, and what Klaviyo has of it: the event's properties, and the balance on the profile."""

    metric: str
    source: str
    done: Callable[[Doing], object]
    properties: dict[str, Any]
    balance: int


ADDED, SUBTRACTED = "Points added", "Points subtracted"
ROWS = [
    Row(ADDED, "purchase", Doing.buy, {"Points": 60, "BalanceAfter": 60, "OrderNumber": "#1"}, 60),
    Row(ADDED, "manual", partial(Doing.adjust, points=7), {"Points": 7, "BalanceAfter": 7, "Note": "Sorry"}, 7),
    Row(ADDED, "birthday_bonus", Doing.celebrate, {"Points": 50, "BalanceAfter": 50}, 50),
    Row(ADDED, "welcome_bonus", partial(Doing.known, state="enabled"), {"Points": 100, "BalanceAfter": 100}, 100),
    Row(ADDED, "tier_bonus", Doing.rise, {"Points": 30, "BalanceAfter": 30}, 30),
    Row(ADDED, "reward_redemption_reverted", Doing.revert, {"Points": 10, "BalanceAfter": 20}, 20),
    Row(ADDED, "shopify_flow_action", Doing.flow, {"Points": 50, "Note": "A review was written"}, 50),
    Row(SUBTRACTED, "order_refund", Doing.refund, {"Points": 20, "BalanceAfter": 40, "OrderNumber": "#8"}, 40),
    Row(SUBTRACTED, "reward_redemption", Doing.redeem, {"Points": 10, "BalanceAfter": 10, "Note": "Tea"}, 10),
    Row(SUBTRACTED, "manual", partial(Doing.adjust, points=-5), {"Points": 5, "BalanceAfter": 15}, 15),
]


@pytest.fixture
def now() -> datetime:
    """The present, in whole seconds."""
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def shop(world: World, now: datetime) -> Shop:
    """A merchant who gives points on every occasion, and a cup of tea for ten."""
    made = world.shop(packs=["loyalty"])
    since = now - 100 * DAY
    programmes.change(made.merchant, by=None, at=since, welcome_points=100, birthday_points=50)
    tier_rules.save(made.merchant, "gold", name="Gold", entry_minor=50_000, bonus_points=30, by=None, at=since)
    services.offer_reward(
        made.merchant, by=None, at=since, kind=Reward.Kind.CUSTOM, name="Tea", points_cost=10, valid_days=30
    )
    return made


def told_of(shop: Shop, number: int, metric: str) -> list[dict[str, Any]]:
    """What Klaviyo has of a metric for one shopper."""
    email = f"{number}@shopper.example"
    return [each["properties"] for each in shop.received if (each["email"], each["metric"]) == (email, metric)]


def test_every_source_of_points(world: World, shop: Shop, now: datetime) -> None:
    for number, row in enumerate(ROWS, 1):
        row.done(Doing(shop, now, number))
    world.work()

    profiles = {each["email"]: each["properties"] for each in world.sandbox.profiles(shop.public_key)}
    for number, row in enumerate(ROWS, 1):
        told = [each for each in told_of(shop, number, row.metric) if each["Source"] == row.source]
        assert told, row
        assert told[-1].items() >= row.properties.items()
        assert ("ExpiresAt" in told[-1]) == (row.metric == ADDED)
        profile = profiles[f"{number}@shopper.example"]
        assert (profile["loyalty_point_balance"], "loyalty_point_balance_updated_at" in profile) == (row.balance, True)
        who = "order" if row.done in (Doing.buy, Doing.refund) else "shop"
        (activated,) = told_of(shop, number, "Member activated")
        status = "registered" if row.source == "welcome_bonus" else "activated"
        assert (activated["Source"], profile["loyalty_member_status"]) == (who, status)
    entered = shop.one("Birth month entered")
    day = days.local_date(now, ZONE).replace(day=1)
    assert (datetime.fromisoformat(entered["time"]), entered["properties"]["BirthMonth"]) == (
        begin_of(day, ZONE),
        day.month,
    )
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert objections_to(shop.events) == []
    assert verify() == []
