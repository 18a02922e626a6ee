"""What clients tell of returns, and the inputs that it becomes: the same as every other source's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rest_framework import serializers

from integrations.api.bodies import Body, Choice, Text
from integrations.api.people import Person
from integrations.people import NOBODY, PersonInput
from returns import stages
from returns.inputs import ItemInput, ReturnInput
from tracking.api.bodies import ABSENT, MOST_UNITS, UNKNOWN, UPDATED_AT, refuse_repeated
from tracking.api.fields import Amount, Currency, ExternalId, Instant, Whole

MOST_ITEMS = 1_000


class NewReturnItem(Body):
    """A line of a return. What is not given stays, or is taken from the line of the order that it comes of."""

    external_id = ExternalId(help_text="Your id of the item, once in the return: by it a repeat is known.")
    line_external_id = ExternalId(**UNKNOWN, help_text="The line of the order that it comes of.")
    quantity = Whole(
        min_value=0, max_value=MOST_UNITS, **ABSENT, help_text="Units that come back; 1, if it is a new item."
    )
    type = Choice(choices=stages.TYPES, **UNKNOWN, help_text="What the shopper gets for it.")
    coverage = Choice(choices=stages.COVERAGES, **UNKNOWN, help_text="The return's, if not given.")
    sku = Text(max_length=120, **UNKNOWN)
    product_name = Text(max_length=255, **UNKNOWN)
    variant_name = Text(max_length=255, **UNKNOWN)
    new_sku = Text(max_length=120, **UNKNOWN, help_text="Of what an exchange gives for it.")
    new_product_name = Text(max_length=255, **UNKNOWN)
    new_variant_name = Text(max_length=255, **UNKNOWN)
    value = Amount(**ABSENT, help_text="What its units are worth together; by the order's price, if not given.")


def _items(**options: Any) -> serializers.ListSerializer[Any]:
    return serializers.ListSerializer(child=NewReturnItem(), max_length=MOST_ITEMS, **options)


class NewReturnItems(Body):
    """Items of a return. They are kept together or not at all."""

    items = _items(min_length=1)

    def validate_items(self, items: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Each item is there once."""
        refuse_repeated([item["external_id"] for item in items], "external_id")
        return items


class NewReturn(Body):
    """A return as it is now. What is not given stays as it is, items that are not among `items` too."""

    external_id = ExternalId(help_text="The id of the return: by it a return is known, whoever tells of it.")
    order_external_id = ExternalId(help_text="The order's id in the shop. A return may come before its order.")
    created_at = Instant(help_text="When the shopper asked for it. What was told first stays.")
    updated_at = Instant(**ABSENT, help_text=UPDATED_AT)
    customer = Person(**ABSENT, help_text="Who returns, where the order has no shopper.")
    coverage = Choice(choices=stages.COVERAGES, **UNKNOWN, help_text="Whether somebody else pays for the return.")
    delivery = Choice(choices=stages.DELIVERIES, **UNKNOWN, help_text="`none`: the shopper keeps it.")
    new_order_number = Text(max_length=60, **UNKNOWN, help_text="The name of the order that an exchange made.")
    currency = Currency(**UNKNOWN, help_text="The order's, if not given.")
    value = Amount(**ABSENT, help_text="What all of it is worth; the sum of its items, if not given.")
    expires_at = Instant(**ABSENT, help_text="Until when it may be sent.")
    approved_at = Instant(**ABSENT, help_text="Each status is reached once: what was told first stays.")
    in_transit_at = Instant(**ABSENT)
    received_at = Instant(**ABSENT)
    refunded_at = Instant(**ABSENT)
    closed_at = Instant(**ABSENT)
    expired_at = Instant(**ABSENT)
    declined_at = Instant(**ABSENT)
    cancelled_at = Instant(**ABSENT)
    items = _items(default=(), help_text="Those that are new or have changed.")

    def validate_items(self, items: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Each item is there once."""
        refuse_repeated([item["external_id"] for item in items], "external_id")
        return items


def return_input(told: Mapping[str, Any], *, at: datetime) -> ReturnInput:
    """A return as `NewReturn` tells it; `at` is now."""
    reached = {status: told[f"{status}_at"] for status in stages.REACHABLE if told[f"{status}_at"]}
    names = ("coverage", "delivery", "new_order_number", "currency", "value", "expires_at")
    return ReturnInput(
        external_id=told["external_id"],
        order_external_id=told["order_external_id"],
        created_at=told["created_at"],
        updated_at=told["updated_at"] or at,
        person=PersonInput(**told["customer"]) if told["customer"] else NOBODY,
        reached=reached,
        items=tuple(item_input(item) for item in told["items"]),
        **{name: told[name] for name in names},
    )


def item_input(told: Mapping[str, Any]) -> ItemInput:
    """An item as `NewReturnItem` tells it."""
    return ItemInput(**told)
