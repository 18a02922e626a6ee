"""The shopper's current profile properties that come of tiers: three statements for any number of customers.

What is missing to the next tier is worked out at sending, as it changes day by day without anything happening.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import timezone

from integrations.catalog import ProfileProperty, catalog
from integrations.models import Merchant
from integrations.statements import Among
from loyalty.models import Member, Tier
from loyalty.profile import PREFIX
from loyalty.services import spending
from loyalty.services.spending import NOTHING, Spent
from loyalty.services.tier_moves import Tiers
from tracking import money


def _property(name: str, type: str, doc: str) -> ProfileProperty:
    return ProfileProperty(PREFIX + name, type, doc, PREFIX)


MEMBER_TIER = _property("member_tier", "string", "The key of the tier that the member holds.")
MEMBER_TIER_NAME = _property("member_tier_name", "string", "What it is called.")
MEMBER_TIER_NAME_LOCALE = _property(
    "member_tier_name_{locale}",
    "string",
    "What it is called in each language in which any tier has a name (de, pt-BR).",
)
MEMBER_TIER_EXPIRED_AT = _property(
    "member_tier_expired_at", "datetime", "The midnight at which it ends, or is looked at again."
)
MEMBER_TIER_UPDATED_AT = _property("member_tier_updated_at", "datetime", "When the member came into it, or kept it.")
NEXT_TIER_NAME = _property("next_tier_name", "string", "The next tier by spending, if any.")
NEXT_TIER_SPEND_NEEDED = _property(
    "next_tier_spend_needed", "number", "What is missing to come into it, in the merchant's currency; 0: there is none."
)

TIER_PROFILE = (
    MEMBER_TIER,
    MEMBER_TIER_NAME,
    MEMBER_TIER_NAME_LOCALE,
    MEMBER_TIER_EXPIRED_AT,
    MEMBER_TIER_UPDATED_AT,
    NEXT_TIER_NAME,
    NEXT_TIER_SPEND_NEEDED,
)

OF_ALL_TIERS = {MEMBER_TIER_NAME_LOCALE.name, NEXT_TIER_NAME.name, NEXT_TIER_SPEND_NEEDED.name}
"""Those that ask for more than the member's own row and tier."""

OF_SPENDING = {NEXT_TIER_SPEND_NEEDED.name}


def read(merchant_id: int, customer_ids: Collection[int], names: Collection[str]) -> Mapping[int, Mapping[str, Any]]:
    """What is known of each customer's tier, as far as `names` ask for it."""
    mine = Member.objects.for_merchant(merchant_id).filter(Among(F("customer_id"), customer_ids))
    members = list(mine.select_related("merchant", "tier"))
    known = {each.customer_id: _own(each) for each in members}
    if members and not OF_ALL_TIERS.isdisjoint(names):
        merchant = members[0].merchant
        tiers = Tiers(merchant)
        # Properties are read when they are sent, and nobody hands in when that is.
        is_asked = not OF_SPENDING.isdisjoint(names)
        spent = spending.by_now(merchant, customer_ids, at=timezone.now()) if is_asked else {}
        for each in members:
            known[each.customer_id] |= _of_all(merchant, tiers, each.tier, spent.get(each.customer_id, NOTHING))
    return known


def _own(member: Member) -> dict[str, Any]:
    tier = member.tier
    return {
        MEMBER_TIER.name: tier and tier.key,
        MEMBER_TIER_NAME.name: tier and tier.name,
        MEMBER_TIER_EXPIRED_AT.name: _told(member.tier_expires_at),
        MEMBER_TIER_UPDATED_AT.name: _told(member.tier_since),
    }


def _of_all(merchant: Merchant, tiers: Tiers, tier: Tier | None, spent: Spent) -> dict[str, Any]:
    """A tier without a name in a language goes by its own there: else the profile would keep the name of the tier before."""
    locales = {locale for each in tiers.by_key.values() for locale in each.names}
    following = tiers.next_above(tier)
    missing = max(following.entry_minor - spent.minor, 0) if following else 0
    return {
        MEMBER_TIER_NAME_LOCALE.name: {each: tier.names.get(each, tier.name) for each in sorted(locales)}
        if tier
        else {},
        NEXT_TIER_NAME.name: following and following.name,
        NEXT_TIER_SPEND_NEEDED.name: float(money.major(missing, merchant.currency) or 0),
    }


def _told(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


catalog.register_profile(read, *TIER_PROFILE)
