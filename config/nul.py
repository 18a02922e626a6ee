"""NUL has no meaning in an address or a cookie, and PostgreSQL cannot even be asked about it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

from integrations.api import problems

NUL = "\x00"


class RefuseNul:
    """Middleware: a request with NUL in its path, its query string or a cookie is answered with 400, before anything asks
    the database about it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, or refuse it."""
        if "%00" in request.META.get("QUERY_STRING", "") or any(
            NUL in each for each in (request.path_info, *request.COOKIES.values())
        ):
            reason = "The address and cookies must not contain the character NUL (U+0000)."
            if request.path_info.startswith("/api/"):
                return problems.answer(problems.Problem("malformed_request", reason))
            return HttpResponseBadRequest(reason)
        return self.get_response(request)
