"""Pack `order_tracking` (Malomo): orders and parcels as their carriers see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integrations.catalog import Metric, Pack, Property, catalog
from tracking import facts, profile, statuses
from tracking.carrier_names import friendly_name
from tracking.dossier import describe_items
from tracking.facts import ShipmentFact
from tracking.metrics.shared import (
    CARRIER,
    CARRIER_URL_EXAMPLE,
    ITEM_NAMES_EXAMPLE,
    ITEMS_EXAMPLE,
    ORDER_ID,
    ORDER_NUMBER,
    OUT_FOR_DELIVERY_FRESH_FOR,
    PARCEL_PROFILE,
    SHIPMENT_ID,
    SHIPPED_AT_EXAMPLE,
    TRACKING_NUMBER,
    TRACKING_URL,
    iso,
    item_names,
    ordered,
    packed,
)
from tracking.models import Shipment

ORDER_TRACKING = Pack("order_tracking", "Order tracking", "Orders and parcels as their carriers see them.")


def _fresh_until(fact: facts.ShipmentMoved) -> datetime | None:
    is_urgent = fact.status == statuses.OUT_FOR_DELIVERY
    return fact.status_at + OUT_FOR_DELIVERY_FRESH_FOR if is_urgent else None


def _beside(fact: ShipmentFact) -> dict[str, Any]:
    """Bulky context for templates: the order's other parcels, and what is not shipped yet."""
    others = [each for each in fact.dossier.shipments if each.pk != fact.shipment.pk]
    context = {
        "OtherShipments": [_other(each) for each in others],
        "UnfulfilledItems": describe_items(fact.dossier.unfulfilled),
    }
    return {name: value for name, value in context.items() if value}


def _other(shipment: Shipment) -> dict[str, Any]:
    told = {
        "ShipmentId": shipment.external_id,
        "TrackingNumber": shipment.tracking_number,
        "Carrier": shipment.carrier,
        "Status": shipment.status,
        "CarrierTrackingUrl": shipment.carrier_url,
    }
    return {name: value for name, value in told.items() if value}


def _place(fact: ShipmentFact) -> int:
    return [each.pk for each in fact.dossier.shipments].index(fact.shipment.pk) + 1


SETTINGS_VERSION: Property[Any] = Property(
    "StalledSettingsVersion",
    "integer",
    "The version of the merchant's settings that the order is judged by; 0 for the defaults.",
    lambda f: f.dossier.order.policy.version,
    example=1,
    is_always_sent=True,
)

ORDER: tuple[Property[Any], ...] = (
    ORDER_NUMBER,
    ORDER_ID,
    Property(
        "OrderCreatedAt",
        "datetime",
        "When the order was placed.",
        lambda f: iso(f.dossier.order.placed_at),
        example="2026-11-20T09:12:00+00:00",
        is_always_sent=True,
    ),
    Property(
        "ItemNames",
        "array",
        "Names of the products ordered.",
        lambda f: item_names(ordered(f)),
        example=ITEM_NAMES_EXAMPLE,
    ),
    Property("Items", "array", "The lines of the order, for templates.", ordered, example=ITEMS_EXAMPLE),
    Property(
        "ItemCount",
        "integer",
        "Units ordered.",
        lambda f: sum(line.ordered for line in f.dossier.lines),
        example=1,
        is_always_sent=True,
    ),
    Property(
        "OrderTotal",
        "number",
        "The order's total in major units of Currency. Not a value: revenue is counted by Placed Order.",
        lambda f: None if f.dossier.order.total is None else float(f.dossier.order.total),
        example=89.5,
    ),
    Property("Currency", "string", "ISO 4217 code of OrderTotal.", lambda f: f.dossier.order.currency, example="USD"),
    Property(
        "OrderStatusUrl",
        "string",
        "The shop's page of the order.",
        lambda f: f.dossier.order.status_url,
        example="https://shop.example/orders/5001",
    ),
    SETTINGS_VERSION,
)

