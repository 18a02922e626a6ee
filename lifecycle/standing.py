"""Where a merchant's log stands: how much of it was parsed, and what waits. Counts stop at `vitals.COUNTED_UP_TO` + 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from integrations.models import Delivery, Merchant
from integrations.vitals import COUNTED_UP_TO, counted
from lifecycle.models import Activity
from lifecycle.models.activity import IN_STATE, TOLD, UNTOLD, WAITING

OPEN = (Delivery.State.PENDING, Delivery.State.SENDING, Delivery.State.HELD)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many entries there are in each state, in words."""

    waiting: str
    told: str
    untold: str


def of(merchant: Merchant) -> Standing:
    """As it is now."""
    mine = Activity.objects.for_merchant(merchant)
    return Standing(*(counted(_count(mine.filter(IN_STATE[state]))) for state in (WAITING, TOLD, UNTOLD)))


def unsent(merchant: Merchant) -> str:
    """How many deliveries of the past are not sent yet, in words."""
    mine = Delivery.objects.for_merchant(merchant).filter(is_history=True, connection__in=merchant.connections.all())
    # State by state, each of which has an index of its own; all of them together have none.
    return counted(sum(_count(mine.filter(state=each)) for each in OPEN))


def _count(rows: QuerySet[Any]) -> int:
    return rows.order_by().values("pk")[: COUNTED_UP_TO + 1].count()
