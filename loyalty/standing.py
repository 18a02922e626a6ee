"""How members stand: what they have, what is pending, and when it runs out. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Sum

from integrations.models import Merchant
from loyalty.models import Grant, Lot, Member

MOST_LOTS = 100
"""Lots of one member that are listed, those first that run out first."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's points: `balance` can be spent, or is owed below 0; `pending` will count later.

    `lots` are those with something in them, in the order in which they are spent.
    """

    member: Member
    pending: int
    lots: list[Lot]

    @property
    def balance(self) -> int:
        """Points that can be spent; below 0: owed."""
        return self.member.balance

    @property
    def next_expiry(self) -> tuple[int, datetime] | None:
        """The points that run out first, and when; None where none ever do."""
        first = next((each.expires_at for each in self.lots if each.expires_at), None)
        if first is None:
            return None
        return sum(each.remaining for each in self.lots if each.expires_at == first), first


def of(merchant: Merchant, member: Member) -> Standing:
    """How a member stands. Two statements."""
    waiting = Grant.objects.for_merchant(merchant).filter(member=member, entry=None)
    pending = waiting.aggregate(left=Sum(F("points") - F("reversed_points")))["left"] or 0
    lots = Lot.objects.for_merchant(merchant).filter(member=member, remaining__gt=0)
    in_order = lots.order_by(F("expires_at").asc(nulls_last=True), "effective_at", "pk")
    return Standing(member, pending, list(in_order[:MOST_LOTS]))
