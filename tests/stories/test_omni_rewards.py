"""OMNI's document, rewards and members: accounts, rewards of every kind and source, birth months, and points about to run out,
from the shop's webhook, the service or the night to Klaviyo over real sockets.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, product
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.models import Customer, Delivery, Merchant
from loyalty import days, services, tasks
from loyalty.models import IssuedReward, Member, PointSource, Reward
from loyalty.services import programmes
from tests.support.schemas import objections_to
from tests.support.world import Shop, World
from tracking.business_time import begin_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONE = "America/New_York"
REGISTERED, ISSUED, EXPIRING = "Member account registered", "Reward issued", "Points expiring"
CAPTURED, ENTERED = "Birth month captured", "Birth month entered"
_causes = count(1)


@pytest.fixture
def now() -> datetime:
    """The present, in whole seconds."""
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def shop(world: World, now: datetime) -> Shop:
    """A merchant with a programme since a hundred days, whose nights are done up to two days ago."""
    made = world.shop(packs=["loyalty"])
    programmes.change(made.merchant, by=None, at=now - 100 * DAY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: now - 2 * DAY)
        tasks.do_nights()
    return made


def offer(merchant: Merchant, kind: Reward.Kind = Reward.Kind.DISCOUNT_CODE, **more: Any) -> Reward:
    """A reward of a kind, for 10 points, with a code."""
    values: dict[str, Any] = {"name": f"A {kind}", "codes": "pattern", "code_pattern": "TEA-########"}
    values |= {"points_cost": 10, "discount": Decimal(5), "product_id": "632910392"}
    return services.offer_reward(merchant, by=None, at=timezone.now(), kind=kind, **(values | more))


def join(merchant: Merchant, at: datetime, *, points: int = 0, **more: Any) -> Customer:
    """A member, with points."""
    with transaction.atomic():
        customer = Customer.objects.create(merchant=merchant, email="ann@shopper.example", created_at=at)
        services.enrol(merchant, customer, Member.Source.SHOP, at=at)
        if points:
            source = PointSource.ONE_TIME_CAMPAIGN
            services.add_points(
                merchant=merchant, customer=customer, points=points, source=source, cause="start", at=at, **more
            )
    return customer


def issue(merchant: Merchant, customer: Customer, reward: Reward, source: Any, at: datetime) -> IssuedReward:
    """Somebody gets a reward."""
    cause = f"issue:{next(_causes)}"
    return services.issue_reward(merchant=merchant, customer=customer, reward=reward, source=source, cause=cause, at=at)


def person(key: int, at: datetime, **more: Any) -> dict[str, Any]:
    """A customer as the shop tells of them."""
    told = {"id": key, "email": f"{key}@shopper.example", "first_name": "Ann", "last_name": "Shopper"}
    return told | {"created_at": at.isoformat(), "updated_at": at.isoformat(), "state": "disabled"} | more


def by_metric(shop: Shop, name: str) -> list[dict[str, Any]]:
    """What Klaviyo has of a metric."""
    return [each for each in shop.received if each["metric"] == name]


def profile_of(shop: Shop, email: str = "ann@shopper.example") -> dict[str, Any]:
    """The properties of a profile in Klaviyo."""
    (found,) = [each for each in shop.world.sandbox.profiles(shop.public_key) if each["email"] == email]
    return dict(found["properties"])


def test_accounts_are_welcomed_by_both_ways_to_one(world: World, shop: Shop, now: datetime) -> None:
    reward = offer(shop.merchant, Reward.Kind.FREE_PRODUCT, codes="none", code_pattern="", valid_days=14)
    programmes.change(shop.merchant, by=None, at=now - 3 * HOUR, welcome_points=100, welcome_reward=reward)
    shop.shopify("customers/create", person(1, now - 2 * HOUR, state="enabled"))
    shop.shopify("customers/create", person(2, now - 2 * HOUR))
    shop.shopify("customers/enable", person(2, now - 2 * HOUR, updated_at=(now - HOUR).isoformat()))
    shop.shopify("customers/enable", person(2, now - 2 * HOUR, updated_at=now.isoformat()))
    world.work()

    welcome = {"MemberStatus": "registered", "WelcomeBonusPoints": 100, "WelcomeReward": "A Free_product"}
    assert [(each["properties"], each["time"]) for each in by_metric(shop, REGISTERED)] == [
        (welcome | {"RegistrationMethod": "sign_up"}, (now - 2 * HOUR).isoformat()),
        (welcome | {"RegistrationMethod": "activation"}, (now - HOUR).isoformat()),
    ]
    expires_at = days.midnight_after(now - 2 * HOUR, 14, ZONE).isoformat()
    assert by_metric(shop, ISSUED)[0]["properties"] == {
        "RewardId": str(reward.pk),
        "RewardName": "A Free_product",
        "RewardType": "Free_product",
        "Source": "welcome",
        "PointsSpent": 0,
        "ExpiresAt": expires_at,
        "BalanceAfter": 100,
    }
    assert [each["properties"]["Source"] for each in by_metric(shop, "Points added")] == ["welcome_bonus"] * 2
    profile = profile_of(shop, "2@shopper.example")
    assert profile["loyalty_member_status"] == "registered"
    assert profile["loyalty_member_status_updated_at"] == (now - HOUR).isoformat()
    assert objections_to(shop.events) == []


def test_a_reward_of_every_kind_from_every_source(world: World, shop: Shop, now: datetime) -> None:
    customer = join(shop.merchant, now - HOUR, points=100)
    sources = ("points_redemption", "shopify_flow_action", "one_time_campaign", "welcome", "birthday")
    expected = []
    for kind, source in product(Reward.Kind, sources):
        reward = offer(shop.merchant, kind)
        issued = issue(shop.merchant, customer, reward, source, now)
        expected.append(
            {
                "RewardId": str(reward.pk),
                "RewardName": reward.name,
                "RewardType": kind.value,
                "Source": source,
                "PointsSpent": 10 if source == "points_redemption" else 0,
                "DiscountCode": issued.told_code,
                "BalanceAfter": Member.objects.get().balance,
            }
        )
    world.work()

    given = {each["properties"]["RewardId"]: each["properties"] for each in by_metric(shop, ISSUED)}
    assert given == {each["RewardId"]: each for each in expected}
    assert len(given) == 20
    assert {each["properties"]["RewardType"] for each in by_metric(shop, ISSUED)} == {
        "Free_product",
        "Discount_code",
        "Pay_with_points",
        "Custom",
    }
    subtracted = by_metric(shop, "Points subtracted")
    assert [each["properties"]["Source"] for each in subtracted] == ["reward_redemption"] * 4
    assert {each["properties"]["RewardId"] for each in subtracted} < given.keys()
    assert profile_of(shop)["loyalty_point_balance"] == 60
    assert objections_to(shop.events) == []


def test_a_deactivated_reward_returns_its_points(world: World, shop: Shop, now: datetime) -> None:
    customer = join(shop.merchant, now - HOUR, points=100)
    issued = issue(shop.merchant, customer, offer(shop.merchant), IssuedReward.Source.POINTS_REDEMPTION, now)
    services.deactivate_reward(merchant=shop.merchant, key=issued.pk, at=now)
    world.work()

    (returned,) = [
        each["properties"]
        for each in by_metric(shop, "Points added")
        if each["properties"]["Source"] == "reward_redemption_reverted"
    ]
    assert (returned["Points"], returned["BalanceAfter"]) == (10, 100)


def test_a_birth_month_is_captured_and_entered(world: World, shop: Shop, now: datetime) -> None:
    reward = offer(shop.merchant, valid_days=30)
    programmes.change(shop.merchant, by=None, at=now - 4 * DAY, birthday_points=50, birthday_reward=reward)
    customer, said_at = join(shop.merchant, now - 4 * DAY), now - 2 * DAY - HOUR
    Member.objects.update(registered_at=now - 4 * DAY)
    month = days.local_date(now, ZONE).month
    with transaction.atomic():
        services.capture_birth_month(merchant=shop.merchant, customer=customer, month=month, at=said_at)
    for _ in range(2):
        tasks.do_nights()
    world.work()

    captured, entered = shop.one(CAPTURED), shop.one(ENTERED)
    assert (captured["properties"], captured["time"]) == ({"BirthMonth": month}, said_at.isoformat())
    issued = IssuedReward.objects.get()
    assert issued.expires_at is not None
    assert entered["properties"] == {
        "BirthMonth": month,
        "BirthdayPoints": 50,
        "RewardName": "A Discount_code",
        "DiscountCode": issued.told_code,
        "RewardExpiresAt": issued.expires_at.isoformat(),
    }
    day = days.local_date(issued.issued_at, ZONE)
    assert datetime.fromisoformat(entered["time"]) == begin_of(day, ZONE)
    assert entered["unique_id"] == f"birth_month_entered:{customer.pk}:{day.year}"
    assert [each["properties"]["Source"] for each in by_metric(shop, ISSUED)] == ["birthday"]
    assert [each["properties"]["Source"] for each in by_metric(shop, "Points added")] == ["birthday_bonus"]
    profile = profile_of(shop)
    assert profile["loyalty_birth_month"] == month
    assert profile["loyalty_birth_month_updated_at"] == said_at.isoformat()
    assert objections_to(shop.events) == []


@pytest.mark.parametrize("is_spent", [False, True])
def test_points_about_to_run_out(world: World, shop: Shop, now: datetime, is_spent: bool) -> None:
    earned_at = now - 350 * DAY
    customer = join(shop.merchant, now - DAY, points=80, effective_at=earned_at)
    for _ in range(2):
        tasks.do_nights()
    if is_spent:
        reward = offer(shop.merchant, points_cost=80)
        issue(shop.merchant, customer, reward, IssuedReward.Source.POINTS_REDEMPTION, now)
    world.work()

    if is_spent:
        assert by_metric(shop, EXPIRING) == []
        skipped = Delivery.objects.filter(event__metric="points_expiring")
        assert list(skipped.values_list("state", "reason")) == [("skipped", "no_longer_true")]
        return
    warned, today = shop.one(EXPIRING), days.local_date(now, ZONE)
    expires_at = days.midnight_after(earned_at, 365, ZONE)
    left = (days.local_date(expires_at, ZONE) - today).days
    assert warned["properties"] == {
        "PointsExpiring": 80,
        "ExpiresAt": expires_at.isoformat(),
        "DaysToExpiry": left,
        "Balance": 80,
        "WindowDays": 30,
        "$extra": {"Lots": [{"Points": 80, "AddedAt": earned_at.isoformat()}]},
    }
    assert datetime.fromisoformat(warned["time"]) == begin_of(today, ZONE)
    assert not warned["backfill"]
    profile = profile_of(shop)
    assert profile["loyalty_points_expiring_next"] == 80
    assert profile["loyalty_points_expiring_next_at"] == expires_at.isoformat()
    assert objections_to(shop.events) == []
