"""A merchant's figures: what happened each day, where deliveries stand, and how long they take. A fixed number of statements.

Domain apps add what they count in their `figures.py`: they register a `Counter`.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from integrations import custom_metrics
from integrations.models import Connection, Delivery, Event, Merchant
from integrations.vitals import COUNTED_UP_TO, DAY, HAS_FAILED

DAYS = 30
"""Days that the figures look back, today among them."""

SAMPLE = 1_000
"""The newest deliveries by which it is judged how long one takes."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a domain app counts, in words, up to `vitals.COUNTED_UP_TO` + 1. `page` is the name of the page that lists it."""

    label: str
    count: int
    page: str


Counter = Callable[[Merchant, datetime], Tally]
_counters: list[Counter] = []


def register(counter: Counter) -> Counter:
    """Add what a domain app counts."""
    _counters.append(counter)
    return counter


@dataclass(frozen=True, slots=True)
class Figures:
    """`days` are (day in the merchant's time zone, events by metric), oldest first; `metrics` are (metric's key, events), most
    first; `tallies` are what domain apps count.

    Counts of deliveries stop at `vitals.COUNTED_UP_TO` + 1; `sent` and `failed` are those of the last 24 hours. `median` and
    `slow` are seconds from recording to Klaviyo's answer, of the newest deliveries of the last 24 hours: half took at most the
    first, 95 % the second; None where there was none.
    """

    days: list[tuple[date, Mapping[str, int]]]
    metrics: list[tuple[str, int]]
    sent: int
    waiting: int
    held: int
    failed: int
    median: float | None
    slow: float | None
    tallies: list[Tally]

    @property
    def total(self) -> int:
        """Events of all the days."""
        return sum(count for _, count in self.metrics)


def of(merchant: Merchant, *, at: datetime) -> Figures:
    """The figures at an instant."""
    first = at.astimezone(merchant.tz).date() - timedelta(days=DAYS - 1)
    days = _events(merchant, first)
    metrics: dict[str, int] = {}
    for counts in days.values():
        for metric, count in counts.items():
            metrics[metric] = metrics.get(metric, 0) + count
    connections = Connection.objects.for_merchant(merchant).values("pk")
    mine = Delivery.objects.for_merchant(merchant)
    sent = Delivery.objects.filter(connection__in=connections, state=Delivery.State.SENT, settled_at__gte=at - DAY)
    newest = sent.order_by("-settled_at").values_list("created_at", "settled_at")[:SAMPLE]
    took = sorted((settled - created).total_seconds() for created, settled in newest if settled)
    return Figures(
        days=[(day, days.get(day, {})) for n in range(DAYS) for day in [first + timedelta(days=n)]],
        metrics=sorted(metrics.items(), key=lambda each: (-each[1], each[0])),
        sent=counted(sent),
        waiting=counted(Delivery.objects.filter(connection__in=connections, state=Delivery.State.PENDING)),
        held=counted(Delivery.objects.filter(connection__in=connections, state=Delivery.State.HELD)),
        failed=counted(mine.filter(HAS_FAILED, settled_at__gte=at - DAY)),
        median=statistics.median(took) if took else None,
        slow=took[int(len(took) * 0.95)] if took else None,
        tallies=[counter(merchant, at) for counter in _counters],
    )


def _events(merchant: Merchant, first: date) -> dict[date, dict[str, int]]:
    """How much of each metric happened on each day since then."""
    since = datetime.combine(first, time.min, merchant.tz)
    # Every metric by its name: then the index by metric and time is entered once for each, and only these days of it are read.
    lately = Event.objects.for_merchant(merchant).filter(
        metric__in=list(custom_metrics.of(merchant)), occurred_at__gte=since
    )
    found: dict[date, dict[str, int]] = {}
    day = TruncDate("occurred_at", tzinfo=merchant.tz)
    for when, metric, count in lately.order_by().values_list(day, "metric").annotate(Count("pk")):
        found.setdefault(when, {})[metric] = count
    return found


def counted(rows: QuerySet[Any]) -> int:
    """How many rows there are, up to a limit: beyond it the exact figure says nothing."""
    return rows.order_by()[: COUNTED_UP_TO + 1].count()
