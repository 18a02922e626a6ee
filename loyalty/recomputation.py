"""Placing all of a merchant's members anew, when the merchant asks for it: after its tiers were made, or changed.

In batches, each in a transaction of its own. One that was broken off is asked for again: who is in the right place stays there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from loyalty import services
from loyalty.models import Member

BATCH = 500
"""Members in one transaction: what they do waits meanwhile."""


def recompute(merchant: Merchant, *, by: Actor, at: datetime) -> int:
    """Place every member by the spending of the last 365 days; returns how many came into another tier."""
    with transaction.atomic():
        audit.note(merchant, by, "had the tiers of all members worked out anew", at=at)
    moved = 0
    for keys in _batches(merchant):
        with transaction.atomic():
            moved += services.place_again(merchant, keys, run=at.isoformat(), at=at)
    return moved


def _batches(merchant: Merchant) -> Iterator[list[int]]:
    last = 0
    mine = Member.objects.for_merchant(merchant).order_by("pk").values_list("pk", flat=True)
    while keys := list(mine.filter(pk__gt=last)[:BATCH]):
        yield keys
        last = keys[-1]
