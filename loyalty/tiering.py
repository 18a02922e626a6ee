"""Which tier a member belongs in, by what they spent, the tiers there are, and what they hold. Pure: no database, no clock.

A tier is entered as soon as the spending of the last 365 days reaches what its entry asks for. It is left, or held on to, only
when its period is over: then what it asks of those who hold it decides, and what every other tier asks for entry. A custom tier
is given by hand, and stays until its date, whatever is spent.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from loyalty import days
from tracking.business_time import begin_of

WINDOW_DAYS = 365
"""How many whole days of spending count, besides the day that has begun."""


class Change(StrEnum):
    """What leads to a transition, in OMNI's words."""

    DOWNGRADE = "spending_downgrade"
    UPGRADE = "spending_upgrade"
    EXTEND = "spending_extend"
    ASSIGN = "spending_assign"
    BY_HAND = "manual_assign"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a tier asks for, in minor units of the merchant's currency. Spending leads into no custom tier, and no retired one."""

    key: int
    entry: int
    maintain: int
    period_days: int
    is_custom: bool = False
    is_retired: bool = False

    @property
    def by_spending(self) -> bool:
        """Whether it can be reached by spending."""
        return not (self.is_custom or self.is_retired)


@dataclass(frozen=True, slots=True)
class Held:
    """What a member holds: a tier or none, `since` when (None: was never placed), and until when (None: for good)."""

    tier: Terms | None = None
    since: datetime | None = None
    expires_at: datetime | None = None

    def is_over(self, instant: datetime) -> bool:
        """Whether its period has ended by then. The midnight at which it ends is outside of it."""
        return self.expires_at is not None and self.expires_at <= instant


@dataclass(frozen=True, slots=True)
class Decision:
    """A transition that is due: into a tier, or into none."""

    change: Change
    tier: Terms | None


def decide(spent: int, tiers: Collection[Terms], held: Held, at: datetime) -> Decision | None:
    """What becomes of what a member holds, at an instant; None: it stays as it is."""
    reached = highest(spent, tiers)
    mine = held.tier
    if mine is None:
        change = Change.ASSIGN if held.since is None else Change.UPGRADE
        return Decision(change, reached) if reached else None
    if mine.is_custom:
        return Decision(Change.ASSIGN, reached) if held.is_over(at) else None
    if reached is not None and reached.entry > mine.entry:
        return Decision(Change.UPGRADE, reached)
    if not held.is_over(at):
        return None
    if _keeps(spent, mine):
        return Decision(Change.EXTEND, mine)
    is_lower = reached is None or reached.entry < mine.entry
    return Decision(Change.DOWNGRADE if is_lower else Change.ASSIGN, reached)


def place(spent: int, tiers: Collection[Terms], held: Held) -> Decision | None:
    """Where a member belongs by what they spent, in the middle of a period too; None: where they are. Custom tiers stay."""
    mine = held.tier
    if mine is not None and mine.is_custom:
        return None
    reached = highest(spent, tiers)
    if mine is not None and _keeps(spent, mine) and (reached is None or reached.entry <= mine.entry):
        return None
    return Decision(Change.ASSIGN, reached) if reached != mine else None


def highest(spent: int, tiers: Collection[Terms]) -> Terms | None:
    """The highest tier that can be entered with so much spent."""
    return max((each for each in tiers if each.by_spending and each.entry <= spent), key=_entry, default=None)


def next_above(tiers: Collection[Terms], mine: Terms | None) -> Terms | None:
    """The tier that comes next by spending; None: there is no higher one, or spending does not end what is held."""
    if mine is not None and mine.is_custom:
        return None
    higher = (each for each in tiers if each.by_spending and (mine is None or each.entry > mine.entry))
    return min(higher, key=_entry, default=None)


def is_rise(before: Terms | None, after: Terms) -> bool:
    """Whether `after` is a higher tier, or a custom one that was not held."""
    if after.is_custom:
        return before != after
    return before is None or (not before.is_custom and after.entry > before.entry)


def period_end(begun: datetime, tier: Terms, time_zone: str) -> datetime | None:
    """The midnight that ends a period of whole days; one that began at a midnight counts that day. None: it never ends.

    A tier that asks for nothing cannot be lost, so there is nothing to end.
    """
    if tier.maintain <= 0 and tier.entry <= 0:
        return None
    day = days.local_date(begun, time_zone)
    first = day if begin_of(day, time_zone) == begun else day + days.DAY
    return begin_of(first + timedelta(days=tier.period_days), time_zone)


def window_begin(until: datetime, time_zone: str) -> datetime:
    """From when on spending counts that is looked at then: the midnight that began the day 365 days before.

    At a midnight these are exactly the last 365 days.
    """
    return begin_of(days.local_date(until, time_zone) - timedelta(days=WINDOW_DAYS), time_zone)


def _keeps(spent: int, mine: Terms) -> bool:
    return mine.by_spending and spent >= mine.maintain


def _entry(tier: Terms) -> int:
    return tier.entry
