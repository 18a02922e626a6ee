"""Shapes of what is told of returns, for the documentation."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from integrations.api.schemas import AMOUNT, KEY, page_of
from returns import stages
from tracking.api.schemas import ORDER_ID, RECORDED

WAITS_FOR = "What is missing before it can be told of: its `order`, its `items`; null: nothing."


def _optional(**options: Any) -> dict[str, Any]:
    return {"required": False, **options}


def _instant(text: str = "") -> serializers.DateTimeField:
    return serializers.DateTimeField(**_optional(allow_null=True, help_text=text))


def _text(text: str = "") -> serializers.CharField:
    return serializers.CharField(**_optional(allow_blank=True, help_text=text))


def _word(words: tuple[str, ...], text: str = "") -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=words, **_optional(allow_blank=True, help_text=text))


class ReturnItem(serializers.Serializer[Any]):
    """A line of a return."""

    external_id = serializers.CharField()
    line_external_id = serializers.CharField(allow_blank=True, help_text="The line of the order that it comes of.")
    quantity = serializers.IntegerField(help_text="Units that come back.")
    type = _word(stages.TYPES, "What the shopper gets for it; blank: not known.")
    coverage = _word(stages.COVERAGES, "Blank: the return's.")
    sku = serializers.CharField(allow_blank=True)
    product_name = serializers.CharField(allow_blank=True)
    variant_name = serializers.CharField(allow_blank=True)
    new_sku = serializers.CharField(allow_blank=True, help_text="Of what an exchange gives for it.")
    new_product_name = serializers.CharField(allow_blank=True)
    new_variant_name = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_null=True, help_text=AMOUNT)
    recorded_at = serializers.DateTimeField(help_text="When Tidings learnt of it.")


class Return(serializers.Serializer[Any]):
    """A return. With `fields` only those that were asked for are there."""

    external_id = serializers.CharField(required=False, help_text="The id of the return.")
    order_external_id = _text(ORDER_ID)
    order_number = _text("Blank while the order is not known.")
    waits_for = serializers.ChoiceField(choices=["order", "items"], **_optional(allow_null=True, help_text=WAITS_FOR))
    customer_id = serializers.CharField(**_optional(allow_null=True, help_text="The shopper; null where unknown."))
    status = serializers.ChoiceField(choices=stages.STATUSES[::-1], required=False)
    coverage = _word(stages.COVERAGES)
    delivery = _word(stages.DELIVERIES, "`none`: the shopper keeps it; blank: not known.")
    new_order_number = _text("The name of the order that an exchange made.")
    currency = _text("ISO 4217.")
    value = serializers.CharField(
        **_optional(allow_null=True, help_text=f"What its source says that all of it is worth. {AMOUNT}")
    )
    created_at = serializers.DateTimeField(**_optional(help_text="When the shopper asked for it."))
    approved_at = _instant()
    in_transit_at = _instant()
    received_at = _instant()
    refunded_at = _instant()
    closed_at = _instant()
    expired_at = _instant()
    declined_at = _instant()
    cancelled_at = _instant()
    expires_at = _instant("Until when it may be sent.")
    updated_at = serializers.DateTimeField(**_optional(help_text="How new the newest word about it is."))
    recorded_at = serializers.DateTimeField(**_optional(help_text="When Tidings learnt of it."))


class WrittenReturn(Return):
    """A return as it stands after what was told."""

    event_ids = serializers.ListField(child=serializers.CharField(help_text=KEY), help_text=RECORDED)


class ReturnDetail(Return):
    """A return with its items."""

    items = ReturnItem(many=True)


ReturnPage = page_of(Return)
ReturnItemPage = page_of(ReturnItem)
