"""Orders: their list, an order with all that belongs to it, and telling of orders."""

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
from integrations.customers import normalise_email
from integrations.models import Customer, Merchant
from integrations.search import variants
from tracking.api import bodies, examples, rows, schemas, writing
from tracking.models import STATUSES, Order, in_status

FILTERS: tuple[Parameter, ...] = (
    parameters.instant("placed_after", "Placed at this instant or later."),
    parameters.instant("placed_before", "Placed before this instant."),
    parameters.text("number", "With this number, with or without “#”.", example="#1001", longest=60),
    parameters.choice("status", "That stand there.", STATUSES[::-1]),
    parameters.identifier("customer_id", "Of one shopper."),
    parameters.text("email", "Of the shopper with this e-mail address.", example="ada@example.com"),
)
ORDER = parameters.choice(
    "order", "By the time of placing: newest first, or oldest first.", (DESCENDING, ASCENDING), default=DESCENDING
)
LIST = (*FILTERS, ORDER, parameters.CURSOR, parameters.LIMIT, parameters.fields(rows.ORDER_FIELDS))


def of_email(merchant: Merchant, email: str) -> Q:
    """What is a shopper's with that address."""
    mine = Customer.objects.for_merchant(merchant).filter(email=normalise_email(email))
    return Q(customer__in=mine.exclude(email=""))


CONDITIONS: dict[str, Callable[[Merchant, Any], Q]] = {
    "placed_after": lambda merchant, at: Q(placed_at__gte=at),
    "placed_before": lambda merchant, at: Q(placed_at__lt=at),
    "number": lambda merchant, number: Q(number__in=variants(number)),
    "status": lambda merchant, status: in_status(status),
    "customer_id": lambda merchant, key: Q(customer=key),
    "email": of_email,
}
"""Name of a filter -> what it means."""


