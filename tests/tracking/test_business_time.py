"""Business time against written examples, and against a clock that asks each minute whether it counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking.business_time import Calendar, counted, due

NEW_YORK = "America/New_York"
WEEKEND = frozenset({5, 6})
THANKSGIVING = date(2026, 11, 26)
MINUTE = timedelta(minutes=1)


def at(text: str, time_zone: str = NEW_YORK) -> datetime:
    """An instant, told in local time; `*` behind it: the second one of that name, after clocks were set back."""
    local = datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=ZoneInfo(time_zone), fold=int(text.endswith("*")))
    return local.astimezone(UTC)


@pytest.mark.parametrize(
    ("placed", "holidays", "excluded", "expected"),
    [
        ("2026-11-19 10:00", (), WEEKEND, "2026-11-24 10:00"),
        ("2026-11-20 23:30", (), WEEKEND, "2026-11-25 23:30"),
        ("2026-11-21 12:00", (), WEEKEND, "2026-11-26 00:00"),
        ("2026-11-24 10:00", (THANKSGIVING,), WEEKEND, "2026-11-30 10:00"),
        ("2026-10-31 12:00", (), frozenset(), "2026-11-03 11:00"),
        # Friday evening until clocks go forward on an excluded Sunday: it costs nothing.
        ("2026-03-06 18:00", (), WEEKEND, "2026-03-11 18:00"),
        # The same Sunday counts, and has 23 hours.
        ("2026-03-07 12:00", (), frozenset({5}), "2026-03-11 01:00"),
        # A Saturday alone is excluded.
        ("2026-11-20 12:00", (), frozenset({5}), "2026-11-24 12:00"),
        # A leap day counts like any other.
        ("2028-02-27 09:00", (), frozenset(), "2028-03-01 09:00"),
        # A weekend that is joined to holidays on both sides.
        ("2026-12-24 08:00", (date(2026, 12, 25), date(2026, 12, 28)), WEEKEND, "2026-12-31 08:00"),
        # The very end of a day is the beginning of the next, even if that one does not count.
        ("2026-11-18 00:00", (), WEEKEND, "2026-11-21 00:00"),
    ],
)
def test_72_hours(placed: str, holidays: tuple[date, ...], excluded: frozenset[int], expected: str) -> None:
    calendar = Calendar(NEW_YORK, excluded, frozenset(holidays))

    assert due(at(placed), 72, calendar) == at(expected)
    assert counted(at(placed), at(expected), calendar) == 72 * 3600


@pytest.mark.parametrize(
    ("time_zone", "start", "hours", "expected"),
    [
        # Clocks leap over midnight: the day begins at one o'clock.
        ("America/Santiago", "2026-09-04 12:00", 13, "2026-09-06 02:00"),
        # Clocks are set back at midnight: the last hour of Saturday comes twice, and it does not count.
        ("America/Santiago", "2026-04-03 12:00", 13, "2026-04-05 01:00"),
        # Half an hour of daylight saving time.
        ("Australia/Lord_Howe", "2026-04-05 00:00", 3, "2026-04-05 02:30"),
        ("Asia/Kathmandu", "2026-11-20 23:59", 1, "2026-11-22 00:59"),
        ("UTC", "2026-11-20 23:00", 1, "2026-11-21 00:00"),
    ],
)
def test_days_begin_where_the_merchant_is(time_zone: str, start: str, hours: float, expected: str) -> None:
    calendar = Calendar(time_zone, frozenset({5}))

    assert due(at(start, time_zone), hours, calendar) == at(expected, time_zone)


def test_a_week_in_which_no_day_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        Calendar(NEW_YORK, frozenset(range(7)))


ZONES = st.sampled_from(
    [NEW_YORK, "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "UTC"]
)
FIRST = datetime(2012, 1, 1, tzinfo=UTC)
STARTS = st.integers(0, 25 * 365 * 24 * 60).map(lambda minutes: FIRST + minutes * MINUTE)


@st.composite
def cases(draw: st.DrawFn) -> tuple[datetime, int, Calendar]:
    """A start, minutes to pass, and a calendar with holidays close enough to matter."""
    start = draw(STARTS)
    excluded = draw(st.frozensets(st.integers(0, 6), max_size=6))
    days = draw(st.frozensets(st.integers(-1, 12), max_size=5))
    holidays = frozenset(start.date() + timedelta(days=each) for each in days)
    return start, draw(st.integers(1, 100 * 60)), Calendar(draw(ZONES), excluded, holidays)


def by_the_minute(start: datetime, minutes: int, calendar: Calendar) -> datetime:
    """When so many minutes have passed that count, asking each for its date."""
    zone = ZoneInfo(calendar.time_zone)
    while minutes:
        local = start.astimezone(zone).date()
        minutes -= local.weekday() not in calendar.excluded_weekdays and local not in calendar.holidays
        start += MINUTE
    return start


@pytest.mark.parametrize("many", [60, pytest.param(3_000, marks=pytest.mark.full)])
def test_it_agrees_with_a_clock_that_asks_every_minute(many: int) -> None:
    @settings(max_examples=many, deadline=None)
    @given(cases())
    def agree(case: tuple[datetime, int, Calendar]) -> None:
        start, minutes, calendar = case
        expected = by_the_minute(start, minutes, calendar)

        assert due(start, minutes / 60, calendar) == expected
        assert counted(start, expected, calendar) == minutes * 60

    agree()


@given(cases(), st.integers(0, 500))
def test_what_counts_adds_up_and_never_runs_backwards(case: tuple[datetime, int, Calendar], more: int) -> None:
    start, minutes, calendar = case
    first, later = due(start, minutes / 60, calendar), due(start, (minutes + more) / 60, calendar)

    assert first <= later
    assert counted(start, first, calendar) + counted(first, later, calendar) == counted(start, later, calendar)
