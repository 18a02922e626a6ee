"""Returns: their list, a return with its items, and telling of returns."""

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
from returns import stages
from returns.api import bodies, examples, rows, schemas, writing
from returns.models import Return
from tracking.api.orders import of_email
from tracking.api.writing import location_of, merchant_of

WAITING, COMPLETE = "yes", "no"

FILTERS: tuple[Parameter, ...] = (
    parameters.instant("created_after", "Asked for at this instant or later."),
    parameters.instant("created_before", "Asked for before this instant."),
    parameters.text("order_external_id", "Of the order with this id.", example="5001", longest=64),
    parameters.text("order_number", "Of the order with this number, with or without “#”.", example="#1001", longest=60),
    parameters.choice("status", "That stand there.", stages.STATUSES[::-1]),
    parameters.choice("waiting", "Whether they wait for their order or their items.", (WAITING, COMPLETE)),
    parameters.identifier("customer_id", "Of one shopper."),
    parameters.text("email", "Of the shopper with this e-mail address.", example="ada@example.com"),
)
ORDER = parameters.choice(
    "order", "By the time of asking: newest first, or oldest first.", (DESCENDING, ASCENDING), default=DESCENDING
)
LIST = (*FILTERS, ORDER, parameters.CURSOR, parameters.LIMIT, parameters.fields(rows.RETURN_FIELDS))

CONDITIONS: dict[str, Callable[[Merchant, Any], Q]] = {
    "created_after": lambda merchant, at: Q(created_at__gte=at),
    "created_before": lambda merchant, at: Q(created_at__lt=at),
    "order_external_id": lambda merchant, external_id: Q(order_external_id=external_id),
    "order_number": lambda merchant, number: Q(order_number__in=variants(number)),
    "status": lambda merchant, status: Q(status=status),
    "waiting": lambda merchant, waiting: Q(completed_at__isnull=waiting == WAITING),
    "customer_id": lambda merchant, key: Q(customer=key),
    "email": of_email,
}
"""Name of a filter -> what it means."""


class Returns(Endpoint):
    """`/returns`"""

    @operation(
        id="list_returns",
        tag="Returns",
        scope="returns:read",
        summary="List returns",
        parameters=LIST,
        answer=schemas.ReturnPage,
        example={"items": [examples.RETURN], "next": "AAAGRn…", "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Returns by the time at which they were asked for, newest first."""
        values = call.parameters
        wanted = parameters.conditions(CONDITIONS, call.merchant, values)
        found = Return.objects.for_merchant(call.merchant).filter(*wanted)
        page = cursors.page_of_queryset(found, values, name="returns", time="created_at")
        return rendering.answer(page.as_data(lambda row: rows.told_return(row, values["fields"])))

    @operation(
        id="write_return",
        tag="Returns",
        scope="returns:write",
        summary="Tell of a return",
        body=bodies.NewReturn,
        body_example=examples.NEW_RETURN,
        answer=schemas.WrittenReturn,
        example=examples.WRITTEN_RETURN,
        status=201,
        also=(200,),
        problems=("conflict",),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """A new return (201), or what is new of a known one (200). A return is known by its `external_id`, whoever tells of it: a
        repeat is harmless, and nothing is told twice. It may come before its order: then it waits (`waits_for`), and is told of
        when the order comes.
        """
        with transaction.atomic():
            written = writing.told_return(merchant_of(call), call.body, at=call.at)
        return rendering.answer(written[1], written[0], location=location_of("returns", written))


class ReturnsInBulk(Endpoint):
    """`/returns/bulk`"""

    @operation(
        id="write_returns",
        tag="Returns",
        scope="returns:write",
        summary="Tell of many returns",
        body=bulk.Items,
        body_example={"items": [examples.NEW_RETURN]},
        answer=bulk.Results,
        example={"failed": 0, "results": [{"index": 0, "status": 201, "item": examples.WRITTEN_RETURN}]},
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Up to 1,000 returns, each as by itself: one that is refused does not stop the others."""
        merchant = merchant_of(call)
        return bulk.answer(call, bodies.NewReturn, lambda told: writing.told_return(merchant, told, at=call.at))


class ReturnDetail(Endpoint):
    """`/returns/{external_id}`"""

    @operation(
        id="get_return",
        tag="Returns",
        scope="returns:read",
        summary="Get a return",
        answer=schemas.ReturnDetail,
        example=examples.RETURN_DETAIL,
    )
    def get(self, call: Call, external_id: str) -> HttpResponseBase:
        """One return with its items."""
        row = rows.return_of(call.merchant, external_id)
        if row is None:
            raise problems.not_found("return")
        return rendering.answer(rows.whole_return(row))


class ReturnItems(Endpoint):
    """`/returns/{external_id}/items`"""

    @operation(
        id="list_return_items",
        tag="Returns",
        scope="returns:read",
        summary="List the items of a return",
        parameters=(parameters.CURSOR, parameters.LIMIT),
        answer=schemas.ReturnItemPage,
        example={"items": [examples.ITEM], "next": None, "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call, external_id: str) -> HttpResponseBase:
        """Items in the order in which they became known."""
        row = rows.return_of(call.merchant, external_id)
        if row is None:
            raise problems.not_found("return")
        values = {**call.parameters, "order": ASCENDING}
        name = f"items of the return {row.pk}"
        page = cursors.page_of_queryset(rows.items_of(row), values, name=name, time="recorded_at")
        return rendering.answer(page.as_data(lambda each: rows.item(each, row.currency)))

    @operation(
        id="write_return_items",
        tag="Returns",
        scope="returns:write",
        summary="Tell of items of a return",
        body=bodies.NewReturnItems,
        body_example=examples.NEW_ITEMS,
        answer=schemas.WrittenReturn,
        example=examples.WRITTEN_RETURN,
    )
    def post(self, call: Call, external_id: str) -> HttpResponseBase:
        """Items that are new or have changed. An item is told of once; the return itself when its first items are known, so give
        all that are known at once.
        """
        with transaction.atomic():
            status, told = writing.items(merchant_of(call), external_id, call.body, at=call.at)
        return rendering.answer(told, status)
