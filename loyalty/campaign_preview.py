"""What a campaign would do, before it is started. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Sum
from django.db.models.functions import Coalesce

from loyalty import stock
from loyalty.models import Campaign, CampaignRecipient, Member
from loyalty.services import audiences
from loyalty.services.audiences import Wanted

FIRST = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """How many members it is for, and the first of them; the points that they get in all, 0 where it gives a reward.

    `codes_left` are those of the reward's list; None where its codes are not from one.
    """

    members: int
    points: int
    codes_left: int | None
    first: Sequence[Member]

    @property
    def codes_missing(self) -> int:
        """Members for whom there would be no code."""
        return max(self.members - self.codes_left, 0) if self.codes_left is not None else 0


def of(campaign: Campaign, *, at: datetime) -> Preview:
    """What it would do now. At most three statements, however many members it is for."""
    merchant = campaign.merchant
    if campaign.audience == Campaign.Audience.FILE:
        rows = CampaignRecipient.objects.for_merchant(merchant).filter(campaign=campaign)
        sums = rows.aggregate(members=Count("pk"), points=Sum(Coalesce("points", F("campaign__points"))))
        first = [each.member for each in rows.select_related("member__customer").order_by("pk")[:FIRST]]
        members, points = sums["members"], sums["points"] or 0
    else:
        chosen = audiences.chosen(merchant, Wanted.read(campaign.wanted), at=at)
        members = chosen.count()
        points = members * (campaign.points or 0)
        first = list(chosen.select_related("customer").order_by("pk")[:FIRST])
    left = stock.codes_left(campaign.reward) if campaign.reward else None
    return Preview(members, points, left, first)
