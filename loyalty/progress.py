"""How far members are on their way to the next tier. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integrations.models import Merchant
from loyalty.models import Member, Tier
from loyalty.services import spending
from loyalty.services.spending import NOTHING
from loyalty.services.tier_moves import Tiers


@dataclass(frozen=True, slots=True)
class Progress:
    """What a member spent in 365 days, and what is missing to the next tier by spending; `following` None: there is none.

    Both in minor units of the merchant's currency.
    """

    spent_minor: int
    following: Tier | None
    missing_minor: int


def of(merchant: Merchant, member: Member, *, at: datetime) -> Progress:
    """How far a member is, whose tier is at hand. Two statements."""
    spent = spending.by_now(merchant, [member.customer_id], at=at).get(member.customer_id, NOTHING)
    following = Tiers(merchant).next_above(member.tier)
    missing = max(following.entry_minor - spent.minor, 0) if following else 0
    return Progress(spent.minor, following, missing)
