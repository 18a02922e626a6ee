"""Going on with the merchants' logs: what happens now first, then of the past as much as its pace allows.

Merchants take turns, a page and a batch each. A merchant's log is in the hands of whoever holds its lease; where a lease was
lost, what two do at once is harmless.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from integrations import leases, wake
from integrations.apart import Apart
from integrations.models import Lease, Merchant
from lifecycle.models import Activity, LogFeed, LogSync
from lifecycle.services import feeds, parsing, syncs

LEASE = "log:"
"""Begins the key of a merchant's lease; its primary key follows."""

LEASE_SECONDS = 90
"""Longer than two pages take to be fetched."""


def work(*, seconds: float, clock: Callable[[], datetime] = timezone.now, merchant: Merchant | None = None) -> int:
    """Read and parse what is due until nothing is, or the time is over; returns how many entries were read or parsed."""
    end, total, done = time.monotonic() + seconds, 0, 1
    with Apart() as apart:
        while done:
            done = 0
            for each in _with_work(at=clock(), merchant=merchant).prefetch_related("connections"):
                if time.monotonic() >= end:
                    return total + done
                done += apart.do(each.pk, partial(_take_turn, each, clock=clock), 0)
            total += done
    return total


def _with_work(*, at: datetime, merchant: Merchant | None) -> QuerySet[Merchant]:
    """Merchants whose feed is due, of whom something waits, or whose past is gone through; whose last turn was longest ago first,
    so that nobody waits for a slow feed's next page.
    """
    mine = {"merchant": OuterRef("pk")}
    lease = Lease.objects.filter(key=Concat(Value(LEASE), Cast(OuterRef("pk"), TextField())))
    found = Merchant.objects.filter(
        Q(Exists(Activity.objects.filter(**mine, parsed_at=None, is_history=False)))
        | Q(Exists(LogFeed.objects.filter(**mine, next_pull_at__lte=at)))
        | Q(Exists(LogSync.objects.filter(**mine, state=LogSync.State.RUNNING))),
        state=Merchant.State.ACTIVE,
    ).order_by(Subquery(lease.values("until")).asc(nulls_first=True), "pk")
    return found.filter(pk=merchant.pk) if merchant else found


def _take_turn(merchant: Merchant, *, clock: Callable[[], datetime]) -> int:
    with wake.held(), leases.holding(f"{LEASE}{merchant.pk}", LEASE_SECONDS) as held:
        if held is None:
            return 0
        done = 0
        feed = LogFeed.objects.for_merchant(merchant).filter(next_pull_at__lte=clock()).first()
        if feed is not None:
            feed.merchant = merchant
            done += feeds.pull(feed, clock=clock)
        done += parsing.parse(merchant=merchant, is_history=False, at=clock()).entries
        sync = LogSync.objects.for_merchant(merchant).filter(state=LogSync.State.RUNNING).first()
        if sync is not None:
            sync.merchant = merchant
            done += syncs.read_on(sync, clock=clock)
            done += syncs.parse_on(sync, at=clock())
        return done
