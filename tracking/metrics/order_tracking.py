"""Pack `order_tracking` (Malomo): orders and parcels as their carriers see them, and the problems that are found with them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from integrations.catalog import Metric, Pack, Property, catalog
from tracking import facts, profile, rechecks, statuses
from tracking.carrier_names import friendly_name
from tracking.dossier import describe_items
from tracking.facts import ShipmentFact
from tracking.metrics.shared import (
    CARRIER,
    ORDER_ID,
    ORDER_NUMBER,
    OUT_FOR_DELIVERY_FRESH_FOR,
    PARCEL_PROFILE,
    SHIPMENT_ID,
    TRACKING_NUMBER,
    iso,
    item_names,
    ordered,
    packed,
)
from tracking.models import Problem, Shipment
from tracking.models.issue import issue_id
from tracking.models.policy import WEEKDAYS

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
)

ORDER: tuple[Property[Any], ...] = (
    ORDER_NUMBER,
    ORDER_ID,
    Property("OrderCreatedAt", "datetime", "When the order was placed.", lambda f: iso(f.dossier.order.placed_at)),
    Property("ItemNames", "array", "Names of the products ordered.", lambda f: item_names(ordered(f))),
    Property("Items", "array", "The lines of the order, for templates.", ordered),
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
    SHIPMENT_ID,
    TRACKING_NUMBER,
    CARRIER,
    Property(
        "CarrierFriendly", "string", "The carrier's name for people.", lambda f: friendly_name(f.shipment.carrier)
    ),
    Property("ServiceLevel", "string", "The carrier's service.", lambda f: f.shipment.service_level),
    Property("Status", "string", f"One of {', '.join(statuses.ALL)}.", lambda f: f.status),
    Property("Substatus", "string", "More on the status, e.g. delivery_attempted.", lambda f: f.substatus),
    Property("StatusMessage", "string", "The carrier's own words.", lambda f: f.message),
    Property("StatusAt", "datetime", "Since when, by the carrier's clock.", lambda f: iso(f.status_at)),
    Property("ShippedAt", "datetime", "When the shop shipped it.", lambda f: iso(f.shipment.shipped_at)),
    Property(
        "DeliveredAt",
        "datetime",
        "When it arrived.",
        lambda f: iso(f.status_at) if f.status == statuses.DELIVERED else None,
    ),
    Property("EstimatedDeliveryDate", "date", "The newest promised date.", lambda f: iso(f.shipment.expected_on)),
    Property("CarrierTrackingUrl", "string", "The carrier's page of the parcel.", lambda f: f.shipment.carrier_url),
    Property("DestinationCountry", "string", "ISO 3166 code.", lambda f: f.shipment.destination_country),
    Property("ShipmentIndex", "integer", "Which of the order's parcels this is, from 1.", _place),
    Property("ShipmentCount", "integer", "How many parcels are known.", lambda f: len(f.dossier.shipments)),
    Property("ItemNames", "array", "Names of the products in the parcel.", lambda f: item_names(packed(f))),
    Property("Items", "array", "What is in the parcel, for templates.", packed),
    Property("$extra", "object", "OtherShipments and UnfulfilledItems, for templates.", _beside),
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


def _page(fact: facts.IssueFound) -> str:
    """For the merchant's people: they sign in to see it."""
    path = reverse("why", args=[fact.merchant.public_id], query={"q": fact.order_number})
    return f"{settings.PUBLIC_BASE_URL}{path}"


ISSUE: tuple[Property[facts.IssueFound], ...] = (
    Property("ProblemType", "string", f"One of {', '.join(Problem.values)}.", lambda f: f.issue.problem),
    ORDER_NUMBER,
    ORDER_ID,
    SHIPMENT_ID,
    TRACKING_NUMBER,
    CARRIER,
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
        lambda f: iso(f.issue.still_since),
    ),
    Property("WindowHours", "integer", "Of what stalled: the hours that were granted.", lambda f: f.issue.window_hours),
    Property("ExcludedDays", "array", "Of what stalled: weekdays that do not count, in English.", _excluded_days),
    SETTINGS_VERSION,
    Property(
        "TrackingUrl", "string", "Where the parcel can be followed.", lambda f: f.shipment and f.shipment.carrier_url
    ),
    Property("AdminUrl", "string", "The merchant's page that says all that is known of the order.", _page),
    Property("ItemNames", "array", "Names of the products below.", lambda f: item_names(_affected(f))),
    Property("Items", "array", "What is in the parcel, or waits to be shipped, for templates.", _affected),
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
        unique_id=lambda f: issue_id(f.issue.problem, (f.shipment or f.dossier.order).external_id),
        identity="issue:{ProblemType}:{order_id|shipment_id}",
        occurred_at=lambda f: f.issue.occurred_at,
        properties=ISSUE,
        profile=(profile.OPEN_ISSUE, profile.OPEN_ISSUE_AT),
        recheck=rechecks.stalled_no_more,
    ),
    Metric(
        number=38,
        key="order_issue_resolved",
        name="{prefix}: OrderIssueResolved",
        pack=ORDER_TRACKING,
        fact=facts.IssueResolved,
        doc="What had stalled moved again. Told only after the OrderIssueCreated that it belongs to.",
        unique_id=lambda f: f"resolved:{f.issue.problem}:{(f.shipment or f.dossier.order).external_id}",
        identity="resolved:{ProblemType}:{order_id|shipment_id}",
        occurred_at=lambda f: f.at,
        properties=(
            *ISSUE,
            Property("ResolvedAt", "datetime", "When it moved again.", lambda f: iso(f.at)),
        ),
        profile=PARCEL_PROFILE,
        recheck=rechecks.never_told,
        is_optional=True,
    ),
)
