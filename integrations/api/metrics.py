"""The kinds of events that there are: those of the catalogue, and those that the merchant declares."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from rest_framework import serializers

from integrations import catalog_docs, custom_metrics, samples
from integrations.api import examples, rendering, schemas
from integrations.api.bodies import Body, Choice, Flag, Text
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.problems import Problem
from integrations.catalog import CUSTOM, CUSTOM_START, METRIC_NAME_LENGTH, Metric
from integrations.custom_metrics import Declaration, NotPossible
from integrations.models import Connection

MOST_PROPERTIES = 100


class NewProperty(Body):
    """A property of a custom metric's events."""

    name = Text(max_length=80)
    type = Choice(choices=list(custom_metrics.TYPES))
    description = Text(default="", allow_blank=True, max_length=300)
    is_required = Flag(default=False, help_text="Whether every event must have it.")


class NewMetric(Body):
    """A custom metric."""

    key = serializers.RegexField(rf"^{CUSTOM_START}[a-z0-9_]{{1,32}}\Z", help_text=f"It begins with {CUSTOM_START}.")
    name = serializers.RegexField(
        r"^[^{}\x00-\x1f\x7f]+\Z", max_length=METRIC_NAME_LENGTH, help_text="Its name in Klaviyo, without { and }."
    )
    description = Text(default="", allow_blank=True, max_length=300)
    properties = serializers.ListField(child=NewProperty(), default=list, max_length=MOST_PROPERTIES)

    def validate_properties(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each name once."""
        if len({each["name"] for each in given}) < len(given):
            raise serializers.ValidationError("must have different names")
        return given


class Metrics(Endpoint):
    """`/metrics`"""

    @operation(
        id="list_metrics",
        tag="Events",
        scope="events:read",
        summary="List the metrics",
        answer=schemas.MetricPage,
        example={"items": [examples.METRIC], "next": None, "previous": None},
    )
    def get(self, call: Call) -> HttpResponseBase:
        """Every kind of event that there is, the catalogue's by number and then the merchant's own by key, with its properties,
        and whether it is on. All of them are one page.
        """
        on = _on(call)
        items = [_told(metric, call, is_on=metric.key in on) for metric in custom_metrics.of(call.merchant).values()]
        return rendering.answer({"items": items, "next": None, "previous": None})

    @operation(
        id="declare_metric",
        tag="Events",
        scope="settings:write",
        summary="Declare a custom metric",
        body=NewMetric,
        body_example=examples.NEW_METRIC,
        answer=schemas.Metric,
        example=examples.METRIC,
        status=201,
        also=(200,),
        problems=("conflict",),
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Declare a kind of event that the merchant's own systems report, and turn it on. A key that was declared before gets
        the new description and properties (200); its name stays.
        """
        declaration = Declaration(**call.body)
        try:
            row, is_new = custom_metrics.declare(call.merchant, declaration, by=call.caller.actor, at=call.at)
        except NotPossible as error:
            raise Problem("conflict", f"{error}.") from None
        told = _told(custom_metrics.as_metric(row), call, is_on=row.key in _on(call))
        return rendering.answer(told, 201 if is_new else 200)


def _on(call: Call) -> set[str]:
    connections = Connection.objects.for_merchant(call.merchant)
    return {key for keys in connections.values_list("enabled_metrics", flat=True) for key in keys}


def _told(metric: Metric[Any], call: Call, *, is_on: bool) -> dict[str, Any]:
    told = catalog_docs.metric_as_data(metric, call.merchant)
    if metric.pack is CUSTOM:
        for each, declared in zip(told["properties"], metric.properties, strict=True):
            each["is_required"] = declared.is_always_sent
    sample = samples.sample(metric, call.merchant)
    return told | {
        "number": metric.number or None,
        "name": sample.metric_name,
        "is_on": is_on,
        "schema": samples.schema(metric),
        "example": {
            "unique_id": sample.unique_id,
            "value": sample.value,
            "value_currency": sample.value_currency,
            "properties": sample.properties,
        },
    }
