"""What Klaviyo's answers mean. Pure: an `Answer` goes in, a `Receipt` or the right `DeliveryError` comes out.

Klaviyo publishes no list of error codes, and its texts may change: the HTTP status decides first, then the pointer. An
answer may be anything: garbage, HTML of a proxy, an object where a list should be. None of it raises anything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
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
"""The longest wait that is believed. Klaviyo's windows for events are 1 and 60 seconds."""

_REFUSED = frozenset({400, 413, 422})
_LATER = frozenset({408, 409, 425})
_DETAIL_CHARACTERS = 500
_HEADER_CHARACTERS = 100
_FAULTS = 2000
_WINDOWS = 8

_KEY = re.compile(r"pk_[A-Za-z0-9_-]+")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}")
_WINDOW = re.compile(r"([0-9]{1,9})\s*;\s*w=([0-9]{1,9})")
_UNIQUE_ID = re.compile(r"unique[ _-]?id", re.IGNORECASE)
_REPEATED = re.compile(r"duplicat|repeat|already|(?:must be|not) unique", re.IGNORECASE)

ItemsAt = Callable[[str], tuple[int, ...]]
"""From an error's JSON pointer to the places of the items that it speaks of."""


def no_items(_pointer: str) -> tuple[int, ...]:
    """Say that a pointer names no item: for requests that carry none."""
    return ()


def taken(answer: Answer, scope: str, items_at: ItemsAt = no_items) -> Receipt:
    """Return the receipt of a request that Klaviyo took, whatever its body; raise the `DeliveryError` of any other.

    `scope` is what the key must be allowed to do for this request.
    """
    receipt = receipt_of(answer)
    if 200 <= answer.status < 300:
        return receipt
    raise _error(answer, receipt, scope, items_at)


def receipt_of(answer: Answer) -> Receipt:
    """Return what is kept of an answer."""
    remaining = answer.headers.get("ratelimit-remaining", "").strip()
    return Receipt(
        status=answer.status,
        duration_ms=answer.duration_ms,
        request_id=plain(answer.headers.get("x-klaviyo-req-id", ""), _HEADER_CHARACTERS),
        partial_failure=plain(answer.headers.get("x-klaviyo-partial-failure", ""), _HEADER_CHARACTERS),
        windows=_windows(answer.headers.get("ratelimit-limit", "")),
        remaining=int(remaining) if _WHOLE_NUMBER.fullmatch(remaining) else None,
    )


def plain(text: object, characters: int = _DETAIL_CHARACTERS) -> str:
    """Return `text` fit to be kept and shown: one line, printable, short, without anything that looks like a key."""
    line = " ".join(str(text)[: 4 * characters].split())
    return _KEY.sub("pk_***", "".join(filter(str.isprintable, line)))[:characters]


def _error(answer: Answer, receipt: Receipt, scope: str, items_at: ItemsAt) -> DeliveryError:
    status = answer.status
    if status in _REFUSED:
        return _rejected(answer, receipt, items_at)
    detail = _detail(answer)
    if status == 429:
        return Unavailable(detail, receipt, throttled=True, retry_after=_retry_after(answer))
    if status == 401:
        return ConnectionPaused(f"Klaviyo does not know the key. {detail}", receipt, "auth")
    if status == 403 and _is_verdict(answer):
        return ConnectionPaused(f"The key lacks the scope {scope}. {detail}", receipt, "scope")
    if status in _LATER or status == 403 or not 200 <= status < 500:
        return Unavailable(detail, receipt, ambiguous=True, retry_after=_retry_after(answer))
    return Unsupported(detail, receipt)


def _is_verdict(answer: Answer) -> bool:
    """Tell Klaviyo's own 403, which is JSON, from a challenge of the proxy before it, which passes by itself."""
    if "cf-mitigated" in answer.headers:
        return False
    return "json" in answer.headers.get("content-type", "").lower() or isinstance(answer.json(), dict)


def _rejected(answer: Answer, receipt: Receipt, items_at: ItemsAt) -> Rejected:
    detail = _detail(answer)
    faults = tuple(islice(_faults(answer, items_at), _FAULTS))
    return Rejected(detail, receipt, faults or [Fault(detail, index=index) for index in items_at("") or (None,)])


def _faults(answer: Answer, items_at: ItemsAt) -> Iterator[Fault]:
    for error in _errors(answer):
        detail, code, pointer = _words(error), plain(error.get("code") or "", _HEADER_CHARACTERS), _pointer(error)
        duplicate = _names_a_duplicate(f"{code} {detail}", pointer)
        for index in items_at(pointer) or (None,):
            yield Fault(detail, index=index, code=code, pointer=plain(pointer), duplicate=duplicate)


def _names_a_duplicate(words: str, pointer: str) -> bool:
    """Say whether an error tells that a `unique_id` came twice. Klaviyo does not publish the text of that error.

    Both the id and the repetition must be named: "duplicate" alone may be about anything, and an event that is taken
    for recorded is not sent again.
    """
    return bool(_REPEATED.search(words) and _UNIQUE_ID.search(f"{words} {pointer}"))


def _detail(answer: Answer) -> str:
    words = [_words(error) for error in islice(_errors(answer), 2)]
    if not words:
        return f"Klaviyo answered {answer.status} without giving a reason."
    return f"Klaviyo answered {answer.status}: {words[0]}{' (and more)' if len(words) > 1 else ''}"


def _errors(answer: Answer) -> Iterator[dict[str, Any]]:
    document = answer.json()
    errors = document.get("errors") if isinstance(document, dict) else document
    if isinstance(errors, dict):
        errors = [errors]
    return (error for error in errors if isinstance(error, dict)) if isinstance(errors, list) else iter(())


def _words(error: Mapping[str, Any]) -> str:
    return plain(error.get("detail") or error.get("title") or error.get("code") or "no reason given")


def _pointer(error: Mapping[str, Any]) -> str:
    source = error.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    return pointer if isinstance(pointer, str) else ""


def _retry_after(answer: Answer) -> float | None:
    """Return the wait asked for, in seconds; None where it is absent, a date or no whole number."""
    text = answer.headers.get("retry-after", "").strip()
    return float(min(int(text), RETRY_AFTER_SECONDS)) if _WHOLE_NUMBER.fullmatch(text) else None


def _windows(text: str) -> tuple[Window, ...]:
    """Read `350, 350;w=1, 3500;w=60`: the first number repeats the tightest window and is left out."""
    found = (Window(int(limit), int(seconds)) for limit, seconds in _WINDOW.findall(text))
    return tuple(islice((window for window in found if window.limit and window.seconds), _WINDOWS))
