"""Every kind of message that the hooks take, from its fixture, and the places in it that hold a value."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from integrations.sources import Handled, Malformed
from loyalty.flow_actions import parse_run
from returns.loop import parse_return as parse_loop
from returns.shopify import parse_removals, parse_return
from tracking.carriers.aftership import AfterShip
from tracking.carriers.easypost import EasyPost
from tracking.carriers.shippo import Shippo
from tracking.shopify.customers import parse_consent, parse_customer, parse_merge, parse_privacy_request
from tracking.shopify.fulfillments import parse_fulfillment, parse_fulfillment_event
from tracking.shopify.orders import parse_deleted, parse_order, parse_refund

FIXTURES = Path(__file__).parents[1] / "fixtures"
RECEIVED_AT = datetime(2026, 10, 10, 8, 0, tzinfo=UTC)

Place = tuple[Any, ...]
"""The keys and indices that lead to a value."""


@dataclass(frozen=True)
class Kind:
    """A kind of message: who sends it, its topic, its fixture, and what reads it."""

    source: str
    topic: str
    fixture: str
    parse: Callable[[Any], Any]

    def load(self) -> Any:
        """A message as its source sends it."""
        return load(self.fixture)


def load(name: str) -> Any:
    """A fixture's JSON."""
    return json.loads((FIXTURES / f"{name}.json").read_text())


def _shopify(topic: str, fixture: str, parse: Callable[[Any, str], Any]) -> Kind:
    return Kind("shopify", topic, f"shopify/{fixture}", lambda payload: parse(payload, topic))


def _consent(payload: Any, topic: str) -> Any:
    return parse_consent(payload, topic, RECEIVED_AT)


def _return(payload: Any, topic: str) -> Any:
    return parse_return(payload, topic, RECEIVED_AT)


KINDS: dict[str, Kind] = {
    "order": _shopify("orders/updated", "order", parse_order),
    "guest": _shopify("orders/create", "order_guest", parse_order),
    "deletion": _shopify("orders/delete", "order", parse_deleted),
    "refund": _shopify("refunds/create", "refund", parse_refund),
    "return": _shopify("returns/approve", "return", _return),
    "return_update": _shopify("returns/update", "return_update", parse_removals),
    "loop": Kind("loop", "return.created", "loop/return_created", lambda payload: parse_loop(payload, RECEIVED_AT)),
    "fulfillment": _shopify("fulfillments/update", "fulfillment", parse_fulfillment),
    "event": _shopify("fulfillment_events/create", "fulfillment_event", parse_fulfillment_event),
    "customer": _shopify("customers/update", "customer", parse_customer),
    "email": _shopify("customers_email_marketing_consent/update", "email_consent", _consent),
    "sms": _shopify("customers_marketing_consent/update", "sms_consent", _consent),
    "merge": _shopify("customers/merge", "merge", parse_merge),
    "privacy": _shopify("customers/redact", "redact", parse_privacy_request),
    "easypost": Kind("easypost", "tracker.updated", "easypost/tracker_updated", EasyPost().parse),
    "easypost_bare": Kind("easypost", "tracker", "easypost/tracker_test", EasyPost().parse),
    "shippo": Kind("shippo", "track_updated", "shippo/track_updated", Shippo().parse),
    "flow_action": Kind("shopify_flow_actions", "add-points", "shopify_flow/add_points", parse_run),
    "aftership": Kind("aftership", "tracking_update", "aftership/tracking_update", AfterShip().parse),
}
"""A name for each, and what it is."""


def spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in parsed JSON that holds a value: the container and the key or index."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from spots(value[key])


def leaves(value: Any, path: Place = ()) -> Iterator[Place]:
    """Every place that holds a text, a number, a boolean or null."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def put(payload: Any, place: Place, value: Any) -> Any:
    """Write a value into its place, and return what stood there."""
    for key in place[:-1]:
        payload = payload[key]
    before, payload[place[-1]] = payload[place[-1]], value
    return before


@cache
def places(name: str) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The places of a kind: (those that the message can do without, all at once; those without which it is not read)."""
    free: list[Place] = []
    vital: list[Place] = []
    for place in leaves(KINDS[name].load()):
        is_free = all(_is_read(name, [*free, place], value) for value in ("~", ""))
        (free if is_free else vital).append(place)
    return tuple(free), tuple(vital)


def _is_read(name: str, emptied: list[Place], value: str) -> bool:
    payload = KINDS[name].load()
    for place in emptied:
        put(payload, place, value)
    try:
        return not isinstance(KINDS[name].parse(payload), Handled)
    except Malformed:
        return False


def filled(name: str, values: Iterator[Any], payload: Any = None) -> Any:
    """A message with the next of `values` in each place that it can do without."""
    payload = copy.deepcopy(payload) if payload is not None else KINDS[name].load()
    for place in places(name)[0]:
        put(payload, place, next(values))
    return payload
