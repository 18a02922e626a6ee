"""Shapes of what the API answers, for its documentation. Answers are written by plain functions; a test compares the two."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from integrations.models import Delivery

AMOUNT = "An amount in major units, as text: “42.5”."
KEY = "An id; a text of digits."


class ProblemError(serializers.Serializer[Any]):
    """One place that is not as it should be."""

    detail = serializers.CharField(help_text="What is wrong there, and what would be right.")
    pointer = serializers.CharField(required=False, help_text="The place in the body (RFC 6901).")
    parameter = serializers.CharField(required=False, help_text="The query parameter.")


class Problem(serializers.Serializer[Any]):
    """Why a request was refused (RFC 9457)."""

    type = serializers.CharField(help_text="The code as a URN.")
    title = serializers.CharField(help_text="The code in words.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    code = serializers.CharField(help_text="What programs may rely on.")
    detail = serializers.CharField(help_text="What is wrong, and what would be right.")
    errors = ProblemError(many=True, required=False)  # type: ignore[assignment]


def page_of(shape: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The shape of a page of a list."""
    neighbour = "The cursor of the {} page; null where there is none."
    fields = {
        "__doc__": f"A page of a list of {shape.__name__}.",
        "items": shape(many=True),
        "next": serializers.CharField(allow_null=True, help_text=neighbour.format("next")),
        "previous": serializers.CharField(allow_null=True, help_text=neighbour.format("previous")),
    }
    return type(f"{shape.__name__}Page", (serializers.Serializer,), fields)


class Event(serializers.Serializer[Any]):
    """Something that happened, as it was told. With `fields` only those that were asked for are there."""

    id = serializers.CharField(required=False, help_text=KEY)
    metric = serializers.CharField(required=False, help_text="The metric's key.")
    metric_name = serializers.CharField(required=False, help_text="The metric's name at Klaviyo.")
    occurred_at = serializers.DateTimeField(required=False, help_text="When it happened.")
    recorded_at = serializers.DateTimeField(required=False, help_text="When Tidings learnt of it.")
    customer_id = serializers.CharField(required=False, allow_null=True, help_text="The shopper; null where unknown.")
    order_number = serializers.CharField(required=False, allow_blank=True)
    tracking_number = serializers.CharField(required=False, allow_blank=True)
    unique_id = serializers.CharField(required=False, help_text="By which Klaviyo knows a repeat.")
    value = serializers.CharField(required=False, allow_null=True, help_text=AMOUNT)
    value_currency = serializers.CharField(required=False, allow_blank=True, help_text="ISO 4217.")
    properties = serializers.DictField(required=False, help_text="As they are sent; see `GET /metrics`.")


class Attempt(serializers.Serializer[Any]):
    """One request to the destination that carried the event."""

    started_at = serializers.DateTimeField()
    duration_ms = serializers.IntegerField()
    status = serializers.IntegerField(help_text="The HTTP status; 0 where no answer came.")
    outcome = serializers.CharField()
    is_bulk = serializers.BooleanField()
    error = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True, help_text="The destination's name for the request.")


class DeliveryShape(serializers.Serializer[Any]):
    """The event's way to one connection."""

    id = serializers.CharField(help_text=KEY)
    connection_id = serializers.CharField(help_text=KEY)
    state = serializers.ChoiceField(choices=Delivery.State.choices)
    reason = serializers.ChoiceField(choices=Delivery.Reason.choices, allow_blank=True)
    is_backfill = serializers.BooleanField(help_text="Sent so that it starts no flow.")
    created_at = serializers.DateTimeField()
    not_before = serializers.DateTimeField(help_text="While it is pending: when it is tried next.")
    settled_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    attempts = Attempt(many=True, help_text="Oldest first.")

    class Meta:
        """For the schema."""

        ref_name = "Delivery"


class EventDetail(Event):
    """An event with all that became of it."""

    deliveries = DeliveryShape(many=True)


class Resent(serializers.Serializer[Any]):
    """What was lined up once more."""

    resent = serializers.IntegerField(help_text="How many deliveries.")


class MetricProperty(serializers.Serializer[Any]):
    """A property of an event or of a profile."""

    name = serializers.CharField()
    type = serializers.CharField(help_text="Its type in words.")
    description = serializers.CharField()


class Metric(serializers.Serializer[Any]):
    """A kind of event."""

    number = serializers.IntegerField()
    key = serializers.CharField()
    name = serializers.CharField(help_text="Its name in the merchant's Klaviyo.")
    pack = serializers.CharField()
    is_on = serializers.BooleanField(help_text="Whether it is recorded and sent for the merchant.")
    is_optional = serializers.BooleanField(help_text="Whether it is turned on by itself only, not with its pack.")
    description = serializers.CharField()
    unique_id = serializers.CharField(help_text="What its `unique_id` is made of.")
    properties = MetricProperty(many=True)
    profile_properties = MetricProperty(many=True)


EventPage = page_of(Event)
MetricPage = page_of(Metric)
