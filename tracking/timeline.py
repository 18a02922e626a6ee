"""What orders and parcels have to tell of why there is an event, or none: scans that moved nothing, metrics that were off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from integrations import timeline, untold
from integrations.catalog import catalog
from integrations.models import Delivery, Merchant
from integrations.timeline import About, Entry, Kind
from tracking import facts, retelling, statuses
from tracking.dossier import Dossier
from tracking.models import Issue, Order, Scan, Shipment

MOST_ORDERS = 20
"""Orders of one timeline, the newest."""


@timeline.register
def tell(merchant: Merchant, about: About) -> Iterable[Entry]:
    """What happened to the orders, what was noticed, and what is waited for. Seven statements, whatever there is."""
    orders = list(
        Order.objects.for_merchant(merchant)
        .filter(number__in=about.orders)
        .select_related("customer", "stalled_policy")
        .order_by("-placed_at")[:MOST_ORDERS]
    )
    for order in orders:
        order.merchant = merchant
    dossiers = Dossier.of_many(orders)
    mine = {"shipment__order__in": orders}
    scans = list(Scan.objects.for_merchant(merchant).filter(**mine).order_by("occurred_at", "id"))
    issues = list(Issue.objects.for_merchant(merchant).filter(order__in=orders))
    entries: list[Entry] = []
    for dossier in dossiers.values():
        parcels = {each.pk: each for each in dossier.shipments}
        own_scans = [each for each in scans if each.shipment_id in parcels]
        own_issues = [each for each in issues if each.order_id == dossier.order.pk]
        entries += _order(dossier)
        entries += _quiet_scans(own_scans, parcels)
        entries += _untold(dossier, own_scans, own_issues)
        entries += _awaited(dossier)
    return entries


def _order(dossier: Dossier) -> Iterator[Entry]:
    order = dossier.order
    if order.is_test:
        yield Entry(
            order.placed_at,
            f"{order.number} is a test order",
            "Test orders are kept and build no events.",
            "warn",
            kind=Kind.ORDER,
            reason="test_order",
        )
    if order.customer is None:
        detail = "Its events wait until a message names an e-mail address or a phone number."
        yield Entry(
            order.placed_at,
            f"{order.number} came without a shopper",
            detail,
            "warn",
            kind=Kind.ORDER,
            reason=Delivery.Reason.NO_IDENTITY,
        )


def _quiet_scans(scans: Iterable[Scan], parcels: Mapping[int, Shipment]) -> Iterator[Entry]:
    """Scans that were kept and told nothing, each with the reason."""
    reached: dict[int, Scan] = {}
    for scan in scans:
        before = reached.get(scan.shipment_id)
        if scan.is_transition:
            reached[scan.shipment_id] = scan
        else:
            title = f"Scan of {parcels[scan.shipment_id]}: {statuses.LABELS[scan.status].lower()}"
            detail, reason = _why_quiet(scan, before)
            yield Entry(scan.occurred_at, title, detail, kind=Kind.SCAN, reason=reason)


def _why_quiet(scan: Scan, before: Scan | None) -> tuple[str, str]:
    """For people, and in one word for programs."""
    if scan.status == statuses.UNKNOWN:
        return "It says nothing that we know, so it moves nothing and tells nothing.", "scan_unknown"
    if before is not None and before.status == scan.status:
        text = f"The parcel was {statuses.LABELS[scan.status].lower()} already: a repeated scan tells nothing."
        return text, "scan_repeated"
    text = "It came late or out of order: the parcel was further on already, so it is kept and tells nothing."
    return text, "scan_out_of_order"


def _untold(dossier: Dossier, scans: list[Scan], issues: list[Issue]) -> Iterator[Entry]:
    if not dossier.order.is_test:
        yield from untold.entries(dossier.order.merchant, retelling.facts_of(dossier, scans, issues))


def _half_fulfilled(order: Order) -> Iterator[Entry]:
    """Where its being fulfilled is told, that waits until it is both billed and completed."""
    on = {key for connection in order.merchant.connections.all() for key in connection.enabled_metrics}
    telling = [catalog.metrics[key] for key in sorted(on & catalog.metrics.keys())]
    names = [each.name_for(order.merchant) for each in telling if each.fact is facts.OrderCompleted]
    if not names or order.cancelled_at or order.is_test:
        return
    waits = f"{', '.join(names)} waits until it is."
    if order.completed_at and not order.billed_at:
        title = f"{order.number} was completed, and is not billed yet"
        yield Entry(order.completed_at, title, waits, "warn", kind=Kind.AWAITED, reason="not_billed")
    if order.billed_at and not order.completed_at:
        title = f"{order.number} was billed, and is not completed yet"
        yield Entry(order.billed_at, title, waits, "info", kind=Kind.AWAITED, reason="not_completed")


def _awaited(dossier: Dossier) -> Iterator[Entry]:
    order = dossier.order
    yield from _half_fulfilled(order)
    if order.stalls_at:
        yield Entry(
            order.stalls_at,
            f"{order.number} counts as stalled then, unless it is shipped",
            "",
            "info",
            kind=Kind.AWAITED,
        )
    for parcel in dossier.shipments:
        if parcel.stalls_at:
            yield Entry(
                parcel.stalls_at,
                f"{parcel} counts as stalled then, unless it is scanned",
                "",
                "info",
                kind=Kind.AWAITED,
            )
        if parcel.delays_at:
            yield Entry(
                parcel.delays_at, f"{parcel} counts as delayed then, unless it arrives", "", "info", kind=Kind.AWAITED
            )
