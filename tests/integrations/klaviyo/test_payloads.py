from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_client.models.event_create_query_v2 import EventCreateQueryV2
from openapi_client.models.events_bulk_create_job import EventsBulkCreateJob

from integrations.destinations.base import Outgoing, Profile
from integrations.destinations.klaviyo.payloads import batches, bulk_events, single_event, size_of

from .examples import ANN, BOB, NOW, parcel
from .oracle import assert_klaviyo_takes

GROUP = "/data/attributes/events-bulk-create/data"


def attributes_of(item: Outgoing) -> dict[str, Any]:
    attributes: dict[str, Any] = json.loads(single_event(item), parse_float=Decimal)["data"]["attributes"]
    return attributes


def profile_of(item: Outgoing) -> dict[str, Any]:
    attributes: dict[str, Any] = attributes_of(item)["profile"]["data"]["attributes"]
    return attributes


def groups_of(content: bytes) -> list[dict[str, Any]]:
    entries = json.loads(content)["data"]["attributes"]["events-bulk-create"]["data"]
    return [entry["attributes"] for entry in entries]


def test_a_single_event_is_written_whole() -> None:
    assert json.loads(single_event(parcel(backfill=True))) == {
        "data": {
            "type": "event",
            "attributes": {
                "metric": {"data": {"type": "metric", "attributes": {"name": "Shipment Delivered"}}},
                "profile": {
                    "data": {
                        "type": "profile",
                        "attributes": {
                            "email": "ann@example.com",
                            "first_name": "Ann",
                            "last_name": "Lee",
                            "organization": "Example Ltd",
                            "properties": {"loyalty_points": 120, "balance": 12.5},
                        },
                    }
                },
                "properties": {"OrderNumber": "#1001", "Items": [{"SKU": "tea", "Quantity": 2}]},
                "time": "2026-11-20T14:05:09+00:00",
                "unique_id": "shipment-delivered:1Z999",
                "value": 19.9,
                "value_currency": "USD",
                "backfill": True,
            },
        }
    }


@pytest.mark.parametrize("item", [parcel(), parcel(value=None), parcel(profile=Profile(phone="+15005550006"))])
def test_klaviyos_sdk_takes_a_single_event(item: Outgoing) -> None:
    assert_klaviyo_takes(EventCreateQueryV2, single_event(item))


def test_klaviyos_sdk_takes_a_bulk_request() -> None:
    items = [parcel(), parcel(unique_id="b", profile=BOB), parcel(unique_id="c", backfill=True)]
    assert_klaviyo_takes(EventsBulkCreateJob, bulk_events(items).content)


def test_the_judge_notices_a_name_that_klaviyo_does_not_know() -> None:
    misspelt = single_event(parcel()).replace(b'"unique_id"', b'"uniqueId"')
    with pytest.raises(AssertionError):
        assert_klaviyo_takes(EventCreateQueryV2, misspelt)


def test_the_phone_is_left_out_where_there_is_an_email() -> None:
    assert "phone_number" not in profile_of(parcel(profile=ANN))


def test_the_phone_identifies_where_there_is_no_email() -> None:
    assert profile_of(parcel(profile=Profile(phone="+15005550006"))) == {"phone_number": "+15005550006"}


def test_nothing_empty_is_sent_of_a_profile() -> None:
    profile = Profile(email="ann@example.com", properties={"tier": "", "points": None, "balance": 0, "vip": False})
    expected = {"email": "ann@example.com", "properties": {"balance": 0, "vip": False}}
    assert profile_of(parcel(profile=profile)) == expected


@pytest.mark.parametrize("digits", ["0.1", "12.50", "1234567890123.4567", "-3.00", "1E+3", "0E-8", "0"])
def test_a_value_keeps_all_its_digits_and_is_a_number(digits: str) -> None:
    value = attributes_of(parcel(value=Decimal(digits)))["value"]
    assert not isinstance(value, str)
    assert Decimal(value) == Decimal(digits)


