"""The month before the demo: which orders were placed on which day, and what became of each. The same at every run of a clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from config.demo import days, returns, stories, tales
from config.demo.expected import Expected
from config.demo.orders import Start
from config.demo.people import UNREACHABLE, Person, another
from config.demo.shops import LARKSPUR, NORTHLIGHT, SENDERS, SHOPS, TEEKONTOR, Shop
from config.demo.steps import Step, Story

DAYS = 30
UNTIL = timedelta(hours=3, minutes=30)
"""So long before the demo the month ends: from then on its own stories are told."""

Tale = Callable[[Shop, Person, Start], Story]

ORDERS_A_DAY = {LARKSPUR: 4.0, TEEKONTOR: 1.4, NORTHLIGHT: 1.9}
WEEK = (1.3, 1.2, 1.1, 1.0, 1.1, 0.7, 0.6)
"""How busy each day is, from Monday on."""

ORDERING_HOURS = range(7, 23)

USUAL: dict[Tale, int] = {
    stories.straight_home: 58,
    returns.sent_back: 6,
    stories.told_by_the_shop: 10,
    stories.nobody_home: 9,
    stories.split: 6,
    stories.out_of_stock: 4,
    stories.changed_mind: 5,
    stories.guest: 2,
}
"""What happens to an order, and how often in a hundred."""

USUAL_MINUTES, MOST_WAVES = 175, 15
"""Each of these is over after so many of its minutes, in at most so many working waves: none stalls on its way, and what a
carrier tells of together is news.
"""

FEWEST_WAVES = 3
"""An order that comes later than this before the month's end would not be over in it."""

GUEST_TEMPO = 0.5
"""Who is not known for days is told nothing any more."""

PLANNED: tuple[tuple[int, Shop, Tale], ...] = (
    (27, LARKSPUR, tales.packed_late),
    (26, TEEKONTOR, tales.found_again),
    (24, LARKSPUR, tales.refused),
    (22, NORTHLIGHT, tales.packed_late),
    (20, LARKSPUR, stories.returned_to_sender),
    (19, LARKSPUR, tales.found_again),
    (17, NORTHLIGHT, tales.found_again),
    (16, TEEKONTOR, tales.never_home),
    (15, LARKSPUR, tales.never_home),
    (14, NORTHLIGHT, stories.returned_to_sender),
    (13, LARKSPUR, stories.gone_quiet),
    (13, TEEKONTOR, stories.gone_quiet),
    (12, LARKSPUR, tales.refused),
    (11, NORTHLIGHT, tales.never_home),
    (10, LARKSPUR, stories.forgotten),
    (9, LARKSPUR, stories.returned_to_sender),
    (8, NORTHLIGHT, stories.forgotten),
    (7, LARKSPUR, stories.forgotten),
)
"""What goes wrong: so many days before the month's end, at that shop."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the product hears at an instant. Where that is nothing, something is due: a launch, or what stands still.

    `read` must come of what a shop's log has by then.
    """

    at: datetime
    steps: tuple[Step, ...] = ()
    read: tuple[Expected, ...] = ()


def begin(began_at: datetime) -> datetime:
    """When the month begins that ends with a demo that begins then: a full hour."""
    return (began_at - timedelta(days=DAYS)).replace(minute=0, second=0, microsecond=0)


def script(began_at: datetime, *, of_days: int = DAYS) -> list[Moment]:
    """The month's moments, oldest first; all of them before `began_at`. Of its stories the ones of its last days, if fewer are
    asked for.
    """
    chance = random.Random(DAYS)  # noqa: S311  (a made-up shopper is no secret)
    first, last = begin(began_at), began_at - UNTIL
    news = days.waves(first, began_at + timedelta(days=DAYS), chance)
    since = began_at - timedelta(days=of_days)
    stories = (story for story in _stories(news, last, chance) if story[0].webhook.at >= since)
    told = [(days.next_wave(news, at), step) for story in stories for at, step in _in_order(story)]
    told = sorted((each for each in told if each[0] <= last), key=lambda each: each[0])
    heard = [Moment(at, tuple(step for _, step in steps)) for at, steps in groupby(told, key=lambda each: each[0])]
    launches = (began_at - shop.launched_ago for shop in SHOPS)
    found = (_found_at(event) for moment in heard for step in moment.steps for event in step.later)
    due = {at for at in (*launches, *found) if first < at <= last}
    return sorted((*heard, *map(Moment, due)), key=lambda moment: moment.at)


def _found_at(event: Expected) -> datetime:
    """Whatever is due is looked for each minute."""
    return event.counts_from.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _in_order(story: Story) -> Iterator[tuple[datetime, Step]]:
    """Each step with the instant from which on it can be told, none before those that stand before it."""
    at = story[0].webhook.at
    for step in story:
        at = max(at, step.webhook.at)
        yield at, step


def _stories(news: list[datetime], last: datetime, chance: random.Random) -> Iterator[Story]:
    """The stories, in the order in which their orders are placed."""
    hours = {shop: days.working(news, shop) for shop in SENDERS}
    planned = [(_hours_of_day(news, last - timedelta(days=ago), shop)[3], shop, tale) for ago, shop, tale in PLANNED]
    for wave, shop, tale in sorted(
        [*planned, *_usual(news, last, chance)], key=lambda each: (each[0], SENDERS.index(each[1]))
    ):
        tempo = 1.0
        if tale in USUAL:
            left = sum(wave < hour <= last for hour in hours[shop]) - 2
            if left < FEWEST_WAVES:
                continue
            tempo = min(chance.uniform(0.5, 1) * MOST_WAVES, left) * days.MINUTES_A_WAVE / USUAL_MINUTES
            tempo = min(tempo, GUEST_TEMPO) if tale is stories.guest else tempo
        buyer = UNREACHABLE if tale is tales.refused else another(shop.shoppers, chance)
        placed_at = wave - timedelta(seconds=chance.randrange(1, 20))
        yield tale(shop, buyer, Start(placed_at.replace(microsecond=0), days.over_days(hours[shop], tempo)))


def _usual(news: list[datetime], last: datetime, chance: random.Random) -> Iterator[tuple[datetime, Shop, Tale]]:
    """The orders of each day: fewer on weekends, none at night."""
    for day in range(DAYS + 1):
        for shop in SENDERS:
            at = news[0] + timedelta(days=day)
            hours = [wave for wave in _hours_of_day(news, at, shop) if wave <= last]
            busy = ORDERS_A_DAY[shop] * WEEK[at.astimezone(ZoneInfo(shop.timezone)).weekday()]
            for _ in range(int(busy + chance.random()) if hours else 0):
                (tale,) = chance.choices(list(USUAL), list(USUAL.values()))
                yield chance.choice(hours), shop, tale


def _hours_of_day(news: list[datetime], at: datetime, shop: Shop) -> list[datetime]:
    """The waves of that day at the shop in which somebody may order."""
    zone = ZoneInfo(shop.timezone)
    day = at.astimezone(zone).date()
    local = ((wave, wave.astimezone(zone)) for wave in news)
    return [wave for wave, there in local if there.date() == day and there.hour in ORDERING_HOURS]
