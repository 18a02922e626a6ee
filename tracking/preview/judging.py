"""What the sweep would have flagged under some settings, of what is known of an order or a parcel now.

Instants that were read are seconds since the epoch: there are many of them, and few come near a limit.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from math import inf
from typing import NamedTuple

from integrations.models import Merchant
from tracking import business_time, deadlines, statuses
from tracking.calendars import calendar_of
from tracking.models import Problem, StalledPolicy

DAY = timedelta(days=1)
MOST_DAYS = 800
"""The longest window, 2,160 hours of which one day a week counts, is over before."""


class Stretch(NamedTuple):
    """Time in which nothing was heard of a parcel; `until` is None where nothing was heard yet. `status` is the parcel's then."""

    since: float
    until: float | None
    status: str


class Order(NamedTuple):
    """What is known of an order. `is_to_ship`: it holds something to be shipped. `ended_at` is when it was shipped or cancelled,
    whichever came first.
    """

    pk: int
    is_to_ship: bool
    placed_at: float
    ended_at: float | None


class Parcel(NamedTuple):
    """What is known of a parcel."""

    pk: int
    order_pk: int
    tracking_number: str
    carrier: str
    country: str
    stretches: tuple[Stretch, ...]


class Stall(NamedTuple):
    """Flagged at the instant `at`, for want of news since `since`."""

    at: datetime
    since: datetime


class Judge:
    """One version of the settings, as if it had held for every order that it is asked about; `at` is now."""

    def __init__(self, merchant: Merchant, policy: StalledPolicy, at: datetime) -> None:
        self._merchant = merchant
        self._at = at
        self._windows: dict[tuple[str, str, str], int | None] = {}
        self.policy = policy

    def order(self, order: Order) -> Stall | None:
        """The flag of an order; None: it got none until now."""
        hours = deadlines.window_of_order(self.policy) if order.is_to_ship else None
        return self._flag(order.placed_at, order.ended_at, hours)

    def parcel(self, parcel: Parcel) -> Stall | None:
        """The flag of a parcel: for the first stretch that was too long, and once only."""
        now, shortest = self._at.timestamp(), self._shortest_of_parcels
        for since, until, status in parcel.stretches:
            if (now if until is None else until) - since >= shortest:
                flag = self._flag(since, until, self._window(status, parcel.carrier, parcel.country))
                if flag is not None:
                    return flag
        return None

    def counted(self, since: float, until: float | None) -> float:
        """Hours that count from one instant to another, or to now."""
        begin, end = instant(since), self._at if until is None else instant(until)
        calendar = calendar_of(self.policy, self._merchant.timezone, begin)
        return business_time.counted(begin, end, calendar) / business_time.SECONDS_OF_AN_HOUR

    def reach(self, start: datetime, hours: int) -> datetime:
        """From when on something may have begun for which the time ran out after `start`."""
        # A calendar knows the holidays from the year before to two years after.
        calendar = calendar_of(self.policy, self._merchant.timezone, start.replace(year=start.year - 2, month=7, day=1))
        seconds = float(hours * business_time.SECONDS_OF_AN_HOUR)

        def counted(days: int) -> float:
            return business_time.counted(start - days * DAY, start, calendar)

        days = bisect_left(range(MOST_DAYS), seconds, key=counted)
        return start - (days + 1) * DAY

    @cached_property
    def windows_of_orders(self) -> list[int]:
        """All the hours that it grants."""
        hours = deadlines.window_of_order(self.policy)
        return [] if hours is None else [hours]

    @cached_property
    def windows_of_parcels(self) -> list[int]:
        """All the hours that it grants, those of its overrides too."""
        if not self.policy.tells(Problem.SHIPMENT_STALLED):
            return []
        hours = [self.policy.hours_before_pickup, self.policy.hours_in_transit]
        hours += [each[name] for each in self.policy.overrides for name in ("before_pickup", "in_transit")]
        return [each for each in hours if each is not None]

    @property
    def asks_for_country(self) -> bool:
        """Whether an override holds for some destinations only."""
        return any(each["destination"] for each in self.policy.overrides)

    @cached_property
    def _shortest_of_parcels(self) -> float:
        """Seconds of the clock before which no parcel's time is over: most stretches are shorter."""
        return min(self.windows_of_parcels, default=inf) * business_time.SECONDS_OF_AN_HOUR

    def _window(self, status: str, carrier: str, country: str) -> int | None:
        known = (status, carrier, country)
        if known not in self._windows:
            self._windows[known] = deadlines.window_of_parcel(self.policy, status, carrier=carrier, country=country)
        return self._windows[known]

    def _flag(self, since: float, until: float | None, hours: int | None) -> Stall | None:
        end = self._at.timestamp() if until is None else until
        # Hours that count are never over before as many hours are: most stretches need no calendar.
        if hours is None or end - since < hours * business_time.SECONDS_OF_AN_HOUR:
            return None
        begin = instant(since)
        due = deadlines.due(self._merchant, self.policy, begin, hours)
        is_over = due is not None and (due <= self._at if until is None else due.timestamp() < until)
        return Stall(due, begin) if due is not None and is_over else None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: how one merchant's history since `start` looks by two versions of the settings, the new one and today's."""

    merchant: Merchant
    new: Judge
    today: Judge
    start: datetime
    at: datetime


def instant(seconds: float) -> datetime:
    """Seconds since the epoch as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def stretches(shipped_at: float, scans: Iterable[tuple[float, str]], *, is_over: bool) -> Iterator[Stretch]:
    """The stretches between the scans of a parcel, (instant, status) in the order of their time, until it is at its end.

    As if every scan had been told at its own time. Those from before the fulfilment were told with it: the last one counts.
    """
    since, status, status_at = shipped_at, statuses.UNKNOWN, shipped_at
    for moment, word in scans:
        if moment > max(since, shipped_at):
            yield Stretch(since, moment, status)
        since = moment
        if statuses.advances(status, status_at, word, moment):
            status, status_at = word, moment
        if status in statuses.TERMINAL:
            return
    if not is_over:
        yield Stretch(since, None, status)
