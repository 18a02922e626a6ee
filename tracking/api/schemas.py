"""Shapes of what is told of orders, shipments and of when something stalls, for the documentation."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from integrations.api.schemas import AMOUNT, KEY, page_of
from tracking import statuses
from tracking.api.policy_bodies import Override
from tracking.models import STATUSES, Problem

ORDER_ID = "The merchant's own id of the order."
RECORDED = "The events that were recorded of it now."


def _optional(**options: Any) -> dict[str, Any]:
    return {"required": False, **options}


def _instant(text: str = "", **options: Any) -> serializers.DateTimeField:
    return serializers.DateTimeField(**_optional(allow_null=True, help_text=text, **options))


def _text(text: str = "") -> serializers.CharField:
    return serializers.CharField(**_optional(allow_blank=True, help_text=text))


class Order(serializers.Serializer[Any]):
    """An order. With `fields` only those that were asked for are there."""

    external_id = serializers.CharField(required=False, help_text=ORDER_ID)
    number = serializers.CharField(required=False, help_text="What the shopper knows it by.")
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    customer_id = serializers.CharField(**_optional(allow_null=True, help_text="The shopper; null where unknown."))
    currency = _text("ISO 4217.")
    total = serializers.CharField(**_optional(allow_null=True, help_text=AMOUNT))
    net_value = serializers.CharField(
        **_optional(
            allow_null=True, help_text="What its goods cost after discounts, without shipping; null: not known."
        )
    )
    net_refunded = serializers.CharField(**_optional(allow_null=True, help_text="What of it was refunded since."))
    is_test = serializers.BooleanField(**_optional(help_text="It is kept and builds no events."))
    status_url = _text("The shop's page of the order.")
    destination_country = _text("ISO 3166-1 alpha-2.")
    locale = _text("The language that the shopper ordered in; blank: not known.")
    tracking_page_url = serializers.CharField(
        **_optional(
            allow_null=True,
            help_text="The shopper's page: who has the address may see it. null: there is none, or it was taken back.",
        )
    )
    placed_at = serializers.DateTimeField(required=False)
    processing_at = _instant("Since when nothing stands against working on it.")
    billed_at = _instant("When its billing succeeded.")
    completed_at = _instant("When it was marked completed.")
    scheduled_on = serializers.DateField(
        **_optional(allow_null=True, help_text="The day of delivery by the shopper's schedule.")
    )
    shipped_at = _instant("When the first parcel left.")
    delivered_at = _instant("When every parcel had arrived, and nothing was left to be shipped.")
    cancelled_at = _instant()
    cancel_reason = _text()
    stalls_at = _instant("When it stalls if nothing happens; null where nothing is waited for.")
    stalled_at = _instant("When it stalled; stays.")
    updated_at = serializers.DateTimeField(**_optional(help_text="How new the newest word about it is."))
    recorded_at = serializers.DateTimeField(**_optional(help_text="When Tidings learnt of it."))


class WrittenOrder(Order):
    """An order as it stands after what was told."""

    event_ids = serializers.ListField(child=serializers.CharField(help_text=KEY), help_text=RECORDED)


class OrderLine(serializers.Serializer[Any]):
    """A line of an order."""

    external_id = serializers.CharField()
    product_name = serializers.CharField(allow_blank=True)
    variant_name = serializers.CharField(allow_blank=True)
    sku = serializers.CharField(allow_blank=True)
    product_id = serializers.CharField(allow_blank=True)
    variant_id = serializers.CharField(allow_blank=True)
    quantity = serializers.IntegerField(help_text="Units that are still ordered.")
    ordered = serializers.IntegerField(help_text="Units that were ordered first.")
    price = serializers.CharField(allow_null=True, help_text=AMOUNT)
    requires_shipping = serializers.BooleanField()
    image_url = serializers.CharField(allow_blank=True)
    product_url = serializers.CharField(allow_blank=True)
    categories = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Those that the product is in; null: not known."
    )


class Item(serializers.Serializer[Any]):
    """What is in a parcel, of one line of its order."""

    line_external_id = serializers.CharField()
    quantity = serializers.IntegerField()


class Issue(serializers.Serializer[Any]):
    """A problem of an order, or of a parcel."""

    shipment_external_id = serializers.CharField(allow_null=True, help_text="The parcel; null: the order itself.")
    problem = serializers.ChoiceField(choices=Problem.choices)
    occurred_at = serializers.DateTimeField(help_text="When it arose.")
    recorded_at = serializers.DateTimeField()
    still_since = serializers.DateTimeField(allow_null=True, help_text="Since when nothing had happened.")
    window_hours = serializers.IntegerField(allow_null=True, help_text="The hours that were granted.")
    resolved_at = serializers.DateTimeField(allow_null=True, help_text="When it moved again.")


class Shipment(serializers.Serializer[Any]):
    """A parcel of an order. With `fields` only those that were asked for are there."""

    external_id = serializers.CharField(required=False, help_text="The merchant's own id of the shipment.")
    order_external_id = serializers.CharField(required=False, help_text=ORDER_ID)
    order_number = serializers.CharField(required=False)
    tracking_number = _text()
    carrier = _text()
    service_level = _text()
    carrier_url = _text("The carrier's page of the parcel.")
    destination_country = _text("ISO 3166-1 alpha-2; the order's, where it is blank.")
    items = Item(many=True, required=False, help_text="What is in it; none: not known, or told of another parcel.")
    status = serializers.ChoiceField(choices=statuses.ALL, required=False)
    substatus = _text()
    status_message = _text()
    status_at = serializers.DateTimeField(required=False)
    shipped_at = serializers.DateTimeField(required=False)
    delivered_at = _instant()
    promised_on = serializers.DateField(**_optional(allow_null=True, help_text="The day that was promised first."))
    expected_on = serializers.DateField(**_optional(allow_null=True, help_text="The newest one."))
    last_scan_at = _instant()
    stalls_at = _instant("When it stalls if nothing is heard of it; null where nothing is waited for.")
    stalled_at = _instant("When it stalled; stays.")
    delays_at = _instant("When it counts as delayed if it has not arrived.")
    delayed_at = _instant("When it was known to come late; stays.")
    early_at = _instant("When it was known to come early; stays.")
    updated_at = serializers.DateTimeField(**_optional(help_text="How new the newest word about it is."))
    recorded_at = serializers.DateTimeField(**_optional(help_text="When Tidings learnt of it."))


class WrittenShipment(Shipment):
    """A shipment as it stands after what was told."""

    event_ids = serializers.ListField(child=serializers.CharField(help_text=KEY), help_text=RECORDED)


class Scan(serializers.Serializer[Any]):
    """What happened to a parcel on its way."""

    status = serializers.ChoiceField(choices=statuses.ALL)
    substatus = serializers.CharField(allow_blank=True)
    raw_status = serializers.CharField(allow_blank=True, help_text="The carrier's own word.")
    message = serializers.CharField(allow_blank=True)
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    city = serializers.CharField(allow_blank=True)
    province = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)
    postal_code = serializers.CharField(allow_blank=True)
    is_attempt = serializers.BooleanField(help_text="A delivery was tried in vain.")
    is_transition = serializers.BooleanField(help_text="It moved the parcel's status on.")


class OrderDetail(Order):
    """An order with all that belongs to it."""

    stalled_policy_version = serializers.IntegerField(help_text="The version of the settings by which it is judged.")
    lines = OrderLine(many=True)
    shipments = Shipment(many=True)
    issues = Issue(many=True)


class ShipmentDetail(Shipment):
    """A shipment with all that belongs to it."""

    scans = Scan(many=True, help_text="Oldest first.")
    issues = Issue(many=True)


OrderPage = page_of(Order)
ShipmentPage = page_of(Shipment)


class StalledPolicy(serializers.Serializer[Any]):
    """One version of the settings that say when something stalls, is late or early; null: never."""

    version = serializers.IntegerField(help_text="0: the defaults.")
    created_at = serializers.DateTimeField(allow_null=True)
    changes = serializers.ListField(child=serializers.CharField(), help_text="What is new in it, for people.")
    hours_until_fulfillment = serializers.IntegerField(allow_null=True)
    hours_before_pickup = serializers.IntegerField(allow_null=True)
    hours_in_transit = serializers.IntegerField(allow_null=True)
    days_until_delayed = serializers.IntegerField(allow_null=True)
    days_early = serializers.IntegerField(allow_null=True)
    excluded_weekdays = serializers.ListField(child=serializers.IntegerField(), help_text="0 is Monday.")
    home_country = serializers.CharField(allow_blank=True)
    holiday_country = serializers.CharField(allow_blank=True)
    holiday_region = serializers.CharField(allow_blank=True)
    own_dates = serializers.ListField(child=serializers.DateField())
    overrides = Override(many=True)
    problems_off = serializers.ListField(child=serializers.ChoiceField(choices=Problem.choices))
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What is allowed and probably not meant.")


class Bar(serializers.Serializer[Any]):
    """One bar of a picture."""

    label = serializers.CharField()  # type: ignore[assignment]
    count = serializers.IntegerField(help_text="How many it holds; of a weekday or a carrier, how many are flagged.")
    flagged = serializers.IntegerField(help_text="How many of them these settings would have flagged.")
    today = serializers.IntegerField(help_text="How many the settings of today would have flagged.")


class PreviewPart(serializers.Serializer[Any]):
    """Orders or parcels."""

    count = serializers.IntegerField(help_text="How many there were.")
    flagged = serializers.IntegerField(help_text="How many of them these settings would have flagged.")
    today = serializers.IntegerField(help_text="How many the settings of today would have flagged.")
    limits = serializers.DictField(
        child=serializers.IntegerField(), help_text="What each limit is called, and its hours."
    )
    hours_of_a_bar = serializers.IntegerField(help_text="How wide the bars of `hours` are, in hours that count.")
    hours = Bar(many=True, help_text="By how long they stood still.")
    weekdays = Bar(many=True, help_text="By the weekday on which they were flagged.")
    carriers = Bar(many=True, help_text="By the carrier; of orders none.")


class Preview(serializers.Serializer[Any]):
    """What some settings would have flagged of the last days, beside those of today."""

    days = serializers.IntegerField()
    start = serializers.DateTimeField()
    at = serializers.DateTimeField(help_text="Now.")
    orders = PreviewPart()
    parcels = PreviewPart()
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What is allowed and probably not meant.")


class CustomerAccount(serializers.Serializer[Any]):
    """What came of a word about an account."""

    customer_id = serializers.CharField(help_text=KEY)
    event_ids = serializers.ListField(child=serializers.CharField(help_text=KEY), help_text=RECORDED)


class WishlistItem(serializers.Serializer[Any]):
    """A product on a shopper's wish list."""

    id = serializers.CharField(help_text=KEY)
    customer_id = serializers.CharField(help_text=KEY)
    product_id = serializers.CharField(allow_blank=True)
    variant_id = serializers.CharField(allow_blank=True)
    sku = serializers.CharField(allow_blank=True)
    product_name = serializers.CharField()
    variant_name = serializers.CharField(allow_blank=True)
    image_url = serializers.CharField(allow_blank=True)
    product_url = serializers.CharField(allow_blank=True)
    order_number = serializers.CharField(allow_blank=True, help_text="Of the order on whose page it was found.")
    added_at = serializers.DateTimeField(help_text="When the shopper put it there.")
    recorded_at = serializers.DateTimeField(help_text="When Tidings learnt of it.")


class WrittenWishlistItem(WishlistItem):
    """A product on a wish list, after what was told."""

    event_ids = serializers.ListField(child=serializers.CharField(help_text=KEY), help_text=RECORDED)


WishlistItemPage = page_of(WishlistItem)
