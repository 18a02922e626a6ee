"""What there is: the metrics of the catalogue, and the description of the API itself."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

from integrations import catalog_docs
from integrations.api import examples, rendering, schemas
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.catalog import Metric, catalog
from integrations.models import Connection


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
        """Every kind of event that there is, by number, with its properties, and whether it is on for the merchant."""
        connections = Connection.objects.for_merchant(call.merchant)
        on = {key for keys in connections.values_list("enabled_metrics", flat=True) for key in keys}
        metrics = sorted(catalog.metrics.values(), key=lambda metric: metric.number)
        items = [_told(metric, call, is_on=metric.key in on) for metric in metrics]
        return rendering.answer({"items": items, "next": None, "previous": None})


def _told(metric: Metric[Any], call: Call, *, is_on: bool) -> dict[str, Any]:
    return catalog_docs.metric_as_data(metric) | {"name": metric.name_for(call.merchant), "is_on": is_on}


@cache
def description() -> bytes:
    """The API by OpenAPI, as JSON."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return bytes(OpenApiJsonRenderer().render(schema))


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """`/api/openapi.json`"""
    return HttpResponse(description(), content_type="application/json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """`/api/docs/`: every address, to be tried out."""
    return render(request, "api/docs.html")
