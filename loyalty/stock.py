"""How often rewards were given, and how many codes are left of those that come from a list. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, QuerySet

from integrations.models import Merchant
from integrations.statements import Among
from loyalty.models import IssuedReward, Reward, RewardCode

FEWEST_CODES = 20
FEWEST_PERCENT = 10


@dataclass(frozen=True, slots=True)
class Stock:
    """A reward, and how often it was given. `left` are the codes of its list that nobody has; None: it has no list."""

    reward: Reward
    given: int
    left: int | None

    @property
    def codes(self) -> int:
        """Codes that were ever in its list: each one that is gone went with a reward that was given."""
        return self.given + (self.left or 0)

    @property
    def is_low(self) -> bool:
        """Whether codes run low: fewer than 20, or than 10 percent of all, are left. A retired reward needs none."""
        if self.left is None or self.reward.retired_at is not None:
            return False
        return self.left < FEWEST_CODES or self.left * 100 < self.codes * FEWEST_PERCENT


def of(merchant: Merchant, rewards: Collection[Reward]) -> list[Stock]:
    """The stock of these rewards, in their order: two statements."""
    keys = [each.pk for each in rewards]
    listed = [each.pk for each in rewards if each.codes == Reward.Codes.POOL]
    given = _counted(IssuedReward.objects.for_merchant(merchant), keys)
    left = _counted(RewardCode.objects.for_merchant(merchant).filter(taken_at=None), listed) if listed else {}
    return [
        Stock(each, given.get(each.pk, 0), left.get(each.pk, 0) if each.codes == Reward.Codes.POOL else None)
        for each in rewards
    ]


def codes_left(reward: Reward) -> int | None:
    """The codes of its list that nobody has; None: it has no list. One statement."""
    if reward.codes != Reward.Codes.POOL:
        return None
    free: QuerySet[RewardCode] = RewardCode.objects.for_merchant(reward.merchant_id)
    return free.filter(reward=reward, taken_at=None).count()


def running_low(merchant: Merchant) -> list[Stock]:
    """The rewards that are offered and whose codes run low, by name: three statements."""
    offered = Reward.objects.for_merchant(merchant).filter(codes=Reward.Codes.POOL, retired_at=None)
    rewards = list(offered.order_by("name", "pk"))
    return [each for each in of(merchant, rewards) if each.is_low] if rewards else []


def _counted(rows: QuerySet[Any], keys: Collection[int]) -> dict[int, int]:
    mine = rows.filter(Among(F("reward_id"), keys)).order_by().values_list("reward")
    return dict(mine.annotate(count=Count("pk")))
