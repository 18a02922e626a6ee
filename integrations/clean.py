"""One gate for JSON that strangers send: what passes can be stored, logged and sent on without surprises.

Limits: 5 MB of body is checked by the receiver; here depth 32, 5,000 keys an object, 20,000 items a list, whole numbers within
64 bits, text without NUL and without lone surrogates.
"""

from __future__ import annotations

from typing import Any

import orjson

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
    try:
        data = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Unclean(f"the body must be JSON in UTF-8: {error}") from None
    check(data)
    return data


def check(data: Any) -> None:
    """Check parsed JSON without recursion, so that depth cannot exhaust the stack. Raises `Unclean`."""
    pending: list[tuple[Any, int]] = [(data, 0)]
    while pending:
        value, depth = pending.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict):
            _check_size(len(value), MAX_KEYS, "keys in one object", depth)
            for key, item in value.items():
                _check_text(key)
                pending.append((item, depth + 1))
        elif isinstance(value, list):
            _check_size(len(value), MAX_ITEMS, "items in one list", depth)
            pending.extend((item, depth + 1) for item in value)
        elif isinstance(value, int) and not -_INT64 <= value < _INT64:
            raise Unclean("a number must fit in 64 bits")
        elif isinstance(value, float) and abs(value) >= _INT64:
            # A longer whole number is parsed as a float, which is no longer the number that was sent.
            raise Unclean("a number must fit in 64 bits")


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise Unclean("text must not contain the character NUL (U+0000)")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unclean("text must not contain a lone surrogate (U+D800 to U+DFFF)") from None


def _check_size(size: int, limit: int, what: str, depth: int) -> None:
    if size > limit:
        raise Unclean(f"at most {limit} {what}, got {size}")
    if depth >= MAX_DEPTH:
        raise Unclean(f"at most {MAX_DEPTH} levels of nesting")


def text(value: str, limit: int) -> str:
    """`value` without control characters and surrounding blanks, cut to `limit` characters."""
    return value.translate(_BLANKS).strip()[:limit].rstrip()
