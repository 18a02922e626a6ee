"""Shoppers: who they are, and bringing them up to date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase

from integrations import customers
from integrations.api import bodies, bulk, cursors, examples, parameters, problems, rendering, schemas
from integrations.api.cursors import ASCENDING, DESCENDING
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.people import Person
from integrations.models import Customer
from integrations.people import PersonInput

NAME = "customers"
NOBODY = {"pointer": "", "detail": "nobody is known by that: give an e-mail address or a phone number"}
TOLD = (
    "email",
    "phone",
    "first_name",
    "last_name",
    "company",
    "consent",
    "updates",
    "status",
    "created_at",
    "account_created_at",
)
FILTERS = (
    parameters.text("email", "With this e-mail address.", example="ada@example.com"),
    parameters.text("phone", "With this phone number, E.164 (write + as %2B).", example="+4930901820", longest=40),
    parameters.text("external_id", "With this id in the shop.", example="5932", longest=64),
)
ORDER = parameters.choice(
    "order",
    "By the time at which they became known: newest first, or oldest first.",
    (DESCENDING, ASCENDING),
    default=DESCENDING,
)


class Customers(Endpoint):
    """`/customers`"""

    @operation(
        id="list_customers",
        tag="Customers",
        scope="customers:read",
        summary="List customers",
        parameters=(*FILTERS, ORDER, parameters.CURSOR, parameters.LIMIT),
        answer=schemas.CustomerPage,
        example={"items": [examples.CUSTOMER], "next": "AAAGRn…", "previous": None},
        problems=("invalid_cursor",),
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Customers, the newest first. `email`, `phone` and `external_id` find one."""
        values = call.parameters
        wanted = {each.name: values[each.name] or "" for each in FILTERS}
        found = customers.matching(call.merchant, **wanted).prefetch_related("external_ids")
        page = cursors.page_of_queryset(found, values, name=NAME, time="created_at")
        return rendering.answer(page.as_data(_told))

    @operation(
        id="write_customer",
        tag="Customers",
        scope="customers:write",
        summary="Write a customer",
        body=Person,
        body_example=examples.PERSON,
        answer=schemas.Customer,
        example=examples.CUSTOMER,
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Make a customer, or bring the one up to date who is known by the e-mail address, else by the shop's id, else by the
        phone number. What is not given stays. A new address moves what was not sent yet.
        """
        status, told = _write(call, call.body)
        return rendering.answer(told, status)


class BulkCustomers(Endpoint):
    """`/customers/bulk`"""

    @operation(
        id="write_customers",
        tag="Customers",
        scope="customers:write",
        summary="Write many customers",
        body=bulk.Items,
        body_example={"items": [examples.PERSON]},
        answer=bulk.Results,
        example={"failed": 0, "results": [{"index": 0, "status": 200, "item": examples.CUSTOMER}]},
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Write up to 1,000 customers, each as by `POST /customers`."""
        return bulk.answer(call, Person, lambda values: _write(call, values))


class CustomerDetail(Endpoint):
    """`/customers/{id}`"""

    @operation(
        id="get_customer",
        tag="Customers",
        scope="customers:read",
        summary="Get a customer",
        answer=schemas.Customer,
        example=examples.CUSTOMER,
    )
    def get(self, call: Call, key: int) -> HttpResponseBase:
        """One customer."""
        row = Customer.objects.for_merchant(call.merchant).filter(pk=key).first()
        if row is None:
            raise problems.not_found("customer")
        return rendering.answer(_told(row))


def _write(call: Call, values: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    with transaction.atomic():
        row = customers.resolve(call.merchant, PersonInput(**values), at=call.at)
    if row is None:
        raise bodies.invalid([NOBODY])
    return 200, _told(row)


def _told(row: Customer) -> dict[str, Any]:
    ids = sorted(each.external_id for each in row.external_ids.all() if each.source == customers.SHOP)
    return {"id": str(row.pk), **{name: getattr(row, name) for name in TOLD}, "external_ids": ids}
