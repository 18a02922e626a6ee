"""Business time: when a number of hours is over, of which only some days count. Pure: no database, and no clock of its own.

Time is real time: an hour is 3,600 seconds on days that have 23 or 25 of them too. A day is a date in the calendar's time zone,
from its first instant to the next one's. Days are stepped over as seconds since the epoch, which takes microseconds where
asking each minute for its local date takes thousands of times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS_OF_A_WEEK = 7
SECONDS_OF_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days count. `excluded_weekdays`: 0 is Monday, 6 is Sunday. `holidays` are dates that do not count either.

    Raises `ValueError` where no day of a week would count: no time would ever be over.
    """

    time_zone: str
    excluded_weekdays: frozenset[int] = frozenset()
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if len(self.excluded_weekdays & set(range(DAYS_OF_A_WEEK))) == DAYS_OF_A_WEEK:
            raise ValueError("at least one day of the week must count")

    def counts(self, day: int) -> bool:
        """Whether a day counts; it is given by its ordinal (`date.toordinal`)."""
        # Day 1 was a Monday.
        return (day - 1) % DAYS_OF_A_WEEK not in self.excluded_weekdays and date.fromordinal(day) not in self.holidays


def due(start: datetime, hours: float, calendar: Calendar) -> datetime:
    """The first instant (UTC) by which `hours` that count have passed since `start`."""
    at, left = start.timestamp(), hours * SECONDS_OF_AN_HOUR
    day = _day_of(start, calendar)
    while True:
        end = _begin_of(day + 1, calendar.time_zone)
        if calendar.counts(day):
            if at + left <= end:
                return datetime.fromtimestamp(at + left, UTC)
            left -= end - at
        at = end
        day += 1


def counted(start: datetime, end: datetime, calendar: Calendar) -> float:
    """Seconds between two instants that count; 0.0 where the end is not after the start."""
    return sum((over - at for at, over in stretches(start, end, calendar)), 0.0)


def stretches(start: datetime, end: datetime, calendar: Calendar) -> Iterator[tuple[float, float]]:
    """The time between two instants that counts, day by day: (from, until), in seconds since the epoch."""
    at, last = start.timestamp(), end.timestamp()
    day = _day_of(start, calendar)
    while at < last:
        over = min(_begin_of(day + 1, calendar.time_zone), last)
        if calendar.counts(day):
            yield at, over
        at = over
        day += 1


def begin_of(day: date, time_zone: str) -> datetime:
    """The first instant (UTC) of a date in a time zone."""
    return datetime.fromtimestamp(_begin_of(day.toordinal(), time_zone), UTC)


def _day_of(instant: datetime, calendar: Calendar) -> int:
    return instant.astimezone(ZoneInfo(calendar.time_zone)).toordinal()


@lru_cache(maxsize=16_384)
def _begin_of(day: int, time_zone: str) -> float:
    """The first instant of a day, in seconds since the epoch. Where clocks leap over midnight, it is the instant of the leap."""
    return datetime.combine(date.fromordinal(day), time.min, ZoneInfo(time_zone)).timestamp()
