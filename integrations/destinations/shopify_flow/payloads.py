"""What a trigger of Flow is handed. Pure: no HTTP, no database, no clock.

A payload is flat: Flow's fields are texts, numbers and booleans, and a customer by the number that Shopify gave them. Keys
have letters only: Shopify's CLI deploys no trigger with others. Sources: Shopify's trigger reference and CLI, and recorded
answers of API 2026-04.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import orjson

from integrations.destinations.base import Outgoing

PAYLOAD_BYTES = 50_000
"""Shopify: "Properties size exceeds the limit of 50000 bytes" for 50,001; 49,988 passed."""

HANDLE_CHARACTERS = 30
"""Shopify: at most so many, letters, digits and hyphens; they never change once an app was deployed."""

_NAMED_BYTES = 1_000
"""Of the names of what was left out."""

_MUTATION = (
    "mutation flowTriggerReceive($handle: String, $payload: JSON) "
    "{ flowTriggerReceive(handle: $handle, payload: $payload) { userErrors { field message } } }"
)
_CUSTOMER = re.compile(r"(?:gid://shopify/Customer/)?([1-9][0-9]{0,17})")
_NO_KEY = re.compile(r"[^A-Za-z]")
_LONGER_IN_SHOPIFYS_JSON = re.compile(rb"[<>&]|\xe2\x80[\xa8\xa9]")


def handle(metric: str) -> str:
    """Return the handle of a metric's trigger: its key with hyphens; what is longer ends in a part of its SHA-256."""
    text = metric.replace("_", "-")
    if len(text) <= HANDLE_CHARACTERS:
        return text
    return f"{text[: HANDLE_CHARACTERS - 9]}-{hashlib.sha256(metric.encode()).hexdigest()[:8]}"


def key(name: str) -> str:
    """Return the key of a property in Flow: its letters."""
    return _NO_KEY.sub("", name)


def customer_id(external_id: str) -> int | None:
    """Return the number of a customer of Shopify, None where the text names none."""
    found = _CUSTOMER.fullmatch(external_id)
    return int(found[1]) if found else None


def request(item: Outgoing) -> bytes:
    """Return the body of the request. Raises TypeError or ValueError for what JSON cannot hold."""
    variables = {"handle": handle(item.metric), "payload": payload(item)}
    return orjson.dumps({"query": _MUTATION, "variables": variables})


def payload(item: Outgoing) -> dict[str, Any]:
    """Return the payload of an event, never above `PAYLOAD_BYTES`.

    Who it is about and which event it is stand in every payload (`identity`). Where it is too large, whole properties are left
    out, the largest first, and `LeftOut` names them: no value is ever cut in two.
    """
    identity = _identity(item)
    properties = {name: value for name, value in _flat(item).items() if name not in identity}
    content = {**properties, **identity}
    room = PAYLOAD_BYTES - size(content)
    if room >= 0:
        return content
    sizes = {name: size({name: value}) - 1 for name, value in properties.items()}  # less two braces, and with a comma
    left_out: list[str] = []
    room -= _NAMED_BYTES
    for name in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if room >= 0:
            break
        room += sizes[name]
        left_out.append(name)
        del content[name]
    return {**content, "LeftOut": _named(left_out)}


def size(content: Mapping[str, Any]) -> int:
    """Return bytes of JSON as Shopify may write it: where it writes `<`, `>`, `&` and line separators as `\\u003c`."""
    text = orjson.dumps(content)
    return len(text) + 5 * len(_LONGER_IN_SHOPIFYS_JSON.findall(text))


def _identity(item: Outgoing) -> dict[str, Any]:
    known = {
        "customer_id": customer_id(item.profile.external_id),
        "Email": item.profile.email,
        "Phone": item.profile.phone,
    }
    return {name: value for name, value in known.items() if value} | {
        "Event": item.metric_name,
        "UniqueId": item.unique_id,
        "OccurredAt": item.occurred_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _flat(item: Outgoing) -> dict[str, Any]:
    """Return the properties by Flow's keys; lists and objects as JSON in a text."""
    given = {key(name): value for name, value in orjson.loads(item.properties).items()}
    if item.value is not None:
        given |= {"Value": float(item.value), "ValueCurrency": item.value_currency}
    return {
        name: orjson.dumps(value).decode() if isinstance(value, dict | list) else value
        for name, value in given.items()
        if name and value is not None and value != ""
    }


def _named(left_out: list[str]) -> str:
    """Return names with commas between them, as many as fit, and how many more there are."""
    names: list[str] = []
    length = 0
    for each in left_out:
        length += len(each) + 2
        if length > _NAMED_BYTES - 60:
            return ", ".join([*names, f"{len(left_out) - len(names)} more"])
        names.append(each)
    return ", ".join(names)
