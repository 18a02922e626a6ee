"""What people are told of a programme that needs them: codes of rewards run low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from django.db.models import F

from integrations import alerts
from integrations.models import Alert, Merchant
from integrations.statements import Among
from loyalty import stock
from loyalty.models import Reward
from loyalty.stock import Stock

MOST = 3
"""Rewards that are named; the others are counted."""


@alerts.register(Alert.Kind.CODES)
def codes(merchants: Sequence[Merchant], at: datetime) -> Mapping[int, str]:
    """Whose codes run low. A statement, and two more for each merchant that gives codes of a list."""
    by_key = {each.pk: each for each in merchants}
    offered = Reward.objects.filter(Among(F("merchant_id"), by_key), codes=Reward.Codes.POOL, retired_at=None)
    found: dict[int, str] = {}
    for key, mine in groupby(offered.order_by("merchant", "name", "pk"), key=lambda reward: reward.merchant_id):
        low = [each for each in stock.of(by_key[key], list(mine)) if each.is_low]
        if low:
            found[key] = _named(low)
    return found


def _named(low: Sequence[Stock]) -> str:
    named = [f"{each.reward.name} ({each.left} left)" for each in low[:MOST]]
    more = [f"{len(low) - MOST} more"] if len(low) > MOST else []
    return ", ".join(named + more)
