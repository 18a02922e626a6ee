"""Finding what a shopper's page shows: its order by the token, with everything about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracking.dossier import Dossier
from tracking.models import Order, Scan, TrackingPage
from tracking.services import tracking_page, wishes

UNENDED_FOR = timedelta(days=365)
"""The page of an order that never ended stays for so long after the last news of it."""

MOST_SCANS = 500


@dataclass(frozen=True, slots=True)
class Followed:
    """An order as a shopper follows it. `scans` are the newest of all its parcels, newest first."""

    dossier: Dossier
    scans: list[Scan]
    page: TrackingPage
    first_name: str

    @property
    def has_wishes(self) -> bool:
        """Whether what was ordered can be put on the shopper's wish list."""
        return self.page.has_wishes and wishes.may_wish(self.dossier.order)


def find(token: str, *, at: datetime) -> Followed | None:
    """What the token leads to; None for one that is unknown, taken back or expired. At most five queries."""
    # "" is the token of all that were taken back.
    order = Order.objects.filter(page_token=token).select_related("merchant", "customer").first() if token else None
    if order is None:
        return None
    page = tracking_page.of(order.merchant)
    dossier = Dossier.of(order)
    if at >= expires_at(dossier, page):
        return None
    parcels = [each.pk for each in dossier.shipments]
    scans = Scan.objects.for_merchant(order.merchant).filter(shipment__in=parcels).order_by("-occurred_at", "-pk")
    return Followed(
        dossier, list(scans[:MOST_SCANS]) if parcels else [], page, order.customer.first_name if order.customer else ""
    )


def expires_at(dossier: Dossier, page: TrackingPage) -> datetime:
    """When the page goes: the merchant's days after the order was delivered or cancelled."""
    order = dossier.order
    end = order.delivered_at or order.cancelled_at
    if end:
        return end + timedelta(days=page.days)
    return max([order.placed_at, *[each.still_since for each in dossier.shipments]]) + UNENDED_FOR
