"""A parcel's delivery dates: the first that was promised, the newest, and what the two say beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from integrations.catalog import Fact
from tracking import deadlines, facts, statuses, updates
from tracking.dossier import Dossier
from tracking.inputs import ScanInput
from tracking.models import Scan, Shipment


def note_all(shipment: Shipment, scans: Sequence[ScanInput]) -> bool:
    """Keep the first promised date for good, and the newest beside it; an old message promises nothing new."""
    if not is_current(shipment, scans):
        return False
    estimates = [scan.estimate for scan in sorted(scans, key=lambda each: each.occurred_at) if scan.estimate]
    return note(shipment, estimates[0], estimates[-1]) if estimates else False


def is_current(shipment: Shipment, scans: Sequence[ScanInput]) -> bool:
    """Whether a message with these scans is as new as what is known of the parcel."""
    return not scans or max(scan.occurred_at for scan in scans) >= shipment.status_at


def note(shipment: Shipment, first: date | None, newest: date | None) -> bool:
    """Set the promised and expected dates; returns whether anything changed. The caller saves."""
    before = (shipment.promised_on, shipment.expected_on)
    shipment.promised_on = shipment.promised_on or first
    shipment.expected_on = newest
    return before != (shipment.promised_on, shipment.expected_on)


def judge(dossier: Dossier, shipment: Shipment, *, when: datetime) -> list[Fact]:
    """Whether a parcel is known to come late or early since `when`: each is told once. The caller saves."""
    happened: list[Fact] = []
    if deadlines.is_put_off(shipment, dossier.order):
        happened += _late(dossier, shipment, when)
    if deadlines.is_early(shipment, dossier.order, at=when):
        happened += _early(dossier, shipment, when)
    return happened


def heed(scan: Scan, dossier: Dossier, shipment: Shipment) -> list[Fact]:
    """What the carrier itself says in a scan of a parcel: that it comes late or early. The caller saves."""
    policy = dossier.order.policy
    if not deadlines.is_awaited(shipment, dossier.order):
        return []
    if scan.substatus in statuses.DELAYED and policy.days_until_delayed is not None:
        return _late(dossier, shipment, scan.occurred_at)
    if scan.substatus == statuses.ARRIVING_EARLY and policy.days_early is not None:
        return _early(dossier, shipment, scan.occurred_at)
    return []


def _late(dossier: Dossier, shipment: Shipment, when: datetime) -> list[Fact]:
    if shipment.delayed_at is not None:
        return []
    shipment.delayed_at = when
    return [told(dossier, shipment, updates.DELAYED, at=when)]


def _early(dossier: Dossier, shipment: Shipment, when: datetime) -> list[Fact]:
    if shipment.early_at is not None:
        return []
    shipment.early_at = when
    return [told(dossier, shipment, updates.ARRIVING_EARLY, at=when)]


def told(dossier: Dossier, shipment: Shipment, trigger: str, *, at: datetime) -> Fact:
    """The tracking update of a parcel that comes late or early: told apart by the first promise, if there was one."""
    anchor = deadlines.first_promise(shipment) or at
    return facts.TrackingUpdate.of(dossier, shipment, trigger=trigger, at=at, anchor=anchor)
