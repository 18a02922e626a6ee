"""What a programme would do with an order that is placed now: for whoever sets its rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from integrations.models import Merchant
from loyalty import ledger
from loyalty.models import Programme
from tracking import money

AMOUNT = Decimal(80)
"""Net value of the order, in major units of the merchant's currency."""


@dataclass(frozen=True, slots=True)
class Example:
    """An order of `amount` that is paid and fulfilled now: its points, from when on they count, and when they run out (None:
    never).
    """

    amount: Decimal
    points: int
    counts_from: datetime
    expires_at: datetime | None


def of(merchant: Merchant, programme: Programme, *, at: datetime, amount: Decimal = AMOUNT) -> Example:
    """The example by those rules, which need not be saved."""
    minor = money.minor(amount, merchant.currency) or 0
    points = ledger.earned(minor, programme.points_per_unit, money.digits(merchant.currency))
    counts_from = programme.activates_at(at, merchant.timezone) or at
    return Example(amount, points, counts_from, programme.expires_at(counts_from, merchant.timezone))
