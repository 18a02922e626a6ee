"""What the sandbox says when it refuses: JSON:API errors in the shapes that Klaviyo was recorded to send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Path = tuple[Any, ...]
"""A place in a body as nested pairs `(parent, key)`; `()` is the root. Cheap to build, rendered only for an error."""

ROOT: Path = ()
RATE_LIMIT_HELP = "https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling#rate-limits"


def path(*keys: str | int) -> Path:
    """The nested form of a place given as plain keys."""
    place = ROOT
    for key in keys:
        place = (place, key)
    return place


def pointer(place: Path) -> str:
    """The JSON pointer of a place, such as `/data/attributes/email`."""
    keys: list[str] = []
    while place:
        place, key = place
        keys.append(str(key).replace("~", "~0").replace("/", "~1"))
    return "/" + "/".join(reversed(keys))


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of `errors[]`. `pointer` names a place in the body, `parameter` one in the query."""

    detail: str
    pointer: str | None = None
    status: int = 400
    code: str = "invalid"
    title: str = "Invalid input."
    parameter: str | None = None
    links: dict[str, Any] | None = None
    meta: dict[str, Any] = field(default_factory=dict)

    def document(self, request_id: str, *, pointers: bool) -> dict[str, Any]:
        """The JSON object. `pointers=False` leaves `source` out of a 400, as a server that will not say where."""
        source: dict[str, str] = {}
        if self.pointer is not None and (pointers or self.status != 400):
            source["pointer"] = self.pointer
        if self.parameter is not None:
            source["parameter"] = self.parameter
        return {
            "id": request_id,
            "status": self.status,
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
            "source": source,
            "links": self.links or {},
            "meta": self.meta,
        }


class Refused(Exception):
    """The request is answered with these problems and nothing was stored."""

    def __init__(self, problems: Iterable[Problem], headers: dict[str, str] | None = None) -> None:
        self.problems = list(problems)
        self.headers = headers or {}
        super().__init__("; ".join(problem.detail for problem in self.problems))

    @property
    def status(self) -> int:
        """The HTTP status: that of the first problem."""
        return self.problems[0].status


def invalid(detail: str, place: Path) -> Problem:
    """A 400 that names a place in the body."""
    return Problem(detail, pointer(place))


def invalid_parameter(detail: str, parameter: str) -> Problem:
    """A 400 that names a query parameter."""
    return Problem(detail, parameter=parameter)


def repeated(unique_id: str, place: Path) -> Problem:
    """A unique_id that a bulk request may not carry. Klaviyo documents the refusal, not its body: this is a guess."""
    detail = f"The unique_id '{unique_id}' is repeated for the same profile and metric."
    return Problem(detail, pointer(place), code="duplicate_unique_id")


def not_authenticated() -> Refused:
    """No key, an unknown key or a revoked one. Recorded body and header."""
    problem = Problem(
        "Missing or invalid private key.",
        "/data/",
        401,
        "not_authenticated",
        "Authentication credentials were not provided.",
    )
    return Refused([problem], {"WWW-Authenticate": "Bearer, Klaviyo-API-Key"})


def scope_missing(scopes: Iterable[str]) -> Refused:
    """The key lacks a scope. Klaviyo documents the status only: code, title and detail are guesses."""
    named = ", ".join(sorted(scopes))
    detail = f"You do not have permission to perform this action. Missing scopes: {named}"
    return Refused([Problem(detail, "/data/", 403, "permission_denied", "You do not have permission.")])


def throttled(seconds: int) -> Refused:
    """A rate limit window is used up. No RateLimit headers go with it, only Retry-After."""
    unit = "second" if seconds == 1 else "seconds"
    detail = f"Request was throttled. Expected available in {seconds} {unit}."
    links = {"type": RATE_LIMIT_HELP}
    problem = Problem(detail, "/data", 429, "throttled", "Request was throttled.", links=links)
    return Refused([problem], {"Retry-After": str(seconds)})


def not_found(kind: str, identifier: str) -> Refused:
    """No such list, profile or page."""
    return Refused(
        [Problem(f"A {kind} with id `{identifier}` does not exist.", "/data/", 404, "not_found", "Not found.")]
    )


def path_unknown(request_path: str) -> Refused:
    """Nothing is served under this path."""
    return Refused([Problem(f"The path '{request_path}' could not be found.", None, 404, "not_found", "Not found.")])


def method_not_allowed(method: str, allowed: Iterable[str]) -> Refused:
    """The path exists, but not for this method."""
    problem = Problem(f'Method "{method}" not allowed.', None, 405, "method_not_allowed", "Method not allowed.")
    return Refused([problem], {"Allow": ", ".join(sorted(allowed))})


def unsupported_media(detail: str) -> Refused:
    """Content-Type or Content-Encoding that is not served."""
    return Refused([Problem(detail, None, 415, "unsupported_media_type", "Unsupported media type.")])


def too_large(limit: int) -> Refused:
    """The body is longer than `limit` bytes."""
    detail = f"The payload must not exceed {limit} bytes."
    return Refused([Problem(detail, "/data/", 413, "payload_too_large", "Payload too large.")])


def duplicate_profile(profile_id: str) -> Refused:
    """Create Profile for somebody who exists. Recorded body."""
    problem = Problem(
        "A profile already exists with one of these identifiers.",
        "/data/attributes",
        409,
        "duplicate_profile",
        "Conflict.",
        meta={"duplicate_profile_id": profile_id},
    )
    return Refused([problem])
