"""The description of the API itself."""

from __future__ import annotations

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer


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