class Orders(Endpoint):
    """`/orders`"""

    @operation(
        id="list_orders",
        tag="Orders",
        scope="orders:read",
        summary="List orders",
        parameters=LIST,
        answer=schemas.OrderPage,
        example={"items": [examples.ORDER], "next": "AAAGRn…", "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Orders by the time of their placing, newest first."""
        values = call.parameters
        wanted = parameters.conditions(CONDITIONS, call.merchant, values)
        found = Order.objects.for_merchant(call.merchant).filter(*wanted)
        page = cursors.page_of_queryset(found, values, name="orders", time="placed_at")
        return rendering.answer(page.as_data(lambda row: rows.order(row, values["fields"])))

    @operation(
        id="write_order",
        tag="Orders",
        scope="orders:write",
        summary="Tell of an order",
        body=bodies.NewOrder,
        body_example=examples.NEW_ORDER,
        answer=schemas.WrittenOrder,
        example=examples.WRITTEN_ORDER,
        status=201,
        also=(200,),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """A new order (201), or what is new of a known one (200). An order is known by its `external_id`, whoever tells of it:
        the shop's webhooks and this are one order, and nothing is told twice. A repeat is harmless. What is told is the whole
        order: a line that is not among `lines` is not ordered any more.
        """
        with transaction.atomic():
            written = writing.order(writing.merchant_of(call), call.body, at=call.at)
        return rendering.answer(written[1], written[0], location=writing.location_of("orders", written))


class OrdersInBulk(Endpoint):
    """`/orders/bulk`"""

    @operation(
        id="write_orders",
        tag="Orders",
        scope="orders:write",
        summary="Tell of many orders",
        body=bulk.Items,
        body_example={"items": [examples.NEW_ORDER]},
        answer=bulk.Results,
        example={"failed": 0, "results": [{"index": 0, "status": 201, "item": examples.WRITTEN_ORDER}]},
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Up to 1,000 orders, each as by itself: one that is refused does not stop the others."""
        merchant = writing.merchant_of(call)
        return bulk.answer(call, bodies.NewOrder, lambda told: writing.order(merchant, told, at=call.at))


class OrderDetail(Endpoint):
    """`/orders/{external_id}`"""

    @operation(
        id="get_order",
        tag="Orders",
        scope="orders:read",
        summary="Get an order",
        answer=schemas.OrderDetail,
        example=examples.ORDER_DETAIL,
    )
    def get(self, call: Call, external_id: str) -> HttpResponseBase:
        """One order with its lines, shipments and issues."""
        row = rows.order_of(call.merchant, external_id)
        if row is None:
            raise problems.not_found("order")
        return rendering.answer(rows.whole_order(row))


class CancelOrder(Endpoint):
    """`/orders/{external_id}/cancel`"""

    @operation(
        id="cancel_order",
        tag="Orders",
        scope="orders:write",
        summary="Cancel an order",
        body=bodies.Cancellation,
        body_example=examples.CANCELLATION,
        answer=schemas.WrittenOrder,
        example=examples.WRITTEN_ORDER
        | {
            "status": "cancelled",
            "cancelled_at": "2026-11-20T12:00:00Z",
            "cancel_reason": "customer",
            "stalls_at": None,
        },
    )
    def post(self, call: Call, external_id: str) -> HttpResponseBase:
        """The order is cancelled, once: what was told first stays, and a repeat is harmless."""
        with transaction.atomic():
            status, told = writing.cancellation(writing.merchant_of(call), external_id, call.body, at=call.at)
        return rendering.answer(told, status)


class BillOrder(Endpoint):
    """`/orders/{external_id}/bill`"""

    @operation(
        id="bill_order",
        tag="Orders",
        scope="orders:write",
        summary="Bill an order",
        body=bodies.Billing,
        body_example=examples.BILLING,
        answer=schemas.WrittenOrder,
        example=examples.WRITTEN_ORDER,
        problems=("conflict",),
    )
    def post(self, call: Call, external_id: str) -> HttpResponseBase:
        """The order is paid, authorised or free: it is worked on, once. A repeat is harmless; a cancelled order is not billed."""
        with transaction.atomic():
            status, told = writing.billing(writing.merchant_of(call), external_id, call.body, at=call.at)
        return rendering.answer(told, status)


class CompleteOrder(Endpoint):
    """`/orders/{external_id}/complete`"""

    @operation(
        id="complete_order",
        tag="Orders",
        scope="orders:write",
        summary="Complete an order",
        body=bodies.Completion,
        body_example=examples.COMPLETION,
        answer=schemas.WrittenOrder,
        example=examples.WRITTEN_ORDER | {"completed_at": "2026-11-20T09:10:00Z"},
        problems=("conflict",),
    )
    def post(self, call: Call, external_id: str) -> HttpResponseBase:
        """The order is marked completed, once; it is fulfilled when it is billed, too. A repeat is harmless; an order that was
        cancelled before is not completed.
        """
        with transaction.atomic():
            status, told = writing.completion(writing.merchant_of(call), external_id, call.body, at=call.at)
        return rendering.answer(told, status)


class FulfilOrder(Endpoint):
    """`/orders/{external_id}/fulfil`"""

    @operation(
        id="fulfil_order",
        tag="Orders",
        scope="orders:write",
        summary="Fulfil an order",
        body=bodies.Fulfilment,
        body_example=examples.FULFILMENT,
        answer=schemas.WrittenShipment,
        example=examples.WRITTEN_SHIPMENT,
        status=201,
        also=(200,),
        problems=("conflict",),
    )
    def post(self, call: Call, external_id: str) -> HttpResponseBase:
        """A parcel of the order leaves: the same as `POST /shipments`, for the order in the address."""
        with transaction.atomic():
            written = writing.fulfilment(writing.merchant_of(call), external_id, call.body, at=call.at)
        return rendering.answer(written[1], written[0], location=writing.location_of("shipments", written))
