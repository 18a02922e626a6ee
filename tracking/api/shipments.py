"""Shipments: their list, a shipment with its scans and issues, and telling of parcels and scans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponseBase

from integrations.api import bulk, cursors, parameters, problems, rendering
from integrations.api.cursors import ASCENDING, DESCENDING
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.parameters import Parameter
from integrations.models import Merchant
from integrations.search import variants
from tracking import statuses
from tracking.api import bodies, examples, rows, schemas, writing
from tracking.models import Order, Shipment

FILTERS: tuple[Parameter, ...] = (
    parameters.instant("shipped_after", "Shipped at this instant or later."),
    parameters.instant("shipped_before", "Shipped before this instant."),
    parameters.text("order_external_id", "Of one order, by its id.", example="5001", longest=64),
    parameters.text("order_number", "Of orders with this number, with or without “#”.", example="#1001", longest=60),
    parameters.text("tracking_number", "With this tracking number.", example="1Z999AA10123456784", longest=80),
    parameters.choice("status", "In this status.", statuses.ALL),
)
ORDER = parameters.choice(
    "order", "By the time of shipping: newest first, or oldest first.", (DESCENDING, ASCENDING), default=DESCENDING
)
LIST = (*FILTERS, ORDER, parameters.CURSOR, parameters.LIMIT, parameters.fields(rows.SHIPMENT_FIELDS))


def _of_orders(merchant: Merchant, **found: Any) -> Q:
    """By their orders, which are found first, by an index of theirs."""
    return Q(order__in=Order.objects.for_merchant(merchant).filter(**found))


def _numbered(number: str) -> Q:
    """The index holds the numbers that are not empty, and must be told so."""
    return Q(tracking_number__in=variants(number)) & ~Q(tracking_number="")


CONDITIONS: dict[str, Callable[[Merchant, Any], Q]] = {
    "shipped_after": lambda merchant, at: Q(shipped_at__gte=at),
    "shipped_before": lambda merchant, at: Q(shipped_at__lt=at),
    "order_external_id": lambda merchant, external_id: _of_orders(merchant, external_id=external_id),
    "order_number": lambda merchant, number: _of_orders(merchant, number__in=variants(number)),
    "tracking_number": lambda merchant, number: _numbered(number),
    "status": lambda merchant, status: Q(status=status),
}
"""Name of a filter -> what it means."""


class Shipments(Endpoint):
    """`/shipments`"""

    @operation(
        id="list_shipments",
        tag="Shipments",
        scope="orders:read",
        summary="List shipments",
        parameters=LIST,
        answer=schemas.ShipmentPage,
        example={"items": [examples.SHIPMENT], "next": "AAAGRn…", "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Shipments by the time of their shipping, newest first."""
        values = call.parameters
        wanted = parameters.conditions(CONDITIONS, call.merchant, values)
        found = Shipment.objects.for_merchant(call.merchant).filter(*wanted).select_related("order")
        page = cursors.page_of_queryset(found, values, name="shipments", time="shipped_at")
        return rendering.answer(page.as_data(lambda row: rows.shipment(row, values["fields"])))

    @operation(
        id="write_shipment",
        tag="Shipments",
        scope="orders:write",
        summary="Tell of a shipment",
        body=bodies.NewShipment,
        body_example=examples.NEW_SHIPMENT,
        answer=schemas.WrittenShipment,
        example=examples.WRITTEN_SHIPMENT,
        status=201,
        also=(200,),
        problems=("conflict",),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """A new parcel of an order (201), or what is new of a known one (200). It is known by its `external_id`, which for what a
        shop tells is the id of the fulfilment. A repeat is harmless; what is not given stays as it is.
        """
        with transaction.atomic():
            written = writing.shipment(writing.merchant_of(call), call.body, at=call.at)
        return rendering.answer(written[1], written[0], location=writing.location_of("shipments", written))


class ShipmentsInBulk(Endpoint):
    """`/shipments/bulk`"""

    @operation(
        id="write_shipments",
        tag="Shipments",
        scope="orders:write",
        summary="Tell of many shipments",
        body=bulk.Items,
        body_example={"items": [examples.NEW_SHIPMENT]},
        answer=bulk.Results,
        example={"failed": 0, "results": [{"index": 0, "status": 201, "item": examples.WRITTEN_SHIPMENT}]},
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Up to 1,000 shipments, each as by itself: one that is refused does not stop the others."""
        merchant = writing.merchant_of(call)
        return bulk.answer(call, bodies.NewShipment, lambda told: writing.shipment(merchant, told, at=call.at))


class ShipmentDetail(Endpoint):
    """`/shipments/{external_id}`"""

    @operation(
        id="get_shipment",
        tag="Shipments",
        scope="orders:read",
        summary="Get a shipment",
        answer=schemas.ShipmentDetail,
        example=examples.SHIPMENT_DETAIL,
    )
    def get(self, call: Call, external_id: str) -> HttpResponseBase:
        """One shipment with its scans and issues."""
        row = rows.shipment_of(call.merchant, external_id)
        if row is None:
            raise problems.not_found("shipment")
        return rendering.answer(rows.whole_shipment(row))


class ShipmentScans(Endpoint):
    """`/shipments/{external_id}/scans`"""

    @operation(
        id="write_scans",
        tag="Shipments",
        scope="orders:write",
        summary="Tell of scans",
        body=bodies.NewScans,
        body_example=examples.NEW_SCANS,
        answer=schemas.WrittenShipment,
        example=examples.WRITTEN_SHIPMENT,
    )
    def post(self, call: Call, external_id: str) -> HttpResponseBase:
        """What happened to the parcel on its way, in any order: statuses move forward only. A scan is its content, so that the
        same one again changes nothing.
        """
        with transaction.atomic():
            status, told = writing.scans(writing.merchant_of(call), external_id, call.body, at=call.at)
        return rendering.answer(told, status)
