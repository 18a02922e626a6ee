"""What the clock does at each merchant's midnight, in this order: pending points begin to count, periods of tiers end, points and
rewards run out, members are warned of what runs out next, birth months come.

A night is a date in the merchant's time zone. Nights that were missed are made up for in their order. Each step is done in
batches, each in a transaction of its own, and finds by itself what is left to be done: a night that is broken off goes on where
it was, and one that is done twice changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import partial

from django.db import transaction

from integrations import inbound, leases
from integrations.apart import Apart
from integrations.models import Merchant
from loyalty import days, services
from loyalty.models import Grant, Lot, LoyaltyClock, Member
from tracking.business_time import begin_of

BATCH = 500
"""Members in one transaction: what they do waits meanwhile."""

EARLIEST_DAY = timedelta(hours=14)
"""How far the first time zone on Earth is ahead of UTC."""

LEASE_SECONDS = 120


def work(*, at: datetime, seconds: float) -> bool:
    """Do the nights of all merchants that have begun by `at`, for so many seconds; whether nothing is left."""
    end = time.monotonic() + seconds
    begun = LoyaltyClock.objects.filter(done_on__lt=(at + EARLIEST_DAY).date(), merchant__state=Merchant.State.ACTIVE)
    # One of their messages may tell of a refund, or that a member was active.
    due = begun.exclude(merchant__in=inbound.behind(at=at)).order_by("done_on", "pk")
    with Apart() as apart:
        clocks = due.prefetch_related("merchant__connections")
        done = [apart.do(each.pk, partial(_work_for, each, at=at, end=end), False) for each in clocks]
    return all(done)


def _work_for(clock: LoyaltyClock, *, at: datetime, end: float) -> bool:
    """Do the nights of one merchant; whether all are done. Whoever comes meanwhile leaves them to us."""
    merchant = clock.merchant
    with leases.holding(f"loyalty:{merchant.pk}", LEASE_SECONDS) as held:
        if held is None:
            return False
        done_on = LoyaltyClock.objects.for_merchant(merchant).values_list("done_on", flat=True).get()
        for day in days.days_after(done_on, days.local_date(at, merchant.timezone)):
            for _ in night(merchant, day, at=at):
                if time.monotonic() > end or not held.renew(LEASE_SECONDS):
                    return False
            LoyaltyClock.objects.for_merchant(merchant).update(done_on=day)
    return True


def night(merchant: Merchant, day: date, *, at: datetime) -> Iterator[int]:
    """Do the night in which `day` begins, batch by batch: how many were concerned in each."""
    midnight = begin_of(day, merchant.timezone)
    yield from _activate(merchant, midnight, at=at)
    yield from _end_tier_periods(merchant, midnight, at=at)
    yield from _expire(merchant, day, midnight, at=at)
    yield from _expire_rewards(merchant, midnight)
    yield from _warn(merchant, day, midnight, at=at)
    yield from _enter_birth_months(merchant, day, at=at)


def _activate(merchant: Merchant, midnight: datetime, *, at: datetime) -> Iterator[int]:
    due = Grant.objects.for_merchant(merchant).filter(entry=None, activates_at__lte=midnight)
    for keys in _batches(due.order_by("member").values_list("member", flat=True).distinct()):
        with transaction.atomic():
            done = services.activate_pending(merchant, keys, until=midnight, at=at)
        yield done


def _end_tier_periods(merchant: Merchant, midnight: datetime, *, at: datetime) -> Iterator[int]:
    due = Member.objects.for_merchant(merchant).filter(tier_expires_at__lte=midnight)
    for keys in _batches(due.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            done = services.end_tier_periods(merchant, keys, until=midnight, at=at)
        yield done


def _expire(merchant: Merchant, day: date, midnight: datetime, *, at: datetime) -> Iterator[int]:
    due = Lot.objects.for_merchant(merchant).filter(remaining__gt=0, expires_at__lte=midnight)
    for keys in _batches(due.order_by("member").values_list("member", flat=True).distinct()):
        with transaction.atomic():
            done = services.expire_lots(merchant, keys, day=day, until=midnight, at=at)
        yield done


def _expire_rewards(merchant: Merchant, midnight: datetime) -> Iterator[int]:
    due = services.expiring(merchant, until=midnight)
    for keys in _batches(due.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            done = services.expire_rewards(merchant, keys, until=midnight)
        yield done


def _warn(merchant: Merchant, day: date, midnight: datetime, *, at: datetime) -> Iterator[int]:
    """A night that is made up for warns nobody: the newest one does, of what is still to come."""
    services.forget_warnings(merchant, until=midnight)
    if day < days.local_date(at, merchant.timezone):
        return
    for window in services.windows(merchant, day):
        due = services.unwarned(merchant, window)
        for keys in _batches(due.order_by("member").values_list("member", flat=True).distinct()):
            with transaction.atomic():
                done = services.warn_of_expiry(merchant, keys, window=window, at=at)
            yield done


def _enter_birth_months(merchant: Merchant, day: date, *, at: datetime) -> Iterator[int]:
    due = services.due_birthdays(merchant, day)
    for keys in _batches(due.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            done = services.enter_birth_months(merchant, keys, day=day, at=at)
        yield done


def _batches(found: Iterable[int]) -> Iterator[list[int]]:
    """Keys, read once, in parts."""
    keys = list(found)
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]
