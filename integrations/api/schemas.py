"""Shapes of what the API answers, for its documentation. Answers are written by plain functions; a test compares the two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from integrations import privacy, timeline
from integrations.models import Connection, Delivery, Replay
from integrations.models import Customer as CustomerRow
from integrations.models import Suppression as SuppressionRow

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
    description = serializers.CharField(allow_blank=True)
    is_required = serializers.BooleanField(required=False, help_text="Of a custom metric: whether each event has it.")


class MetricExample(serializers.Serializer[Any]):
    """A plausible event of a metric."""

    unique_id = serializers.CharField()
    value = serializers.CharField(allow_null=True, help_text=AMOUNT)
    value_currency = serializers.CharField(allow_blank=True, help_text="ISO 4217.")
    properties = serializers.DictField()


class Metric(serializers.Serializer[Any]):
    """A kind of event."""

    number = serializers.IntegerField(allow_null=True, help_text="Its place in the catalogue; null for a custom one.")
    key = serializers.CharField()
    name = serializers.CharField(help_text="Its name in the merchant's Klaviyo.")
    pack = serializers.CharField(help_text="`custom` for those that the merchant declared.")
    is_on = serializers.BooleanField(help_text="Whether it is recorded and sent for the merchant.")
    is_optional = serializers.BooleanField(help_text="Whether it is turned on by itself only, not with its pack.")
    description = serializers.CharField(allow_blank=True)
    unique_id = serializers.CharField(help_text="What its `unique_id` is made of.")
    properties = MetricProperty(many=True)
    profile_properties = MetricProperty(many=True)
    schema = serializers.DictField(help_text="JSON Schema (draft 2020-12) of the properties; it is open.")
    example = MetricExample()


class Suppression(serializers.Serializer[Any]):
    """An e-mail address that is not to be mailed."""

    email = serializers.CharField()
    customer_id = serializers.CharField(allow_null=True, help_text="The shopper; null where unknown.")
    reason = serializers.ChoiceField(choices=SuppressionRow.Reason.choices)
    suppressed_at = serializers.DateTimeField(help_text="When it was found that nobody is to mail them.")
    lifted_at = serializers.DateTimeField(allow_null=True, help_text="When the shopper consented anew; null: it holds.")
    seen_at = serializers.DateTimeField(allow_null=True, help_text="When it was last seen suppressed at Klaviyo.")
    missing_since = serializers.DateTimeField(
        allow_null=True, help_text="Since when it is not suppressed at Klaviyo, although it was asked for."
    )


class Customer(serializers.Serializer[Any]):
    """A shopper."""

    id = serializers.CharField(help_text=KEY)
    email = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True, help_text="E.164.")
    first_name = serializers.CharField(allow_blank=True)
    last_name = serializers.CharField(allow_blank=True)
    company = serializers.CharField(allow_blank=True)
    external_ids = serializers.ListField(child=serializers.CharField(), help_text="The shop's own ids.")
    consent = serializers.DictField(
        help_text="Channel -> `state` and `at`, as last told, and `opted_out_at`, when they last opted out."
    )
    updates = serializers.DictField(
        help_text="Channel -> since when they want to hear of their orders: no consent to marketing."
    )
    status = serializers.ChoiceField(choices=CustomerRow.Status.choices)
    created_at = serializers.DateTimeField(help_text="When the shopper became known.")
    account_created_at = serializers.DateTimeField(
        allow_null=True, help_text="When they made an account in the shop; null: none is known."
    )


class Activity(serializers.Serializer[Any]):
    """What was made of an entry."""

    kind = serializers.CharField()
    customer_id = serializers.CharField(help_text=KEY)
    note = serializers.CharField(help_text="For people.")


class Subscription(serializers.Serializer[Any]):
    """What came of a sign-up."""

    customer_id = serializers.CharField(help_text=KEY)
    consent_id = serializers.CharField(
        allow_null=True, help_text="The record of the consent; null where none was given."
    )
    subscribed = serializers.ListField(child=serializers.CharField(), help_text="Channels that Klaviyo is told of.")
    opted_out = serializers.ListField(
        child=serializers.CharField(), help_text="Channels that the shopper left later than they consented."
    )


class OptOut(serializers.Serializer[Any]):
    """What came of an opt-out."""

    customer_id = serializers.CharField(help_text=KEY)
    notes = serializers.ListField(child=serializers.CharField(), help_text="A line for each channel, for people.")


class Erasure(serializers.Serializer[Any]):
    """That a customer was erased."""

    customer_id = serializers.CharField(help_text=KEY)
    erased_at = serializers.DateTimeField(allow_null=True, help_text="Null where that was before records were kept.")
    is_passed_on = serializers.BooleanField(help_text="Whether Klaviyo was asked to delete the profile.")
    emptied = serializers.DictField(child=serializers.IntegerField(), help_text="How many rows were emptied, by kind.")


def customer_data(sections: Sequence[str]) -> dict[str, Any]:
    """The shape of all data of a customer: these sections, and one of each thing that apps hold."""
    rows = {"type": "array", "items": {"type": "object", "additionalProperties": True}}
    head: dict[str, Any] = {
        "made_at": {"type": "string", "format": "date-time"},
        "merchant": {"type": "string"},
        "customer": {"type": "object", "additionalProperties": True},
    }
    named = head | dict.fromkeys((*sections, *(each.name for each in privacy.holdings())), rows)
    return {"type": "object", "properties": named, "required": list(named), "additionalProperties": False}


class Concern(serializers.Serializer[Any]):
    """Something that is wrong."""

    text = serializers.CharField()
    is_urgent = serializers.BooleanField(help_text="Whether a person must help.")
    advice = serializers.CharField(help_text="What to do.")


class ToDo(serializers.Serializer[Any]):
    """Something that is still to be done on the way to going live."""

    text = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)


class ConnectionShape(serializers.Serializer[Any]):
    """How the merchant's account at Klaviyo fares. Counts stop at 10,000."""

    id = serializers.CharField(help_text=KEY)
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=Connection.State.choices)
    state_detail = serializers.CharField(allow_blank=True)
    state_since = serializers.DateTimeField()
    account_id = serializers.CharField(allow_blank=True)
    account_name = serializers.CharField(allow_blank=True)
    missing_scopes = serializers.ListField(child=serializers.CharField())
    checked_at = serializers.DateTimeField(allow_null=True, help_text="When the key was last tried.")
    launch_at = serializers.DateTimeField()
    launched_at = serializers.DateTimeField(allow_null=True)
    backfill_days = serializers.IntegerField(help_text="Days before the launch that are sent as history.")
    freshness_hours = serializers.IntegerField(help_text="What is older when it is sent starts no flow.")
    last_received_at = serializers.DateTimeField(allow_null=True, help_text="When a source was last heard from.")
    last_accepted_at = serializers.DateTimeField(allow_null=True, help_text="When Klaviyo last accepted an event.")
    waiting = serializers.IntegerField(help_text="Deliveries that are to be sent.")
    held = serializers.IntegerField(help_text="Deliveries that wait for the launch or for a shopper's address.")
    failed = serializers.IntegerField(help_text="Deliveries that failed in 24 hours.")
    concerns = Concern(many=True, help_text="What is wrong now, and what to do.")
    to_do = ToDo(many=True, help_text="What is still to be done before going live.")

    class Meta:
        """For the schema."""

        ref_name = "Connection"


