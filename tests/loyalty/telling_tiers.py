"""A merchant with three spending tiers and a custom one, and what happens to the tiers of its members, in a line each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction

from integrations.models import Customer, Event, Merchant
from loyalty import nights, services
from loyalty.models import LoyaltyClock, Member, Tier, TierTransition
from loyalty.services import tier_rules
from loyalty.verification import verify
from tests.loyalty.telling import MAY, ann, merchant_with_programme
from tests.tracking.telling import AT
from tracking.business_time import begin_of

BRONZE = {"name": "Bronze", "names": {"de": "Bronze", "fr": "Bronze"}}
SILVER = {"name": "Silver", "names": {"de": "Silber"}, "entry_minor": 10_000, "maintain_minor": 8_000}
GOLD: dict[str, Any] = {"name": "Gold", "names": {"fr": "Or"}, "entry_minor": 50_000, "maintain_minor": 40_000}
FRIENDS = {"name": "Friends", "kind": Tier.Kind.CUSTOM}
_causes = count(1)

TODAY = date(2026, 11, 20)


def midnight(days: int) -> datetime:
    """The one that begins the day so many days after the first order's."""
    return begin_of(TODAY + timedelta(days=days), "Europe/Berlin")


def adding_up() -> Iterator[Merchant]:
    """A merchant with tiers; in the end its ledger adds up, and every member holds what the last transition led to."""
    made = merchant_with_tiers()
    LoyaltyClock.objects.update(done_on=TODAY)
    yield made
    assert verify(made) == []
    for each in Member.objects.all():
        last = TierTransition.objects.filter(member=each).order_by("id").last()
        held = (each.tier_id, each.tier_since, each.tier_expires_at)
        assert held == ((last.to_tier_id, last.effective_at, last.expires_at) if last else (None, None, None))


def merchant_with_tiers(**rules: Any) -> Merchant:
    """A merchant in Berlin: Bronze from the start, Silver from 100 € (kept with 80 €), Gold from 500 € (400 €), and Friends."""
    merchant = merchant_with_programme(**rules)
    for key, values in (("bronze", BRONZE), ("silver", SILVER), ("gold", GOLD), ("friends", FRIENDS)):
        tier_rules.save(merchant, key, by=None, at=AT, **values)
    return merchant


def assign(
    merchant: Merchant,
    tier: str,
    *,
    at: datetime = AT,
    until: date | None = None,
    cause: str = "",
    reason: str = "as promised",
    customer: Customer | None = None,
) -> TierTransition:
    """A person at the merchant's puts the shopper into a tier."""
    given: dict[str, Any] = {"customer": customer or ann(), "tier": tier, "until": until, "at": at, "reason": reason}
    with transaction.atomic():
        return services.assign_tier(merchant=merchant, by=MAY, cause=cause or f"by hand:{next(_causes)}", **given)


def sleep_until(at: datetime) -> None:
    """All nights go by that began until then."""
    assert nights.work(at=at, seconds=60)


def tier_of(merchant: Merchant, email: str = "ann@shopper.example") -> str:
    """The key of the tier that a shopper holds, "" for none."""
    member = Member.objects.for_merchant(merchant).select_related("tier").get(customer__email=email)
    return member.tier.key if member.tier else ""


def transitions() -> list[tuple[str, str, str]]:
    """(type, tier before, tier after) of all transitions, in the order they were written."""
    found = TierTransition.objects.order_by("id").values_list("type", "from_tier__key", "to_tier__key")
    return [(type, before or "", after or "") for type, before, after in found]


def told_times() -> list[datetime]:
    """When the transitions happened that were told."""
    return list(Event.objects.filter(metric="tiers_updated").order_by("id").values_list("occurred_at", flat=True))
