"""The shopper's current profile properties that come of orders, parcels and the account: one statement for all customers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject

from integrations.catalog import ProfileProperty, catalog
from integrations.models import Customer
from integrations.statements import Among, Given, Statement
from tracking import statuses
from tracking.models import Issue, Order, Shipment, stage_of
from tracking.page import links

LAST_ORDER_NUMBER = ProfileProperty("LastOrderNumber", "string", "The name of the newest order, e.g. #1001.")
LAST_ORDER_AT = ProfileProperty("LastOrderAt", "datetime", "When the newest order was placed.")
LAST_ORDER_STATUS = ProfileProperty(
    "LastOrderStatus", "string", "Where the newest order stands: placed, processing, shipped, delivered or cancelled."
)
LAST_SHIPMENT_STATUS = ProfileProperty("LastShipmentStatus", "string", "The status of the newest parcel.")
LAST_SHIPMENT_STATUS_AT = ProfileProperty("LastShipmentStatusAt", "datetime", "Since when, by the carrier's clock.")
LAST_TRACKING_URL = ProfileProperty("LastTrackingUrl", "string", "The page on which the newest parcel can be followed.")
OPEN_ISSUE = ProfileProperty(
    "OpenShipmentIssue", "string", "The newest problem of an order that waits, or of a parcel that has not arrived."
)
OPEN_ISSUE_AT = ProfileProperty("OpenShipmentIssueAt", "datetime", "When that problem arose.")
ACCOUNT_CREATED_AT = ProfileProperty("AccountCreatedAt", "datetime", "When the shopper made an account in the shop.")

ARRIVED_OR_CALLED_OFF = (statuses.DELIVERED, statuses.CANCELLED)
"""Statuses in which a parcel's problems are over."""


@dataclass(frozen=True, slots=True)
class Part:
    """Properties that come of one row: which row of a customer (`OuterRef("pk")`), and what is told of it."""

    properties: tuple[ProfileProperty, ...]
    newest: Callable[[RawSQL], QuerySet[Any]]
    tell: Callable[[Mapping[str, Any]], dict[str, Any]]

    @property
    def names(self) -> set[str]:
        """The properties' names."""
        return {each.name for each in self.properties}


def _newest_order(merchant: RawSQL) -> QuerySet[Any]:
    orders = Order.objects.for_merchant(merchant).filter(customer=OuterRef("pk"), is_test=False)
    told = JSONObject(
        number="number",
        placed_at="placed_at",
        processing_at="processing_at",
        shipped_at="shipped_at",
        delivered_at="delivered_at",
        cancelled_at="cancelled_at",
    )
    return orders.order_by("-placed_at", "-id").values(told=told)


def _tell_order(order: Mapping[str, Any]) -> dict[str, Any]:
    return {
        LAST_ORDER_NUMBER.name: order["number"],
        LAST_ORDER_AT.name: _instant(order["placed_at"]),
        LAST_ORDER_STATUS.name: stage_of(order)[0],
    }


def _of_the_customer(merchant: RawSQL) -> dict[str, Any]:
    """Rows of the customer's orders. The merchant is named once more because the index on orders begins with it."""
    return {"order__merchant": merchant, "order__customer": OuterRef("pk"), "order__is_test": False}


def _newest_shipment(merchant: RawSQL) -> QuerySet[Any]:
    shipments = Shipment.objects.for_merchant(merchant).filter(**_of_the_customer(merchant))
    told = JSONObject(status="status", status_at="status_at", carrier_url="carrier_url", page="order__page_token")
    return shipments.order_by("-status_at", "-id").values(told=told)


def _tell_shipment(shipment: Mapping[str, Any]) -> dict[str, Any]:
    return {
        LAST_SHIPMENT_STATUS.name: shipment["status"],
        LAST_SHIPMENT_STATUS_AT.name: _instant(shipment["status_at"]),
        LAST_TRACKING_URL.name: links.address(shipment["page"]) or shipment["carrier_url"],
    }


def _newest_open_issue(merchant: RawSQL) -> QuerySet[Any]:
    issues = Issue.objects.for_merchant(merchant).filter(**_of_the_customer(merchant))
    waits = Q(shipment=None, order__shipped_at=None, order__cancelled_at=None)
    moves = Q(shipment__status__in=[each for each in statuses.ALL if each not in ARRIVED_OR_CALLED_OFF])
    return (
        issues.filter(waits | moves)
        .order_by("-occurred_at", "-id")
        .values(told=JSONObject(problem="problem", occurred_at="occurred_at"))
    )


def _tell_issue(issue: Mapping[str, Any]) -> dict[str, Any]:
    return {OPEN_ISSUE.name: issue["problem"], OPEN_ISSUE_AT.name: _instant(issue["occurred_at"])}


def _account(merchant: RawSQL) -> QuerySet[Any]:
    mine = Customer.objects.for_merchant(merchant).filter(pk=OuterRef("pk"), account_created_at__isnull=False)
    return mine.values(told=JSONObject(created_at="account_created_at"))


def _tell_account(account: Mapping[str, Any]) -> dict[str, Any]:
    return {ACCOUNT_CREATED_AT.name: _instant(account["created_at"])}


def _instant(text: str) -> str:
    """An instant as a database writes it into JSON, in ISO 8601 with its offset: SQLite leaves UTC out."""
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).isoformat()


PARTS = (
    Part((LAST_ORDER_NUMBER, LAST_ORDER_AT, LAST_ORDER_STATUS), _newest_order, _tell_order),
    Part((LAST_SHIPMENT_STATUS, LAST_SHIPMENT_STATUS_AT, LAST_TRACKING_URL), _newest_shipment, _tell_shipment),
    Part((OPEN_ISSUE, OPEN_ISSUE_AT), _newest_open_issue, _tell_issue),
    Part((ACCOUNT_CREATED_AT,), _account, _tell_account),
)


@cache
def _statement(parts: tuple[Part, ...]) -> Statement:
    merchant = Given("merchant").value
    customers = Customer.objects.for_merchant(merchant).filter(Among(F("pk"), Given("customers")))
    return Statement(customers.values_list("pk", *[Subquery(part.newest(merchant)[:1]) for part in parts]))


def read(merchant_id: int, customer_ids: Collection[int], names: Collection[str]) -> Mapping[int, Mapping[str, Any]]:
    """What is known of each customer's newest order, parcel and open problem, and of the account, as far as `names` ask for it.

    One statement.
    """
    parts = tuple(part for part in PARTS if not part.names.isdisjoint(names))
    return {
        pk: {
            name: value
            for part, row in zip(parts, told, strict=True)
            if row
            for name, value in part.tell(orjson.loads(row)).items()
        }
        for pk, *told in _statement(parts).run(merchant=merchant_id, customers=customer_ids)
    }


catalog.register_profile(read, *[each for part in PARTS for each in part.properties])
