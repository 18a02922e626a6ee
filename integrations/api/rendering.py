"""Answers: JSON, with an ETag where something is read, and compressed for who asks."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.middleware.gzip import GZipMiddleware
from django.utils.http import parse_etags

JSON = "application/json"
_gzip = GZipMiddleware(lambda request: HttpResponse())


def answer(data: Any, status: int = 200, *, location: str = "") -> HttpResponse:
    """The answer with `data` as JSON: instants in UTC, amounts as text. `location` is the address of what was made."""
    headers = {"Location": location} if location else {}
    return HttpResponse(dump(data), status=status, content_type=JSON, headers=headers)


def dump(data: Any) -> bytes:
    """`data` as JSON."""
    return orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Add what every answer has: an ETag, or 304 for who knows it already, and compression."""
    response.headers.setdefault("Cache-Control", "private, no-cache")
    if isinstance(response, HttpResponse) and response.status_code == 200 and request.method in ("GET", "HEAD"):
        digest = hashlib.sha256(response.content).hexdigest()[:32]
        response.headers["ETag"] = f'"{digest}"'
        if digest in _known(request):
            response = _not_modified(response)
    response = _gzip.process_response(request, response)
    if request.method == "HEAD" and isinstance(response, HttpResponse):
        response.content = b""
    return response


def _known(request: HttpRequest) -> set[str]:
    """Digests in If-None-Match; what was compressed had a weak tag."""
    return {each.removeprefix("W/").strip('"') for each in parse_etags(request.headers.get("If-None-Match", ""))}


def _not_modified(response: HttpResponse) -> HttpResponse:
    kept = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return HttpResponseNotModified(headers=kept)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return amount(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def amount(value: Decimal) -> str:
    """A decimal without superfluous zeros: 42.5, 1200."""
    return format(value.normalize(), "f")
