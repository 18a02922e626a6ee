"""Redo's tracking updates: which of its fourteen triggers a happening is, and the facts that its two metrics are built from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from integrations.catalog import Fact
from tracking import facts, statuses
from tracking.deadlines import BEFORE_PICKUP
from tracking.dossier import Dossier
from tracking.models import Problem, Shipment

ORDER_CREATED = "order_created"
STALLED_IN_TRANSIT = "stalled_in_transit"
DELAYED = "delayed"
ARRIVING_EARLY = statuses.ARRIVING_EARLY

FINDINGS = (STALLED_IN_TRANSIT, DELAYED, ARRIVING_EARLY)
"""Triggers that no carrier states: they follow from what is known of the parcel."""

TRIGGERS = (
    ORDER_CREATED,
    statuses.PRE_TRANSIT,
    statuses.IN_TRANSIT,
    statuses.OUT_FOR_DELIVERY,
    statuses.DELIVERED,
    statuses.AVAILABLE_FOR_PICKUP,
    *FINDINGS,
    statuses.RETURN_TO_SENDER,
    statuses.DELIVERY_ATTEMPTED,
    statuses.FAILURE,
    statuses.CANCELLED,
    statuses.ERROR,
)


def with_updates(happened: Iterable[Fact]) -> Iterator[Fact]:
    """What happened, each followed by the tracking update that it is, if it is one, and that by one for each of its items."""
    for fact in happened:
        yield fact
        update = fact if isinstance(fact, facts.TrackingUpdate) else _update(fact)
        if update is None:
            continue
        if update is not fact:
            yield update
        for line, quantity in update.items:
            yield facts.TrackingUpdateItem.of(
                update.dossier,
                update.shipment,
                trigger=update.trigger,
                at=update.at,
                anchor=update.anchor,
                line=line,
                quantity=quantity,
            )


def another_attempt(dossier: Dossier, shipment: Shipment, when: datetime) -> facts.TrackingUpdate:
    """A delivery was tried in vain once more: each attempt is told, though the status was `failure` already."""
    return _of(dossier, shipment, statuses.DELIVERY_ATTEMPTED, when)


def _update(fact: Fact) -> facts.TrackingUpdate | None:
    match fact:
        case facts.OrderPlaced():
            return _of(fact.dossier, None, ORDER_CREATED, fact.at)
        case facts.ShipmentMoved() if fact.status != statuses.UNKNOWN:
            is_attempt = fact.status == statuses.FAILURE and fact.substatus == statuses.DELIVERY_ATTEMPTED
            trigger = statuses.DELIVERY_ATTEMPTED if is_attempt else fact.status
            return _of(fact.dossier, fact.shipment, trigger, fact.status_at)
        case facts.IssueFound() if fact.issue.problem == Problem.SHIPMENT_STALLED and fact.shipment:
            if fact.shipment.status in BEFORE_PICKUP:
                return None
            return _of(fact.dossier, fact.shipment, STALLED_IN_TRANSIT, fact.issue.occurred_at, fact.issue.still_since)
    return None


def _of(
    dossier: Dossier, shipment: Shipment | None, trigger: str, at: datetime, anchor: datetime | None = None
) -> facts.TrackingUpdate:
    return facts.TrackingUpdate.of(dossier, shipment, trigger=trigger, at=at, anchor=anchor or at)