class TimelineEntry(serializers.Serializer[Any]):
    """One thing that happened, or did not."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=[each.value for each in timeline.Kind])
    title = serializers.CharField(help_text="For people.")
    detail = serializers.CharField(allow_blank=True, help_text="For people.")
    about = serializers.CharField(allow_blank=True, help_text="What tells it apart from others with its title.")
    answer = serializers.CharField(allow_blank=True, help_text="What Klaviyo answered.")
    event_id = serializers.CharField(allow_null=True, help_text="The event that it is about.")
    reason = serializers.ChoiceField(
        choices=[*(each for each in Delivery.Reason.values if each), *timeline.REASONS],
        allow_blank=True,
        help_text="Why something was not told or not sent, or how.",
    )


class ReplayFilter(serializers.Serializer[Any]):
    """Which events are meant: those that fit all that is given."""

    search = serializers.CharField(required=False)
    metric = serializers.CharField(required=False)
    state = serializers.CharField(required=False)
    occurred_after = serializers.DateTimeField(required=False)
    occurred_before = serializers.DateTimeField(required=False)


class ReplayShape(serializers.Serializer[Any]):
    """A stretch of history that is sent once more."""

    id = serializers.CharField(allow_null=True, help_text="null while it is only proposed.")
    state = serializers.ChoiceField(choices=[("proposed", "Proposed"), *Replay.State.choices])
    created_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    filter = ReplayFilter()
    total = serializers.IntegerField(help_text="Events that fit.")
    done = serializers.IntegerField(help_text="Events that were looked at.")
    resent = serializers.IntegerField(help_text="Deliveries that were lined up.")
    sample = Event(many=True, required=False, help_text="Of a proposal: the newest five, without properties.")

    class Meta:
        """For the schema."""

        ref_name = "Replay"


CustomerPage = page_of(Customer)
SuppressionPage = page_of(Suppression)
EventPage = page_of(Event)
MetricPage = page_of(Metric)
TimelineEntryPage = page_of(TimelineEntry)
