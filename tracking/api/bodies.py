"""What clients tell of orders, parcels and scans, and the inputs that it becomes: the same as every other source's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rest_framework import serializers

from integrations.api.bodies import Body, Choice, Flag, Text
from integrations.api.people import Person
from integrations.people import NOBODY, PersonInput
from tracking import statuses
from tracking.api.fields import Amount, Country, Currency, Day, ExternalId, Instant, Link, Locale, Whole
from tracking.inputs import FulfillmentInput, LineInput, OrderInput, ParcelInput, ScanInput

MOST_LINES, MOST_SCANS, MOST_UNITS, MOST_CATEGORIES = 1_000, 1_000, 1_000_000, 20
UNKNOWN: dict[str, Any] = {"allow_blank": True, "default": ""}
"""Options of a text that need not be known."""

ABSENT: dict[str, Any] = {"allow_null": True, "default": None}
"""Options of any other value that need not be known."""

UPDATED_AT = "How new this is: what is older than what is known changes nothing of it. Now, if not given."


class NewLine(Body):
    """A line of an order."""

    external_id = ExternalId(help_text="Your id of the line, once in the order; shipments name it.")
    product_name = Text(max_length=255)
    variant_name = Text(max_length=255, **UNKNOWN)
    sku = Text(max_length=120, **UNKNOWN)
    product_id = Text(max_length=64, **UNKNOWN)
    variant_id = Text(max_length=64, **UNKNOWN)
    quantity = Whole(min_value=0, max_value=MOST_UNITS, help_text="Units that are still ordered.")
    ordered = Whole(
        min_value=0,
        max_value=MOST_UNITS,
        **ABSENT,
        help_text="Units that were ordered first; as many as `quantity`, if not given.",
    )
    price = Amount(**ABSENT, help_text="Of one unit.")
    requires_shipping = Flag(default=True)
    image_url = Link(**UNKNOWN)
    product_url = Link(**UNKNOWN)
    categories: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=Text(max_length=120), max_length=MOST_CATEGORIES, **ABSENT, help_text="Those that the product is in."
    )


class NewOrder(Body):
    """A whole order, as it is now. What is not given is not known, but for the customer and `net_value`, which stay."""

    external_id = ExternalId(help_text="The id of the order in the shop: by it an order is known, whoever tells of it.")
    number = Text(max_length=60, help_text="What the shopper knows it by: “#1001”.")
    placed_at = Instant()
    updated_at = Instant(**ABSENT, help_text=UPDATED_AT)
    customer = Person(**ABSENT, help_text="Who ordered.")
    currency = Currency(**UNKNOWN)
    total = Amount(**ABSENT)
    net_value = Amount(
        **ABSENT, help_text="What its goods cost after discounts, without shipping: what loyalty points are earned by."
    )
    net_refunded = Amount(**ABSENT, help_text="What of `net_value` was refunded since, in all; none, if not given.")
    is_test = Flag(default=False, help_text="A test order is kept and builds no events.")
    is_billed = Flag(default=False, help_text="Nothing stands against working on it: it is paid, authorised or free.")
    billed_at = Instant(**ABSENT, help_text="When its billing succeeded. What was told first stays.")
    completed_at = Instant(**ABSENT, help_text="When it was marked completed. What was told first stays.")
    scheduled_on = Day(**ABSENT, help_text="The day of delivery by the shopper's schedule.")
    cancelled_at = Instant(**ABSENT)
    cancel_reason = Text(max_length=60, **UNKNOWN)
    status_url = Link(**UNKNOWN, help_text="The shop's page of the order.")
    destination_country = Country(**UNKNOWN)
    locale = Locale(
        **UNKNOWN, help_text="The language that the shopper ordered in, and reads the tracking page in: “de”, “en-CA”."
    )
    lines: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=NewLine(), max_length=MOST_LINES, help_text="All lines; what is not among them is not ordered any more."
    )

    def validate_lines(self, lines: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Each line has an id of its own."""
        refuse_repeated([line["external_id"] for line in lines], "external_id")
        return lines

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """No more is refunded than was paid."""
        paid, refunded = attrs["net_value"], attrs["net_refunded"]
        if refunded is not None and (paid is None or refunded > paid):
            raise serializers.ValidationError({"net_refunded": "must come with net_value, and not be more than it"})
        return attrs


class Cancellation(Body):
    """That an order is cancelled."""

    cancelled_at = Instant(**ABSENT, help_text="Now, if not given.")
    cancel_reason = Text(max_length=60, **UNKNOWN)


class Billing(Body):
    """That nothing stands against working on an order: it is paid, authorised or free."""

    billed_at = Instant(**ABSENT, help_text="Now, if not given.")


class Completion(Body):
    """That an order is marked completed: with its billing it is fulfilled, and is to be shipped."""

    completed_at = Instant(**ABSENT, help_text="Now, if not given.")


