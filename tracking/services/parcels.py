"""What fulfilments and scans do to an order's shipments: the steps that the public services are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from integrations import clean, inbound
from integrations.catalog import Fact
from integrations.statements import insert_new
from tracking import deadlines, facts, statuses, updates
from tracking.dossier import Dossier
from tracking.inputs import FulfillmentInput, ParcelInput, ScanInput
from tracking.models import Scan, Shipment
from tracking.services import estimates, issues, progress

RECYCLED_AFTER = timedelta(days=60)
"""Carriers use tracking numbers again: shipments this much older than the newest with a number are other parcels."""

STATES = {"cancelled": statuses.CANCELLED, "failed": statuses.ERROR}
"""A fulfilment's own state, where it says something about its parcels."""


def apply_fulfillment(dossier: Dossier, fulfillment: FulfillmentInput, *, at: datetime) -> list[Fact]:
    """Bring the shipments of one fulfilment up to date: one for each parcel."""
    happened: list[Fact] = []
    for parcel, known in _pair(dossier, fulfillment):
        if known is None and _is_outdated(dossier, fulfillment):
            continue
        shipment = known or _create(dossier, fulfillment, parcel, at=at)
        if known is None and fulfillment.state == "open":
            happened.append(facts.ShipmentCreated.of(dossier, shipment))
            happened += progress.ship(dossier, shipment.shipped_at)
            happened += record_scans(dossier, shipment, _scans_so_far(shipment), at=at)
        elif known is not None and fulfillment.updated_at >= shipment.source_updated_at:
            _update(dossier, shipment, fulfillment, parcel)
        happened += _apply_state(dossier, shipment, fulfillment, at=at)
    return happened


def _scans_so_far(shipment: Shipment) -> list[ScanInput]:
    """What carriers told of the parcel while only another order was known to be in it."""
    if not shipment.tracking_number:
        return []
    others = Shipment.objects.for_merchant(shipment.merchant_id).exclude(pk=shipment.pk)
    same = others.filter(
        tracking_number=shipment.tracking_number, shipped_at__gt=shipment.shipped_at - RECYCLED_AFTER
    ).first()
    if same is None:
        return []
    return [
        ScanInput(
            status=scan.status,
            occurred_at=scan.occurred_at,
            substatus=scan.substatus,
            raw_status=scan.raw_status,
            message=scan.message,
            city=scan.city,
            province=scan.province,
            country=scan.country,
            postal_code=scan.postal_code,
            attempt=scan.is_attempt,
        )
        for scan in Scan.objects.for_merchant(shipment.merchant_id).filter(shipment=same)
    ]


def record_scans(dossier: Dossier, shipment: Shipment, scans: Sequence[ScanInput], *, at: datetime) -> list[Fact]:
    """Keep the scans that are new, in the order of their times, and move the status on by each that may."""
    rows = {scan.fingerprint: scan for scan in (_scan(shipment, each, at=at) for each in scans)}
    new = insert_new(list(rows.values()), identity=("shipment", "fingerprint"))
    happened: list[Fact] = []
    for scan in sorted(new, key=lambda each: each.occurred_at):
        previous = shipment.status
        if statuses.advances(previous, shipment.status_at, scan.status, scan.occurred_at):
            _move(shipment, scan)
            happened.append(facts.ShipmentMoved.of(dossier, shipment, previous=previous))
            happened += issues.found_by(scan, dossier, shipment, at=at)
        elif scan.is_attempt and _is_news(shipment, scan) and deadlines.is_awaited(shipment, dossier.order):
            happened.append(updates.another_attempt(dossier, shipment, scan.occurred_at))
        if _is_news(shipment, scan):
            happened += estimates.heed(scan, dossier, shipment)
            happened += _hear(dossier, shipment, scan)
    is_promised = estimates.note_all(shipment, scans)
    late_or_early = estimates.judge(dossier, shipment, when=_newest(shipment, scans))
    if new or is_promised or late_or_early:
        deadlines.set_for(shipment, dossier.order)
        shipment.save()
    return [*happened, *late_or_early, *progress.settle_delivered(dossier)]


def _is_news(shipment: Shipment, scan: Scan) -> bool:
    """Whether a scan is newer than all that was known of the parcel."""
    return shipment.last_scan_at is None or scan.occurred_at > shipment.last_scan_at


def _hear(dossier: Dossier, shipment: Shipment, scan: Scan) -> Sequence[Fact]:
    """Something was heard of the parcel: if it had stalled, that is over."""
    is_moving = scan.occurred_at > shipment.still_since
    shipment.last_scan_at = scan.occurred_at
    return issues.resolve(dossier, shipment, when=scan.occurred_at) if is_moving else []


def _newest(shipment: Shipment, scans: Sequence[ScanInput]) -> datetime:
    """The carrier's time of the newest word on a parcel."""
    return max([shipment.still_since, *(scan.occurred_at for scan in scans)])


def _pair(dossier: Dossier, fulfillment: FulfillmentInput) -> list[tuple[ParcelInput, Shipment | None]]:
    """Each parcel with the shipment that it is, None for a new one.

    The tracking number decides. What is left is taken in order: a shipment without a number gets one, and a number that no
    message names any more was corrected, not a second parcel.
    """
    siblings = [each for each in dossier.shipments if each.fulfillment_id == fulfillment.external_id]
    by_number = {each.tracking_number: each for each in siblings if each.tracking_number}
    numbers = [clean.text(parcel.tracking_number, 80) for parcel in fulfillment.parcels]
    others = [each for each in siblings if each.tracking_number not in numbers or not each.tracking_number]
    return [
        (parcel, by_number.get(number) or (others.pop(0) if others else None))
        for parcel, number in zip(fulfillment.parcels, numbers, strict=True)
    ]


