"""How many members hold each tier, and how far they are on their way to the next. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

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


def members_by_tier(merchant: Merchant) -> dict[int, int]:
    """How many members hold each tier that anybody holds, by its key: one statement."""
    placed = Member.objects.for_merchant(merchant).filter(tier__isnull=False)
    return dict(placed.order_by().values_list("tier").annotate(count=Count("pk")))
