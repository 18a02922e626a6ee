from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.sources import Malformed
from tracking import statuses
from tracking.inputs import ParcelInput, ScanInput
from tracking.shopify.fulfillments import EVENT_MEANINGS, parse_fulfillment, parse_fulfillment_event

FIXTURES = Path(__file__).parents[1] / "fixtures" / "shopify"
TOPIC = "fulfillments/update"
EVENT_TOPIC = "fulfillment_events/create"


def load(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return payload


def parcels(**fields: Any) -> tuple[ParcelInput, ...]:
    return parse_fulfillment({**load("fulfillment"), **fields}, TOPIC).parcels


def test_fulfillment_names_itself_its_order_and_its_items() -> None:
    fulfillment = parse_fulfillment(load("fulfillment"), TOPIC)

    assert (fulfillment.external_id, fulfillment.order_external_id) == ("4501122334455667788", "820982911946154508")
    assert fulfillment.items == (("9007199254740993001", 2),)
    assert (fulfillment.carrier, fulfillment.destination_country) == ("UPS", "CA")


def test_who_packs_a_fulfillment_is_no_service_level() -> None:
    assert parse_fulfillment(load("fulfillment"), TOPIC).service_level == ""


def test_each_tracking_number_is_a_parcel_with_its_own_page() -> None:
    assert parcels() == (
        ParcelInput("1Z999AA10123456784", "https://www.ups.com/track?num=1Z999AA10123456784"),
        ParcelInput("1Z999AA10123456785", "https://www.ups.com/track?num=1Z999AA10123456785"),
    )


def test_repeated_and_blank_tracking_numbers_are_no_parcels() -> None:
    assert parcels(tracking_numbers=["A", "", "B", "A", None], tracking_urls=[]) == (ParcelInput("A"), ParcelInput("B"))


def test_page_that_names_another_number_is_not_a_parcels_own() -> None:
    found = parcels(tracking_numbers=["AAA", "BBB"], tracking_urls=["https://c.example/BBB"])

    assert found == (ParcelInput("AAA"), ParcelInput("BBB", "https://c.example/BBB"))


@pytest.mark.parametrize("numbers", [[], None, "1Z", [None, ""]])
def test_single_tracking_number_counts_where_the_list_is_empty(numbers: Any) -> None:
    found = parcels(
        tracking_numbers=numbers, tracking_urls=[], tracking_number="ONE", tracking_url="https://c.example/1"
    )

    assert found == (ParcelInput("ONE", "https://c.example/1"),)


def test_fulfillment_without_tracking_numbers_is_one_parcel() -> None:
    found = parcels(tracking_numbers=[], tracking_number=None, tracking_urls=[], tracking_url=None)

    assert found == (ParcelInput(),)


def test_hostile_tracking_number_and_page_are_kept_as_text_and_dropped() -> None:
    found = parcels(tracking_numbers=["#☠1☢\n---\n4321\n"], tracking_urls=["javascript:alert(1)"])

    assert found == (ParcelInput("#☠1☢\n---\n4321"),)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("success", "open"),
        ("pending", "open"),
        ("open", "open"),
        ("cancelled", "cancelled"),
        ("failure", "failed"),
        ("error", "failed"),
        ("CANCELLED", "cancelled"),
        ("no such word", "open"),
        (None, "open"),
    ],
)
def test_status_of_a_fulfillment_becomes_its_state(status: str | None, state: str) -> None:
    assert parse_fulfillment({**load("fulfillment"), "status": status}, TOPIC).state == state


def test_fulfillment_without_shipment_status_has_no_scan() -> None:
    assert parse_fulfillment(load("fulfillment"), TOPIC).scan is None


def test_shipment_status_is_a_scan_at_the_time_of_the_update() -> None:
    scan = parse_fulfillment({**load("fulfillment"), "shipment_status": "attempted_delivery"}, TOPIC).scan

    assert scan == ScanInput(
        status="failure",
        occurred_at=datetime(2026, 10, 2, 12, 20, tzinfo=UTC),
        substatus="delivery_attempted",
        raw_status="attempted_delivery",
        attempt=True,
    )


def test_items_of_one_line_are_added_up() -> None:
    payload = load("fulfillment")
    payload["line_items"].append(payload["line_items"][0])

    assert parse_fulfillment(payload, TOPIC).items == (("9007199254740993001", 4),)


def test_fulfillment_without_its_order_is_malformed() -> None:
    payload = load("fulfillment")
    del payload["order_id"]

    with pytest.raises(Malformed, match=r"^fulfillments/update: order_id must be a whole number, got nothing$"):
        parse_fulfillment(payload, TOPIC)


@pytest.mark.parametrize(
    ("word", "status", "substatus", "attempt"),
    [
        ("label_purchased", "pre_transit", "", False),
        ("label_printed", "pre_transit", "", False),
        ("confirmed", "pre_transit", "", False),
        ("carrier_picked_up", "in_transit", "", False),
        ("in_transit", "in_transit", "", False),
        ("delayed", "in_transit", "delayed", False),
        ("out_for_delivery", "out_for_delivery", "", False),
        ("attempted_delivery", "failure", "delivery_attempted", True),
        ("ready_for_pickup", "available_for_pickup", "", False),
        ("ready_for_recipient_pickup", "available_for_pickup", "", False),
        ("picked_up", "delivered", "", False),
        ("delivered", "delivered", "", False),
        ("failure", "failure", "", False),
        ("buyer_action_required", "failure", "", False),
        ("returning_to_sender", "return_to_sender", "", False),
        ("IN_TRANSIT", "in_transit", "", False),
        ("teleported", "unknown", "", False),
    ],
)
def test_word_of_a_fulfillment_event_has_its_meaning(word: str, status: str, substatus: str, attempt: bool) -> None:
    scan = parse_fulfillment_event({**load("fulfillment_event"), "status": word}, EVENT_TOPIC).scan

    assert (scan.status, scan.substatus, scan.attempt) == (status, substatus, attempt)
    assert scan.raw_status == word


def test_every_meaning_is_a_canonical_status() -> None:
    assert {meaning.status for meaning in EVENT_MEANINGS.values()} <= set(statuses.ALL)


def test_fulfillment_event_says_when_where_and_what_is_promised() -> None:
    event = parse_fulfillment_event(load("fulfillment_event"), EVENT_TOPIC)

    assert (event.fulfillment_external_id, event.order_external_id) == ("4501122334455667788", "820982911946154508")
    assert event.scan == ScanInput(
        status="out_for_delivery",
        occurred_at=datetime(2026, 10, 5, 11, 45, tzinfo=UTC),
        raw_status="out_for_delivery",
        message="On the van",
        city="Toronto",
        province="Ontario",
        country="CA",
        postal_code="M5J 2N8",
        estimate=date(2026, 10, 5),
    )


def test_fulfillment_event_without_its_own_time_happened_when_it_was_created() -> None:
    scan = parse_fulfillment_event({**load("fulfillment_event"), "happened_at": None}, EVENT_TOPIC).scan

    assert scan.occurred_at == datetime(2026, 10, 5, 11, 46, tzinfo=UTC)


def test_fulfillment_event_without_any_time_is_malformed() -> None:
    payload = {**load("fulfillment_event"), "happened_at": None, "created_at": None}

    with pytest.raises(Malformed, match=r"^fulfillment_events/create: created_at must be a date and time"):
        parse_fulfillment_event(payload, EVENT_TOPIC)
