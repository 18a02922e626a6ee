"""The preview: what some settings would have flagged of the last days, beside today's, counted and listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from integrations.models import Merchant
from tracking.carrier_names import friendly_name
from tracking.models import StalledPolicy
from tracking.models.policy import DEFAULT_HOURS, WEEKDAYS
from tracking.preview.judging import Asked, Judge, Order, Parcel, Stall, instant

if TYPE_CHECKING:
    from tracking.preview.measuring import Measured

KINDS = ("orders", "parcels")
PERIODS = (30, 60, 90)
"""Days of which a preview is made."""

LISTED = 100
"""Rows behind one bar: the newest."""

WIDTHS = (1, 2, 3, 4, 6, 12, 24, 48, 72, 96, 120, 168, 240, 336)
MOST_BARS = 16
MOST_DIGITS = 6
"""Of a bar's number."""

BEYOND = 2
"""The histogram goes on until so many times the limit; what stood still for longer is in its last bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `key` names it to `behind`. `count` is how many it holds, `flagged` how many of them the new settings would
    have flagged, `today` how many today's would have. Of a weekday or a carrier only what is flagged is counted.
    """

    key: str
    label: str
    count: int
    flagged: int
    today: int


@dataclass(frozen=True, slots=True)
class Part:
    """The preview of orders or of parcels. `width` is that of the bars of `hours`, in hours that count under the new settings;
    `limits` is what each limit is called -> its hours.
    """

    kind: str
    count: int
    flagged: int
    today: int
    width: int
    limits: dict[str, int]
    hours: list[Bar]
    weekdays: list[Bar]
    carriers: list[Bar]


@dataclass(frozen=True, slots=True)
class Preview:
    """What would have been flagged from `start` until `at`."""

    days: int
    start: datetime
    at: datetime
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Row:
    """One order or parcel behind a bar. `flagged_at` and `today_at` are when the new settings and today's would have flagged it,
    `since` is when the time without news began for which that was, else the longest one. `hours` is how long the longest one
    was, in hours that count under the new settings.
    """

    key: int
    order_key: int
    order_number: str
    tracking_number: str
    carrier: str
    since: datetime
    hours: float
    flagged_at: datetime | None
    today_at: datetime | None


class _Found(NamedTuple):
    """An order or parcel that was named, and its flags within the period."""

    thing: Any
    bin: int
    new: Stall | None
    today: Stall | None


def preview(merchant: Merchant, new: StalledPolicy, today: StalledPolicy, *, days: int, at: datetime) -> Preview:
    """What `new`, which need not be saved, would have flagged in the last days before `at`, which is now, beside `today`.

    Both are judged as if they had held for every order, and by what is known now. So it is not what really was flagged: an order
    keeps the version of its placing, a scan may have been told late, an order's lines and a parcel's carrier may have been
    others then, and what the shop deleted is not known any more. Reads only: seven statements, whatever there is.
    """
    asked = _asked(merchant, new, today, days, at)
    return Preview(days, asked.start, at, [_part(asked, kind) for kind in KINDS])


def behind(
    merchant: Merchant, new: StalledPolicy, today: StalledPolicy, *, days: int, at: datetime, bar: str
) -> list[Row]:
    """The newest orders or parcels behind a bar of that preview, by its key. Raises `ValueError` where there is no such bar."""
    asked = _asked(merchant, new, today, days, at)
    kind, by, name = [*bar.split(":", 2), "", ""][:3]
    is_number = name.isdecimal() and len(name) <= MOST_DIGITS
    if kind not in KINDS or not (by in ("weekday", "carrier") or (by == "hours" and is_number)):
        raise ValueError(f"no bar {bar!r}")
    if by == "hours":
        return _in_bin(asked, kind, int(name))
    groups = _weekday_of(asked) if by == "weekday" else _carrier_of
    _, found = _looked_at(asked, kind, _width(asked, kind))
    flagged = [each for each in found if each.new and groups(each.thing, each.new) == name]
    flagged.sort(key=lambda each: each.new.at if each.new else asked.start, reverse=True)
    return _rows(asked, flagged[:LISTED])


def _asked(merchant: Merchant, new: StalledPolicy, today: StalledPolicy, days: int, at: datetime) -> Asked:
    start = at - timedelta(days=days)
    return Asked(merchant, Judge(merchant, new, at), Judge(merchant, today, at), start, at)


def _part(asked: Asked, kind: str) -> Part:
    width = _width(asked, kind)
    counts, found = _looked_at(asked, kind, width)
    new = [(each, each.new) for each in found if each.new]
    today = [(each, each.today) for each in found if each.today]
    bins = [Counter(counts) + _bins(found), _bins(each for each, _ in new), _bins(each for each, _ in today)]
    weekday = _weekday_of(asked)
    days = [Counter(weekday(each.thing, flag) for each, flag in flagged) for flagged in (new, today)]
    carriers = [_carriers(kind, (each.thing for each, _ in flagged)) for flagged in (new, today)]
    most_first = sorted(carriers[0] | carriers[1], key=lambda name: (-carriers[0][name], name))
    return Part(
        kind=kind,
        count=bins[0].total(),
        flagged=len(new),
        today=len(today),
        width=width,
        limits=_limits(asked.new.policy, kind),
        hours=_hours(kind, width, _bars(asked, kind, width) - 1, bins),
        weekdays=[_group(kind, "weekday", name, days) for name in WEEKDAYS],
        carriers=[_group(kind, "carrier", name, carriers) for name in most_first],
    )


