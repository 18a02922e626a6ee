"""What a merchant's people do to one member by hand, each in a transaction, with the person in the trail.

Points and tiers by hand keep their person themselves, in the ledger and in the transition. The trail names a member by the
customer's number: it outlives the shopper.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from loyalty import services
from loyalty.models import IssuedReward, Member, Reward

Source = IssuedReward.Source


def give_reward(
    member: Member, reward: Reward, *, for_points: bool, cause: str, by: Actor, at: datetime
) -> IssuedReward:
    """Give a member a reward, for the points that it costs or as a present, once for each `cause`.

    Raises what `services.issue_reward` does.
    """
    merchant = member.merchant
    source = Source.POINTS_REDEMPTION if for_points else Source.ONE_TIME_CAMPAIGN
    with transaction.atomic():
        issued = services.issue_reward(
            merchant=merchant, customer=member.customer, reward=reward, source=source, cause=cause, at=at, by=by
        )
        if issued.issued_at == at:
            how = f"for {issued.points_spent} points" if for_points else "as a present"
            audit.note(merchant, by, "gave a reward", [f"{issued.reward.name}, {how}", _named(member)], at=at)
    return issued


def end_reward(merchant: Merchant, key: int, *, is_used: bool, by: Actor, at: datetime) -> IssuedReward:
    """Let a reward that a member got be used, or take it back; points return. Raises `NoReward` and `Ended`."""
    with transaction.atomic():
        if is_used:
            row = services.use_reward(merchant=merchant, key=key, at=at)
        else:
            row = services.deactivate_reward(merchant=merchant, key=key, at=at, by=by)
        if at in (row.used_at, row.deactivated_at):
            what = "marked a reward as used" if is_used else "deactivated a reward"
            audit.note(merchant, by, what, [row.reward.name, _named(row.member)], at=at)
    return row


def capture_birth_month(member: Member, month: int, *, by: Actor, at: datetime) -> None:
    """Keep a member's birth month. Raises `ValidationError`."""
    with transaction.atomic():
        before = member.birth_month
        services.capture_birth_month(merchant=member.merchant, customer=member.customer, month=month, at=at)
        if before != month:
            audit.note(member.merchant, by, "entered a birth month", [_named(member)], at=at)


def _named(member: Member) -> str:
    return f"customer {member.customer_id}"
