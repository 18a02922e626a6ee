"""A name for each request, in its answer and in every line that is logged while it is answered."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase

HEADER = "X-Request-Id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:-]{8,64}")


class RequestId:
    """Middleware: takes the name that the client or the proxy gave, where it is well-formed, and makes one where it is not.

    It stays for what is logged while an answer streams, until the thread has its next request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Name the request."""
        given = request.headers.get(HEADER, "")
        name = given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(request_id=name)
        response = self.get_response(request)
        response.headers[HEADER] = name
        return response
