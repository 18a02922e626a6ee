"""The only writer of tier transitions, and of the tier that members hold: whoever calls it holds the members' rows locked.

The decisions are in `loyalty.tiering`. A handful of statements for any number of members.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F

from integrations import history
from integrations.models import Merchant
from integrations.statements import Among
from loyalty import tiering
from loyalty.facts import MemberFact, PointsAdded, TierUpdated
from loyalty.models import LedgerEntry, Member, PointSource, Tier, TierTransition
from loyalty.services import posting, programmes, spending
from loyalty.services.posting import Draft
from loyalty.services.spending import NOTHING, Spent
from loyalty.tiering import Change, Decision, Held, Terms


class Tiers:
    """A merchant's tiers, read once: those that are retired too, which members may still hold."""

    def __init__(self, merchant: Merchant) -> None:
        self.by_key: dict[int, Tier] = {each.pk: each for each in Tier.objects.for_merchant(merchant)}
        self.terms: dict[int, Terms] = {pk: each.terms for pk, each in self.by_key.items()}

    def held(self, member: Member) -> Held:
        """What a member holds."""
        mine = self.terms[member.tier_id] if member.tier_id else None
        return Held(mine, member.tier_since, member.tier_expires_at)

    def of(self, terms: Terms | None) -> Tier | None:
        """The tier that was decided on."""
        return self.by_key[terms.key] if terms else None

    def next_above(self, tier: Tier | None) -> Tier | None:
        """The tier that comes next by spending, if any."""
        return self.of(tiering.next_above(self.terms.values(), tier.terms if tier else None))


@dataclass(slots=True, kw_only=True)
class Move:
    """A transition to be written."""

    member: Member
    change: Change
    tier: Tier | None
    cause: str
    effective_at: datetime
    spent: Spent
    expires_at: datetime | None
    reason: str = ""
    actor: str = ""


@dataclass(slots=True)
class Written:
    """Transitions that were written, and the facts to announce: those of bonus points come after those of tiers."""

    transitions: list[TierTransition] = field(default_factory=list)
    facts: list[MemberFact] = field(default_factory=list)


def reconsider(member: Member, *, cause: str, at: datetime) -> tuple[int, ...]:
    """Let a member rise whose spending asks for it, or be placed for the first time; returns the keys of the events that are new.

    A period that is over by then is ended first. The same `cause` never raises a member into the same tier twice.
    """
    merchant = member.merchant
    tiers = Tiers(merchant)
    facts = end_periods(merchant, tiers, [member], until=at, at=at)
    spent = spending.by_now(merchant, [member.customer_id], at=at).get(member.customer_id, NOTHING)
    decision = tiering.decide(spent.minor, list(tiers.terms.values()), tiers.held(member), at)
    if decision is not None:
        whole = f"{cause}:{decision.tier.key if decision.tier else 0}"
        if not TierTransition.objects.for_merchant(merchant).filter(cause=whole).exists():
            move = decided(tiers, member, decision, spent, cause=whole, effective_at=_reached_at(member, spent, at))
            facts += write(merchant, tiers, [move], at=at).facts
    return tuple(each.pk for each in history.announce(*facts, at=at))


def end_periods(
    merchant: Merchant, tiers: Tiers, members: Collection[Member], *, until: datetime, at: datetime
) -> list[MemberFact]:
    """End the periods of these members that are over by `until`, in their order: a short one after a long silence, several times.

    Returns the facts to announce.
    """
    facts: list[MemberFact] = []
    while over := [each for each in members if tiers.held(each).is_over(until)]:
        by_end: dict[datetime, list[Member]] = defaultdict(list)
        for each in over:
            if each.tier_expires_at is not None:
                by_end[each.tier_expires_at].append(each)
        moves = [move for end, ending in by_end.items() for move in _ended(merchant, tiers, ending, end)]
        facts += write(merchant, tiers, moves, at=at).facts
    return facts


def decided(
    tiers: Tiers, member: Member, decision: Decision, spent: Spent, *, cause: str, effective_at: datetime
) -> Move:
    """The transition that a decision asks for, with the period that begins then."""
    terms = decision.tier
    return Move(
        member=member,
        change=decision.change,
        tier=tiers.of(terms),
        cause=cause,
        effective_at=effective_at,
        spent=spent,
        expires_at=tiering.period_end(effective_at, terms, member.merchant.timezone) if terms else None,
    )


