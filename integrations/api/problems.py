"""What the API answers when it refuses: problem details by RFC 9457, with a `code` that programs may rely on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse

MEDIA_TYPE = "application/problem+json"

KINDS: dict[str, tuple[int, str]] = {
    "invalid_parameter": (400, "A parameter is not as it should be"),
    "invalid_cursor": (400, "The cursor does not belong to this request"),
    "invalid_idempotency_key": (400, "The Idempotency-Key is not as it should be"),
    "malformed_body": (400, "The body could not be read"),
    "malformed_request": (400, "The request could not be read"),
    "token_missing": (401, "A token is needed"),
    "token_invalid": (401, "The token is not good"),
    "scope_missing": (403, "The token does not permit this"),
    "not_found": (404, "There is no such thing"),
    "method_not_allowed": (405, "The address does not know this method"),
    "not_acceptable": (406, "The answer is not there in that form"),
    "idempotency_key_reused": (409, "The Idempotency-Key was used for another request"),
    "idempotency_key_running": (409, "The first request with this Idempotency-Key is still worked on"),
    "conflict": (409, "The thing is not in a state for this"),
    "not_enough": (409, "There is less than was asked for"),
    "length_required": (411, "The length of the body is missing"),
    "body_too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "The body is not in a form that is understood"),
    "invalid_body": (422, "The body is not as it should be"),
    "too_many_requests": (429, "Too many requests"),
    "internal_error": (500, "Something went wrong on our side"),
    "unavailable": (503, "Not now"),
}
"""Code -> (status, title). Codes stay; titles and details are for people and may change."""

logger = structlog.get_logger(__name__)


class Problem(Exception):
    """A request is refused. `detail` says what is wrong and what would be right.

    `errors` name the places: each has a `detail` and a `pointer` into the body (RFC 6901) or a `parameter`.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.errors, self.headers = code, detail, errors, headers or {}

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.code][0]

    def as_data(self) -> dict[str, Any]:
        """The problem as it is told."""
        status, title = KINDS[self.code]
        data = {
            "type": f"urn:tidings:problem:{self.code}",
            "title": title,
            "status": status,
            "code": self.code,
            "detail": self.detail,
        }
        return data | ({"errors": list(self.errors)} if self.errors else {})


def of_parameter(name: str, detail: str) -> Problem:
    """A query parameter that is not as it should be."""
    return Problem("invalid_parameter", f"{name}: {detail}", errors=[{"parameter": name, "detail": detail}])


def not_found(what: str = "thing") -> Problem:
    """Nothing of that id: strangers are told the same as where nothing is."""
    return Problem("not_found", f"There is no such {what}.")


def as_problem(error: Exception) -> Problem:
    """The problem that an exception is to the client. What nobody foresaw is logged."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Http404):
        return not_found()
    if isinstance(error, RequestDataTooBig):
        return Problem("body_too_large", "The body must be at most 5 MB.")
    if isinstance(error, SuspiciousOperation):
        return Problem("malformed_request", str(error))
    logger.error("api.failed", error=type(error).__name__, exc_info=error)
    if isinstance(error, OperationalError):
        return Problem("unavailable", "The database does not answer. Try again.", headers={"Retry-After": "5"})
    if isinstance(error, IntegrityError):
        return Problem("conflict", "Somebody else wrote the same thing at the same time. Try again.")
    return Problem("internal_error", "It was noted. Try again, and tell us the X-Request-Id if it stays.")


def answer(error: Exception) -> HttpResponse:
    """The answer that tells of an exception."""
    problem = as_problem(error)
    return HttpResponse(
        orjson.dumps(problem.as_data()), status=problem.status, content_type=MEDIA_TYPE, headers=dict(problem.headers)
    )


def nowhere(request: HttpRequest) -> HttpResponse:
    """Answer for every address under /api/ that is none."""
    return answer(Problem("not_found", f"There is no address {request.path[:200]}; /api/docs/ lists those there are."))
