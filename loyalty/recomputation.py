"""Placing all of a merchant's members anew, when the merchant asks for it: after its tiers were made, or changed.

In batches, each in a transaction of its own that notes how far it came: whoever comes next goes on there. It is asked for again
in the middle: then it begins anew. Who is in the right place stays there.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction

from integrations import audit, leases
from integrations.apart import Apart
from integrations.audit import Actor
from integrations.models import Merchant
from loyalty import services, tiering
from loyalty.models import LoyaltyClock, Member, Tier
from loyalty.nights import LEASE_SECONDS
from loyalty.services import spending
from loyalty.services.spending import NOTHING
from loyalty.services.tier_moves import Tiers

BATCH = 500
"""Members in one transaction: what they do waits meanwhile."""

MOST_FORESEEN = 10_000
"""Members of whom it is worked out beforehand what would become of them."""

READ_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Way:
    """How many members would come from one tier into another; None: no tier."""

    before: Tier | None
    after: Tier | None
    members: int


def recompute(merchant: Merchant, *, by: Actor, at: datetime, seconds: float = math.inf) -> int | None:
    """Begin to place every member by the spending of the last 365 days, and work at it for so many seconds.

    Returns how many came into another tier; None where it is not done yet, and `work` goes on.
    """
    with transaction.atomic():
        audit.note(merchant, by, "had the tiers of all members worked out anew", at=at)
        clock = LoyaltyClock.objects.for_merchant(merchant)
        clock.update(placing_at=at, placing_after=0, placing_moved=0)
    return _go_on(merchant, at=at, end=time.monotonic() + seconds)


def work(*, at: datetime, seconds: float) -> bool:
    """Go on with all that was begun, for so many seconds; whether nothing is left."""
    end = time.monotonic() + seconds
    begun = LoyaltyClock.objects.filter(placing_at__isnull=False, merchant__state=Merchant.State.ACTIVE)
    clocks = begun.order_by("placing_at", "pk").prefetch_related("merchant__connections")
    with Apart() as apart:
        done = [apart.do(each.pk, partial(_go_on, each.merchant, at=at, end=end), None) for each in clocks]
    return None not in done


def foresee(merchant: Merchant, *, at: datetime) -> list[Way] | None:
    """What placing everybody would do now, most members first; None: there are too many to say. Changes nothing."""
    mine = Member.objects.for_merchant(merchant)
    if mine.order_by()[: MOST_FORESEEN + 1].count() > MOST_FORESEEN:
        return None
    tiers = Tiers(merchant)
    terms = list(tiers.terms.values())
    found: Counter[tuple[int | None, int | None]] = Counter()
    for members in _read(merchant):
        spent = spending.by_now(merchant, [each.customer_id for each in members], at=at)
        for each in members:
            decision = tiering.place(spent.get(each.customer_id, NOTHING).minor, terms, tiers.held(each))
            if decision is not None:
                found[each.tier_id, decision.tier.key if decision.tier else None] += 1
    return [
        Way(tiers.by_key[before] if before else None, tiers.by_key[after] if after else None, count)
        for (before, after), count in found.most_common()
    ]


def _go_on(merchant: Merchant, *, at: datetime, end: float) -> int | None:
    """Place batch after batch; None where it is not done. Nights and other processes do not come between."""
    with leases.holding(f"loyalty:{merchant.pk}", LEASE_SECONDS) as held:
        if held is None:
            return None
        begun = LoyaltyClock.objects.for_merchant(merchant).filter(placing_at__isnull=False)
        clock = begun.first()
        if clock is None or clock.placing_at is None:
            return 0
        mine, run, moved = begun.filter(placing_at=clock.placing_at), clock.placing_at.isoformat(), clock.placing_moved
        for keys in _batches(merchant, after=clock.placing_after):
            with transaction.atomic():
                moved += services.place_again(merchant, keys, run=run, at=at)
                is_mine = mine.update(placing_after=keys[-1], placing_moved=moved)
            if not is_mine or time.monotonic() > end or not held.renew(LEASE_SECONDS):
                return None
        mine.update(placing_at=None)
        return moved


def _batches(merchant: Merchant, *, after: int) -> Iterator[list[int]]:
    mine = Member.objects.for_merchant(merchant).order_by("pk").values_list("pk", flat=True)
    while keys := list(mine.filter(pk__gt=after)[:BATCH]):
        yield keys
        after = keys[-1]


def _read(merchant: Merchant) -> Iterator[list[Member]]:
    after = 0
    mine = Member.objects.for_merchant(merchant).order_by("pk")
    needed = mine.only("pk", "customer", "tier", "tier_since", "tier_expires_at")
    while rows := list(needed.filter(pk__gt=after)[:READ_AT_ONCE]):
        yield rows
        after = rows[-1].pk
