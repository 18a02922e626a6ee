"""What a client reports: events of the merchant's custom metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from integrations import custom_events
from integrations.api import bodies, event_rows
from integrations.api.bodies import Body, Instant, Text
from integrations.api.endpoint import Call
from integrations.api.people import Person
from integrations.api.problems import Problem
from integrations.catalog import UNIQUE_ID_LENGTH
from integrations.custom_events import Forgotten, MetricOff, NotAsDeclared, Report
from integrations.people import PersonInput


class NewEvent(Body):
    """An event of a custom metric."""

    metric = Text(max_length=40, help_text="The metric's key.")
    unique_id = Text(max_length=UNIQUE_ID_LENGTH, help_text="By which a repeat is known.")
    occurred_at = Instant(help_text="When it happened.")
    customer = Person(help_text="Whom it is about.")
    order_number = Text(required=False, max_length=60, allow_blank=True)
    tracking_number = Text(required=False, max_length=80, allow_blank=True)
    value = serializers.DecimalField(
        required=False, max_digits=16, decimal_places=4, help_text="An amount in major units, as text or number."
    )
    value_currency = serializers.RegexField(r"^[A-Z]{3}\Z", required=False, help_text="ISO 4217.")
    properties = serializers.DictField(required=False, help_text="As the metric declares them.")


def record(call: Call, values: Mapping[str, Any]) -> tuple[int, Any, int]:
    """Record an event that `NewEvent` checked: (status, the event as it is told, its key). Raises `Problem`."""
    said = {"properties": {}, **values, "customer": PersonInput(**values["customer"])}
    try:
        event, is_new = custom_events.record(call.merchant, Report(**said), at=call.at)
    except NotAsDeclared as error:
        places = [{"pointer": bodies.pointer(*place), "detail": text} for place, text in error.objections]
        raise bodies.invalid(places) from None
    except (MetricOff, Forgotten) as error:
        raise Problem("conflict", f"{error}.") from None
    row = event_rows.one(call.merchant, event.pk)
    if row is None:
        raise Problem("conflict", "It was removed a moment ago.")
    return 201 if is_new else 200, event_rows.shown(row), event.pk
