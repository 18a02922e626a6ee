"""What Shopify's answers mean. Pure: an `Answer` goes in, a `Receipt` or the right `DeliveryError` comes out.

GraphQL answers 200 to nearly everything, so the body decides there: `errors`, then `userErrors`. An answer may be anything:
garbage, HTML of a proxy, an object where a list should be. None of it raises anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from integrations.destinations.base import (
    ConnectionPaused,
    DeliveryError,
    Fault,
    Receipt,
    Rejected,
    Unavailable,
    Unsupported,
    Window,
)
from integrations.destinations.exchange import Answer

RETRY_AFTER_SECONDS = 3600
"""The longest wait that is believed."""

LOCKED_FOR = 900
"""Seconds to leave a shop alone that Shopify has locked (423): it does so with shops that exceed limits again and again."""

_THROTTLED = frozenset({429, 430})
"""430 is Shopify's own: requests that look like an attack."""

_REFUSED = frozenset({400, 413, 422})
_IN_DOUBT = frozenset({408, 409, 425})
_DETAIL_CHARACTERS = 500
_FAULTS = 50
_TOKEN = re.compile(r"shp[a-z]{2}_[A-Za-z0-9_-]+")
_SECONDS = re.compile(r"([0-9]{1,18})(?:\.[0-9]{1,6})?")


def taken(answer: Answer, root: str) -> tuple[Receipt, Mapping[str, Any]]:
    """Return the receipt of a request that Shopify carried out, and its data; raise the `DeliveryError` of any other.

    `root` is the field that was asked for: without it the answer says nothing.
    """
    if not 200 <= answer.status < 300:
        raise _by_status(answer)
    document = _object(answer.json())
    receipt = receipt_of(answer, document)
    errors = [each for each in _list(document.get("errors")) if isinstance(each, dict)]
    if errors or document.get("errors"):
        raise _by_code(errors, receipt, document)
    data = _object(document.get("data"))
    if not isinstance(data.get(root), dict):
        raise Unavailable("Shopify's answer could not be read.", receipt, ambiguous=True)
    faults = [_fault(each) for each in _list(data[root].get("userErrors"))[:_FAULTS]]
    if faults:
        raise Rejected(f"Shopify refused it: {faults[0].detail}", receipt, faults)
    return receipt, data


def receipt_of(answer: Answer, document: Mapping[str, Any]) -> Receipt:
    """Return what is kept of an answer. What is restored each second, by what a request costs, is the rate limit."""
    cost, status = _cost(document)
    asked, rate, available = (
        _number(each) for each in (cost, status.get("restoreRate"), status.get("currentlyAvailable"))
    )
    is_told = asked >= 1 and rate >= 1
    return Receipt(
        status=answer.status,
        duration_ms=answer.duration_ms,
        request_id=plain(answer.headers.get("x-request-id", ""), 100),
        windows=(Window(max(1, int(rate // asked)), 1),) if is_told else (),
        remaining=int(available // asked) if is_told else None,
    )


def plain(text: object, characters: int = _DETAIL_CHARACTERS) -> str:
    """Return `text` fit to be kept and shown: one line, printable, short, without anything that looks like a token."""
    line = " ".join(str(text)[: 4 * characters].split())
    return _TOKEN.sub("shp***", "".join(filter(str.isprintable, line)))[:characters]


def _by_status(answer: Answer) -> DeliveryError:
    status, receipt = answer.status, receipt_of(answer, {})
    detail = f"Shopify answered {status}{_words(answer)}"
    if status in _THROTTLED:
        return Unavailable(detail, receipt, throttled=True, retry_after=_retry_after(answer))
    if status == 423:
        return Unavailable(f"Shopify has locked the shop. {detail}", receipt, throttled=True, retry_after=LOCKED_FOR)
    if status == 401:
        return ConnectionPaused(f"Shopify does not know the token. {detail}", receipt, "auth")
    if status == 402:
        return ConnectionPaused(f"Shopify has frozen the shop until its bill is paid. {detail}", receipt, "auth")
    if status == 403 and isinstance(answer.json(), dict):
        return ConnectionPaused(f"The token may not start workflows. {detail}", receipt, "scope")
    if status in (403, 503):
        # A proxy's challenge, or nobody there who could take it: it came no further.
        return Unavailable(detail, receipt, retry_after=_retry_after(answer))
    if status in _REFUSED:
        return Rejected(detail, receipt, [Fault(detail, index=0)])
    if status in _IN_DOUBT or not 200 <= status < 500:
        return Unavailable(detail, receipt, ambiguous=True)
    return Unsupported(detail, receipt)


def _by_code(errors: list[dict[str, Any]], receipt: Receipt, document: Mapping[str, Any]) -> DeliveryError:
    """Judge an answer with `errors`. Shopify documents the codes; another one says that the request itself is our mistake."""
    codes = {str(_object(each.get("extensions")).get("code", "")) for each in errors}
    words = plain(errors[0].get("message") or "no reason given") if errors else plain(document.get("errors"))
    detail = f"Shopify answered: {words}"
    if "THROTTLED" in codes or words.casefold() == "throttled":
        return Unavailable(detail, receipt, throttled=True, retry_after=_restored_after(document))
    if "ACCESS_DENIED" in codes:
        return ConnectionPaused(f"The token lacks a scope. {detail}", receipt, "scope")
    if "SHOP_INACTIVE" in codes:
        return ConnectionPaused(f"The shop is not active. {detail}", receipt, "auth")
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return Unavailable(detail, receipt, ambiguous=True)
    return Unsupported(detail, receipt)


def _restored_after(document: Mapping[str, Any]) -> float | None:
    """Return the seconds until the bucket holds what the request costs; None where the answer does not tell."""
    cost, status = _cost(document)
    asked, rate = _number(cost), _number(status.get("restoreRate"))
    if not (asked and rate):
        return None
    missing = asked - _number(status.get("currentlyAvailable"))
    return min(max(missing / rate, 0.0), float(RETRY_AFTER_SECONDS))


def _cost(document: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    cost = _object(_object(document.get("extensions")).get("cost"))
    return cost.get("requestedQueryCost"), _object(cost.get("throttleStatus"))


def _fault(error: Any) -> Fault:
    said = _object(error)
    field = said.get("field")
    path = ".".join(str(each) for each in field) if isinstance(field, list) else field or ""
    return Fault(plain(said.get("message") or "no reason given"), index=0, pointer=plain(path, 100))


def _words(answer: Answer) -> str:
    """Return what the body says, where it says something: `errors` is a text in answers that are not GraphQL's."""
    errors = _object(answer.json()).get("errors")
    if isinstance(errors, list) and errors:
        errors = _object(errors[0]).get("message")
    return f": {plain(errors)}" if errors else " without giving a reason."


def _retry_after(answer: Answer) -> float | None:
    """Return the wait asked for, in whole seconds; Shopify writes `2.0`. None where it is absent or no number."""
    found = _SECONDS.fullmatch(answer.headers.get("retry-after", "").strip())
    return float(min(int(found[1]), RETRY_AFTER_SECONDS)) if found else None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float:
    """Return a number as it may be counted with; 0 for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value < 1e9 else 0.0