def _is_outdated(dossier: Dossier, fulfillment: FulfillmentInput) -> bool:
    """Whether something newer is known of the fulfilment: a parcel that only an old message names was corrected away."""
    siblings = [each for each in dossier.shipments if each.fulfillment_id == fulfillment.external_id]
    return any(fulfillment.updated_at < each.source_updated_at for each in siblings)


def _create(dossier: Dossier, fulfillment: FulfillmentInput, parcel: ParcelInput, *, at: datetime) -> Shipment:
    """The first parcel bears the fulfilment's id; further ones add their tracking number to it, and hold no items again."""
    siblings = [each for each in dossier.shipments if each.fulfillment_id == fulfillment.external_id]
    number = clean.text(parcel.tracking_number, 80)
    external_id = f"{fulfillment.external_id}:{number}"[:110] if siblings else fulfillment.external_id
    taken = {each.external_id for each in siblings}
    if external_id in taken:
        external_id = f"{external_id}:{len(siblings) + 1}"
    shipment = Shipment(
        merchant=dossier.order.merchant,
        order=dossier.order,
        external_id=external_id,
        fulfillment_id=fulfillment.external_id,
        items=[] if siblings else [list(item) for item in fulfillment.items],
        status=statuses.CANCELLED if fulfillment.state == "cancelled" else statuses.UNKNOWN,
        status_at=fulfillment.created_at,
        shipped_at=fulfillment.created_at,
        recorded_at=at,
        **_values(fulfillment, parcel),
    )
    deadlines.set_for(shipment, dossier.order)
    shipment.save(force_insert=True)
    dossier.shipments.append(shipment)
    _release(dossier, shipment)
    return shipment


def _update(dossier: Dossier, shipment: Shipment, fulfillment: FulfillmentInput, parcel: ParcelInput) -> None:
    values = _values(fulfillment, parcel)
    if shipment.items:
        values["items"] = [list(item) for item in fulfillment.items]
    changed = {name: value for name, value in values.items() if value and getattr(shipment, name) != value}
    for name, value in changed.items():
        setattr(shipment, name, value)
    if changed:
        save_described(shipment, dossier, changed)
    if "tracking_number" in changed:
        _release(dossier, shipment)


def save_described(shipment: Shipment, dossier: Dossier, changed: Iterable[str]) -> None:
    """Write what a message says of a parcel besides its scans. Another carrier or destination may grant it other hours."""
    deadlines.set_for(shipment, dossier.order)
    shipment.save(update_fields=[*changed, "stalls_at", "delays_at"])


def _values(fulfillment: FulfillmentInput, parcel: ParcelInput) -> dict[str, Any]:
    return {
        "tracking_number": clean.text(parcel.tracking_number, 80),
        "carrier": clean.text(fulfillment.carrier, 60),
        "service_level": clean.text(fulfillment.service_level, 80),
        "carrier_url": parcel.tracking_url[:500],
        "destination_country": fulfillment.destination_country[:2],
        "source_updated_at": fulfillment.updated_at,
    }


def _release(dossier: Dossier, shipment: Shipment) -> None:
    """Let messages go that came before the shipment."""
    awaited = [f"fulfillment:{shipment.fulfillment_id}"]
    if shipment.tracking_number:
        awaited.append(parcel_key(shipment.tracking_number))
    inbound.release(dossier.order.merchant, *awaited)


def parcel_key(tracking_number: str) -> str:
    """What a message about an unknown parcel waits for."""
    return f"parcel:{clean.text(tracking_number, 80)}"


def _apply_state(dossier: Dossier, shipment: Shipment, fulfillment: FulfillmentInput, *, at: datetime) -> list[Fact]:
    """The shop's own word on where the parcel is: a scan, unless it says what is known."""
    state = STATES.get(fulfillment.state)
    scan = ScanInput(status=state, occurred_at=fulfillment.updated_at) if state else fulfillment.scan
    if scan is None or scan.status == shipment.status:
        return []
    return record_scans(dossier, shipment, [scan], at=at)


def _scan(shipment: Shipment, scan: ScanInput, *, at: datetime) -> Scan:
    row = Scan(
        merchant_id=shipment.merchant_id,
        shipment=shipment,
        status=scan.status,
        substatus=clean.text(scan.substatus, 60),
        raw_status=clean.text(scan.raw_status, 120),
        message=clean.text(scan.message, 300),
        occurred_at=scan.occurred_at,
        recorded_at=at,
        city=clean.text(scan.city, 80),
        province=clean.text(scan.province, 80),
        country=clean.text(scan.country, 60),
        postal_code=clean.text(scan.postal_code, 20),
        is_attempt=scan.attempt,
    )
    row.fingerprint = _fingerprint(row)
    return row


def _fingerprint(scan: Scan) -> str:
    """A scan is its content: carriers give the same scan another id each time, and fill in details later."""
    content = (scan.status, scan.occurred_at.timestamp(), scan.message, scan.city, scan.country)
    return hashlib.sha256(repr(content).encode()).hexdigest()[:40]


def _move(shipment: Shipment, scan: Scan) -> None:
    Scan.objects.for_merchant(shipment.merchant_id).filter(pk=scan.pk).update(is_transition=True)
    shipment.status, shipment.substatus = scan.status, scan.substatus
    shipment.status_message, shipment.status_at = scan.message, scan.occurred_at
    if scan.status == statuses.DELIVERED:
        shipment.delivered_at = scan.occurred_at
