"""The order in which the stories are told: several at once, as in life, each in its own order. And when what stands still then
comes to light.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from config.demo import returns, stories, subscribers
from config.demo.orders import Start
from config.demo.people import Person
from config.demo.shops import LARKSPUR, NORTHLIGHT, QUINCE, SENDERS, TEEKONTOR, Shop
from config.demo.steps import Step, Story

BETWEEN_STORIES = 0.8
"""How many steps of a story are told before the next one of the same shop begins."""


def script(began_at: datetime) -> list[Step]:
    """All steps of the demo. Every instant in them lies before `began_at`."""
    told = [_of(shop, began_at) for shop in SENDERS]
    return _interleaved([*told, subscribers.stories(QUINCE, _hours_before(began_at, 3))])


def night(began_at: datetime) -> list[Step]:
    """What is told once all of that has arrived."""
    return subscribers.night(QUINCE, _hours_before(began_at, 3))


def moments(steps: Iterable[Step], began_at: datetime) -> list[datetime]:
    """The instants, all of them after `began_at`, at which something comes to light of which nothing more was heard."""
    return sorted({event.counts_from for step in steps for event in step.later if event.is_sent(began_at)})


def trickle(seed: int, now: datetime) -> Iterator[Step]:
    """One more story, of any shop and shopper: what goes on while somebody looks around."""
    chance = random.Random(seed)  # noqa: S311  (a made-up shopper is no secret)
    shop = chance.choice(SENDERS)
    tale = chance.choice((stories.straight_home, stories.split, stories.nobody_home, stories.told_by_the_shop))
    yield from tale(shop, chance.choice(shop.shoppers), _hours_before(now, 3))


def _of(shop: Shop, began_at: datetime) -> list[Story]:
    """The stories of one shop."""
    recently = _hours_before(began_at, 3)
    people = _in_turn(shop.shoppers)
    told = [
        stories.straight_home(shop, next(people), recently, lines=2),
        stories.nobody_home(shop, next(people), recently),
        stories.upside_down(shop, next(people), recently),
        stories.split(shop, next(people), recently),
        stories.guest(shop, next(people), recently),
    ]
    if shop is LARKSPUR:
        told += [
            stories.told_by_the_shop(shop, next(people), recently),
            stories.returned_to_sender(shop, next(people), recently),
            stories.straight_home(shop, next(people), recently),
            stories.forged(shop, next(people), recently),
            stories.forgotten(shop, next(people), recently),
            stories.gone_quiet(shop, next(people), recently),
        ]
    if shop is TEEKONTOR:
        told += [
            returns.sent_back(shop, next(people), recently),
            stories.changed_mind(shop, next(people), recently),
            stories.out_of_stock(shop, next(people), recently),
            stories.straight_home(shop, next(people).by_phone_only(), recently),
            stories.put_off(shop, next(people), recently),
            stories.gone_quiet(shop, next(people), recently),
        ]
    if shop is NORTHLIGHT:
        told += [
            stories.changed_mind(shop, next(people), recently),
            stories.checkout_test(shop, next(people), recently),
            stories.forgotten(shop, next(people), recently),
        ]
    return told


def _interleaved(shops: Sequence[Sequence[Story]]) -> list[Step]:
    """Each shop's stories begin one after the other and go on side by side."""
    timed = [
        (BETWEEN_STORIES * place + index, shop_number, place, step)
        for shop_number, told in enumerate(shops)
        for place, story in enumerate(told)
        for index, step in enumerate(story)
    ]
    timed.sort(key=lambda each: each[:3])
    return [step for _, _, _, step in timed]


def _in_turn(people: Sequence[Person]) -> Iterator[Person]:
    while True:
        yield from people


def _hours_before(moment: datetime, hours: float) -> Start:
    """Whole seconds, as shops and carriers tell them."""
    return Start((moment - timedelta(hours=hours)).replace(microsecond=0))
