"""Pack `returns_and_tracking` (Redo): tracking updates, whole and for each item."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from integrations.catalog import Metric, Pack, Property, catalog
from tracking import business_time, facts, rechecks, statuses, updates
from tracking.metrics.shared import (
    CARRIER,
    OUT_FOR_DELIVERY_FRESH_FOR,
    PARCEL_PROFILE,
    SHIPMENT_ID,
    TRACKING_NUMBER,
    iso,
)

RETURNS_AND_TRACKING = Pack(
    "returns_and_tracking", "Returns and tracking", "Tracking updates, whole and for each item."
)


def _identity(fact: facts.TrackingUpdate) -> str:
    about = fact.shipment.external_id if fact.shipment else fact.subject
    return f"track:{about}:{fact.trigger}:{int(fact.anchor.timestamp())}"


def _fresh_until(fact: facts.TrackingUpdate) -> datetime | None:
    """What grows old sooner than the merchant's limit: half a day out for delivery, and the day on which it comes early."""
    if fact.trigger == statuses.OUT_FOR_DELIVERY:
        return fact.at + OUT_FOR_DELIVERY_FRESH_FOR
    if fact.trigger == updates.ARRIVING_EARLY and fact.shipment and fact.shipment.expected_on:
        return business_time.begin_of(fact.shipment.expected_on + timedelta(days=1), fact.merchant.timezone)
    return None


TRIGGER: Property[Any] = Property("Trigger", "string", f"One of {', '.join(updates.TRIGGERS)}.", lambda f: f.trigger)
ORDER_REF: Property[Any] = Property("OrderRef", "string", "The order's name, e.g. #1001.", lambda f: f.order_number)
ESTIMATE: Property[Any] = Property(
    "EstimatedDeliveryDate",
    "date",
    "The newest promised date.",
    lambda f: f.shipment and iso(f.shipment.expected_on),
)

UPDATE: tuple[Property[facts.TrackingUpdate], ...] = (
    TRIGGER,
    ORDER_REF,
    Property("Date", "datetime", "When it happened.", lambda f: iso(f.at)),
    Property(
        "TrackingPageLink",
        "string",
        "Where the parcel can be followed; before there is one, the shop's page of the order.",
        lambda f: f.shipment.carrier_url if f.shipment else f.dossier.order.status_url,
    ),
    Property("OrderCreatedDate", "datetime", "When the order was placed.", lambda f: iso(f.dossier.order.placed_at)),
    Property(
        "OrderShippedDate", "datetime", "When the shop shipped it.", lambda f: f.shipment and iso(f.shipment.shipped_at)
    ),
    Property(
        "OrderDeliveredDate",
        "datetime",
        "When it arrived.",
        lambda f: iso(f.at) if f.trigger == statuses.DELIVERED else None,
    ),
    ESTIMATE,
    SHIPMENT_ID,
    TRACKING_NUMBER,
    CARRIER,
)

ITEM: tuple[Property[facts.TrackingUpdateItem], ...] = (
    TRIGGER,
    ORDER_REF,
    Property("SKU", "string", "The variant's stock keeping unit.", lambda f: f.line.sku),
    Property("ProductName", "string", "The product's name.", lambda f: f.line.product_name),
    Property("VariantName", "string", "The variant's name.", lambda f: f.line.variant_name),
    Property("Quantity", "integer", "Units in the parcel, or ordered.", lambda f: f.quantity),
    ESTIMATE,
    SHIPMENT_ID,
)

catalog.register(
    Metric(
        number=11,
        key="order_tracking_update",
        name="Order Tracking Update",
        pack=RETURNS_AND_TRACKING,
        fact=facts.TrackingUpdate,
        doc="An order came in, a parcel's status moved on, or a parcel was found to have stalled, to be late or early.",
        unique_id=_identity,
        identity="track:{shipment_id|order:order_id}:{Trigger}:{epoch}",
        occurred_at=lambda f: f.at,
        fresh_until=_fresh_until,
        properties=UPDATE,
        profile=PARCEL_PROFILE,
        recheck=rechecks.found_no_more,
        same_as=("shopify_order_created", "shipment_update_received", "order_shipped", "order_delivered"),
    ),
    Metric(
        number=12,
        key="order_tracking_update_item",
        name="Order Tracking Update Item",
        pack=RETURNS_AND_TRACKING,
        fact=facts.TrackingUpdateItem,
        doc="The same, once for each line of what it is about.",
        unique_id=lambda f: f"{_identity(f)}:item:{f.line.external_id}",
        identity="{unique id of the Order Tracking Update}:item:{line_item_id}",
        occurred_at=lambda f: f.at,
        fresh_until=_fresh_until,
        properties=ITEM,
        recheck=rechecks.found_no_more,
    ),
)
