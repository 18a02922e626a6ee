"""The loyalty programme of a shop that has one: its rules, tiers and rewards, and what its members did with their points."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from integrations.audit import Actor
from integrations.models import Merchant
from loyalty import services
from loyalty.models import IssuedReward, Member, Reward
from loyalty.services import programmes, tier_rules

DEMO = Actor(label="demo")

TIERS = (("blatt", "Blatt", 0, "2"), ("knospe", "Knospe", 4_000, "2.5"), ("bluete", "Blüte", 10_000, "3"))
"""Key, name, spend to enter in minor units, points for each euro."""

CODES = [f"VERSAND-{number:03}" for number in range(1, 25)]
COST = 60
"""Points for five euros off."""

REDEEMED = 4
"""Members who do so."""


def set_up(merchant: Merchant, *, at: datetime) -> None:
    """Let the programme begin."""
    for key, name, entry, points in TIERS:
        tier_rules.save(
            merchant,
            key,
            by=DEMO,
            at=at,
            name=name,
            entry_minor=entry,
            maintain_minor=entry,
            points_per_unit=Decimal(points),
        )
    honey = services.offer_reward(
        merchant, by=DEMO, at=at, kind=Reward.Kind.FREE_PRODUCT, name="Ein Glas Honig", product_id="8812"
    )
    services.offer_reward(
        merchant,
        by=DEMO,
        at=at,
        kind=Reward.Kind.DISCOUNT_CODE,
        name="5 € Rabatt",
        points_cost=COST,
        valid_days=60,
        discount=Decimal(5),
        codes=Reward.Codes.PATTERN,
        code_pattern="TEE-########",
    )
    shipping = services.offer_reward(
        merchant,
        by=DEMO,
        at=at,
        kind=Reward.Kind.DISCOUNT_CODE,
        name="Versand frei",
        discount=Decimal(100),
        discount_unit=Reward.Unit.PERCENT,
        codes=Reward.Codes.POOL,
    )
    services.add_codes(shipping, CODES, by=DEMO, at=at)
    programmes.change(merchant, by=DEMO, at=at, points_per_unit=Decimal(2), birthday_points=50, birthday_reward=honey)


def redeem(merchant: Merchant, *, at: datetime) -> None:
    """Members redeem points, and others get something as a present, which one of them does not keep. No points come of it."""
    offered = {each.name: each for each in Reward.objects.for_merchant(merchant)}
    rich = Member.objects.for_merchant(merchant).filter(balance__gte=COST).select_related("customer")
    for place, member in enumerate(rich.order_by("pk")[: 2 * REDEEMED]):
        for_points = place < REDEEMED
        with transaction.atomic():
            issued = services.issue_reward(
                merchant=merchant,
                customer=member.customer,
                reward=offered["5 € Rabatt" if for_points else "Versand frei"],
                source=IssuedReward.Source.POINTS_REDEMPTION if for_points else IssuedReward.Source.ONE_TIME_CAMPAIGN,
                cause=f"demo:{member.pk}",
                at=at - timedelta(hours=place + 1),
                by=DEMO,
            )
        if place == REDEEMED:
            services.deactivate_reward(merchant=merchant, key=issued.pk, at=at, by=DEMO)
        if place == 0:
            services.use_reward(merchant=merchant, key=issued.pk, at=at)
