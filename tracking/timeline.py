"""What orders and parcels have to tell of why there is an event, or none: scans that moved nothing, metrics that were off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from integrations import timeline
from integrations.catalog import catalog
from integrations.models import Delivery, Event, Merchant
from integrations.timeline import About, Entry, Kind
from tracking import retelling, statuses
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
    """Happenings for which a metric exists and no event does, once for each metric: it was not turned on then."""
    if dossier.order.is_test:
        return
    due = [
        (metric, metric.draft(fact))
        for fact in retelling.facts_of(dossier, scans, issues)
        for metric in catalog.built_from(fact)
        if metric.applies(fact)
    ]
    mine = Event.objects.for_merchant(dossier.order.merchant)
    # By metric, too: the index begins with it, and by their ids alone the whole history of the merchant would be read.
    metrics, ids = {metric.key for metric, _ in due}, {draft.unique_id for _, draft in due}
    there = set(mine.filter(metric__in=metrics, unique_id__in=ids).values_list("metric", "unique_id"))
    missing: dict[str, list[datetime]] = {}
    for metric, draft in due:
        if (metric.key, draft.unique_id) not in there:
            missing.setdefault(metric.key, []).append(draft.occurred_at)
    on = {key for connection in dossier.order.merchant.connections.all() for key in connection.enabled_metrics}
    names = {key: catalog.metrics[key].name_for(dossier.order.merchant) for key in missing}
    for key in [each for each in missing if each in on]:
        times = f" It happened {len(missing[key])} times." if len(missing[key]) > 1 else ""
        title = f"No event: {names[key]}"
        yield Entry(min(missing[key]), title, WAS_OFF + times, kind=Kind.NO_EVENT, reason=Delivery.Reason.METRIC_OFF)
    off = [key for key in missing if key not in on]
    if off:
        first = min(instant for key in off for instant in missing[key])
        detail = ARE_OFF + ", ".join(names[key] for key in off)
        title = "Metrics that are off"
        yield Entry(first, title, detail, kind=Kind.NO_EVENT, reason=Delivery.Reason.METRIC_OFF)


WAS_OFF = "This metric was off when it happened. What happened before a metric is turned on is not told afterwards."
ARE_OFF = "Of what happened here they would have told: "


def _awaited(dossier: Dossier) -> Iterator[Entry]:
    order = dossier.order
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
