"""When an order or a parcel stalls: the rules. The services write down what comes of them, in `stalls_at`.

An order is judged by the version of its merchant's settings that it keeps, and its parcels by the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

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
    return _due(merchant, policy, placed_at, window_of_order(policy)) if is_to_ship else None


def of_order(dossier: Dossier) -> datetime | None:
    """When an order stalls; None: never, or not any more.

    It waits until its first parcel leaves. Tests, cancelled orders and those without anything to ship do not.
    """
    order = dossier.order
    is_over = any((order.is_test, order.stalled_at, order.cancelled_at, order.shipped_at, order.delivered_at))
    if is_over or not dossier.unfulfilled:
        return None
    return _due(order.merchant, order.policy, order.placed_at, window_of_order(order.policy))


def of_shipment(shipment: Shipment, order: Order) -> datetime | None:
    """When a parcel stalls, counted from the last scan, else from the fulfilment; None: never, or not any more."""
    if order.is_test or shipment.stalled_at or shipment.status in statuses.TERMINAL:
        return None
    return _due(order.merchant, order.policy, shipment.still_since, window_of_shipment(shipment, order))


def window_of_order(policy: StalledPolicy) -> int | None:
    """Hours in which an order has to be fulfilled; None: it never stalls."""
    return policy.hours_until_fulfillment if policy.tells(Problem.FULFILLMENT_STALLED) else None


def window_of_shipment(shipment: Shipment, order: Order) -> int | None:
    """Hours in which a parcel as it stands has to be scanned; None: it never stalls."""
    if not order.policy.tells(Problem.SHIPMENT_STALLED):
        return None
    return order.policy.hours_of_parcel(
        is_picked_up=shipment.status not in BEFORE_PICKUP,
        carrier=shipment.carrier,
        country=shipment.destination_country or order.destination_country,
    )


def _due(merchant: Merchant, policy: StalledPolicy, start: datetime, hours: int | None) -> datetime | None:
    if hours is None:
        return None
    return business_time.due(start, hours, calendar_of(policy, merchant.timezone, start))
