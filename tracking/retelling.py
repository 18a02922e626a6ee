"""The facts that the rows of an order say have happened, built anew: the same facts, so the same identities.

For whoever asks which events there should be: nothing is announced here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from integrations.catalog import Fact
from tracking import facts, updates
from tracking.dossier import Dossier
from tracking.models import Issue, Order, Scan, Shipment
from tracking.services import estimates


def facts_of(dossier: Dossier, scans: Sequence[Scan], issues: Sequence[Issue]) -> Iterator[Fact]:
    """Everything that happened to an order, tracking updates included. `scans` and `issues` are those of the order."""
    return updates.with_updates(_facts(dossier, scans, issues))


def _facts(dossier: Dossier, scans: Sequence[Scan], issues: Sequence[Issue]) -> Iterator[Fact]:
    order, parcels = dossier.order, {each.pk: each for each in dossier.shipments}
    yield facts.OrderPlaced.of(dossier, order.placed_at)
    yield from _stages(dossier, order)
    for shipment in dossier.shipments:
        yield facts.ShipmentCreated.of(dossier, shipment)
        if shipment.delayed_at:
            yield estimates.told(dossier, shipment, updates.DELAYED, at=shipment.delayed_at)
        if shipment.early_at:
            yield estimates.told(dossier, shipment, updates.ARRIVING_EARLY, at=shipment.early_at)
    for scan in scans:
        if scan.is_transition:
            yield _moved(dossier, parcels[scan.shipment_id], scan)
    for issue in issues:
        parcel = parcels.get(issue.shipment_id or 0)
        yield facts.IssueFound.of(dossier, issue, parcel)
        if issue.resolved_at:
            yield facts.IssueResolved.of(dossier, issue, parcel, at=issue.resolved_at)


def _stages(dossier: Dossier, order: Order) -> Iterator[Fact]:
    if order.processing_at:
        yield facts.OrderProcessing.of(dossier, order.processing_at)
    if order.billed_at and order.completed_at:
        yield facts.OrderCompleted.of(dossier, order.completed_at)
    if order.shipped_at:
        yield facts.OrderShipped.of(dossier, order.shipped_at)
    if order.delivered_at:
        yield facts.OrderDelivered.of(dossier, order.delivered_at)
    if order.cancelled_at:
        yield facts.OrderCancelled.of(dossier, order.cancelled_at)


def _moved(dossier: Dossier, shipment: Shipment, scan: Scan) -> Fact:
    """As of the moment of the scan; the status before is not kept."""
    now = facts.ShipmentMoved.of(dossier, shipment, previous="")
    values = {name: getattr(now, name) for name in facts.ShipmentMoved.__dataclass_fields__}
    told = {"status": scan.status, "substatus": scan.substatus, "message": scan.message, "status_at": scan.occurred_at}
    return facts.ShipmentMoved(**{**values, **told})
