"""What subscribers did before the demo: two months of log, which a sync reads as the shop is launched, and two weeks since."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.demo import calls
from config.demo import expected as tell
from config.demo.calls import Entry
from config.demo.month import Moment
from config.demo.orders import Order, Start, new_order
from config.demo.people import Person
from config.demo.shops import QUINCE
from config.demo.steps import MADE, Step, step
from config.demo.subscribers import (
    AILSA,
    CALLUM,
    KIRAN,
    MAEVE,
    NELL,
    ORLA,
    RHYS,
    TOBIAS,
    box_of,
    credit,
    entry,
    logged,
    parcel,
    payment,
    plan_of,
)
from config.demo.webhooks import Json

WEEKS = 8
"""So many of them before the launch the log begins."""

REGULARS = (RHYS, AILSA, MAEVE, TOBIAS, ORLA, KIRAN)
"""Who gets a box each week. Each signed up a week after the one before, the first of them as the log begins."""

MORNING, NOON, AFTERNOON, EVENING = time(8, 40), time(12, 15), time(16, 30), time(18)
BOX_DAYS = (12, 5)
"""Boxes are made so many days before the demo, and sent a day later."""

OTHER = "skipped.week"
"""A kind of entry that no metric is made of."""

Clock = Callable[[int, time], datetime]
"""The instant so many days before the demo at that time of the shop's day."""


@dataclass(frozen=True, slots=True)
class Fortnight:
    """The log, oldest entry first, and the moments at which the product hears of what happened."""

    log: list[Entry]
    moments: list[Moment]


def before(began_at: datetime) -> Fortnight:
    """What comes before a demo that begins then. The same at every run of a clock."""
    clock = _clock(began_at)
    past = sorted(_past(clock), key=lambda each: each.at)
    boxes = {ago: [new_order(QUINCE, person, Start(clock(ago, MORNING))) for person in REGULARS] for ago in BOX_DAYS}
    since = sorted(_since(clock, boxes), key=lambda each: each.at)
    synced = [tell.logged(QUINCE, each.kind, each.id, each.at, read_at=began_at) for each in past]
    moments = [Moment(began_at - QUINCE.launched_ago + timedelta(minutes=1), read=tuple(synced))]
    for ago in range(QUINCE.launched_ago.days - 1, 0, -1):
        evening, day = clock(ago, EVENING), clock(ago + 1, EVENING)
        read = tuple(logged(each) for each in since if day < each.at <= evening and each.kind != OTHER)
        moments.append(Moment(evening, tuple(_box(order) for order in boxes.get(ago, ())), read))
    return Fortnight([*past, *since], [each for each in moments if each.steps or each.read])


def _clock(began_at: datetime) -> Clock:
    zone = ZoneInfo(QUINCE.timezone)
    today = began_at.astimezone(zone).date()
    return lambda ago, at: datetime.combine(today - timedelta(days=ago), at, zone)


def _past(clock: Clock) -> Iterator[Entry]:
    """Each regular signs up, gets boxes, and now and then has something to say; somebody else leaves."""
    launch = QUINCE.launched_ago.days
    for place, person in enumerate(REGULARS):
        plan, late = plan_of(person), timedelta(minutes=3 * place)
        for week in range(WEEKS - place, 0, -1):
            first, sent, other = (launch + 7 * week - days for days in (0, 3, 5))
            if week == WEEKS - place:
                signing_up = calls.checkout_of(QUINCE, box_of(person))
                yield entry("started.signup", clock(first, NOON) + late, person, signing_up, plan)
            yield entry("shipping.email", clock(sent, MORNING) + late, person, _sent(person, week), plan)
            kind, data = _now_and_then(person, 2 * place + week)
            if kind:
                yield entry(kind, clock(other, AFTERNOON) + late, person, data, plan)
    yield entry("cancelled", clock(launch + 20, AFTERNOON), NELL, {}, plan_of(NELL, status="Stopped"))


def _since(clock: Clock, boxes: dict[int, list[Order]]) -> Iterator[Entry]:
    """Since the launch: what was sent of each box, and what else came up."""
    for ago, orders in boxes.items():
        for place, order in enumerate(orders):
            at = clock(ago - 1, MORNING) + timedelta(minutes=3 * place)
            yield entry("shipping.email", at, order.buyer, parcel(order), plan_of(order.buyer))
    yield entry("failed.payment", clock(9, NOON), TOBIAS, payment(TOBIAS), plan_of(TOBIAS))
    yield entry("contact.form", clock(8, MORNING), RHYS, {"Subject": "Could I have no beetroot?"}, plan_of(RHYS))
    yield entry(OTHER, clock(7, AFTERNOON), TOBIAS, {}, plan_of(TOBIAS))
    yield entry("referral.credit", clock(3, NOON), MAEVE, credit(RHYS), plan_of(MAEVE))
    yield entry("started.signup", clock(2, NOON), CALLUM, calls.checkout_of(QUINCE, box_of(CALLUM)), {})


def _box(order: Order) -> Step:
    """An order as it is told by the evening: billed and completed."""
    name = f"{order.buyer.name} {order.name} placed, billed and completed"
    done = {"billed_at": order.after(5).isoformat(), "completed_at": order.after(90).isoformat()}
    told = (tell.box_placed(order), tell.box_fulfilled(order, 90))
    return step(QUINCE, name, calls.place_call(order, **done), told, answer=MADE)


def _now_and_then(person: Person, number: int) -> tuple[str, Json]:
    return {
        0: ("contact.form", {"Subject": "Where is my box?"}),
        2: ("failed.payment", payment(person)),
        3: ("referral.credit", credit(NELL)),
    }.get(number % 5, ("", {}))


def _sent(person: Person, week: int) -> Json:
    """Of a box of before the shop told of its orders."""
    number = 1_000 + 10 * (WEEKS - week) + REGULARS.index(person)
    return {"OrderNumber": f"#{number}", "TrackingNumber": f"{QUINCE.carrier}{number:011d}", "Carrier": QUINCE.carrier}
