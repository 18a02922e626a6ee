"""A step of a story: a webhook or a call, and beside it all that must come of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from config.demo.expected import Expected
from config.demo.shops import Shop
from config.demo.webhooks import Webhook

ACCEPTED, DUPLICATE, FORGED = 202, 200, 401
"""The hook's answers: to a new message, to one that was stored before, and to one that nobody signed."""

MADE, CHANGED = 201, 200
"""The REST API's answers: to what is new, and to what was there."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is posted, what it says in words, the answer that is due, and the events that must come of it.

    `later` are those that must come of it once the clock moves on, because nothing more is heard. `suppresses` are the e-mail
    addresses that nobody is to mail any more.
    """

    shop: Shop
    says: str
    webhook: Webhook
    leads_to: tuple[Expected, ...] = ()
    later: tuple[Expected, ...] = ()
    answer: int = ACCEPTED
    suppresses: tuple[str, ...] = ()


Story = list[Step]


def step(
    shop: Shop,
    says: str,
    webhook: Webhook,
    *events: Expected | Iterable[Expected],
    later: Iterable[Expected | Iterable[Expected]] = (),
    answer: int = ACCEPTED,
) -> Step:
    """A step that leads to these events."""
    return Step(shop, says, webhook, _all_of(events), _all_of(later), answer)


def repeated(told: Step) -> Step:
    """The same delivery once more, as every sender repeats them: it leads to nothing."""
    return replace(told, says=f"{told.says} (repeated)", leads_to=(), answer=DUPLICATE)


def _all_of(events: Iterable[Expected | Iterable[Expected]]) -> tuple[Expected, ...]:
    groups = ([each] if isinstance(each, Expected) else each for each in events)
    return tuple(event for group in groups for event in group)