class NewItem(Body):
    """What is in a parcel, of one line of its order."""

    line_external_id = ExternalId()
    quantity = Whole(min_value=1, max_value=MOST_UNITS)


class Fulfilment(Body):
    """A parcel that leaves."""

    external_id = ExternalId(help_text="Your id of the shipment: by it a repeat is known.")
    shipped_at = Instant(**ABSENT, help_text="Now, if not given. What was told first stays.")
    updated_at = Instant(**ABSENT, help_text=UPDATED_AT)
    tracking_number = Text(max_length=80, **UNKNOWN)
    carrier = Text(max_length=60, **UNKNOWN)
    service_level = Text(max_length=80, **UNKNOWN)
    carrier_url = Link(**UNKNOWN, help_text="The carrier's page of the parcel.")
    destination_country = Country(**UNKNOWN, help_text="The order's, if not given.")
    is_cancelled = Flag(default=False, help_text="It does not leave after all.")
    items: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=NewItem(),
        max_length=MOST_LINES,
        default=(),
        help_text="What is in it; none: all that is left of the order.",
    )

    def validate_items(self, items: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Each line is named once."""
        refuse_repeated([item["line_external_id"] for item in items], "line_external_id")
        return items


class NewShipment(Fulfilment):
    """A parcel of an order."""

    order_external_id = ExternalId()


class NewScan(Body):
    """What happened to a parcel on its way. A scan is its content: the same one again changes nothing."""

    status = Choice(choices=statuses.ALL)
    occurred_at = Instant()
    substatus = Text(
        max_length=60,
        **UNKNOWN,
        help_text="A detail. Acted on: `delivery_attempted` of a `failure`, `arriving_early`, `delayed`, `weather_delay`.",
    )
    message = Text(max_length=300, **UNKNOWN, help_text="In words.")
    city = Text(max_length=80, **UNKNOWN)
    province = Text(max_length=80, **UNKNOWN)
    country = Country(**UNKNOWN)
    postal_code = Text(max_length=20, **UNKNOWN)
    expected_on = Day(**ABSENT, help_text="The day of delivery that was told with it.")


class NewScans(Body):
    """One scan or many of a parcel. They are kept together or not at all."""

    scans: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=NewScan(), min_length=1, max_length=MOST_SCANS
    )


def order_input(told: Mapping[str, Any], *, at: datetime) -> OrderInput:
    """An order as `NewOrder` tells it; `at` is now."""
    return OrderInput(
        external_id=told["external_id"],
        number=told["number"],
        created_at=told["placed_at"],
        updated_at=told["updated_at"] or at,
        person=PersonInput(**told["customer"]) if told["customer"] else NOBODY,
        currency=told["currency"],
        total=told["total"],
        net_value=told["net_value"],
        net_refunded=told["net_refunded"],
        is_test=told["is_test"],
        is_paid=told["is_billed"] or told["total"] == 0,
        billed_at=told["billed_at"],
        completed_at=told["completed_at"],
        scheduled_on=told["scheduled_on"],
        cancelled_at=told["cancelled_at"],
        cancel_reason=told["cancel_reason"],
        status_url=told["status_url"],
        destination_country=told["destination_country"],
        locale=told["locale"],
        lines=tuple(_line(line) for line in told["lines"]),
    )


def fulfillment_input(told: Mapping[str, Any], *, order_external_id: str, at: datetime) -> FulfillmentInput:
    """A parcel as `Fulfilment` tells it, as the fulfilment that it is all of; `at` is now."""
    return FulfillmentInput(
        external_id=told["external_id"],
        order_external_id=order_external_id,
        created_at=told["shipped_at"] or at,
        updated_at=told["updated_at"] or at,
        state="cancelled" if told["is_cancelled"] else "open",
        carrier=told["carrier"],
        service_level=told["service_level"],
        parcels=(ParcelInput(told["tracking_number"], told["carrier_url"]),),
        items=tuple((item["line_external_id"], item["quantity"]) for item in told["items"]),
        destination_country=told["destination_country"],
    )


def scan_input(told: Mapping[str, Any]) -> ScanInput:
    """A scan as `NewScan` tells it."""
    values = {name: value for name, value in told.items() if name != "expected_on"}
    is_attempt = told["substatus"] == statuses.DELIVERY_ATTEMPTED
    return ScanInput(**values, attempt=is_attempt, estimate=told["expected_on"])


def _line(told: Mapping[str, Any]) -> LineInput:
    ordered = told["quantity"] if told["ordered"] is None else told["ordered"]
    categories = None if told["categories"] is None else tuple(told["categories"])
    return LineInput(**{**told, "ordered": ordered, "categories": categories})


def refuse_repeated(ids: Sequence[str], name: str) -> None:
    """Raises DRF's `ValidationError` that names each place where an id is repeated."""
    repeated = [each in ids[:number] for number, each in enumerate(ids)]
    if any(repeated):
        complaint = {name: ["must be there once"]}
        raise serializers.ValidationError([complaint if is_repeated else {} for is_repeated in repeated])
