"""A programme's figures: points that were added, spent and ran out on each day, and what is outstanding. Four statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate

from integrations.models import Merchant
from loyalty import days
from loyalty.models import Grant, LedgerEntry, Member, PointSource

DAYS = 30
"""Days that the figures look back, today among them."""

ADDED, SUBTRACTED, EXPIRED = "points_added", "points_subtracted", "points_expired"
"""What happens to points, by the metric that tells of it."""

LABELS = {ADDED: "Added", SUBTRACTED: "Spent or taken back", EXPIRED: "Ran out"}


@dataclass(frozen=True, slots=True)
class Day:
    """A date in the merchant's time zone: points by what happened to them, none of them below 0, and what was outstanding at its
    end: the sum of all balances.
    """

    date: date
    points: Mapping[str, int]
    outstanding: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`outstanding` is the sum of all balances now, `owed` what members owe of it, `pending` what will count later."""

    days: list[Day]
    members: int
    outstanding: int
    owed: int
    pending: int

    def total(self, what: str) -> int:
        """Points of all the days."""
        return sum(day.points.get(what, 0) for day in self.days)

    @property
    def totals(self) -> list[tuple[str, int]]:
        """What it is called, points of all the days."""
        return [(label, self.total(what)) for what, label in LABELS.items()]


def of(merchant: Merchant, *, at: datetime) -> Dashboard:
    """The figures at an instant."""
    members = Member.objects.for_merchant(merchant).aggregate(
        count=Count("pk"), total=Sum("balance"), below=Sum("balance", filter=Q(balance__lt=0))
    )
    waiting = Grant.objects.for_merchant(merchant).filter(entry=None)
    granted = waiting.aggregate(left=Sum(F("points") - F("reversed_points"), default=0))
    outstanding = members["total"] or 0
    return Dashboard(
        days=_days(merchant, outstanding, at=at),
        members=members["count"],
        outstanding=outstanding,
        owed=-(members["below"] or 0),
        pending=granted["left"],
    )


def _days(merchant: Merchant, outstanding: int, *, at: datetime) -> list[Day]:
    """The days, oldest first: what was outstanding is counted back from today."""
    today = days.local_date(at, merchant.timezone)
    first = today - timedelta(days=DAYS - 1)
    moved = _moved(merchant, first)
    found = []
    for back in range(DAYS):
        day = today - timedelta(days=back)
        points = moved.get(day, {})
        found.append(Day(day, {what: abs(amount) for what, amount in points.items()}, outstanding))
        outstanding -= sum(points.values())
    return found[::-1]


def _moved(merchant: Merchant, first: date) -> dict[date, dict[str, int]]:
    """Points that were added (above 0), subtracted and ran out (below 0) on each day since then."""
    since = datetime.combine(first, time.min, merchant.tz)
    lately = LedgerEntry.objects.for_merchant(merchant).filter(effective_at__gte=since)
    day = TruncDate("effective_at", tzinfo=merchant.tz)
    is_added = Q(points__gt=0)
    rows = (
        lately.order_by()
        .values_list(day)
        .annotate(
            added=Sum("points", filter=is_added, default=0),
            expired=Sum("points", filter=Q(source=PointSource.EXPIRY), default=0),
            subtracted=Sum("points", filter=~is_added & ~Q(source=PointSource.EXPIRY), default=0),
        )
    )
    return {when: {ADDED: added, SUBTRACTED: subtracted, EXPIRED: expired} for when, added, expired, subtracted in rows}
