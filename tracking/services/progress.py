"""An order's way through Whiplash's four states: processing, cancelled, shipped, delivered. Each is entered once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from integrations import clean, history
from integrations.catalog import Fact
from tracking import deadlines, facts
from tracking.dossier import Dossier
from tracking.models import Order
from tracking.page import links
from tracking.services import issues
from tracking.updates import with_updates


def begin_processing(dossier: Dossier, when: datetime, **more: datetime) -> list[Fact]:
    """The order enters processing, once; `more` is written with it."""
    order = dossier.order
    if order.processing_at is not None or order.cancelled_at is not None:
        return []
    update(order, {"processing_at": max(when, order.placed_at), **more})
    return [facts.OrderProcessing.of(dossier, order.processing_at or when)]


def bill(dossier: Dossier, when: datetime) -> list[Fact]:
    """Its billing succeeded, once: the order enters processing, and is fulfilled where it was completed before."""
    order = dossier.order
    if order.billed_at is not None or _was_cancelled_by(order, when):
        return begin_processing(dossier, when)
    processing = begin_processing(dossier, when, billed_at=when)
    update(order, {"billed_at": when})
    return [*processing, *_fulfilled(dossier)]


def complete(dossier: Dossier, when: datetime) -> list[Fact]:
    """The order is completed, once: it is fulfilled where its billing has succeeded."""
    order = dossier.order
    if order.completed_at is not None or _was_cancelled_by(order, when):
        return []
    update(order, {"completed_at": when})
    return _fulfilled(dossier)


def _fulfilled(dossier: Dossier) -> list[Fact]:
    order = dossier.order
    if order.billed_at is None or order.completed_at is None:
        return []
    return [facts.OrderCompleted.of(dossier, order.completed_at)]


def _was_cancelled_by(order: Order, when: datetime) -> bool:
    return order.cancelled_at is not None and order.cancelled_at <= when


def ship(dossier: Dossier, when: datetime) -> list[Fact]:
    """The first parcel left: the order is shipped, once. It was worked on, so it was processing before."""
    order = dossier.order
    if order.shipped_at is not None:
        return []
    processing = begin_processing(dossier, when)
    update(order, {"shipped_at": when, "stalls_at": None})
    return [*processing, facts.OrderShipped.of(dossier, when), *issues.resolve(dossier, None, when=when)]


def settle_delivered(dossier: Dossier) -> list[Fact]:
    """The order is delivered, once, when its last open parcel arrived."""
    order = dossier.order
    if order.delivered_at is not None or not dossier.is_delivered:
        return []
    arrivals = [shipment.delivered_at for shipment in dossier.standing_shipments if shipment.delivered_at]
    when = max(arrivals, default=order.placed_at)
    update(order, {"delivered_at": when})
    return [facts.OrderDelivered.of(dossier, when)]


def cancel(dossier: Dossier, when: datetime, reason: str) -> list[Fact]:
    """The order is cancelled, once."""
    order = dossier.order
    if order.cancelled_at is not None:
        return []
    update(order, {"cancelled_at": when, "cancel_reason": clean.text(reason, 60), "stalls_at": None})
    return [facts.OrderCancelled.of(dossier, when)]


def watch(dossier: Dossier) -> None:
    """Note when the order stalls, after news that may have changed it: lines that came or went, another placing."""
    update(dossier.order, {"stalls_at": deadlines.of_order(dossier)})


def announce(dossier: Dossier, happened: Sequence[Fact], *, at: datetime) -> tuple[int, ...]:
    """Record what happened; returns the keys of the events that are new. A test order happens to nobody."""
    if not happened or dossier.order.is_test:
        return ()
    links.ensure([dossier.order])
    return tuple(event.pk for event in history.announce(*with_updates(happened), at=at))


def about(order: Order) -> dict[str, Any]:
    """Whom and what a handled message was about."""
    return {"reference": order.number, "customer_id": order.customer_id}


def update(row: Order, values: dict[str, Any]) -> None:
    """Write those `values` that differ."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        row.save(update_fields=list(changed))
