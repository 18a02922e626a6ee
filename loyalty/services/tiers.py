"""What the night, people and a recomputation do to members' tiers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError

from integrations import clean, history
from integrations.audit import NAME_LENGTH, Actor
from integrations.models import Customer, Merchant
from loyalty import days, tiering
from loyalty.models import Tier, TierTransition
from loyalty.services import members, spending, tier_moves
from loyalty.services.spending import NOTHING
from loyalty.services.tier_moves import Move, Tiers
from loyalty.tiering import Change
from tracking.business_time import begin_of

REASON_LENGTH = 200
CAUSE_LENGTH = 100
MOST_DAYS = 36_500
"""How far ahead a tier can be given: a hundred years."""


def end_tier_periods(merchant: Merchant, keys: Collection[int], *, until: datetime, at: datetime) -> int:
    """Let the periods of these members' tiers end that are over by `until`; returns how many transitions that were."""
    locked = members.locked_many(merchant, keys)
    facts = tier_moves.end_periods(merchant, Tiers(merchant), list(locked.values()), until=until, at=at)
    history.announce(*facts, at=at)
    return len(facts)


def assign_tier(
    *,
    merchant: Merchant,
    customer: Customer,
    tier: str,
    reason: str,
    by: Actor,
    cause: str,
    at: datetime,
    until: date | None = None,
) -> TierTransition:
    """Put a member into the tier of that key by hand, for a reason, once for each `cause`, to the end of the day `until`.

    Without a day a custom tier stays for good, and a spending tier for its period. Then what was spent decides. It may be a lower
    tier than is held. Raises `NoMember`, and `ValidationError` that names the field.
    """
    said = clean.text(reason, REASON_LENGTH)
    if not said:
        raise ValidationError({"reason": "Say why: it is kept with the tier."})
    if not 0 < len(cause) <= CAUSE_LENGTH:
        raise ValidationError({"cause": f"1 to {CAUSE_LENGTH} characters."})
    member = members.locked(merchant, customer)
    whole = f"assigned:{cause}"
    known: TierTransition | None = TierTransition.objects.for_merchant(merchant).filter(cause=whole).first()
    if known is not None:
        return known
    given = _to_give(merchant, tier)
    expires_at = _end_of(until, merchant, at=at)
    tiers = Tiers(merchant)
    facts = tier_moves.end_periods(merchant, tiers, [member], until=at, at=at)
    spent = spending.by_now(merchant, [customer.pk], at=at).get(customer.pk, NOTHING)
    if expires_at is None and given.kind == Tier.Kind.SPENDING:
        expires_at = tiering.period_end(at, given.terms, merchant.timezone)
    move = Move(
        member=member,
        change=Change.BY_HAND,
        tier=given,
        cause=whole,
        effective_at=at,
        spent=spent,
        expires_at=expires_at,
        reason=said,
        actor=by.name[:NAME_LENGTH],
    )
    written = tier_moves.write(merchant, tiers, [move], at=at)
    history.announce(*facts, *written.facts, at=at)
    return written.transitions[0]


def place_again(merchant: Merchant, keys: Collection[int], *, run: str, at: datetime) -> int:
    """Place these members by what they spent, in the middle of their periods; returns how many came into another tier.

    `run` names the recomputation. Who holds a custom tier keeps it.
    """
    locked = members.locked_many(merchant, keys)
    tiers = Tiers(merchant)
    terms = list(tiers.terms.values())
    facts = tier_moves.end_periods(merchant, tiers, list(locked.values()), until=at, at=at)
    spent = spending.by_now(merchant, [each.customer_id for each in locked.values()], at=at)
    moves = []
    for pk, member in locked.items():
        mine = spent.get(member.customer_id, NOTHING)
        decision = tiering.place(mine.minor, terms, tiers.held(member))
        if decision is not None:
            cause = f"placed:{pk}:{run}"
            moves.append(tier_moves.decided(tiers, member, decision, mine, cause=cause, effective_at=at))
    history.announce(*facts, *tier_moves.write(merchant, tiers, moves, at=at).facts, at=at)
    return len(moves)


def _to_give(merchant: Merchant, key: str) -> Tier:
    found: Tier | None = Tier.objects.for_merchant(merchant).filter(key=key, retired_at=None).first()
    if found is None:
        there = Tier.objects.for_merchant(merchant).filter(retired_at=None).order_by("position", "pk")
        keys = ", ".join(there.values_list("key", flat=True)) or "none"
        raise ValidationError({"tier": f"There is no tier {key!r}; there are: {keys}."})
    return found


def _end_of(until: date | None, merchant: Merchant, *, at: datetime) -> datetime | None:
    if until is None:
        return None
    today = days.local_date(at, merchant.timezone)
    if not today <= until <= today + timedelta(days=MOST_DAYS):
        raise ValidationError({"until": f"A day from today, {today}, on, within {MOST_DAYS} days."})
    return begin_of(until + days.DAY, merchant.timezone)
