"""The shopper's current profile properties that come of orders and parcels, read for many customers at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from integrations.catalog import ProfileProperty, catalog
from tracking import statuses
from tracking.models import Issue, Order, Shipment

LAST_ORDER_NUMBER = ProfileProperty("LastOrderNumber", "string", "The name of the newest order, e.g. #1001.")
LAST_ORDER_AT = ProfileProperty("LastOrderAt", "datetime", "When the newest order was placed.")
LAST_ORDER_STATUS = ProfileProperty(
    "LastOrderStatus", "string", "Where the newest order stands: placed, processing, shipped, delivered or cancelled."
)
LAST_SHIPMENT_STATUS = ProfileProperty("LastShipmentStatus", "string", "The status of the newest parcel.")
LAST_SHIPMENT_STATUS_AT = ProfileProperty("LastShipmentStatusAt", "datetime", "Since when, by the carrier's clock.")
LAST_TRACKING_URL = ProfileProperty("LastTrackingUrl", "string", "Where the newest parcel can be followed.")
OPEN_ISSUE = ProfileProperty("OpenShipmentIssue", "string", "The newest problem of a parcel that has not arrived.")
OPEN_ISSUE_AT = ProfileProperty("OpenShipmentIssueAt", "datetime", "When that problem arose.")


def read_orders(merchant_id: int, customer_ids: set[int]) -> Mapping[int, Mapping[str, Any]]:
    """The newest order of each customer: one query."""
    newest_first = Window(RowNumber(), partition_by="customer", order_by=[F("placed_at").desc(), F("id").desc()])
    orders = Order.objects.for_merchant(merchant_id).filter(customer__in=customer_ids, is_test=False)
    return {
        order.customer_id: {
            LAST_ORDER_NUMBER.name: order.number,
            LAST_ORDER_AT.name: order.placed_at.isoformat(),
            LAST_ORDER_STATUS.name: order.status,
        }
        for order in orders.annotate(place=newest_first).filter(place=1)
        if order.customer_id is not None
    }


def read_shipments(merchant_id: int, customer_ids: set[int]) -> Mapping[int, Mapping[str, Any]]:
    """The newest parcel of each customer: one query."""
    newest_first = Window(RowNumber(), partition_by="order__customer", order_by=[F("status_at").desc(), F("id").desc()])
    shipments = Shipment.objects.for_merchant(merchant_id).filter(
        order__customer__in=customer_ids, order__is_test=False
    )
    return {
        shipment.order.customer_id: {
            LAST_SHIPMENT_STATUS.name: shipment.status,
            LAST_SHIPMENT_STATUS_AT.name: shipment.status_at.isoformat(),
            LAST_TRACKING_URL.name: shipment.carrier_url,
        }
        for shipment in shipments.select_related("order").annotate(place=newest_first).filter(place=1)
        if shipment.order.customer_id is not None
    }


def read_issues(merchant_id: int, customer_ids: set[int]) -> Mapping[int, Mapping[str, Any]]:
    """The newest open issue of each customer: one query."""
    newest_first = Window(
        RowNumber(), partition_by="order__customer", order_by=[F("occurred_at").desc(), F("id").desc()]
    )
    issues = Issue.objects.for_merchant(merchant_id).filter(order__customer__in=customer_ids, order__is_test=False)
    open_issues = issues.exclude(shipment__status__in=[statuses.DELIVERED, statuses.CANCELLED])
    return {
        issue.order.customer_id: {
            OPEN_ISSUE.name: issue.problem,
            OPEN_ISSUE_AT.name: issue.occurred_at.isoformat(),
        }
        for issue in open_issues.select_related("order").annotate(place=newest_first).filter(place=1)
        if issue.order.customer_id is not None
    }


catalog.register_profile(read_orders, LAST_ORDER_NUMBER, LAST_ORDER_AT, LAST_ORDER_STATUS)
catalog.register_profile(read_shipments, LAST_SHIPMENT_STATUS, LAST_SHIPMENT_STATUS_AT, LAST_TRACKING_URL)
catalog.register_profile(read_issues, OPEN_ISSUE, OPEN_ISSUE_AT)
