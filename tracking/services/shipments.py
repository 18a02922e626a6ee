"""Taking in fulfilments and tracking, from shops and carriers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from integrations import clean
from integrations.catalog import Fact
from integrations.models import Customer, Merchant
from integrations.sources import Handled
from tracking import following
from tracking.dossier import Dossier
from tracking.inputs import FulfillmentInput, FulfillmentScanInput, ScanInput, TrackerInput
from tracking.models import Shipment
from tracking.services import estimates, parcels, progress
from tracking.services.contradiction import Contradiction


def ingest_fulfillment(*, merchant: Merchant, fulfillment: FulfillmentInput, at: datetime) -> Handled:
    """What a shop shipped together; it waits for its order."""
    dossier = Dossier.locked(merchant, external_id=fulfillment.order_external_id)
    if dossier is None:
        return Handled("waits for its order", waits_for=f"order:{fulfillment.order_external_id}")
    happened = parcels.apply_fulfillment(dossier, fulfillment, at=at)
    event_ids = progress.announce(dossier, happened + progress.settle_delivered(dossier), at=at)
    event_ids += following.tell(dossier.order, at=at)
    note = f"fulfilment of {dossier.order.number} is up to date"
    return Handled(note, event_ids=event_ids, **progress.about(dossier.order))


def ingest_shipment(*, merchant: Merchant, fulfillment: FulfillmentInput, at: datetime) -> Handled:
    """One parcel, which bears the id of its fulfilment; it waits for its order.

    Raises `Contradiction` where that is the id of another order's parcel, or of a further one of another fulfilment.
    """
    known = Shipment.objects.for_merchant(merchant).filter(external_id=fulfillment.external_id)
    shipment = known.select_related("order").first()
    if shipment is not None and shipment.order.external_id != fulfillment.order_external_id:
        raise Contradiction(f"The shipment {shipment.external_id} is of the order {shipment.order.external_id}.")
    if shipment is not None and shipment.fulfillment_id != fulfillment.external_id:
        raise Contradiction(f"The shipment is a further parcel of {shipment.fulfillment_id}, which its shop tells of.")
    handled = ingest_fulfillment(merchant=merchant, fulfillment=fulfillment, at=at)
    return replace(handled, is_new=shipment is None)


def ingest_scans(*, merchant: Merchant, shipment_external_id: str, scans: Sequence[ScanInput], at: datetime) -> Handled:
    """Scans of one parcel, told by its own id; they wait for it."""
    mine = Shipment.objects.for_merchant(merchant).filter(external_id=shipment_external_id)
    order_id = mine.values_list("order", flat=True).first()
    dossier = Dossier.locked(merchant, pk=order_id) if order_id is not None else None
    parcel = [each for each in dossier.shipments if each.external_id == shipment_external_id] if dossier else []
    if dossier is None or not parcel:
        return Handled("waits for its shipment", waits_for=f"shipment:{shipment_external_id}")
    happened, event_ids = _record(dossier, parcel, scans, at=at)
    return Handled(_note(happened, parcel), event_ids=event_ids, **progress.about(dossier.order))


def ingest_fulfillment_scan(*, merchant: Merchant, event: FulfillmentScanInput, at: datetime) -> Handled:
    """A shop's tracking event. It names the fulfilment only, so it is the word on all of its parcels."""
    shipments = Shipment.objects.for_merchant(merchant).filter(fulfillment_id=event.fulfillment_external_id)
    order_id = shipments.values_list("order", flat=True).first()
    if order_id is None:
        return Handled("waits for its fulfilment", waits_for=f"fulfillment:{event.fulfillment_external_id}")
    dossier = Dossier.locked(merchant, pk=order_id)
    if dossier is None:
        return Handled("its order is gone")
    together = [each for each in dossier.shipments if each.fulfillment_id == event.fulfillment_external_id]
    happened, event_ids = _record(dossier, together, [event.scan], at=at)
    return Handled(_note(happened, together), event_ids=event_ids, **progress.about(dossier.order))


def ingest_tracker(*, merchant: Merchant, tracker: TrackerInput, at: datetime) -> Handled:
    """A carrier's word on a parcel, with its whole history. One parcel may carry several orders; it waits for the first."""
    number = clean.text(tracker.tracking_number, 80)
    shipments = list(
        Shipment.objects.for_merchant(merchant).filter(tracking_number=number).order_by("-shipped_at", "pk")
    )
    if not shipments:
        return Handled("waits for its shipment", reference=number, waits_for=parcels.parcel_key(number))
    current = [each for each in shipments if each.shipped_at > shipments[0].shipped_at - parcels.RECYCLED_AFTER]
    happened: list[Fact] = []
    event_ids: tuple[int, ...] = ()
    shoppers = []
    # Several orders are always locked in this order: see `integrations.locking`.
    for order_id in sorted({each.order_id for each in current}):
        dossier = Dossier.locked(merchant, pk=order_id)
        if dossier is None:
            continue
        shoppers.append(dossier.order.customer)
        mine = [each for each in dossier.shipments if each.tracking_number == number]
        for shipment in mine:
            _describe(dossier, shipment, tracker)
        found, recorded = _record(dossier, mine, _scans(tracker), at=at)
        happened, event_ids = happened + found, event_ids + recorded
    about = min(filter(None, reversed(shoppers)), key=_is_kept, default=None)
    return Handled(
        _note(happened, current), reference=number, customer_id=about.pk if about else None, event_ids=event_ids
    )


def _is_kept(shopper: Customer) -> bool:
    """Of several whose parcel it is, a message is about the one who was erased: it is forgotten with them."""
    return shopper.status != Customer.Status.ERASED


def _record(
    dossier: Dossier, shipments: Sequence[Shipment], scans: Sequence[ScanInput], *, at: datetime
) -> tuple[list[Fact], tuple[int, ...]]:
    """What the scans tell of the parcels, and the keys of the events that were recorded of it."""
    happened = [fact for each in shipments for fact in parcels.record_scans(dossier, each, scans, at=at)]
    return happened, progress.announce(dossier, happened, at=at)


def _scans(tracker: TrackerInput) -> list[ScanInput]:
    """The history, and the carrier's own summary where no scan says the same: it outranks the last scan."""
    scans = list(tracker.scans)
    is_summed_up = not tracker.status or any(scan.status == tracker.status for scan in scans)
    if not is_summed_up and tracker.status_at is not None:
        scans.append(
            ScanInput(
                status=tracker.status,
                substatus=tracker.substatus,
                message=tracker.message,
                occurred_at=tracker.status_at,
            )
        )
    return scans


def _describe(dossier: Dossier, shipment: Shipment, tracker: TrackerInput) -> None:
    """What the carrier knows better than the shop. A vendor's test mode promises dates that mean nothing."""
    told = {
        "carrier": clean.text(tracker.carrier, 60),
        "service_level": clean.text(tracker.service_level, 80),
        "carrier_url": tracker.tracking_url[:500],
    }
    changed = [name for name, value in told.items() if value and getattr(shipment, name) != value]
    for name in changed:
        setattr(shipment, name, told[name])
    promises = tracker.estimate is not None and not tracker.is_test and estimates.is_current(shipment, tracker.scans)
    if promises and estimates.note(shipment, tracker.promise or tracker.estimate, tracker.estimate):
        changed += ["promised_on", "expected_on"]
    if changed:
        parcels.save_described(shipment, dossier, changed)


def _note(happened: Sequence[Fact], shipments: Sequence[Shipment]) -> str:
    if not happened:
        return "nothing new"
    return f"{_counted(happened, 'change')} on {_counted(shipments, 'parcel')}"


def _counted(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
