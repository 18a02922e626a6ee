"""How time passes in the month before the demo: the product hears news in waves, one in every two hours, and the minutes of a
story pass as hours in which its shop works.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from config.demo.orders import Pace
from config.demo.shops import Shop

WORKING_HOURS = [range(8, 20)] * 5 + [range(8, 13), range(0)]
"""Of each day, from Monday on."""

WAVE = timedelta(hours=2)
MINUTES_A_WAVE = 10
"""So many minutes of a story pass from one working wave to the next: what takes hours in a story takes days."""

LEAD = timedelta(minutes=5)
"""What a wave brings happened within these minutes before it, each minute of the story a second: in its order."""


def waves(first: datetime, last: datetime, chance: random.Random) -> list[datetime]:
    """The waves, each at some instant of its two hours."""
    return [first + place * WAVE + chance.random() * WAVE for place in range(int((last - first) / WAVE))]


def next_wave(news: Sequence[datetime], at: datetime) -> datetime:
    """The first wave that can bring what happened at that instant."""
    return news[bisect_left(news, at)]


def working(news: Sequence[datetime], shop: Shop) -> list[datetime]:
    """The waves that bring news of parcels: those of the hours in which the shop and its carrier work."""
    zone = ZoneInfo(shop.timezone)
    local = ((wave, wave.astimezone(zone)) for wave in news)
    return [wave for wave, there in local if there.hour in WORKING_HOURS[there.weekday()]]


def over_days(news: Sequence[datetime], tempo: float) -> Pace:
    """A story's minutes as hours of work, of which `news` are the waves; twice the `tempo` takes twice as long."""

    def pace(placed_at: datetime, minutes: float) -> datetime:
        if minutes <= 0:
            return placed_at + timedelta(minutes=minutes)
        place = bisect_right(news, placed_at) + 1 + int(minutes / MINUTES_A_WAVE * tempo)
        return (news[place] - LEAD + timedelta(seconds=minutes)).replace(microsecond=0)

    return pace
