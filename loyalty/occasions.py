"""What members are told of beside their points: the facts of accounts, birth months, rewards, and points about to run out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from loyalty.facts import MemberFact, RunOut
from loyalty.models import IssuedReward, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRegistered(MemberFact):
    """A member made an account. `welcome_reward` is what it is called, "" for none."""

    method: str
    registered_at: datetime
    welcome_points: int
    welcome_reward: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardIssued(MemberFact):
    """A member got a reward. `balance_after` is what points they had then; below 0: owed."""

    issued: IssuedReward
    balance_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthMonthCaptured(MemberFact):
    """A member who has an account already said in which month they were born."""

    month: int
    captured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthMonthEntered(MemberFact):
    """A member's birth month came, and what they got for it. `midnight` is the beginning of `day`, `until` of the next month."""

    day: date
    midnight: datetime
    until: datetime
    points: int
    issued: IssuedReward | None
    tier_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsExpiring(MemberFact):
    """Points of a member are about to run out. `day` begins at `midnight`; `expiry_day` is the first on which they are gone."""

    day: date
    midnight: datetime
    window_days: int
    expiry_day: date
    expires_at: datetime
    lots: Sequence[RunOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMerged(MemberFact):
    """Another customer turned out to be this member. Balances and tiers are the member's own before it, and what both came to."""

    source_customer: int
    merged_at: datetime
    balance_before: int
    balance_after: int
    tier_before: Tier | None
    tier_after: Tier | None
