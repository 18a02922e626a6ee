"""Warning members before points run out: once for each date, and for each number of days before it that the programme says.

A night warns of what is to come as it stands then. So a night that was missed is not made up for: the next one tells what is
still true, once, with the days that are left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Exists, F, OuterRef, QuerySet

from integrations import history
from integrations.models import Customer, Merchant
from integrations.statements import Among
from loyalty import days
from loyalty.facts import RunOut
from loyalty.models import ExpiryWarning, Lot, Member
from loyalty.occasions import PointsExpiring
from loyalty.services import programmes
from tracking.business_time import begin_of


@dataclass(frozen=True, slots=True)
class Window:
    """Points that run out after `after`, until `until`, are within so many `days` of `day`, and within no shorter window."""

    day: date
    days: int
    after: datetime
    until: datetime


def windows(merchant: Merchant, day: date) -> Iterator[Window]:
    """The windows of a day, by the rules in force when it begins: the shortest first."""
    after = begin_of(day, merchant.timezone)
    rules = programmes.in_force(merchant, after)
    for length in sorted(rules.expiring_windows if rules else ()):
        until = begin_of(day + timedelta(days=length), merchant.timezone)
        yield Window(day, length, after, until)
        after = until


def unwarned(merchant: Merchant, window: Window) -> QuerySet[Lot]:
    """Lots with points that run out within a window, and that nobody was warned of in it."""
    warned = ExpiryWarning.objects.for_merchant(merchant).filter(
        expires_at=OuterRef("expires_at"), member=OuterRef("member"), window_days=window.days
    )
    mine: QuerySet[Lot] = Lot.objects.for_merchant(merchant)
    return mine.filter(~Exists(warned), remaining__gt=0, expires_at__gt=window.after, expires_at__lte=window.until)


def warn_of_expiry(merchant: Merchant, keys: Collection[int], *, window: Window, at: datetime) -> int:
    """Warn these members of what they would lose within a window; returns how many warnings there were."""
    due: dict[tuple[int, datetime], list[Lot]] = defaultdict(list)
    for lot in unwarned(merchant, window).filter(Among(F("member_id"), keys)).order_by("pk"):
        if lot.expires_at is not None:
            due[lot.member_id, lot.expires_at].append(lot)
    ExpiryWarning.objects.bulk_create(
        [
            ExpiryWarning(merchant=merchant, member_id=key, expires_at=expires_at, window_days=window.days)
            for key, expires_at in due
        ],
        # Of two who do the same night at once, the history lets one tell of it.
        ignore_conflicts=True,
    )
    mine = Member.objects.for_merchant(merchant).filter(Among(F("pk"), keys)).select_related("customer")
    by_key = {each.pk: each for each in mine.exclude(customer__status=Customer.Status.ERASED)}
    facts = [
        _fact(merchant, by_key[key], expires_at, lots, window)
        for (key, expires_at), lots in due.items()
        if key in by_key
    ]
    history.announce(*facts, at=at)
    return len(due)


def forget_warnings(merchant: Merchant, *, until: datetime) -> int:
    """Remove the warnings of what has run out by then."""
    done, _ = ExpiryWarning.objects.for_merchant(merchant).filter(expires_at__lte=until).delete()
    return done


def _fact(
    merchant: Merchant, member: Member, expires_at: datetime, lots: Collection[Lot], window: Window
) -> PointsExpiring:
    member.merchant = merchant
    return PointsExpiring.of(
        member,
        day=window.day,
        midnight=begin_of(window.day, merchant.timezone),
        window_days=window.days,
        expiry_day=days.local_date(expires_at, merchant.timezone),
        expires_at=expires_at,
        lots=[RunOut(points=each.remaining, added_at=each.effective_at) for each in lots],
    )
