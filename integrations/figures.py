"""A merchant's figures: what happened each day, where deliveries stand, and how long they take. A fixed number of statements."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from integrations.models import Connection, Delivery, Event, Merchant
from integrations.vitals import COUNTED_UP_TO, DAY, HAS_FAILED

DAYS = 14
"""Days that the figures look back, today among them."""

SAMPLE = 1_000
"""The newest deliveries by which it is judged how long one takes."""


@dataclass(frozen=True, slots=True)
class Figures:
    """`days` are (day in the merchant's time zone, events), oldest first; `metrics` are (metric's key, events), most first.

    Counts of deliveries stop at `vitals.COUNTED_UP_TO` + 1; `sent` and `failed` are those of the last 24 hours. `median` and
    `slow` are seconds from recording to Klaviyo's answer, of the newest deliveries of the last 24 hours: half took at most the
    first, 95 % the second; None where there was none.
    """

    days: list[tuple[date, int]]
    metrics: list[tuple[str, int]]
    sent: int
    waiting: int
    held: int
    failed: int
    median: float | None
    slow: float | None

    @property
    def total(self) -> int:
        """Events of all the days."""
        return sum(count for _, count in self.days)


def of(merchant: Merchant, *, at: datetime) -> Figures:
    """The figures at an instant."""
    first = at.astimezone(merchant.tz).date() - timedelta(days=DAYS - 1)
    days, metrics = _events(merchant, first)
    connections = Connection.objects.for_merchant(merchant).values("pk")
    mine = Delivery.objects.for_merchant(merchant)
    sent = Delivery.objects.filter(connection__in=connections, state=Delivery.State.SENT, settled_at__gte=at - DAY)
    newest = sent.order_by("-settled_at").values_list("created_at", "settled_at")[:SAMPLE]
    took = sorted((settled - created).total_seconds() for created, settled in newest if settled)
    return Figures(
        days=[(first + timedelta(days=n), days.get(first + timedelta(days=n), 0)) for n in range(DAYS)],
        metrics=sorted(metrics.items(), key=lambda each: (-each[1], each[0])),
        sent=_counted(sent),
        waiting=_counted(Delivery.objects.filter(connection__in=connections, state=Delivery.State.PENDING)),
        held=_counted(Delivery.objects.filter(connection__in=connections, state=Delivery.State.HELD)),
        failed=_counted(mine.filter(HAS_FAILED, settled_at__gte=at - DAY)),
        median=statistics.median(took) if took else None,
        slow=took[int(len(took) * 0.95)] if took else None,
    )


def _events(merchant: Merchant, first: date) -> tuple[dict[date, int], dict[str, int]]:
    since = datetime.combine(first, time.min, merchant.tz)
    lately = Event.objects.for_merchant(merchant).filter(occurred_at__gte=since)
    by_day: dict[date, int] = {}
    by_metric: dict[str, int] = {}
    day = TruncDate("occurred_at", tzinfo=merchant.tz)
    for when, metric, count in lately.order_by().values_list(day, "metric").annotate(Count("pk")):
        by_day[when] = by_day.get(when, 0) + count
        by_metric[metric] = by_metric.get(metric, 0) + count
    return by_day, by_metric


def _counted(rows: QuerySet[Delivery]) -> int:
    """Up to a limit: beyond it the exact figure says nothing."""
    return rows.order_by()[: COUNTED_UP_TO + 1].count()
