"""Idempotency-Key: a POST that is sent again is not done again; its first answer is repeated.

The answer is written in the transaction of the work, so that a process that dies leaves both or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from integrations.api import problems
from integrations.api.access import Caller
from integrations.api.problems import Problem
from integrations.models import IdempotentRequest
from integrations.statements import insert_new

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 255
ABANDONED_AFTER = timedelta(minutes=2)
"""A request that is worked on for longer was left by a process that died."""

RETRY_SECONDS = 2
_REPEATED_HEADERS = ("Content-Type", "Location")


def once(
    request: HttpRequest, caller: Caller, body: bytes, act: Callable[[], HttpResponseBase], *, at: datetime
) -> HttpResponseBase:
    """Do what `act` does, unless a request with the same key was answered: then repeat that answer.

    Refusals are kept as successes are; what failed on our side is not, so that it can be tried again. Raises `Problem`:
    invalid_idempotency_key, idempotency_key_reused, idempotency_key_running.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return act()
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise Problem("invalid_idempotency_key", f"{HEADER} must have 1 to {LONGEST} printable ASCII characters.")
    row = IdempotentRequest(
        merchant=caller.merchant, token=caller.token.prefix, key=key, digest=_digest(request, body), created_at=at
    )
    if not insert_new([row], identity=("merchant", "token", "key")):
        known = _mine(row).filter(token=row.token, key=key).first()
        if known is None:
            raise _still_running()
        if known.digest != row.digest:
            raise Problem("idempotency_key_reused", f"The {HEADER} belongs to another request. Use a new one.")
        if known.status:
            return _repeat(known)
        _take_over(known, at=at)
        row = known
    return _do(row, act)


def _do(row: IdempotentRequest, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        with transaction.atomic():
            response = act()
            _keep(row, response)
    except Exception as error:
        response = problems.answer(error)
        if response.status_code < 500:
            _keep(row, response)
        else:
            _mine(row).filter(pk=row.pk).delete()
    return response


def _keep(row: IdempotentRequest, response: HttpResponseBase) -> None:
    headers = {name: response.headers[name] for name in _REPEATED_HEADERS if name in response.headers}
    content = response.content if isinstance(response, HttpResponse) else b""
    _mine(row).filter(pk=row.pk).update(status=response.status_code, headers=headers, body=content)


def _repeat(known: IdempotentRequest) -> HttpResponse:
    return HttpResponse(
        bytes(known.body), status=known.status, headers={**known.headers, REPLAYED: "true"}, content_type=None
    )


def _take_over(known: IdempotentRequest, *, at: datetime) -> None:
    """Raises `Problem` unless the process that worked on it has died, and nobody else took it over."""
    left = _mine(known).filter(pk=known.pk, status=0, created_at__lt=at - ABANDONED_AFTER)
    if left.update(created_at=at) == 0:
        raise _still_running()


def _still_running() -> Problem:
    detail = "The first request with this key is not answered yet. Ask again."
    return Problem("idempotency_key_running", detail, headers={"Retry-After": str(RETRY_SECONDS)})


def _mine(row: IdempotentRequest) -> Any:
    return IdempotentRequest.objects.for_merchant(row.merchant_id)


def _digest(request: HttpRequest, body: bytes) -> str:
    return hashlib.sha256(f"{request.get_full_path()}\n".encode() + body).hexdigest()
