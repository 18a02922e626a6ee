"""Giving members rewards, for points or as a present, and what becomes of a reward that a member has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet

from integrations import history
from integrations.audit import Actor
from integrations.models import Customer, Merchant
from integrations.statements import Among
from loyalty import days
from loyalty.models import IssuedReward, LedgerEntry, Member, Reward
from loyalty.models.ledger import CAUSE_LENGTH
from loyalty.occasions import RewardIssued
from loyalty.services import codes, members, points

logger = structlog.get_logger(__name__)

REDEMPTION = "reward:"
"""How the causes of entries begin that take the points for a reward."""

OPEN = Q(used_at=None, deactivated_at=None, expired_at=None)


class NotToBeHad(Exception):
    """The reward cannot be given to anybody now: it is retired, or has no code left."""


class NoReward(LookupError):
    """No member of the merchant's got that reward."""


class Ended(Exception):
    """The reward was used, deactivated or has expired: nothing more becomes of it."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a reward, and why. The member is locked. `redemption` took the points for it."""

    member: Member
    cause: str
    redemption: LedgerEntry | None = None


def issue_reward(
    *,
    merchant: Merchant,
    customer: Customer,
    reward: Reward,
    source: IssuedReward.Source,
    cause: str,
    at: datetime,
    by: Actor | None = None,
) -> IssuedReward:
    """Give a member a reward, once for each `cause`: a repeated one answers what was issued first.

    By redemption of points it costs what it says; by any other source nothing. Raises `NotToBeHad`, `NoMember`, `NotEnough`, and
    `ValidationError` for a reward that is not to be had for points; then nothing is taken and nothing given.
    """
    if not 0 < len(cause) <= CAUSE_LENGTH - len(REDEMPTION):
        raise ValidationError({"cause": f"A cause has 1 to {CAUSE_LENGTH - len(REDEMPTION)} characters."})
    with transaction.atomic():
        member = members.locked(merchant, customer)
        known: IssuedReward | None = _issued(merchant).filter(cause=cause).first()
        if known is not None:
            return known
        redemption = None
        if source == IssuedReward.Source.POINTS_REDEMPTION:
            redemption = _pay(member, reward, cause, by, at=at)
        facts = hand_out(reward, [Recipient(member, cause, redemption)], source=source, issued_at=at, at=at)
        if not facts:
            raise NotToBeHad(f"the reward {reward.name} {'is retired' if reward.retired_at else 'has no code left'}")
        history.announce(*facts, at=at)
        return facts[0].issued


def hand_out(
    reward: Reward,
    recipients: Sequence[Recipient],
    *,
    source: IssuedReward.Source,
    issued_at: datetime,
    at: datetime,
) -> list[RewardIssued]:
    """Give many members a reward, whose causes are new; the caller announces the facts.

    Those for whom no code was left get none: they are the last, and a line of the log says how many.
    """
    merchant_id = reward.merchant_id
    taken = [] if reward.retired_at else codes.take(reward, len(recipients), at=at)
    if len(taken) < len(recipients):
        short = len(recipients) - len(taken)
        logger.warning("rewards.none_left", merchant=merchant_id, reward=reward.pk, source=str(source), members=short)
    issued = [
        IssuedReward(
            merchant=each.member.merchant,
            member=each.member,
            reward=reward,
            source=source,
            cause=each.cause,
            points_spent=-each.redemption.points if each.redemption else 0,
            redemption=each.redemption,
            code=code,
            issued_at=issued_at,
            expires_at=_expires_at(reward, each.member, issued_at),
        )
        for each, code in zip(recipients, taken, strict=False)
    ]
    IssuedReward.objects.bulk_create(issued)
    return [
        RewardIssued.of(
            each.member,
            issued=row,
            balance_after=each.redemption.balance_after if each.redemption else each.member.balance,
        )
        for row, each in zip(issued, recipients, strict=False)
    ]


def deactivate_reward(
    *, merchant: Merchant, key: int, at: datetime, by: Actor | None = None, note: str = ""
) -> IssuedReward:
    """Take a reward back from whoever got it, once; points that were paid for it return to their lots, with their dates.

    Its code goes to nobody else. Raises `NoReward`, and `Ended` for one that was used or has expired.
    """
    with transaction.atomic():
        found = _issued(merchant).filter(pk=key).select_related("redemption").first()
        if found is None:
            raise NoReward(f"there is no issued reward {key}")
        # Whatever becomes of a member's rewards waits for what becomes of their points.
        member = members.locked_owner(merchant, found)
        if _end(merchant, key, at, "deactivated_at") and found.redemption is not None:
            points.revert_redemption(
                merchant=merchant,
                customer=member.customer,
                cause=found.redemption.cause,
                at=at,
                note=note or found.reward.name,
                by=by,
            )
        return _issued(merchant).get(pk=key)


def use_reward(*, merchant: Merchant, key: int, at: datetime) -> IssuedReward:
    """A member used a reward, once. Raises `NoReward`, and `Ended` for one that was deactivated or has expired."""
    _end(merchant, key, at, "used_at")
    return _issued(merchant).get(pk=key)


def expire_rewards(merchant: Merchant, keys: Collection[int], *, until: datetime) -> int:
    """Mark those of these issued rewards that cannot be used from `until` on; returns how many."""
    return expiring(merchant, until=until).filter(Among(F("pk"), keys)).update(expired_at=F("expires_at"))


def expiring(merchant: Merchant, *, until: datetime) -> QuerySet[IssuedReward]:
    """Issued rewards that nobody used in time, and that are not marked as such yet."""
    return IssuedReward.objects.for_merchant(merchant).filter(OPEN, expires_at__lte=until)


def _pay(member: Member, reward: Reward, cause: str, by: Actor | None, *, at: datetime) -> LedgerEntry:
    if reward.points_cost is None:
        raise ValidationError({"reward": f"{reward.name} is not to be had for points."})
    return points.redeem(
        merchant=member.merchant,
        customer=member.customer,
        points=reward.points_cost,
        cause=f"{REDEMPTION}{cause}",
        at=at,
        note=reward.name,
        by=by,
        reward=reward,
    )


def _end(merchant: Merchant, key: int, at: datetime, how: str) -> bool:
    """End a reward in that way; False where it did already. Raises `NoReward` and `Ended`."""
    mine = IssuedReward.objects.for_merchant(merchant).filter(pk=key)
    in_time = Q(expires_at=None) | Q(expires_at__gt=at)
    if mine.filter(OPEN & in_time).update(**{how: at}):
        return True
    row = mine.first()
    if row is None:
        raise NoReward(f"there is no issued reward {key}")
    if getattr(row, how) is None:
        word = "was used" if row.used_at else "was deactivated" if row.deactivated_at else "has expired"
        raise Ended(f"the reward {word}: nothing more becomes of it")
    return False


def _issued(merchant: Merchant) -> QuerySet[IssuedReward]:
    found: QuerySet[IssuedReward] = IssuedReward.objects.for_merchant(merchant).select_related("reward", "code")
    return found


def _expires_at(reward: Reward, member: Member, issued_at: datetime) -> datetime | None:
    if reward.valid_days is None:
        return None
    return days.midnight_after(issued_at, reward.valid_days, member.merchant.timezone)
