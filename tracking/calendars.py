"""Which days count for a merchant: the calendar of one version of its settings, made once and kept."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

import holidays

from tracking.business_time import Calendar
from tracking.models import StalledPolicy

YEARS_AHEAD = 3
"""The longest window, 2,160 hours of which one day a week counts, ends within two years."""


def calendar_of(policy: StalledPolicy, time_zone: str, around: datetime) -> Calendar:
    """The calendar of a policy in a time zone, with the holidays of the years that a window beginning at `around` may reach."""
    return _calendar(
        time_zone,
        tuple(policy.excluded_weekdays),
        tuple(policy.own_dates),
        policy.holiday_country,
        policy.holiday_region,
        around.year if policy.holiday_country else 0,
    )


@lru_cache(maxsize=4_096)
def _calendar(
    time_zone: str, weekdays: tuple[int, ...], own_dates: tuple[str, ...], country: str, region: str, year: int
) -> Calendar:
    own = frozenset(date.fromisoformat(each) for each in own_dates)
    public = _public_holidays(country, region, year) if country else frozenset()
    return Calendar(time_zone, frozenset(weekdays), own | public)


@lru_cache(maxsize=512)
def _public_holidays(country: str, region: str, year: int) -> frozenset[date]:
    # The year before counts too: where the merchant is, it may still be the thirty-first of December.
    years = range(year - 1, year + YEARS_AHEAD)
    return frozenset(holidays.country_holidays(country, subdiv=region or None, years=years))
