"""Orders, parcels and scans as the demo's shops and carriers know them: what the webhooks are written from.

Time is counted in minutes since the order was placed. Where all of it is to be news, a parcel's days are minutes; in the month
before the demo the same minutes pass as days.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.demo.people import Person
from config.demo.shops import Product, Shop

_orders = itertools.count(5_480_210_300_001, 7_919)
_lines = itertools.count(13_902_400_500_001, 104_729)
_fulfillments = itertools.count(4_910_700_800_001, 1_299)
_parcels = itertools.count(10_473_000, 37)
_numbers = itertools.count(2001)


Pace = Callable[[datetime, float], datetime]
"""How time passes for an order: the instant so many of its minutes after it was placed."""


def minute_by_minute(placed_at: datetime, minutes: float) -> datetime:
    """A minute is a minute."""
    return placed_at + timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class Start:
    """When a story begins with an order, and how time passes in it."""

    placed_at: datetime
    pace: Pace = minute_by_minute


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order."""

    id: int
    product: Product
    quantity: int = 1

    @property
    def total(self) -> Decimal:
        """The price of all its units."""
        return self.product.price * self.quantity


@dataclass(frozen=True, slots=True)
class Order:
    """An order. `is_test` marks one that the shop's owner placed to try the checkout."""

    shop: Shop
    id: int
    number: int
    buyer: Person
    lines: tuple[Line, ...]
    start: Start
    is_test: bool = False

    @property
    def placed_at(self) -> datetime:
        """When it was placed."""
        return self.start.placed_at

    @property
    def name(self) -> str:
        """Its name in the shop."""
        return f"#{self.number}"

    @property
    def key(self) -> str:
        """Its id in the system of a shop that makes orders by schedules."""
        return str(self.number)

    @property
    def total(self) -> Decimal:
        """What it costs."""
        return sum((line.total for line in self.lines), Decimal(0))

    def after(self, minutes: float) -> datetime:
        """The instant so many minutes after it was placed."""
        return self.start.pace(self.placed_at, minutes)

    def day_after(self, days: int, minutes: float) -> date:
        """The date so many days after that minute, where the shop is."""
        return self.after(minutes).astimezone(ZoneInfo(self.shop.timezone)).date() + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Fulfillment:
    """What the shop packed together, in one parcel or more: one for each tracking number."""

    order: Order
    id: int
    lines: tuple[Line, ...]
    tracking_numbers: tuple[str, ...]
    minutes: float

    @property
    def shipment_ids(self) -> tuple[str, ...]:
        """The parcels' ids: the first bears the fulfilment's, each further one adds its tracking number."""
        further = self.tracking_numbers[1:]
        return (str(self.id), *(f"{self.id}:{number}" for number in further))


@dataclass(frozen=True, slots=True)
class Scan:
    """A carrier's word on a parcel, so many minutes after the order was placed."""

    status: str
    minutes: float
    message: str = ""


def new_order(
    shop: Shop, buyer: Person, start: Start, *, lines: int = 1, quantity: int = 1, is_test: bool = False
) -> Order:
    """An order of the shop's first `lines` products, as many of each as `quantity` says."""
    number = next(_numbers)
    products = [shop.products[(number + place) % len(shop.products)] for place in range(lines)]
    ordered = tuple(Line(next(_lines), product, quantity) for product in products)
    return Order(shop, next(_orders), number, buyer, ordered, start, is_test)


def pack(order: Order, minutes: float, *, lines: Sequence[Line] | None = None, parcels: int = 1) -> Fulfillment:
    """Pack some lines of an order (all of them if none are named)."""
    numbers = tuple(f"{order.shop.carrier[:2].upper()}{next(_parcels):010d}" for _ in range(parcels))
    chosen = order.lines if lines is None else tuple(lines)
    return Fulfillment(order, next(_fulfillments), chosen, numbers, minutes)
