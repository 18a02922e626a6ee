"""Machines post to hooks: they have no session, no cookies and no page whose policy would matter."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

HOOKS = "/hooks/"

TRUSTED_FOR = 1.0
"""Seconds for which a database connection that served a request is not asked again whether it is alive."""


class StraightToHooks:
    """Middleware: a request to a hook goes to its view at once, past what only people's requests need.

    That is most of what Django does with a request, and would cost more than the message itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._thread = threading.local()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer a hook's request; pass every other on."""
        if not request.path_info.startswith(HOOKS):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        if time.monotonic() < getattr(self._thread, "trusts_until", 0.0):
            connection.health_check_done = True  # type: ignore[attr-defined]
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        self._thread.trusts_until = time.monotonic() + TRUSTED_FOR if response.status_code < 500 else 0.0
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return response
