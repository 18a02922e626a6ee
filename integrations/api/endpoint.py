"""What every address of the API does with a request: one pass from the token to the answer.

A subclass of `Endpoint` is an address. It has a method for each verb that it knows, marked with `@operation`, which says all
that the documentation and the checks need; the method gets a `Call` and returns an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from integrations import allowance, audit
from integrations.allowance import Allowance
from integrations.api import access, bodies, idempotency, parameters, problems, rendering
from integrations.api.access import Caller
from integrations.api.bodies import Body
from integrations.api.parameters import Parameter
from integrations.api.problems import Problem
from integrations.models import Merchant, StaffToken

HandlerT = TypeVar("HandlerT", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a method at an address does.

    `id` is its name for generated clients. `answer` is the shape of a success with `status`, as a serializer or a JSON Schema,
    and `example` one of them; `also` are further statuses with that shape. `body` is what the request may hold, with
    `body_example`. `problems` are the codes that it answers with beside those of every operation. `media_types` are the forms
    of the answer.
    """

    id: str
    tag: str
    scope: str
    summary: str
    answer: type[BaseSerializer[Any]] | BaseSerializer[Any] | Mapping[str, Any]
    example: Any
    status: int = 200
    also: tuple[int, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: type[Body] | None = None
    body_example: Any = None
    problems: tuple[str, ...] = ()
    media_types: tuple[str, ...] = (rendering.JSON,)


def operation(**said: Any) -> Callable[[HandlerT], HandlerT]:
    """Mark the method of an endpoint with its `Operation`. Its docstring is the description."""
    declared = Operation(**said)

    def decorate(handler: HandlerT) -> HandlerT:
        handler.operation = declared  # type: ignore[attr-defined]
        return handler

    return decorate


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in: who calls, when, the parameters by name with defaults filled in, and the checked body."""

    request: HttpRequest
    caller: Caller
    at: datetime
    parameters: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def merchant(self) -> Merchant:
        """Whose data it is about; to be read only."""
        return self.caller.merchant


class Endpoint(APIView):
    """One address of the API."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    # `dispatch` lets nobody in without a token that permits the operation.
    permission_classes = ()

    def dispatch(self, request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        """Answer a request, whatever happens."""
        spent: list[Allowance] = []
        try:
            response = self._answer(request, named, spent)
        except Exception as error:
            response = problems.answer(error)
        for left in spent:
            response.headers["RateLimit-Limit"] = str(left.limit)
            response.headers["RateLimit-Remaining"] = str(left.remaining)
            response.headers["RateLimit-Reset"] = str(left.reset)
        return rendering.finish(request, response)

    def _answer(self, request: HttpRequest, named: Mapping[str, Any], spent: list[Allowance]) -> HttpResponseBase:
        handler = self._handler(request)
        declared: Operation = handler.operation  # type: ignore[attr-defined]
        at = timezone.now()
        caller = access.identify(request, at=at)
        _spend(caller, spent, at=at)
        access.require(caller, declared.scope)
        _require_acceptable(request, declared)
        values = parameters.read_all(request.GET, declared.parameters)
        if request.method not in ("POST", "PUT", "PATCH"):
            call = Call(request, caller, at, values, {})
            _note_staff(call)
            return handler(call, **named)
        body = bodies.read(request)

        def act() -> HttpResponseBase:
            data = bodies.parse(body)
            checked = bodies.check(declared.body, data) if declared.body else bodies.check(Body, data)
            call = Call(request, caller, at, values, checked)
            _note_staff(call)
            return handler(call, **named)

        return idempotency.once(request, caller, body, act, at=at)

    def _handler(self, request: HttpRequest) -> Callable[..., HttpResponseBase]:
        method = "get" if request.method == "HEAD" else str(request.method).lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        if handler is None:
            allowed = ", ".join(verb.upper() for verb in self.http_method_names if hasattr(self, verb))
            raise Problem("method_not_allowed", f"This address knows {allowed}.", headers={"Allow": allowed})
        return handler  # type: ignore[no-any-return]


def _spend(caller: Caller, spent: list[Allowance], *, at: datetime) -> None:
    """Count the request. Raises `Problem` where it is one too many, or the token was revoked a moment ago."""
    left = allowance.spend(caller.token, at=at)
    if left is None:
        access.forget()
        raise access.refuse_token()
    spent.append(left)
    if left.is_exceeded:
        raise Problem(
            "too_many_requests",
            f"A token may make {left.limit} requests in a minute. Go on in {left.reset} seconds.",
            headers={"Retry-After": str(left.reset)},
        )


def _note_staff(call: Call) -> None:
    """A CSM's client that writes stands in the merchant's trail, before it does."""
    if isinstance(call.caller.token, StaffToken) and call.request.method not in ("GET", "HEAD"):
        what = f"{call.request.method} {call.request.path}"
        audit.note(call.merchant, call.caller.actor, "called the API", [what], at=call.at)


def _require_acceptable(request: HttpRequest, declared: Operation) -> None:
    if not any(request.accepts(each) for each in declared.media_types):
        raise Problem("not_acceptable", f"The answer is {' or '.join(declared.media_types)}; Accept must allow it.")
