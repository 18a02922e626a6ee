"""What Klaviyo refuses although no schema says so: checked before sending, so that one bad event fails no batch.

Sources: the prose of Klaviyo's OpenAPI description, revision 2026-07-15 (`create_event`, `bulk_create_events`), and its
events overview. Where a limit can be read in two ways ("100 KB", "after 1990"), the narrower reading holds here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

import orjson

from integrations.destinations.base import Outgoing
from integrations.destinations.klaviyo.payloads import bytes_of, profile_attributes, size_of

BULK_BYTES = 4_500_000
"""Bytes in a bulk request, and in one event. Klaviyo takes 5 MB; the rest is room for what a proxy may count."""

_METRIC_CHARACTERS = 127
_PROPERTIES = 400
_STRING_BYTES = 100_000
_FIRST_YEAR = 1991
_FURTHEST_AHEAD = timedelta(days=365)
_VALUE_DIGITS = 15
_VALUE_DECIMALS = 10

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def is_email(text: str) -> bool:
    """Whether the text has the shape of an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Whether the text has the shape of a phone number in E.164."""
    return _PHONE.fullmatch(text) is not None


def problems(item: Outgoing, at: datetime) -> list[str]:
    """Return why Klaviyo would refuse the event at the time `at`: field and limit in plain words, no personal data.

    An event without problems is not parsed: only properties that are long, or rich in colons, can break a limit.
    """
    try:
        size = size_of(item)
    except (TypeError, ValueError) as error:
        return [f"event: cannot be written as JSON ({error})"]
    return list(chain(_identifier(item), _names(item), _time(item, at), _value(item), _content(item, size)))


def _identifier(item: Outgoing) -> Iterator[str]:
    email, phone = item.profile.email, item.profile.phone
    if not email and not phone:
        yield "profile: neither an e-mail address nor a phone number"
    elif email and not is_email(email):
        yield "profile.email: not an e-mail address"
    elif not email and not is_phone(phone):
        yield "profile.phone_number: not in the form +12345678901 (E.164)"


def _names(item: Outgoing) -> Iterator[str]:
    length = len(item.metric_name)
    if not item.metric_name.strip():
        yield "metric.name: missing"
    elif length > _METRIC_CHARACTERS:
        yield f"metric.name: {length} characters, at most {_METRIC_CHARACTERS} are allowed"
    if not item.unique_id:
        yield "unique_id: missing"


def _time(item: Outgoing, at: datetime) -> Iterator[str]:
    if item.occurred_at.tzinfo is None:
        yield "time: has no offset"
    elif item.occurred_at.year < _FIRST_YEAR:
        yield f"time: in {item.occurred_at.year}, must be in {_FIRST_YEAR} or later"
    elif item.occurred_at > at + _FURTHEST_AHEAD:
        yield "time: more than 1 year ahead"


def _value(item: Outgoing) -> Iterator[str]:
    if item.value is None:
        return
    if item.value_currency and not _CURRENCY.fullmatch(item.value_currency):
        yield "value_currency: not a currency code of three capital letters (ISO 4217)"
    exponent = item.value.as_tuple().exponent
    if not isinstance(exponent, int):
        yield "value: not a finite number"
    elif item.value.adjusted() >= _VALUE_DIGITS or exponent < -_VALUE_DECIMALS:
        yield f"value: more than {_VALUE_DIGITS} digits before the point or {_VALUE_DECIMALS} behind it"


def _content(item: Outgoing, size: int) -> Iterator[str]:
    if size > BULK_BYTES:
        yield f"event: {size} bytes, at most {BULK_BYTES} are allowed"
        return
    if size > _STRING_BYTES:
        yield from _long_strings(profile_attributes(item.profile), "profile")
    text = item.properties
    if not (text.startswith("{") and text.endswith("}")):
        yield "properties: not a JSON object"
    elif bytes_of(text) > _STRING_BYTES or text.count(":") > _PROPERTIES:
        yield from _large_properties(text)


def _large_properties(text: str) -> Iterator[str]:
    try:
        properties = orjson.loads(text)
    except orjson.JSONDecodeError:
        yield "properties: not valid JSON"
        return
    if len(properties) > _PROPERTIES:
        yield f"properties: {len(properties)} properties, at most {_PROPERTIES} are allowed"
    yield from _long_strings(properties, "properties")


def _long_strings(value: Any, path: str) -> Iterator[str]:
    waiting = [(path, value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((f"{path}.{name[:60]}", inner) for name, inner in value.items())
        elif isinstance(value, list | tuple):
            waiting.extend((path, inner) for inner in value)
        elif isinstance(value, str) and bytes_of(value) > _STRING_BYTES:
            yield f"{path}: a text of {bytes_of(value)} bytes, at most {_STRING_BYTES} are allowed"
