"""When an order or a parcel stalls, and when a parcel is late or early: the rules. The services write down what comes of them,
in `stalls_at` and `delays_at`.

An order is judged by the version of its merchant's settings that it keeps, and its parcels by the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from integrations.models import Merchant
from tracking import business_time, statuses
from tracking.calendars import calendar_of
from tracking.dossier import Dossier
from tracking.inputs import LineInput
from tracking.models import Order, Problem, Shipment, StalledPolicy

BEFORE_PICKUP = frozenset({statuses.UNKNOWN, statuses.PRE_TRANSIT})
"""Statuses of a parcel that its carrier does not have yet."""


def at_placing(
    merchant: Merchant, policy: StalledPolicy, placed_at: datetime, lines: Iterable[LineInput]
) -> datetime | None:
    """When an order that was just placed stalls; None: it never does, or holds nothing that is to be shipped."""
    is_to_ship = any(line.requires_shipping and line.quantity for line in lines)
    return due(merchant, policy, placed_at, window_of_order(policy)) if is_to_ship else None


def of_order(dossier: Dossier) -> datetime | None:
    """When an order stalls; None: never, or not any more.

    It waits until its first parcel leaves. Tests, cancelled orders and those without anything to ship do not.
    """
    order = dossier.order
    is_over = any((order.is_test, order.stalled_at, order.cancelled_at, order.shipped_at, order.delivered_at))
    if is_over or not dossier.unfulfilled:
        return None
    return due(order.merchant, order.policy, order.placed_at, window_of_order(order.policy))


def of_shipment(shipment: Shipment, order: Order) -> datetime | None:
    """When a parcel stalls, counted from the last scan, else from the fulfilment; None: never, or not any more."""
    if order.is_test or shipment.stalled_at or shipment.status in statuses.TERMINAL:
        return None
    return due(order.merchant, order.policy, shipment.still_since, window_of_shipment(shipment, order))


def set_for(shipment: Shipment, order: Order) -> None:
    """Note on a parcel when it stalls and when it is late, as it stands now. The caller saves."""
    shipment.stalls_at = of_shipment(shipment, order)
    shipment.delays_at = of_delay(shipment, order)


def of_delay(shipment: Shipment, order: Order) -> datetime | None:
    """When a parcel counts as delayed because the day on which it was expected passed; None: never, or not any more."""
    return None if shipment.delayed_at else _late_from(shipment, order)


def is_late(shipment: Shipment, order: Order, *, at: datetime) -> bool:
    """Whether a parcel counts as delayed as things stand at an instant."""
    late_from = _late_from(shipment, order)
    return late_from is not None and (late_from <= at or is_put_off(shipment, order))


def is_put_off(shipment: Shipment, order: Order) -> bool:
    """Whether a parcel is delayed by its carrier's own word: its newest estimate is that much later than the first."""
    days = order.policy.days_until_delayed
    return days is not None and is_awaited(shipment, order) and _days_put_off(shipment) >= days


def is_early(shipment: Shipment, order: Order, *, at: datetime) -> bool:
    """Whether a parcel's newest estimate is that much earlier than the first, and not over at that instant."""
    days = order.policy.days_early
    if days is None or not shipment.expected_on or not is_awaited(shipment, order):
        return False
    is_over = business_time.begin_of(shipment.expected_on + timedelta(days=1), order.merchant.timezone) <= at
    return _days_put_off(shipment) <= -days and not is_over


def first_promise(shipment: Shipment) -> datetime | None:
    """The date that was promised first, as an instant that no setting moves; None where none was."""
    return datetime.combine(shipment.promised_on, time.min, UTC) if shipment.promised_on else None


def _late_from(shipment: Shipment, order: Order) -> datetime | None:
    days = order.policy.days_until_delayed
    if days is None or not shipment.expected_on or not is_awaited(shipment, order):
        return None
    return business_time.begin_of(shipment.expected_on + timedelta(days=days), order.merchant.timezone)


def _days_put_off(shipment: Shipment) -> int:
    if shipment.expected_on is None or shipment.promised_on is None:
        return 0
    return (shipment.expected_on - shipment.promised_on).days


def is_awaited(shipment: Shipment, order: Order) -> bool:
    """Whether somebody waits for the parcel."""
    return not order.is_test and shipment.status not in statuses.TERMINAL


def window_of_order(policy: StalledPolicy) -> int | None:
    """Hours in which an order has to be fulfilled; None: it never stalls."""
    return policy.hours_until_fulfillment if policy.tells(Problem.FULFILLMENT_STALLED) else None


def window_of_shipment(shipment: Shipment, order: Order) -> int | None:
    """Hours in which a parcel as it stands has to be scanned; None: it never stalls."""
    return window_of_parcel(
        order.policy,
        shipment.status,
        carrier=shipment.carrier,
        country=shipment.destination_country or order.destination_country,
    )


def window_of_parcel(policy: StalledPolicy, status: str, *, carrier: str, country: str) -> int | None:
    """Hours in which a parcel with that status has to be scanned; None: it never stalls."""
    if not policy.tells(Problem.SHIPMENT_STALLED):
        return None
    return policy.hours_of_parcel(is_picked_up=status not in BEFORE_PICKUP, carrier=carrier, country=country)


def due(merchant: Merchant, policy: StalledPolicy, start: datetime, hours: int | None) -> datetime | None:
    """When hours that began at `start` are over; None where none are granted."""
    if hours is None:
        return None
    return business_time.due(start, hours, calendar_of(policy, merchant.timezone, start))
