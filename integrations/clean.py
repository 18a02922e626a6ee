"""One gate for JSON that strangers send: what passes can be stored, logged and sent on without surprises.

Limits: 5 MB of body is checked by the receiver; here 250,000 values, depth 32, 5,000 keys an object, 20,000 items a list, whole
numbers within 64 bits, text without NUL and without lone surrogates.
"""

from __future__ import annotations

from typing import Any

import orjson

MAX_VALUES = 250_000
"""Commas and opening brackets, those inside text too: 5 MB of empty lists would take seconds to parse."""

MAX_DEPTH = 32
MAX_KEYS = 5_000
MAX_ITEMS = 20_000
_INT64 = 2**63
_BLANKS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")
"""Control characters, and those that some programs take for the end of a line."""


class Unclean(ValueError):
    """The JSON is malformed or breaks a limit; the text says where and what would be right."""


def parse(body: bytes) -> Any:
    """Parse `body` as JSON and check it. Raises `Unclean`."""
    data = parse_unchecked(body)
    if b"\\u0000" in body:
        _refuse_nul(data)
    _check_shape(data)
    return data


def check(data: Any) -> None:
    """The same of a part of what `parse_unchecked` gave. Raises `Unclean`."""
    _refuse_nul(data)
    _check_shape(data)


def parse_unchecked(body: bytes) -> Any:
    """Parse `body` as JSON of so many values, each part of which is to be checked by itself. Raises `Unclean`."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise Unclean(f"at most {MAX_VALUES} values in one body")
    try:
        return orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        # The parser refuses lone surrogates, invalid UTF-8, NaN and Infinity by itself.
        raise Unclean(f"the body must be JSON in UTF-8: {error}") from None


def _refuse_nul(data: Any) -> None:
    """Look at every text: a body that writes the escape of NUL may do so inside a harmless `\\\\u0000`."""
    pending = [data]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value)
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str) and "\x00" in value:
            raise Unclean("text must not contain the character NUL (U+0000)")


def _check_shape(data: Any) -> None:
    """Check sizes, depth and numbers without recursion, so that depth cannot exhaust the stack."""
    pending: list[tuple[Any, int]] = [([data], -1)]
    while pending:
        container, depth = pending.pop()
        if depth >= MAX_DEPTH:
            raise Unclean(f"at most {MAX_DEPTH} levels of nesting")
        is_object = isinstance(container, dict)
        limit, what = (MAX_KEYS, "keys in one object") if is_object else (MAX_ITEMS, "items in one list")
        if len(container) > limit:
            raise Unclean(f"at most {limit} {what}, got {len(container)}")
        for item in container.values() if is_object else container:
            kind = type(item)
            if kind is dict or kind is list:
                pending.append((item, depth + 1))
            elif kind is int and not -_INT64 <= item < _INT64:
                raise Unclean("a number must fit in 64 bits")
            elif kind is float and abs(item) >= _INT64:
                # A longer whole number is parsed as a float, which is no longer the number that was sent.
                raise Unclean("a number must fit in 64 bits")


def text(value: str, limit: int) -> str:
    """`value` without control characters and surrounding blanks, cut to `limit` characters."""
    return value.translate(_BLANKS).strip()[:limit].rstrip()
