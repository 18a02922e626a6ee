"""What a programme would do with an order that is placed now: for whoever sets its rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from integrations.models import Merchant
from loyalty import ledger
from loyalty.models import Programme, Tier
from tracking import money

AMOUNT = Decimal(80)
"""Net value of the order, in major units of the merchant's currency."""


@dataclass(frozen=True, slots=True)
class Example:
    """An order of `amount` that is paid and fulfilled now: its points, from when on they count, and when they run out (None:
    never). `by_tier` are (tier, points) of the tiers whose members earn at a rate of their own.
    """

    amount: Decimal
    points: int
    by_tier: list[tuple[str, int]]
    counts_from: datetime
    expires_at: datetime | None


def of(merchant: Merchant, programme: Programme, *, at: datetime, amount: Decimal = AMOUNT) -> Example:
    """The example by those rules, which need not be saved. One statement."""
    counts_from = programme.activates_at(at, merchant.timezone) or at
    tiers = Tier.objects.for_merchant(merchant).filter(retired_at=None, points_per_unit__isnull=False)
    return Example(
        amount,
        _points(merchant, amount, programme.points_per_unit),
        [
            (each.name, _points(merchant, amount, each.points_per_unit))
            for each in tiers.order_by("entry_minor", "position", "pk")
        ],
        counts_from,
        programme.expires_at(counts_from, merchant.timezone),
    )


def _points(merchant: Merchant, amount: Decimal, rate: Decimal | None) -> int:
    minor = money.minor(amount, merchant.currency) or 0
    return ledger.earned(minor, rate or Decimal(0), money.digits(merchant.currency))
