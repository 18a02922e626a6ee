"""Accounts that shoppers make in the shop, as a client tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase
from rest_framework import serializers

from integrations.api import bodies, rendering
from integrations.api.activity import require_past
from integrations.api.bodies import Body, Text
from integrations.api.customers import NOBODY
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.people import Person
from integrations.people import PersonInput
from tracking import services
from tracking.api import examples, schemas, writing
from tracking.api.fields import Instant
from tracking.inputs import AccountInput


class NewAccount(Body):
    """A shopper made an account in the shop."""

    customer = Person(help_text="Whose it is. `external_id` is the account's id.")
    occurred_at = Instant(help_text="When it was made.")
    # A serializer has a `source` of its own; a declared field is taken out before it could replace it.
    source = Text(max_length=80, default="api", help_text="Where it was made, as Klaviyo shows it.")  # type: ignore[assignment]

    def validate_customer(self, customer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The account has an id."""
        if "external_id" not in customer:
            raise serializers.ValidationError({"external_id": "must be the shop's own id of the account"})
        return customer


class CustomerAccounts(Endpoint):
    """`/customer-accounts`"""

    @operation(
        id="create_customer_account",
        tag="Customers",
        scope="customers:write",
        summary="Tell of a customer's account",
        body=NewAccount,
        body_example=examples.NEW_ACCOUNT,
        answer=schemas.CustomerAccount,
        example=examples.CUSTOMER_ACCOUNT,
        status=201,
        also=(200,),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """A shopper made an account in the shop (201). A customer has one account, whoever tells of it: what was told first
        stays, and a repeat is harmless (200).
        """
        said = call.body
        require_past(call, said["occurred_at"])
        account = AccountInput(PersonInput(**said["customer"]), said["occurred_at"], said["source"])
        with transaction.atomic():
            handled = services.open_account(merchant=writing.merchant_of(call), account=account, at=call.at)
        if handled.customer_id is None:
            raise bodies.invalid([NOBODY | {"pointer": bodies.pointer("customer")}])
        told = {"customer_id": str(handled.customer_id), "event_ids": [str(key) for key in handled.event_ids]}
        return rendering.answer(told, 201 if handled.is_new else 200)
