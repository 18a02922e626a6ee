"""Two members who turn out to be one: one ledger of two, one membership, and the better tier of the two.

What each was given stays, and nothing is given again for being one: who was welcomed as either is not welcomed any more, a
birthday comes once a year, and each tier and each campaign gives what it gives once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery, Sum

from integrations import history
from integrations.merging import Merge
from integrations.models import Merchant
from loyalty import tiering
from loyalty.models import (
    ExpiryWarning,
    Grant,
    IssuedReward,
    LedgerEntry,
    Lot,
    Member,
    Tier,
    TierTransition,
)
from loyalty.occasions import CustomerMerged
from loyalty.services import campaigns, members, posting, spending, tier_moves
from loyalty.services.spending import NOTHING
from loyalty.services.tier_moves import Move, Tiers
from loyalty.tiering import Change, Held, Terms

HANGING = (LedgerEntry, Lot, Grant, IssuedReward, TierTransition)
"""What hangs on a member, and goes with the points."""


@dataclass(frozen=True, slots=True)
class _Before:
    balance: int
    tier: Tier | None


def merge_members(merge: Merge) -> tuple[int, ...]:
    """Make one member of two; returns the keys of the events that are new. Where neither is a member nothing happens.

    Lots keep their dates; what one owes is paid by what the other has. Nobody else moves the points of either meanwhile.
    """
    merchant, mine = merge.merchant, Member.objects.for_merchant(merge.merchant)
    keys = list(mine.filter(customer__in=[merge.given_up.pk, merge.kept.pk]).values_list("pk", flat=True))
    by_customer = {each.customer_id: each for each in members.locked_many(merchant, keys).values()}
    theirs, member = by_customer.get(merge.given_up.pk), by_customer.get(merge.kept.pk)
    if member is None and theirs is None:
        return ()
    before = _Before(member.balance, _tier(member)) if member else _Before(0, None)
    if member is None:
        mine.filter(customer=merge.given_up).update(customer=merge.kept)
        member, theirs = members.locked(merchant, merge.kept), None
    if theirs is not None:
        _join_ledgers(merchant, member, theirs)
        _join_warnings(merchant, member, theirs)
        campaigns.join_recipients(member, theirs)
        _join_memberships(member, theirs, merge.merged_at)
    event_ids = _join_tiers(merge, member, theirs)
    if theirs is not None:
        theirs.delete()
    member.customer = merge.kept
    merged = CustomerMerged.of(
        member,
        source_customer=merge.given_up.pk,
        merged_at=merge.merged_at,
        balance_before=before.balance,
        balance_after=member.balance,
        tier_before=before.tier,
        tier_after=_tier(member),
    )
    return event_ids + tuple(each.pk for each in history.announce(merged, at=merge.at))


def _tier(member: Member) -> Tier | None:
    return Tier.objects.for_merchant(member.merchant).filter(pk=member.tier_id).first() if member.tier_id else None


def _join_ledgers(merchant: Merchant, member: Member, theirs: Member) -> None:
    """The entries of both are one history, in the order in which they were posted; so is the balance after each."""
    for model in HANGING:
        model.objects.for_merchant(merchant).filter(member=theirs).update(member=member)
    entries = LedgerEntry.objects.for_merchant(merchant).filter(member=member)
    so_far = LedgerEntry.objects.for_merchant(merchant).filter(member=member, pk__lte=OuterRef("pk")).order_by()
    running = so_far.values("member").annotate(total=Sum("points")).values("total")
    entries.update(balance_after=Subquery(running))
    owes = min(member.balance, theirs.balance) < 0
    member.balance += theirs.balance
    member.balance_at = max(filter(None, (member.balance_at, theirs.balance_at)), default=None)
    if owes:
        posting.pay_debts(member)


def _join_warnings(merchant: Merchant, member: Member, theirs: Member) -> None:
    """Nobody is warned again of what either was warned of."""
    warned = ExpiryWarning.objects.for_merchant(merchant)
    known = set(warned.filter(member=member).values_list("expires_at", "window_days"))
    rows = warned.filter(member=theirs).values_list("pk", "expires_at", "window_days")
    warned.filter(pk__in=[pk for pk, *about in rows if tuple(about) in known]).delete()
    warned.filter(member=theirs).update(member=member)


def _join_memberships(member: Member, theirs: Member, merged_at: datetime) -> None:
    """The earlier account, the newer word on the birth month, and the birthdays of either."""
    accounts = [each for each in (member, theirs) if each.registered_at is not None]
    if accounts:
        first = min(accounts, key=lambda each: each.registered_at or merged_at)
        member.status, member.status_at, member.registered_at = first.status, first.status_at, first.registered_at
    said = [each for each in (theirs, member) if each.birth_month_at is not None]
    if said:
        newest = max(said, key=lambda each: each.birth_month_at or merged_at)
        member.birth_month, member.birth_month_at = newest.birth_month, newest.birth_month_at
    member.birthday_year = max(member.birthday_year, theirs.birthday_year)
    member.joined_at = min(member.joined_at, theirs.joined_at)
    member.save()


def _join_tiers(merge: Merge, member: Member, theirs: Member | None) -> tuple[int, ...]:
    """What both spent decides; and a better tier that the other held is held on to until its day."""
    tiers = Tiers(merge.merchant)
    if not tiers.by_key:
        return ()
    cause = f"merged:{merge.given_up.pk}:{merge.kept.pk}"
    event_ids = tier_moves.reconsider(member, cause=cause, at=merge.at)
    held = tiers.held(theirs) if theirs else Held()
    if held.tier is None or held.is_over(merge.at) or not _is_better(tiers.held(member).tier, held.tier):
        return event_ids
    spent = spending.by_now(merge.merchant, [merge.kept.pk], at=merge.at)
    move = Move(
        member=member,
        change=Change.BY_HAND if held.tier.is_custom else Change.ASSIGN,
        tier=tiers.of(held.tier),
        cause=f"{cause}:held",
        effective_at=merge.at,
        spent=spent.get(merge.kept.pk, NOTHING),
        expires_at=held.expires_at,
        reason="held by the customer who was merged",
    )
    facts = tier_moves.write(merge.merchant, tiers, [move], at=merge.at).facts
    return event_ids + tuple(each.pk for each in history.announce(*facts, at=merge.at))


def _is_better(mine: Terms | None, other: Terms) -> bool:
    """A custom tier stays what it is."""
    return not (mine is not None and mine.is_custom) and tiering.is_rise(mine, other)
