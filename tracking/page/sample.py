"""An order that never was, for whoever sets how the pages look. Nothing of it is saved."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.models import Customer
from tracking import statuses
from tracking.dossier import Dossier
from tracking.models import Order, OrderLine, Scan, Shipment, TrackingPage
from tracking.page.reading import Followed

_SCANS = (
    (1, statuses.OUT_FOR_DELIVERY, "", ""),
    (9, statuses.IN_TRANSIT, "arrived_at_facility", "Newark"),
    (20, statuses.IN_TRANSIT, "departed_facility", "Columbus"),
    (44, statuses.PRE_TRANSIT, "label_created", ""),
)
"""Hours ago, status, sub-status, city."""


def followed(page: TrackingPage, *, at: datetime) -> Followed:
    """A parcel that is out for delivery a day later than promised, and a line that is still to come."""
    merchant, placed = page.merchant, at - timedelta(days=3)
    ann = Customer(merchant=merchant, first_name="Ann")
    order = Order(
        merchant=merchant, customer=ann, number="#1001", placed_at=placed, processing_at=placed, shipped_at=placed
    )
    today = at.astimezone(merchant.tz).date()
    names = (("11", "Wool jumper", "Blue / L", 1), ("12", "Walking socks", "", 2), ("13", "Beanie", "Rust", 1))
    lines = [
        OrderLine(
            merchant=merchant, external_id=key, product_name=name, variant_name=kind, quantity=count, ordered=count
        )
        for key, name, kind, count in names
    ]
    parcel = Shipment(
        pk=1,
        merchant=merchant,
        fulfillment_id="1",
        tracking_number="1Z999AA10123456784",
        carrier="UPS",
        carrier_url="https://www.ups.com/track?tracknum=1Z999AA10123456784",
        items=[["11", 1], ["12", 2]],
        status=statuses.OUT_FOR_DELIVERY,
        status_at=at - timedelta(hours=1),
        shipped_at=placed,
        promised_on=today - timedelta(days=1),
        expected_on=today,
    )
    scans = [
        Scan(
            merchant=merchant,
            shipment_id=1,
            occurred_at=at - timedelta(hours=hours),
            status=status,
            substatus=sub,
            city=city,
        )
        for hours, status, sub, city in _SCANS
    ]
    return Followed(Dossier(order, lines, [parcel]), scans, page, ann.first_name)
