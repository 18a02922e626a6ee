"""Problems that come of news: those that a carrier's scan makes, and those that are over because something moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from integrations.catalog import Fact
from integrations.statements import insert_new
from tracking import facts, statuses
from tracking.dossier import Dossier
from tracking.models import Issue, Problem, Scan, Shipment

OF_A_SCAN = {
    statuses.FAILURE: Problem.DELIVERY_ATTEMPTED,
    statuses.RETURN_TO_SENDER: Problem.RETURN_TO_SENDER,
}
"""Malomo: the carrier's status "failure" and "return_to_sender" each make an issue beside the update."""


def found_by(scan: Scan, dossier: Dossier, shipment: Shipment, *, at: datetime) -> Sequence[Fact]:
    """The problem that a scan makes which moved a parcel on: once of each type for each parcel."""
    problem = OF_A_SCAN.get(scan.status)
    if problem is None or not dossier.order.policy.tells(problem):
        return []
    issue = Issue(
        merchant_id=shipment.merchant_id,
        problem=problem,
        order=dossier.order,
        shipment=shipment,
        occurred_at=scan.occurred_at,
        recorded_at=at,
    )
    new = insert_new([issue], identity=("shipment", "problem"))
    return [facts.IssueFound.of(dossier, each, shipment) for each in new]


def resolve(dossier: Dossier, shipment: Shipment | None, *, when: datetime) -> Sequence[Fact]:
    """The parcel moved at `when`, or the order itself where `shipment` is None: if it had stalled, that is over, once.

    What was flagged stays flagged.
    """
    stalled = shipment or dossier.order
    if stalled.stalled_at is None:
        return []
    problem = Problem.SHIPMENT_STALLED if shipment else Problem.FULFILLMENT_STALLED
    mine = Issue.objects.for_merchant(dossier.order.merchant_id).filter(
        problem=problem, order=dossier.order, shipment=shipment
    )
    issue = mine.filter(resolved_at=None).first()
    if issue is None:
        return []
    issue.resolved_at = when
    issue.save(update_fields=["resolved_at"])
    return [facts.IssueResolved.of(dossier, issue, shipment, at=when)]
