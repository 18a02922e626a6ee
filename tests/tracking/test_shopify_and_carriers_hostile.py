"""Whatever a message holds, the parsers read it or say what is wrong with it: nothing else may come out of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.sources import Handled, Malformed
from tracking import statuses
from tracking.carriers.aftership import AfterShip
from tracking.carriers.easypost import EasyPost
from tracking.carriers.shippo import Shippo
from tracking.inputs import LineInput, ScanInput
from tracking.shopify.customers import parse_consent, parse_customer, parse_privacy_request
from tracking.shopify.fulfillments import parse_fulfillment, parse_fulfillment_event
from tracking.shopify.orders import parse_deleted, parse_order, parse_refund

FIXTURES = Path(__file__).parents[1] / "fixtures"
RECEIVED_AT = datetime(2026, 10, 10, 8, 0, tzinfo=UTC)
EMAIL_CONSENT = "customers_email_marketing_consent/update"
SMS_CONSENT = "customers_marketing_consent/update"
PARSERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "order": ("shopify/order", lambda payload: parse_order(payload, "orders/updated")),
    "guest": ("shopify/order_guest", lambda payload: parse_order(payload, "orders/create")),
    "deletion": ("shopify/order", lambda payload: parse_deleted(payload, "orders/delete")),
    "refund": ("shopify/refund", lambda payload: parse_refund(payload, "refunds/create")),
    "fulfillment": ("shopify/fulfillment", lambda payload: parse_fulfillment(payload, "fulfillments/update")),
    "event": ("shopify/fulfillment_event", lambda payload: parse_fulfillment_event(payload, "events/create")),
    "customer": ("shopify/customer", lambda payload: parse_customer(payload, "customers/update")),
    "email": ("shopify/email_consent", lambda payload: parse_consent(payload, EMAIL_CONSENT, RECEIVED_AT)),
    "sms": ("shopify/sms_consent", lambda payload: parse_consent(payload, SMS_CONSENT, RECEIVED_AT)),
    "privacy": ("shopify/redact", lambda payload: parse_privacy_request(payload, "customers/redact")),
    "easypost": ("easypost/tracker_updated", EasyPost().parse),
    "easypost_bare": ("easypost/tracker_test", EasyPost().parse),
    "shippo": ("shippo/track_updated", Shippo().parse),
    "aftership": ("aftership/tracking_update", AfterShip().parse),
}
NUMBERS = [0, -1, 2**31, 2**63, 10**5000, 0.5, 1e308, float("nan"), float("inf")]
NUMERALS = ["0", "-1", "NaN", "Infinity", "1e999999", "9" * 30, "1_000", "١٢٣"]
TEXTS = ["", " ", "x", "\x00", "\ud800", "#☠1☢\n---\n4321\n", "javascript:alert(1)", "https://", "x" * 100_000]
MOMENTS = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30", "2026-10-01T25:00:00Z", "24:00"]
SHAPES = [[], {}, [[]], [None], [{}], {"": None}, {"id": {}}, [1, "x", {"id": "x"}]]
JUNK: list[Any] = [None, True, False, *NUMBERS, *NUMERALS, *TEXTS, *MOMENTS, *SHAPES]
DELETE = object()


def load(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in parsed JSON that holds a value: the container and the key or index."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from spots(value[key])


@st.composite
def mutated(draw: st.DrawFn, name: str) -> Any:
    """A fixture with one to four values replaced by junk or taken away."""
    payload = copy.deepcopy(load(name))
    for _ in range(draw(st.integers(1, 4))):
        places = list(spots(payload))
        if not places:
            break
        container, key = places[draw(st.integers(0, len(places) - 1))]
        junk = draw(st.sampled_from([DELETE, *JUNK]))
        if junk is DELETE:
            del container[key]
        else:
            container[key] = copy.deepcopy(junk)
    return payload


def parts(value: Any) -> Iterator[Any]:
    """Everything that an input consists of."""
    yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from parts(item)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutated_message_is_read_soundly_or_is_malformed(name: str, data: st.DataObject) -> None:
    fixture, parse = PARSERS[name]
    payload = data.draw(mutated(fixture))
    try:
        parsed = parse(payload)
    except Malformed as error:
        parsed = str(error)

    assert not isinstance(parsed, str) or len(parsed) < 300
    for part in parts(parsed):
        match part:
            case datetime():
                assert part.tzinfo is UTC
            case Decimal():
                assert part.is_finite()
            case ScanInput():
                assert part.status in statuses.ALL
                assert not part.attempt or (part.status, part.substatus) == ("failure", "delivery_attempted")
            case LineInput():
                assert 0 <= part.quantity < 2**31


@pytest.mark.parametrize("junk", JUNK, ids=map(str, range(len(JUNK))))
@pytest.mark.parametrize("name", PARSERS)
def test_junk_instead_of_a_message_is_malformed(name: str, junk: Any) -> None:
    with pytest.raises(Malformed):
        PARSERS[name][1](junk)


@pytest.mark.parametrize("name", PARSERS)
def test_message_as_it_should_be_is_read(name: str) -> None:
    fixture, parse = PARSERS[name]

    assert not isinstance(parse(load(fixture)), Handled)
