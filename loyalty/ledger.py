"""The arithmetic of points: whole numbers in, whole numbers out. Pure: no database, and no clock of its own.

What a member has lies in lots, each with a date on which it runs out. What is spent is taken from the lots that run out soonest.
What is taken back beyond what is there is owed: it is paid by whatever lot comes next. So a member who owes has nothing in any
lot, and balance = points in lots less points owed = sum of all entries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

HUNDREDTHS = 100
"""A rate of points has two decimals."""


class NotEnough(Exception):
    """More points were to be spent than there are."""


@dataclass(frozen=True, slots=True)
class Held:
    """What is left in a lot. `expires_at` None: it never runs out. `key` tells lots apart, and grows with each new one."""

    key: int
    points: int
    effective_at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Points out of one lot; fewer than none where they are given back to it."""

    lot: int
    points: int


@dataclass(frozen=True, slots=True)
class Owed:
    """Points that an entry took and no lot has paid yet. `key` grows with each new entry."""

    key: int
    points: int


def earned(net_minor: int, points_per_unit: Decimal, digits: int) -> int:
    """Points for an amount in minor units of a currency with so many decimals: rounded down, once, at the end."""
    hundredths = int(points_per_unit * HUNDREDTHS)
    return max(net_minor, 0) * hundredths // (HUNDREDTHS * int(10**digits))


def reversed_by(points: int, net_minor: int, refunded_minor: int) -> int:
    """How many of the points of an order are taken back in all once so much of its net value was refunded.

    Rounded down; counted from the beginning each time, so that the parts of many refunds add up to the whole.
    """
    if refunded_minor >= net_minor:
        return points
    return points * max(refunded_minor, 0) // net_minor


def in_order(lots: Iterable[Held]) -> list[Held]:
    """In the order in which they are spent: what runs out soonest first, then what came first."""
    return sorted(lots, key=_soonest)


def spend(points: int, lots: Collection[Held], *, at: datetime) -> list[Part]:
    """Take points from lots that have not run out by `at`. Raises `NotEnough`, and then takes nothing."""
    usable = [each for each in lots if each.expires_at is None or each.expires_at > at]
    parts, missing = _take(points, in_order(usable))
    if missing:
        raise NotEnough(f"there are {points - missing} points to spend, not {points}")
    return parts


def take_back(points: int, lots: Collection[Held], *, first: Collection[int] = ()) -> tuple[list[Part], int]:
    """Take points from the lots `first`, then from any; also (the points that are owed then)."""
    mine = in_order(each for each in lots if each.key in first)
    return _take(points, [*mine, *in_order(each for each in lots if each.key not in first)])


def give_back(taken: Sequence[Part]) -> list[Part]:
    """What undoes a spending: each lot gets its points again, and keeps its date."""
    return [Part(each.lot, -each.points) for each in taken]


def pay(debts: Collection[Owed], lots: Collection[Held]) -> list[tuple[Owed, Part]]:
    """Pay what is owed, the oldest first, as far as lots allow: (what is paid, what with)."""
    paid: list[tuple[Owed, Part]] = []
    left = {each.key: each.points for each in lots}
    for debt in sorted(debts, key=lambda each: each.key):
        available = [Held(each.key, left[each.key], each.effective_at, each.expires_at) for each in lots]
        parts, _ = _take(debt.points, in_order(available))
        for part in parts:
            left[part.lot] -= part.points
        paid += [(debt, part) for part in parts]
    return paid


def _take(points: int, lots: Sequence[Held]) -> tuple[list[Part], int]:
    """Take points from lots in their order: (the parts, what is missing)."""
    parts = []
    for lot in lots:
        part = min(points, lot.points)
        if part:
            parts.append(Part(lot.key, part))
            points -= part
    return parts, points


def _soonest(lot: Held) -> tuple[bool, datetime, datetime, int]:
    return lot.expires_at is None, lot.expires_at or lot.effective_at, lot.effective_at, lot.key
