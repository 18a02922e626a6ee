"""Machines call hooks and the API: they have no session, no cookies and no page whose policy would matter."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, resolve

FOR_MACHINES = ("/hooks/", "/api/v1/")

TRUSTED_FOR = 1.0
"""Seconds for which a database connection that served a request is not asked again whether it is alive."""


class StraightToMachines:
    """Middleware: a request of a machine goes to its view at once, past what only people's requests need.

    That is most of what Django does with a request, and would cost more than the answer itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._thread = threading.local()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a machine's request; pass every other on."""
        if not request.path_info.startswith(FOR_MACHINES):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        if time.monotonic() < getattr(self._thread, "trusts_until", 0.0):
            connection.health_check_done = True  # type: ignore[attr-defined]
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        self._thread.trusts_until = time.monotonic() + TRUSTED_FOR if response.status_code < 500 else 0.0
        if isinstance(response, HttpResponse) and response.status_code != 304:
            response.headers.setdefault("Content-Length", str(len(response.content)))
        response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return response
