"""The metrics built from orders and parcels: packs `order_tracking` (Malomo) and `order_status` (Whiplash).

Names and properties are those that merchants' flows are built on: they may be extended, never renamed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from integrations.catalog import Metric, Pack, Property, catalog
from tracking import facts, profile, statuses
from tracking.carrier_names import friendly_name
from tracking.dossier import describe_items
from tracking.facts import OrderFact, ShipmentFact
from tracking.models import Problem, Shipment
from tracking.models.policy import WEEKDAYS

ORDER_TRACKING = Pack("order_tracking", "Order tracking", "Orders and parcels as their carriers see them.")
ORDER_STATUS = Pack("order_status", "Order status", "The four states of an order in the warehouse.")

OUT_FOR_DELIVERY_FRESH_FOR = timedelta(hours=12)
"""A parcel that was out for delivery half a day ago is no news."""


def _fresh_until(fact: facts.ShipmentMoved) -> datetime | None:
    is_urgent = fact.status == statuses.OUT_FOR_DELIVERY
    return fact.status_at + OUT_FOR_DELIVERY_FRESH_FOR if is_urgent else None


def _item_names(items: list[dict[str, Any]]) -> list[str]:
    return [item["ProductName"] for item in items if "ProductName" in item]


def _ordered(fact: OrderFact) -> list[dict[str, Any]]:
    return describe_items((line, line.ordered) for line in fact.dossier.lines)


def _packed(fact: ShipmentFact) -> list[dict[str, Any]]:
    return describe_items(fact.dossier.lines_in(fact.shipment))


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


def _first_parcel(fact: OrderFact) -> Shipment | None:
    return next(iter(fact.dossier.standing_shipments), None)


def _iso(instant: Any) -> str | None:
    return instant.isoformat() if instant else None


ORDER_NUMBER: Property[Any] = Property(
    "OrderNumber", "string", "The order's name, e.g. #1001.", lambda f: f.order_number
)
ORDER_ID: Property[Any] = Property(
    "OrderId", "string", "The order's id in the shop.", lambda f: f.dossier.order.external_id
)

SETTINGS_VERSION: Property[Any] = Property(
    "StalledSettingsVersion",
    "integer",
    "The version of the merchant's settings that the order is judged by; 0 for the defaults.",
    lambda f: f.dossier.order.policy.version,
)

ORDER: tuple[Property[Any], ...] = (
    ORDER_NUMBER,
    ORDER_ID,
    Property("OrderCreatedAt", "datetime", "When the order was placed.", lambda f: _iso(f.dossier.order.placed_at)),
    Property("ItemNames", "array", "Names of the products ordered.", lambda f: _item_names(_ordered(f))),
    Property("Items", "array", "The lines of the order, for templates.", _ordered),
    Property("ItemCount", "integer", "Units ordered.", lambda f: sum(line.ordered for line in f.dossier.lines)),
    Property(
        "OrderTotal",
        "number",
        "The order's total in major units of Currency. Not a value: revenue is counted by Placed Order.",
        lambda f: None if f.dossier.order.total is None else float(f.dossier.order.total),
    ),
    Property("Currency", "string", "ISO 4217 code of OrderTotal.", lambda f: f.dossier.order.currency),
    Property("OrderStatusUrl", "string", "The shop's page of the order.", lambda f: f.dossier.order.status_url),
    SETTINGS_VERSION,
)

PARCEL: tuple[Property[Any], ...] = (
    ORDER_NUMBER,
    ORDER_ID,
    Property("ShipmentId", "string", "The shipment's id.", lambda f: f.shipment.external_id),
    Property("TrackingNumber", "string", "The carrier's number of the parcel.", lambda f: f.shipment.tracking_number),
    Property("Carrier", "string", "The carrier as the source names it.", lambda f: f.shipment.carrier),
    Property(
        "CarrierFriendly", "string", "The carrier's name for people.", lambda f: friendly_name(f.shipment.carrier)
    ),
    Property("ServiceLevel", "string", "The carrier's service.", lambda f: f.shipment.service_level),
    Property("Status", "string", f"One of {', '.join(statuses.ALL)}.", lambda f: f.status),
    Property("Substatus", "string", "More on the status, e.g. delivery_attempted.", lambda f: f.substatus),
    Property("StatusMessage", "string", "The carrier's own words.", lambda f: f.message),
    Property("StatusAt", "datetime", "Since when, by the carrier's clock.", lambda f: _iso(f.status_at)),
    Property("ShippedAt", "datetime", "When the shop shipped it.", lambda f: _iso(f.shipment.shipped_at)),
    Property(
        "DeliveredAt",
        "datetime",
        "When it arrived.",
        lambda f: _iso(f.status_at) if f.status == statuses.DELIVERED else None,
    ),
    Property("EstimatedDeliveryDate", "date", "The newest promised date.", lambda f: _iso(f.shipment.expected_on)),
    Property("CarrierTrackingUrl", "string", "The carrier's page of the parcel.", lambda f: f.shipment.carrier_url),
    Property("DestinationCountry", "string", "ISO 3166 code.", lambda f: f.shipment.destination_country),
    Property("ShipmentIndex", "integer", "Which of the order's parcels this is, from 1.", _place),
    Property("ShipmentCount", "integer", "How many parcels are known.", lambda f: len(f.dossier.shipments)),
    Property("ItemNames", "array", "Names of the products in the parcel.", lambda f: _item_names(_packed(f))),
    Property("Items", "array", "What is in the parcel, for templates.", _packed),
    Property("$extra", "object", "OtherShipments and UnfulfilledItems, for templates.", _beside),
)

PARCEL_PROFILE = (
    profile.LAST_ORDER_NUMBER,
    profile.LAST_SHIPMENT_STATUS,
    profile.LAST_SHIPMENT_STATUS_AT,
    profile.LAST_TRACKING_URL,
)


def _affected(fact: facts.IssueFound) -> list[dict[str, Any]]:
    """What is in the parcel; where the order itself is meant, what waits to be shipped."""
    parcel = fact.shipment
    return describe_items(fact.dossier.lines_in(parcel) if parcel else fact.dossier.unfulfilled)


def _hours_still(fact: facts.IssueFound) -> float | None:
    since = fact.issue.still_since
    return round((fact.issue.occurred_at - since) / timedelta(hours=1), 1) if since else None


def _excluded_days(fact: facts.IssueFound) -> list[str] | None:
    policy = fact.dossier.order.policy
    return [WEEKDAYS[day] for day in policy.excluded_weekdays] if fact.issue.still_since else None


ISSUE: tuple[Property[facts.IssueFound], ...] = (
    Property("ProblemType", "string", f"One of {', '.join(Problem.values)}.", lambda f: f.issue.problem),
    ORDER_NUMBER,
    ORDER_ID,
    Property(
        "ShipmentId",
        "string",
        "The shipment's id, where a parcel is meant.",
        lambda f: f.shipment and f.shipment.external_id,
    ),
    Property(
        "TrackingNumber",
        "string",
        "The carrier's number of the parcel.",
        lambda f: f.shipment and f.shipment.tracking_number,
    ),
    Property("Carrier", "string", "The carrier as the source names it.", lambda f: f.shipment and f.shipment.carrier),
    Property(
        "HoursStalled",
        "number",
        "Of what stalled: hours from NotUpdatedSince until it was flagged, those that do not count included.",
        _hours_still,
    ),
    Property(
        "NotUpdatedSince",
        "datetime",
        "Of what stalled: when the order was placed; a parcel's last scan, else its fulfilment.",
        lambda f: _iso(f.issue.still_since),
    ),
    Property("WindowHours", "integer", "Of what stalled: the hours that were granted.", lambda f: f.issue.window_hours),
    Property("ExcludedDays", "array", "Of what stalled: weekdays that do not count, in English.", _excluded_days),
    SETTINGS_VERSION,
    Property(
        "TrackingUrl", "string", "Where the parcel can be followed.", lambda f: f.shipment and f.shipment.carrier_url
    ),
    Property("ItemNames", "array", "Names of the products below.", lambda f: _item_names(_affected(f))),
    Property("Items", "array", "What is in the parcel, or waits to be shipped, for templates.", _affected),
)

STATUS_PROFILE = (profile.LAST_ORDER_NUMBER, profile.LAST_ORDER_STATUS)

SHIPPING: tuple[Property[Any], ...] = (
    Property(
        "TrackingNumber",
        "string",
        "The first parcel's number.",
        lambda f: parcel.tracking_number if (parcel := _first_parcel(f)) else None,
    ),
    Property(
        "Carrier",
        "string",
        "The first parcel's carrier.",
        lambda f: parcel.carrier if (parcel := _first_parcel(f)) else None,
    ),
    Property(
        "TrackingUrl",
        "string",
        "Where the first parcel can be followed.",
        lambda f: parcel.carrier_url if (parcel := _first_parcel(f)) else None,
    ),
)


def _status_metric(
    number: int, key: str, name: str, fact: type[OrderFact], status: str, doc: str, *more: Property[Any]
) -> Metric[Any]:
    return Metric(
        number=number,
        key=key,
        name=name,
        pack=ORDER_STATUS,
        fact=fact,
        doc=doc,
        unique_id=lambda f: f"order:{f.dossier.order.external_id}:{status}",
        identity=f"order:{{order_id}}:{status}",
        occurred_at=lambda f: f.at,
        properties=(
            ORDER_NUMBER,
            ORDER_ID,
            Property("Status", "string", f"Always {status}.", lambda f: status),
            Property("StatusAt", "datetime", "When the order entered this state.", lambda f: _iso(f.at)),
            *more,
        ),
        profile=STATUS_PROFILE,
        launch_from_subject=True,
        names_customer=True,
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
        identity="shipment:{shipment_id}:created",
        occurred_at=lambda f: f.shipment.shipped_at,
        properties=PARCEL,
        profile=PARCEL_PROFILE,
        same_as=("order_shipped",),
    ),
    Metric(
        number=3,
        key="shipment_update_received",
        name="{prefix}: ShipmentUpdateReceived",
        pack=ORDER_TRACKING,
        fact=facts.ShipmentMoved,
        doc="A carrier's scan moved a parcel's status on.",
        unique_id=lambda f: f"shipment:{f.shipment.external_id}:{f.status}:{int(f.status_at.timestamp())}",
        identity="shipment:{shipment_id}:{status}:{carrier_event_epoch}",
        occurred_at=lambda f: f.status_at,
        fresh_until=_fresh_until,
        properties=(
            *PARCEL,
            Property("PreviousStatus", "string", "The status before.", lambda f: f.previous),
        ),
        profile=PARCEL_PROFILE,
        same_as=("order_shipped", "order_delivered"),
    ),
    Metric(
        number=4,
        key="order_issue_created",
        name="{prefix}: OrderIssueCreated",
        pack=ORDER_TRACKING,
        fact=facts.IssueFound,
        doc="A problem with an order or a parcel was found.",
        unique_id=lambda f: f"issue:{f.issue.problem}:{(f.shipment or f.dossier.order).external_id}",
        identity="issue:{ProblemType}:{order_id|shipment_id}",
        occurred_at=lambda f: f.issue.occurred_at,
        properties=ISSUE,
        profile=(profile.OPEN_ISSUE, profile.OPEN_ISSUE_AT),
    ),
    _status_metric(
        5, "processing_order", "Processing order", facts.OrderProcessing, "processing", "The order is being worked on."
    ),
    _status_metric(
        6, "order_cancelled", "Order cancelled", facts.OrderCancelled, "cancelled", "The order was cancelled."
    ),
    _status_metric(
        7, "order_shipped", "Order shipped", facts.OrderShipped, "shipped", "The first parcel left.", *SHIPPING
    ),
    _status_metric(
        8,
        "order_delivered",
        "Order delivered",
        facts.OrderDelivered,
        "delivered",
        "Every parcel arrived and nothing is left to be shipped.",
        *SHIPPING,
    ),
)