def write(merchant: Merchant, tiers: Tiers, moves: Sequence[Move], *, at: datetime) -> Written:
    """Write transitions, the members' tiers, and the points that come with a first rise: a handful of statements.

    Raises `IntegrityError` where a cause has led to a transition before: nothing is half-written then.
    """
    if not moves:
        return Written()
    before = [each.member.tier_id for each in moves]
    written = Written([_transition(merchant, each, at=at) for each in moves])
    TierTransition.objects.bulk_create(written.transitions)
    for each in moves:
        member = each.member
        member.tier, member.tier_since, member.tier_expires_at = each.tier, each.effective_at, each.expires_at
    Member.objects.bulk_create(
        [each.member for each in moves],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["tier", "tier_since", "tier_expires_at"],
    )
    written.facts += [
        TierUpdated.of(
            each.member,
            transition=transition,
            before=tiers.by_key[pk] if pk else None,
            after=each.tier,
            following=tiers.next_above(each.tier),
        )
        for each, transition, pk in zip(moves, written.transitions, before, strict=True)
    ]
    written.facts += _bonuses(merchant, tiers, moves, before, at=at)
    return written


def _ended(merchant: Merchant, tiers: Tiers, members: Sequence[Member], end: datetime) -> list[Move]:
    spent = spending.before(merchant, [each.customer_id for each in members], midnight=end)
    moves = []
    for each in members:
        mine = spent.get(each.customer_id, NOTHING)
        decision = tiering.decide(mine.minor, list(tiers.terms.values()), tiers.held(each), end)
        if decision is not None:
            cause = f"period:{each.pk}:{end.isoformat()}"
            moves.append(decided(tiers, each, decision, mine, cause=cause, effective_at=end))
    return moves


def _reached_at(member: Member, spent: Spent, at: datetime) -> datetime:
    """When the last order that counts was paid: news of it may come late. Not before the last transition, nor in the future."""
    reached = spent.paid_at or at
    return min(max(reached, member.tier_since or reached), at)


def _transition(merchant: Merchant, move: Move, *, at: datetime) -> TierTransition:
    return TierTransition(
        merchant=merchant,
        member=move.member,
        type=move.change.value,
        cause=move.cause,
        from_tier_id=move.member.tier_id,
        to_tier=move.tier,
        spend_minor=move.spent.minor,
        expires_at=move.expires_at,
        reason=move.reason,
        actor=move.actor,
        effective_at=move.effective_at,
        recorded_at=at,
    )


def _bonuses(
    merchant: Merchant, tiers: Tiers, moves: Sequence[Move], before: Sequence[int | None], *, at: datetime
) -> list[PointsAdded]:
    """The points for rising into a tier, once for each member and tier."""
    due = {
        f"tier_bonus:{each.member.pk}:{each.tier.pk}": (each, each.tier)
        for each, pk in zip(moves, before, strict=True)
        if each.tier and each.tier.bonus_points and tiering.is_rise(tiers.terms[pk] if pk else None, each.tier.terms)
    }
    programme = programmes.in_force(merchant, at) if due else None
    if programme is None:
        return []
    had = _had_bonuses(merchant, [each.member for each in moves])
    drafts = [
        Draft(
            member=move.member,
            points=tier.bonus_points,
            source=PointSource.TIER_BONUS,
            cause=cause,
            effective_at=move.effective_at,
            programme=programme,
        )
        for cause, (move, tier) in due.items()
        if (move.member.pk, tier.pk) not in had
    ]
    return [PointsAdded.by(each.entry, expires_at=each.expires_at) for each in posting.post(merchant, drafts, at=at)]


def _had_bonuses(merchant: Merchant, members: Collection[Member]) -> set[tuple[int, int]]:
    """(member, tier) of the bonuses that were given. A member who is two has those of both: their causes name either."""
    mine = LedgerEntry.objects.for_merchant(merchant).filter(
        Among(F("member_id"), [each.pk for each in members]), source=PointSource.TIER_BONUS
    )
    return {(member, int(cause.rpartition(":")[2])) for member, cause in mine.values_list("member", "cause")}