def _hours(kind: str, width: int, last: int, bins: list[Counter[int]]) -> list[Bar]:
    """Bars of all, of what is flagged, and of what is flagged today; the last one holds what is beyond."""
    bars = []
    for number in range(last + 1):
        begin, end = number * width, (number + 1) * width
        label = f"{begin} h and more" if number == last else f"{begin} to {end} h"
        counts = (sum(count for each, count in counter.items() if min(each, last) == number) for counter in bins)
        bars.append(Bar(f"{kind}:hours:{number}", label, *counts))
    return bars


def _group(kind: str, by: str, name: str, counts: list[Counter[str]]) -> Bar:
    new, today = (each[name] for each in counts)
    return Bar(f"{kind}:{by}:{name}", name or "Not known", new, new, today)


def _carriers(kind: str, things: Iterable[Any]) -> Counter[str]:
    counts: Counter[str] = Counter()
    # A source's words are few: each is looked up once.
    for carrier, count in Counter(each.carrier for each in things if kind == "parcels").items():
        counts[friendly_name(carrier)] += count
    return counts


def _bins(found: Iterable[_Found]) -> Counter[int]:
    return Counter(each.bin for each in found)


def _looked_at(asked: Asked, kind: str, width: int) -> tuple[dict[int, int], list[_Found]]:
    """How many came near no limit, by their bin, and all others looked at closely."""
    measured = _measured(asked, kind, width)
    return measured.counts(), _judged(asked, kind, measured.named())


def _measured(asked: Asked, kind: str, width: int) -> Measured:
    # Loads numpy, which the many processes that never make a preview do without.
    from tracking.preview import measuring

    return measuring.measured(asked, kind, width=width)


def _judged(asked: Asked, kind: str, named: dict[int, int]) -> list[_Found]:
    from tracking.preview import reading  # loads numpy, too

    things: Iterable[Any]
    both = (asked.new, asked.today)
    judges: list[Callable[[Any], Stall | None]]
    if kind == "parcels":
        things = reading.parcels(
            asked.merchant,
            named,
            with_country=any(each.asks_for_country for each in both),
        )
        judges = [each.parcel for each in both]
    else:
        things, judges = reading.orders(asked.merchant, named), [each.order for each in both]
    # A parcel that was flagged before the period is not flagged again in it.
    return [
        _Found(
            thing,
            named[thing.pk],
            *(flag if (flag := judge(thing)) and flag.at > asked.start else None for judge in judges),
        )
        for thing in things
    ]


def _in_bin(asked: Asked, kind: str, number: int) -> list[Row]:
    width = _width(asked, kind)
    last = number if number < _bars(asked, kind, width) - 1 else inf
    keys = _measured(asked, kind, width).newest(number, last, LISTED)
    found = _judged(asked, kind, dict.fromkeys(keys, number))
    return _rows(asked, sorted(found, key=lambda each: each.thing.pk, reverse=True))


def _rows(asked: Asked, found: list[_Found]) -> list[Row]:
    from tracking.preview import reading

    numbers = reading.numbers(asked.merchant, [_order_of(each.thing) for each in found])
    return [_row(asked, each, numbers.get(_order_of(each.thing), "")) for each in found]


def _order_of(thing: Order | Parcel) -> int:
    return thing.order_pk if isinstance(thing, Parcel) else thing.pk


def _row(asked: Asked, found: _Found, order_number: str) -> Row:
    thing: Order | Parcel = found.thing
    spans = [(each.since, each.until) for each in thing.stretches] if isinstance(thing, Parcel) else []
    if isinstance(thing, Order):
        spans = [(thing.placed_at, thing.ended_at)]
    # Only what the bars count: a stretch that was over before the period is not in them.
    spans = [span for span in spans if span[1] is None or span[1] > asked.start.timestamp()]
    measured = [(asked.new.counted(*span), span[0]) for span in spans]
    hours, longest_since = max(measured, default=(0.0, asked.start.timestamp()))
    flag = found.new or found.today
    return Row(
        key=thing.pk,
        order_key=_order_of(thing),
        order_number=order_number,
        tracking_number=thing.tracking_number if isinstance(thing, Parcel) else "",
        carrier=_carrier_of(thing, None),
        since=flag.since if flag else instant(longest_since),
        hours=hours,
        flagged_at=found.new.at if found.new else None,
        today_at=found.today.at if found.today else None,
    )


def _weekday_of(asked: Asked) -> Callable[[Any, Stall], str]:
    zone = ZoneInfo(asked.merchant.timezone)
    return lambda _, flag: WEEKDAYS[flag.at.astimezone(zone).weekday()]


def _carrier_of(thing: Any, _: Any) -> str:
    return friendly_name(thing.carrier) if isinstance(thing, Parcel) else ""


def _limits(policy: StalledPolicy, kind: str) -> dict[str, int]:
    names = {"Limit": policy.hours_until_fulfillment}
    if kind == "parcels":
        names = {"Before pick-up": policy.hours_before_pickup, "In transit": policy.hours_in_transit}
    return {name: hours for name, hours in names.items() if hours is not None}


def _highest(asked: Asked, kind: str) -> int:
    return max(_limits(asked.new.policy, kind).values(), default=DEFAULT_HOURS)


def _width(asked: Asked, kind: str) -> int:
    """Of a bar, in hours."""
    end = BEYOND * _highest(asked, kind)
    return next((each for each in WIDTHS if each * MOST_BARS >= end), WIDTHS[-1])


def _bars(asked: Asked, kind: str, width: int) -> int:
    return -(-BEYOND * _highest(asked, kind) // width) + 1
