"""What can happen to members and their points: the facts that metrics are declared on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from integrations.catalog import Fact
from loyalty.models import LedgerEntry, Member, Tier, TierTransition


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFact(Fact):
    """Something happened to a member."""

    member: Member

    @classmethod
    def of(cls, member: Member, **more: Any) -> Self:
        """The fact about that member, whose merchant and customer are at hand."""
        return cls(
            merchant=member.merchant,
            customer=member.customer,
            subject=f"member:{member.customer_id}",
            subject_at=member.joined_at,
            member=member,
            **more,
        )


class MemberActivated(MemberFact):
    """A customer became a member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierUpdated(MemberFact):
    """A member came into a tier, kept it for another period, or left it. `following` is the next tier by spending, if any."""

    transition: TierTransition
    before: Tier | None
    after: Tier | None
    following: Tier | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsMoved(MemberFact):
    """An entry was posted."""

    entry: LedgerEntry

    @classmethod
    def by(cls, entry: LedgerEntry, **more: Any) -> Self:
        """The fact about that entry, whose member is at hand."""
        return cls.of(entry.member, entry=entry, order_number=entry.order_number, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsAdded(PointsMoved):
    """Points were added; `expires_at` is when the first of them run out, None: never."""

    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsSubtracted(PointsMoved):
    """Points were spent, on the reward `reward_id` if any, or taken back."""

    reward_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOut:
    """Points of one lot that ran out, and since when they had counted."""

    points: int
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsExpired(PointsMoved):
    """Points ran out: all of a member's that did on one day."""

    day: date
    lots: Sequence[RunOut]
