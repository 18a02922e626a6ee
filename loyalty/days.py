"""The days by which points ripen and run out: all of them end at the merchant's midnight. Pure."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tracking.business_time import begin_of

DAY = timedelta(days=1)


def local_date(instant: datetime, time_zone: str) -> date:
    """The date in the merchant's time zone."""
    return instant.astimezone(ZoneInfo(time_zone)).date()


def midnight_after(since: datetime, days: int, time_zone: str, *, to_month_end: bool = False) -> datetime:
    """The midnight that ends the last of so many whole days after the day of `since`, or of the month which that day is in."""
    last = local_date(since, time_zone) + timedelta(days=days)
    if to_month_end:
        last = last.replace(day=calendar.monthrange(last.year, last.month)[1])
    return begin_of(last + DAY, time_zone)


def days_after(done: date, today: date) -> Iterator[date]:
    """The days that come after one, up to another, in order."""
    day = done
    while day < today:
        day += DAY
        yield day
