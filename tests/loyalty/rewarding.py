"""A merchant's rewards, members who get them, and the nights, in a line each."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import transaction

from integrations.models import Merchant
from integrations.people import PersonInput
from loyalty import nights, services
from loyalty.models import IssuedReward, Member, Reward
from tests.loyalty.telling import MAY, ann
from tests.tracking.telling import ANN, AT
from tracking import services as tracking_services
from tracking.inputs import AccountInput

Source = IssuedReward.Source
_causes = count(1)


def five_off(merchant: Merchant, **more: Any) -> Reward:
    """Five euros off for 50 points, with a code by a pattern, for 30 days."""
    values: dict[str, Any] = {
        "kind": Reward.Kind.DISCOUNT_CODE,
        "name": "5 € off",
        "points_cost": 50,
        "valid_days": 30,
        "codes": Reward.Codes.PATTERN,
        "code_pattern": "TEA-########",
        "discount": Decimal(5),
    }
    return services.offer_reward(merchant, by=MAY, at=AT, **(values | more))


def pooled(merchant: Merchant, *codes: str, **more: Any) -> Reward:
    """The same with the codes of a list."""
    reward = five_off(merchant, codes=Reward.Codes.POOL, code_pattern="", **more)
    services.add_codes(reward, codes, by=MAY, at=AT)
    return reward


def issue(
    merchant: Merchant,
    reward: Reward,
    source: IssuedReward.Source = Source.POINTS_REDEMPTION,
    *,
    cause: str = "",
    at: datetime = AT,
) -> IssuedReward:
    """The shopper gets a reward."""
    with transaction.atomic():
        return services.issue_reward(
            merchant=merchant,
            customer=ann(),
            reward=reward,
            source=source,
            cause=cause or f"issue:{next(_causes)}",
            at=at,
        )


def make_account(
    merchant: Merchant, *, created_at: datetime = AT, at: datetime | None = None, person: PersonInput = ANN
) -> tuple[int, ...]:
    """The shopper makes an account."""
    account = AccountInput(person, created_at, source="shopify", method="sign_up")
    with transaction.atomic():
        return tracking_services.open_account(merchant=merchant, account=account, at=at or created_at).event_ids


def capture(merchant: Merchant, month: int, *, at: datetime = AT, **more: Any) -> Member:
    """The shopper says in which month they were born."""
    with transaction.atomic():
        return services.capture_birth_month(merchant=merchant, customer=ann(), month=month, at=at, **more)


def night(merchant: Merchant, day: date, *, at: datetime) -> None:
    """The whole night in which a day begins."""
    for _ in nights.night(merchant, day, at=at):
        pass
