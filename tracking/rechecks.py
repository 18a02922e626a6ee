"""The last look before an event is sent: whether what it tells of orders and parcels is still true. One statement for any number.

Each is a `Recheck` of the catalogue: it gets what is about to be sent, and returns what is not to be sent any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from integrations.catalog import bounded_identity
from integrations.models import Connection, Delivery
from tracking import deadlines, statuses, updates
from tracking.models import Issue, Order, Problem, Shipment
from tracking.models.issue import issue_id

Events = Mapping[str, Mapping[str, Any]]
"""unique_id -> properties, of events of one metric."""


def stalled_no_more(connection: Connection, events: Events, at: datetime) -> Collection[str]:
    """Of issues: what stalled and moved meanwhile, arrived or was called off."""
    parcels = _about(events, "ProblemType", Problem.SHIPMENT_STALLED, "ShipmentId")
    orders = _about(events, "ProblemType", Problem.FULFILLMENT_STALLED, "OrderId")
    return _events_of(parcels, _moved(connection, parcels)) + _events_of(orders, _fulfilled(connection, orders))


def found_no_more(connection: Connection, events: Events, at: datetime) -> Collection[str]:
    """Of tracking updates: parcels that stalled and moved meanwhile, or are not late or early any more."""
    stalled = _about(events, "Trigger", updates.STALLED_IN_TRANSIT, "ShipmentId")
    gone = _events_of(stalled, _moved(connection, stalled))
    for trigger, has_changed in ((updates.DELAYED, _caught_up), (updates.ARRIVING_EARLY, _put_back)):
        found = _about(events, "Trigger", trigger, "ShipmentId")
        parcels = _parcels(connection, found).select_related("order__stalled_policy") if found else ()
        for each in parcels:
            each.order.merchant = connection.merchant
            gone += [
                unique_id
                for unique_id in found[each.external_id]
                if has_changed(each, events[unique_id].get("EstimatedDeliveryDate"), at)
            ]
    return gone


def _caught_up(parcel: Shipment, told: str | None, at: datetime) -> bool:
    """Whether a parcel that was late arrived, or is expected sooner than was told and in time."""
    if not deadlines.is_awaited(parcel, parcel.order):
        return True
    is_sooner = bool(told and parcel.expected_on and parcel.expected_on < date.fromisoformat(told))
    return is_sooner and not deadlines.is_late(parcel, parcel.order, at=at)


def _put_back(parcel: Shipment, told: str | None, at: datetime) -> bool:
    """Whether a parcel that was early arrived, or is expected later than was told and not early any more."""
    if not deadlines.is_awaited(parcel, parcel.order):
        return True
    is_later = bool(told and parcel.expected_on and parcel.expected_on > date.fromisoformat(told))
    return is_later and not deadlines.is_early(parcel, parcel.order, at=at)


def never_told(connection: Connection, events: Events, at: datetime) -> Collection[str]:
    """Of issues that are over: those of which the connection was never told that they arose."""
    created = {
        unique_id: bounded_identity(issue_id(told["ProblemType"], told.get("ShipmentId") or told["OrderId"]))
        for unique_id, told in events.items()
    }
    sent = Delivery.objects.for_merchant(connection.merchant_id).filter(
        connection=connection,
        state=Delivery.State.SENT,
        event__merchant=connection.merchant_id,
        event__metric="order_issue_created",
        event__unique_id__in=created.values(),
    )
    known = set(sent.values_list("event__unique_id", flat=True))
    return [unique_id for unique_id, issue in created.items() if issue not in known]


def _about(events: Events, name: str, value: str, key: str) -> dict[str, list[str]]:
    """Events with that value, by what they are about: id -> unique_ids."""
    found: dict[str, list[str]] = {}
    for unique_id, told in events.items():
        if told.get(name) == value:
            found.setdefault(told[key], []).append(unique_id)
    return found


def _events_of(found: Mapping[str, list[str]], ids: Collection[str]) -> list[str]:
    return [unique_id for each in ids for unique_id in found[each]]


def _parcels(connection: Connection, found: Collection[str]) -> Any:
    return Shipment.objects.for_merchant(connection.merchant_id).filter(external_id__in=found)


def _moved(connection: Connection, found: Collection[str]) -> Collection[str]:
    """Ids of parcels whose stalling is over."""
    if not found:
        return []
    issues = Issue.objects.for_merchant(connection.merchant_id).filter(
        ~Q(resolved_at=None) | Q(shipment__status__in=statuses.TERMINAL),
        problem=Problem.SHIPMENT_STALLED,
        shipment__in=_parcels(connection, found),
    )
    return list(issues.values_list("shipment__external_id", flat=True))


def _fulfilled(connection: Connection, found: Collection[str]) -> Collection[str]:
    """Ids of orders that are waited for no more."""
    if not found:
        return []
    orders = Order.objects.for_merchant(connection.merchant_id).filter(external_id__in=found)
    return list(orders.filter(~Q(shipped_at=None) | ~Q(cancelled_at=None)).values_list("external_id", flat=True))
