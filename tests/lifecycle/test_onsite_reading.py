"""Reading what a page tells: any value is read or named in a complaint, and what is read can be sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from hypothesis import given
from hypothesis import strategies as st

from integrations.sources import Malformed
from lifecycle.onsite import calls

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TEXT = st.text("aZ0 -:.T+€\u2028<&\"'", max_size=12) | st.sampled_from(
    ["2026-11-20", "9999-12-31T23:59:59Z", "1e400", "-0"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["SKU", "Quantity"]), inner, max_size=2)
    ),
    max_leaves=5,
)
FIELDS = [
    "call",
    "metric",
    "consent",
    "email",
    "first_name",
    "customer_id",
    "time",
    "value",
    "currency",
    "hmac",
    "properties",
]
PROPERTIES = ["Items", "ItemNames", "CheckoutURL", "Status", "Schedule", "SignUpDate", "HasFilledOutProfile"]


def a_call(metric: str) -> dict[str, Any]:
    """One that is as it should be."""
    who = {"email": "ann@shopper.example", "customer_id": "7", "time": NOW.isoformat(), "consent": True}
    return {"call": "track", "metric": metric, "properties": {}, **who}


@given(
    st.sampled_from(calls.METRICS),
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3),
    st.dictionaries(st.sampled_from(PROPERTIES), JSON, max_size=3),
)
def test_any_value_is_read_or_named_in_a_complaint(metric: str, wrong: dict[str, Any], said: dict[str, Any]) -> None:
    payload = a_call(metric) | {"properties": said} | wrong
    complaint, told = "", None
    try:
        calls.read_claim(payload)
        told = calls.read(payload, tz=UTC, received_at=NOW)
    except Malformed as error:
        complaint = str(error)

    assert complaint.startswith("onsite: ") if told is None else told.occurred_at <= NOW + calls.EARLY
    assert told is None or told.occurred_at.microsecond == 0
    assert told is None or told.checkout is None or orjson.dumps(list(told.checkout.items))


def test_a_time_without_an_offset_is_the_merchants() -> None:
    payload = a_call(calls.COMPLETED_SIGNUP) | {"properties": {"SignUpDate": "2020-05-15 12:35:32"}}

    told = calls.read(payload, tz=ZoneInfo("America/New_York"), received_at=NOW)

    assert told.plan.signed_up_at == told.occurred_at == datetime(2020, 5, 15, 16, 35, 32, tzinfo=UTC)


def test_an_address_is_told_whole_or_not_at_all() -> None:
    token = "https://shop.example/sign-up?token=" + "x" * 1_000
    items = [{"SKU": "BOX", "ImageURL": token, "ProductURL": token * 2}]
    payload = a_call(calls.STARTED_CHECKOUT) | {"properties": {"CheckoutURL": token, "Items": items}}

    told = calls.read(payload, tz=UTC, received_at=NOW).checkout

    assert told is not None
    assert (told.url, told.items) == (token, [{"SKU": "BOX", "ImageURL": token}])
