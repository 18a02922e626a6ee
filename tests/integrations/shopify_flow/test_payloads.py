"""A payload is never too large, always JSON, and always says who and what it is about."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.catalog import catalog
from integrations.destinations.base import Profile
from integrations.destinations.shopify_flow import payloads
from tests.integrations.klaviyo.examples import parcel

ANN = Profile(email="ann@shopper.example", external_id="4711")
IDENTITY = ("customer_id", "Email", "Event", "UniqueId", "OccurredAt")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
long_texts = st.builds(lambda text, times: text * times, texts, st.integers(1, 3_000))
values = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), texts, long_texts, st.lists(texts, max_size=5)
)
objects = st.dictionaries(texts, values, max_size=12)


def of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return payloads.payload(parcel(**{"profile": ANN, "properties": json.dumps(properties), **more}))


@settings(max_examples=200)
@given(objects)
@example({f"Name{letters}": "x" * 30 for letters in map("".join, product("abcdefghijklmno", repeat=3))})
@example({"A": "ü" * 24_000, "B": "<" * 9_000, "UniqueId": "mine", "customer_id": "theirs"})
def test_a_payload_fits_and_keeps_its_identity(properties: dict[str, Any]) -> None:
    made = of(properties)
    body = json.loads(payloads.request(parcel(profile=ANN, properties=json.dumps(properties))))["variables"]

    assert body["payload"] == json.loads(json.dumps(made))
    assert len(json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()) <= 50_000
    assert [made[name] for name in IDENTITY] == [
        4711,
        "ann@shopper.example",
        "Shipment Delivered",
        "shipment-delivered:1Z999",
        "2026-11-20T14:05:09Z",
    ]
    assert all(isinstance(value, str | int | float | bool) for value in made.values())
    assert all(re.fullmatch("[A-Za-z]+|customer_id", key) for key in made)


def test_what_is_too_large_loses_whole_properties_and_says_which() -> None:
    made = of({"Small": "s", "Large": "x" * 60_000, "Middle": "m" * 20_000})

    assert (made["LeftOut"], made["Small"], len(made["Middle"]), "Large" in made) == ("Large", "s", 20_000, False)
    assert "LeftOut" not in of({"Small": "s"})


def test_values_are_flat_and_the_amount_is_among_them() -> None:
    made = of(
        {"OrderNumber": "#1", "$extra": {"Lots": [1]}, "IsGift": False, "Nothing": None, "Empty": ""},
        value=Decimal("19.90"),
        value_currency="EUR",
    )

    assert {name: made[name] for name in made if name not in IDENTITY} == {
        "OrderNumber": "#1",
        "extra": '{"Lots":[1]}',
        "IsGift": False,
        "Value": 19.9,
        "ValueCurrency": "EUR",
    }


@pytest.mark.parametrize(
    ("external_id", "number"),
    [
        ("4711", 4711),
        ("gid://shopify/Customer/4711", 4711),
        ("", None),
        ("0", None),
        ("x4711", None),
        ("²", None),
        ("9" * 19, None),
    ],
)
def test_a_customer_is_the_number_that_shopify_gave(external_id: str, number: int | None) -> None:
    assert payloads.customer_id(external_id) == number


def test_handles_are_short_and_each_metrics_own() -> None:
    handles = {
        key: payloads.handle(key)
        for key in [*catalog.metrics, "a_metric_with_a_very_long_key", "a_metric_with_a_very_long_key_too"]
    }

    assert all(re.fullmatch("[a-z0-9-]{1,30}", each) for each in handles.values())
    assert len(set(handles.values())) == len(handles)
    assert handles["order_delivered"] == "order-delivered"
