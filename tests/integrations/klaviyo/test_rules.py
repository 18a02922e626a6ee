from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.destinations.base import Outgoing, Profile
from integrations.destinations.klaviyo import rules
from integrations.destinations.klaviyo.payloads import size_of

from .examples import NOW, parcel


def strings(length: int) -> str:
    return json.dumps({"Note": {"Inner": ["x" * length]}})


@pytest.mark.parametrize(
    "item",
    [
        parcel(),
        parcel(value=None, value_currency=""),
        parcel(metric_name="m" * 127),
        parcel(properties=json.dumps({f"p{n}": 1 for n in range(400)})),
        parcel(properties=json.dumps({"Items": [{"SKU": n} for n in range(500)]})),
        parcel(properties=strings(100_000)),
        parcel(properties="{}"),
        parcel(occurred_at=datetime(1991, 1, 1, tzinfo=UTC)),
        parcel(occurred_at=NOW + timedelta(days=365)),
        parcel(profile=Profile(phone="+4915112345678")),
        parcel(profile=Profile(email="ann@example.com", phone="no phone")),
        parcel(value=Decimal("-12.50")),
    ],
)
def test_klaviyo_has_nothing_against_it(item: Outgoing) -> None:
    assert rules.problems(item, NOW) == []


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (parcel(profile=Profile()), "profile: neither an e-mail address nor a phone number"),
        (parcel(profile=Profile(email="ann example.com")), "profile.email: not an e-mail address"),
        (parcel(profile=Profile(email="a@b@c.com")), "profile.email: not an e-mail address"),
        (parcel(profile=Profile(phone="015112345")), "profile.phone_number: not in the form +12345678901 (E.164)"),
        (parcel(metric_name=""), "metric.name: missing"),
        (parcel(metric_name="m" * 128), "metric.name: 128 characters, at most 127 are allowed"),
        (parcel(unique_id=""), "unique_id: missing"),
        (
            parcel(properties=json.dumps({f"p{n}": 1 for n in range(401)})),
            "properties: 401 properties, at most 400 are allowed",
        ),
        (
            parcel(properties=strings(100_001)),
            "properties.Note.Inner: a text of 100001 bytes, at most 100000 are allowed",
        ),
        (
            parcel(properties=json.dumps({"Note": "Ω" * 50_001}, ensure_ascii=False)),
            "properties.Note: a text of 100002 bytes, at most 100000 are allowed",
        ),
        (
            parcel(profile=Profile(email="ann@example.com", first_name="x" * 100_001)),
            "profile.first_name: a text of 100001 bytes, at most 100000 are allowed",
        ),
        (parcel(properties="[1]"), "properties: not a JSON object"),
        (parcel(properties="{" + "a:" * 401 + "}"), "properties: not valid JSON"),
        (parcel(occurred_at=datetime(1990, 12, 31, tzinfo=UTC)), "time: in 1990, must be in 1991 or later"),
        (parcel(occurred_at=NOW + timedelta(days=365, seconds=1)), "time: more than 1 year ahead"),
        (parcel(value_currency="usd"), "value_currency: not a currency code of three capital letters (ISO 4217)"),
        (
            parcel(value=Decimal("1E+1000000")),
            "value: more than 15 digits before the point or 10 behind it",
        ),
        (parcel(value=Decimal("1E-11")), "value: more than 15 digits before the point or 10 behind it"),
        (parcel(value=Decimal("NaN")), "value: not a finite number"),
        (parcel(occurred_at=NOW.replace(tzinfo=None)), "time: has no offset"),
    ],
)
def test_klaviyo_would_refuse_it(item: Outgoing, problem: str) -> None:
    assert rules.problems(item, NOW) == [problem]


def test_all_problems_are_told_at_once() -> None:
    assert len(rules.problems(parcel(profile=Profile(), metric_name="", unique_id="", value_currency="$"), NOW)) == 4


@pytest.mark.parametrize(
    "item",
    [
        parcel(metric_name="\ud800"),
        parcel(properties='{"a": "\ud800"}'),
        parcel(profile=Profile(email="ann@example.com", properties={"x": object()})),
        parcel(profile=Profile(email="ann@example.com", properties={"x": 2**70})),
    ],
)
def test_what_json_cannot_hold_is_a_problem_and_not_an_error(item: Outgoing) -> None:
    (problem,) = rules.problems(item, NOW)
    assert problem.startswith("event: cannot be written as JSON (")


@pytest.mark.parametrize(("bytes_more", "count"), [(0, 0), (1, 1)])
def test_an_event_must_fit_into_one_request(bytes_more: int, count: int) -> None:
    frame = json.dumps({"Texts": [""] * 60}, separators=(",", ":"))
    room = rules.BULK_BYTES - size_of(parcel(properties=frame)) + bytes_more
    texts = ["x" * (room // 60 + (1 if n < room % 60 else 0)) for n in range(60)]
    item = parcel(properties=json.dumps({"Texts": texts}, separators=(",", ":")))
    assert size_of(item) == rules.BULK_BYTES + bytes_more
    assert len(rules.problems(item, NOW)) == count


def test_a_problem_names_nobody() -> None:
    assert "nobody" not in " ".join(rules.problems(parcel(profile=Profile(email="nobody at example")), NOW))