PARCEL: tuple[Property[Any], ...] = (
    ORDER_NUMBER,
    ORDER_ID,
    SHIPMENT_ID,
    TRACKING_NUMBER,
    CARRIER,
    Property(
        "CarrierFriendly",
        "string",
        "The carrier's name for people.",
        lambda f: friendly_name(f.shipment.carrier),
        example="UPS",
    ),
    Property(
        "ServiceLevel", "string", "The carrier's service.", lambda f: f.shipment.service_level, example="UPS Ground"
    ),
    Property(
        "Status",
        "string",
        f"One of {', '.join(statuses.ALL)}.",
        lambda f: f.status,
        example=statuses.OUT_FOR_DELIVERY,
        choices=statuses.ALL,
        is_always_sent=True,
    ),
    Property(
        "Substatus",
        "string",
        "More on the status, e.g. delivery_attempted.",
        lambda f: f.substatus,
        example="out_for_delivery",
    ),
    Property(
        "StatusMessage",
        "string",
        "The carrier's own words.",
        lambda f: f.message,
        example="On vehicle for delivery today",
    ),
    Property(
        "StatusAt",
        "datetime",
        "Since when, by the carrier's clock.",
        lambda f: iso(f.status_at),
        example="2026-11-23T08:40:00+00:00",
        is_always_sent=True,
    ),
    Property(
        "ShippedAt",
        "datetime",
        "When the shop shipped it.",
        lambda f: iso(f.shipment.shipped_at),
        example=SHIPPED_AT_EXAMPLE,
        is_always_sent=True,
    ),
    Property(
        "DeliveredAt",
        "datetime",
        "When it arrived.",
        lambda f: iso(f.status_at) if f.status == statuses.DELIVERED else None,
        example="2026-11-23T14:05:00+00:00",
    ),
    Property(
        "EstimatedDeliveryDate",
        "date",
        "The newest promised date.",
        lambda f: iso(f.shipment.expected_on),
        example="2026-11-23",
    ),
    TRACKING_URL,
    Property(
        "CarrierTrackingUrl",
        "string",
        "The carrier's page of the parcel.",
        lambda f: f.shipment.carrier_url,
        example=CARRIER_URL_EXAMPLE,
    ),
    Property("DestinationCountry", "string", "ISO 3166 code.", lambda f: f.shipment.destination_country, example="US"),
    Property(
        "ShipmentIndex",
        "integer",
        "Which of the order's parcels this is, from 1.",
        _place,
        example=1,
        is_always_sent=True,
    ),
    Property(
        "ShipmentCount",
        "integer",
        "How many parcels are known.",
        lambda f: len(f.dossier.shipments),
        example=2,
        is_always_sent=True,
    ),
    Property(
        "ItemNames",
        "array",
        "Names of the products in the parcel.",
        lambda f: item_names(packed(f)),
        example=ITEM_NAMES_EXAMPLE,
    ),
    Property("Items", "array", "What is in the parcel, for templates.", packed, example=ITEMS_EXAMPLE),
    Property(
        "$extra",
        "object",
        "OtherShipments and UnfulfilledItems, for templates.",
        _beside,
        example={"OtherShipments": [{"ShipmentId": "7002", "Status": statuses.PRE_TRANSIT}]},
    ),
)


catalog.register(
    Metric(
        number=1,
        key="shopify_order_created",
        name="{prefix}: ShopifyOrderCreated",
        pack=ORDER_TRACKING,
        fact=facts.OrderPlaced,
        doc="An order came in from the shop for the first time.",
        unique_id=lambda f: f"order:{f.dossier.order.external_id}",
        unique_id_example="order:5001",
        identity="order:{order_id}",
        occurred_at=lambda f: f.at,
        properties=ORDER,
        profile=(profile.LAST_ORDER_NUMBER, profile.LAST_ORDER_AT),
        same_as=("processing_order",),
    ),
    Metric(
        number=2,
        key="shipment_created",
        name="{prefix}: ShipmentCreated",
        pack=ORDER_TRACKING,
        fact=facts.ShipmentCreated,
        doc="A parcel of an order became known.",
        unique_id=lambda f: f"shipment:{f.shipment.external_id}:created",
        unique_id_example="shipment:7001:created",
        identity="shipment:{shipment_id}:created",
        occurred_at=lambda f: f.shipment.shipped_at,
        properties=PARCEL,
        profile=PARCEL_PROFILE,
        same_as=("order_shipped",),
        examples={
            "Status": statuses.UNKNOWN,
            "Substatus": None,
            "StatusMessage": None,
            "StatusAt": SHIPPED_AT_EXAMPLE,
            "DeliveredAt": None,
            "EstimatedDeliveryDate": None,
        },
    ),
    Metric(
        number=3,
        key="shipment_update_received",
        name="{prefix}: ShipmentUpdateReceived",
        pack=ORDER_TRACKING,
        fact=facts.ShipmentMoved,
        doc="A carrier's scan moved a parcel's status on.",
        unique_id=lambda f: f"shipment:{f.shipment.external_id}:{f.status}:{int(f.status_at.timestamp())}",
        unique_id_example="shipment:7001:out_for_delivery:1795423200",
        identity="shipment:{shipment_id}:{status}:{carrier_event_epoch}",
        occurred_at=lambda f: f.status_at,
        fresh_until=_fresh_until,
        properties=(
            *PARCEL,
            Property(
                "PreviousStatus",
                "string",
                "The status before.",
                lambda f: f.previous,
                example=statuses.IN_TRANSIT,
                choices=statuses.ALL,
                is_always_sent=True,
            ),
        ),
        tells_followers=True,
        told_apart_by=("Status",),
        profile=PARCEL_PROFILE,
        same_as=("order_shipped", "order_delivered"),
        examples={"DeliveredAt": None},
    ),
)