def test_a_currency_goes_only_with_a_value() -> None:
    assert attributes_of(parcel(value=None)).keys().isdisjoint({"value", "value_currency"})


def test_a_value_without_a_currency_goes_alone() -> None:
    assert "value_currency" not in attributes_of(parcel(value_currency=""))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "sNaN"])
def test_a_value_that_is_no_number_is_not_written(value: str) -> None:
    with pytest.raises(ValueError, match="not finite"):
        single_event(parcel(value=Decimal(value)))


def test_the_time_is_written_in_utc() -> None:
    at = datetime(2026, 3, 1, 0, 30, 1, tzinfo=timezone(timedelta(hours=9, minutes=30)))
    assert attributes_of(parcel(occurred_at=at))["time"] == "2026-02-28T15:00:01+00:00"


def test_a_time_without_an_offset_is_not_written() -> None:
    with pytest.raises(ValueError, match="no offset"):
        single_event(parcel(occurred_at=NOW.replace(tzinfo=None)))


def test_properties_are_spliced_in_as_they_stand() -> None:
    text = '{"Amount": 1.10, "Name": "Zo\\u00eb Ω", "Nothing": null}'
    assert text.encode() in single_event(parcel(properties=text))


def test_bulk_groups_by_profile_and_keeps_the_order() -> None:
    items = [parcel(unique_id="a"), parcel(unique_id="b", profile=BOB), parcel(unique_id="c")]
    groups = groups_of(bulk_events(items).content)
    assert [[event["attributes"]["unique_id"] for event in group["events"]["data"]] for group in groups] == [
        ["a", "c"],
        ["b"],
    ]


def test_bulk_says_backfill_at_both_levels_and_parts_what_differs() -> None:
    items = [parcel(unique_id="a"), parcel(unique_id="b", backfill=True), parcel(unique_id="c")]
    first, second = groups_of(bulk_events(items).content)
    assert (first["backfill"], [event["attributes"]["backfill"] for event in first["events"]["data"]]) == (
        False,
        [False, False],
    )
    assert (second["backfill"], [event["attributes"]["backfill"] for event in second["events"]["data"]]) == (
        True,
        [True],
    )


def test_bulk_takes_the_profile_of_the_newest_event() -> None:
    newest = Profile(email="ann@example.com", properties={"loyalty_points": 200})
    older = parcel(unique_id="b", occurred_at=NOW - timedelta(days=9), backfill=True)
    groups = groups_of(bulk_events([parcel(occurred_at=NOW, profile=newest), older]).content)
    assert [group["profile"]["data"]["attributes"]["properties"] for group in groups] == [{"loyalty_points": 200}] * 2


@pytest.mark.parametrize(
    ("pointer", "items"),
    [
        (f"{GROUP}/0/attributes/events/data/1/attributes/time", (2,)),
        (f"{GROUP}/0/attributes/events/data/1", (2,)),
        (f"{GROUP}/1/attributes/events/data/0/attributes/metric/data/attributes/name", (1,)),
        (f"{GROUP}/0/attributes/profile/data/attributes/email", (0, 2)),
        (f"{GROUP}/1", (1,)),
        (f"{GROUP}/1/attributes/events", (1,)),
        (f"{GROUP}/2/attributes/profile", ()),
        (f"{GROUP}/0/attributes/events/data/2/attributes/time", ()),
        (f"{GROUP}/999999999999", ()),
        (f"{GROUP}/-1", ()),
        (f"{GROUP}/x", ()),
        (f"{GROUP}", ()),
        ("/data", ()),
        ("", ()),
    ],
)
def test_a_pointer_names_the_items(pointer: str, items: tuple[int, ...]) -> None:
    bulk = bulk_events([parcel(), parcel(profile=BOB), parcel()])
    assert bulk.items_at(pointer) == items


def test_any_pointer_names_the_only_item() -> None:
    assert bulk_events([parcel()]).items_at("/data") == (0,)


KINDS = st.tuples(
    st.sampled_from(["ann", "bob", "cy"]), st.booleans(), st.integers(0, 500), st.text(st.characters(codec="utf-8"))
)


@given(st.lists(KINDS, min_size=2, max_size=40))
def test_every_event_of_a_bulk_request_is_found_again_by_its_pointer(kinds: list[tuple[str, bool, int, str]]) -> None:
    items = [
        parcel(
            unique_id=f"{place}{text}",
            profile=Profile(email=f"{who}@example.com", first_name=text),
            backfill=backfill,
            occurred_at=NOW + timedelta(minutes=minutes),
        )
        for place, (who, backfill, minutes, text) in enumerate(kinds)
    ]
    bulk = bulk_events(items)
    found = [
        (event["attributes"]["unique_id"], bulk.items_at(f"{GROUP}/{g}/attributes/events/data/{e}/attributes/time"))
        for g, group in enumerate(groups_of(bulk.content))
        for e, event in enumerate(group["events"]["data"])
    ]
    assert sorted(found, key=lambda pair: pair[1]) == [(item.unique_id, (n,)) for n, item in enumerate(items)]


@given(st.lists(KINDS, min_size=1, max_size=20))
def test_a_bulk_request_is_never_larger_than_its_items(kinds: list[tuple[str, bool, int, str]]) -> None:
    items = [
        parcel(
            unique_id=text,
            metric_name=text,
            properties=json.dumps({text: text}, ensure_ascii=backfill),
            profile=Profile(email=f"{who}{place}@example.com", last_name=text, properties={text: minutes}),
            backfill=backfill,
        )
        for place, (who, backfill, minutes, text) in enumerate(kinds)
    ]
    assert len(bulk_events(items).content) <= sum(size_of(item) for item in items)


def cut(items: list[Outgoing], most_items: int = 100, most_bytes: int = 1_000_000) -> list[list[str]]:
    return [
        [item.unique_id for item in batch] for batch in batches(items, most_items=most_items, most_bytes=most_bytes)
    ]


def named(*names: str) -> list[Outgoing]:
    return [parcel(unique_id=name) for name in names]


def test_nothing_makes_no_batch() -> None:
    assert cut([]) == []


def test_a_batch_is_full_by_number() -> None:
    assert cut(named("a", "b", "c"), most_items=2) == [["a", "b"], ["c"]]


@pytest.mark.parametrize(("bytes_less", "expected"), [(0, [["a", "b"], ["c"]]), (1, [["a"], ["b"], ["c"]])])
def test_a_batch_is_full_by_size(bytes_less: int, expected: list[list[str]]) -> None:
    assert cut(named("a", "b", "c"), most_bytes=2 * size_of(parcel(unique_id="a")) - bytes_less) == expected


def test_what_is_too_large_or_cannot_be_written_travels_alone() -> None:
    broken, large = parcel(unique_id="\ud800"), parcel(unique_id="d", properties='{"a": "' + "x" * 9000 + '"}')
    items = [*named("a"), broken, *named("b", "c"), large, *named("e")]
    assert cut(items, most_bytes=8000) == [["a"], ["\ud800"], ["b", "c"], ["d"], ["e"]]


def test_an_event_never_comes_twice_in_one_batch() -> None:
    assert cut(named("a", "b", "a", "c", "a")) == [["a", "b"], ["a", "c"], ["a"]]


def test_the_same_id_of_another_profile_or_metric_is_another_event() -> None:
    items = [parcel(), parcel(profile=BOB), parcel(metric_name="Order Created")]
    assert len(cut(items)) == 1


def test_the_size_of_an_item_counts_bytes_and_not_characters() -> None:
    assert size_of(parcel(properties='{"a": "Ω"}')) == size_of(parcel(properties='{"a": "xx"}'))
