"""What can be done with parcels, in whatever order the news arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from integrations.models import Merchant
from tests.tracking.telling import AT, DAY, HOUR, fulfillment, make_merchant, order, refund, scan, ship, told, track
from tracking import services
from tracking.inputs import FulfillmentScanInput
from tracking.models import Scan, Shipment


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with every metric on."""
    return make_merchant()


def test_parcels_are_numbered_by_their_fulfilment(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, numbers=["1ZA", "1ZB"], items=(("11", 1),))
    ship(merchant, key="f2", numbers=[""], items=(("12", 2),))

    assert list(Shipment.objects.order_by("id").values_list("external_id", "tracking_number", "items")) == [
        ("f1", "1ZA", [["11", 1]]),
        ("f1:1ZB", "1ZB", []),
        ("f2", "", [["12", 2]]),
    ]
    assert told("shipment_created") == ["shipment:f1:created", "shipment:f1:1ZB:created", "shipment:f2:created"]


@pytest.mark.parametrize(
    ("messages", "numbers"),
    [
        ([[""], ["1ZA"]], ["1ZA"]),
        ([["1ZTYPO"], ["1ZA"]], ["1ZA"]),
        ([["1ZA"], ["1ZA", "1ZB"]], ["1ZA", "1ZB"]),
        ([["1ZA", "1ZB"], ["1ZB", "1ZA"]], ["1ZA", "1ZB"]),
        ([["1ZA", "1ZTYPO"], ["1ZA", "1ZB"]], ["1ZA", "1ZB"]),
        ([["1ZA"], [""]], ["1ZA"]),
    ],
)
def test_numbers_that_come_later_or_are_corrected(
    merchant: Merchant, messages: list[list[str]], numbers: list[str]
) -> None:
    order(merchant)
    for hours, each in enumerate(messages):
        ship(merchant, 1 + hours, numbers=each)

    assert list(Shipment.objects.order_by("id").values_list("tracking_number", flat=True)) == numbers
    assert len(told("shipment_created")) == len(numbers)


def test_an_older_message_does_not_bring_back_a_wrong_number(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, 3, numbers=["1ZA"])
    ship(merchant, 1, numbers=["1ZTYPO"])

    assert Shipment.objects.get().tracking_number == "1ZA"


def test_a_number_that_was_corrected_and_comes_back_is_another_parcel(merchant: Merchant) -> None:
    order(merchant)
    for hours, numbers in enumerate([["1ZA", "1ZB"], ["1ZA", "1ZC"], ["1ZA", "1ZC", "1ZB"]]):
        ship(merchant, 1 + hours, numbers=numbers)

    assert set(Shipment.objects.values_list("tracking_number", flat=True)) == {"1ZA", "1ZB", "1ZC"}


def test_an_older_message_makes_no_parcel_that_the_newer_one_does_not_know(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, 3, numbers=["1ZA"])
    ship(merchant, 1, numbers=["1ZTYPO", "1ZOTHER"])

    assert Shipment.objects.get().tracking_number == "1ZA"


def test_a_fulfilment_that_is_cancelled_after_it_was_told_is_told_and_no_longer_counts(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, key="f1", numbers=["1ZA"])
    ship(merchant, 2, key="f1", numbers=["1ZA"], state="cancelled")
    ship(merchant, 3, key="f2", numbers=["1ZB"])

    track(merchant, scan("delivered", 4), number="1ZB")

    assert told("shipment_update_received") == [
        f"shipment:f1:cancelled:{int((AT + 2 * HOUR).timestamp())}",
        f"shipment:f2:delivered:{int((AT + 4 * HOUR).timestamp())}",
    ]
    assert told("order_delivered") == ["order:1:delivered"]


def test_everything_cancelled_is_not_delivered(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant)
    ship(merchant, 2, state="cancelled")
    refund(merchant, 3, ("11", 1), ("12", 2))

    assert told("order_delivered") == []


def test_a_fulfilment_that_failed_did_not_leave(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, numbers=[""], state="failed")

    assert told("order_shipped") == []


def test_a_fulfilment_that_does_not_say_what_is_in_it_holds_everything(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, items=())

    track(merchant, scan("delivered", 2))

    assert told("order_delivered") == ["order:1:delivered"]


def test_one_message_may_tell_many_things_and_tells_them_in_order(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant)
    track(merchant, *(scan(word, hours) for word, hours in [("delivered", 6), ("in_transit", 2), ("failure", 4)]))

    at = {hours: int((AT + hours * HOUR).timestamp()) for hours in (2, 4, 6)}
    assert told()[-5:] == [
        f"shipment:f1:in_transit:{at[2]}",
        f"shipment:f1:failure:{at[4]}",
        "issue:ShipmentDeliveryAttempted:f1",
        f"shipment:f1:delivered:{at[6]}",
        "order:1:delivered",
    ]


def test_a_parcel_that_carries_two_orders_moves_both(merchant: Merchant) -> None:
    for key in "12":
        order(merchant, key=key)
        ship(merchant, key=f"f{key}", order_external_id=key)

    handled = track(merchant, scan("delivered", 2))

    assert handled.note == "4 changes on 2 parcels"
    assert told("order_delivered") == ["order:1:delivered", "order:2:delivered"]


def test_a_second_order_in_a_parcel_that_arrived_hears_of_it(merchant: Merchant) -> None:
    order(merchant, key="1")
    ship(merchant, key="f1")
    track(merchant, scan("delivered", 2))

    order(merchant, key="2")
    ship(merchant, key="f2", order_external_id="2")

    assert told("order_delivered") == ["order:1:delivered", "order:2:delivered"]


@pytest.mark.parametrize(("days", "moved"), [(59, {"f1", "f2"}), (61, {"f2"})])
def test_a_number_that_the_carrier_uses_again_is_the_newest_parcels(
    merchant: Merchant, days: int, moved: set[str]
) -> None:
    order(merchant, key="1")
    ship(merchant, key="f1")
    order(merchant, key="2")
    ship(merchant, key="f2", order_external_id="2", created_at=AT + HOUR + days * DAY)

    track(merchant, scan("in_transit", 2 + 24 * days))

    assert set(Scan.objects.values_list("shipment__external_id", flat=True)) == moved


def test_a_shops_scan_is_the_word_on_every_parcel_of_its_fulfilment(merchant: Merchant) -> None:
    order(merchant)
    ship(merchant, numbers=["1ZA", "1ZB"])
    ship(merchant, key="f2", numbers=["1ZC"])
    event = FulfillmentScanInput("f1", "1", scan("out_for_delivery", 2))

    handled = services.ingest_fulfillment_scan(merchant=merchant, event=event, at=AT + DAY)

    assert (handled.note, handled.reference) == ("2 changes on 2 parcels", "#1")
    assert dict(Shipment.objects.values_list("tracking_number", "status")) == {
        "1ZA": "out_for_delivery",
        "1ZB": "out_for_delivery",
        "1ZC": "unknown",
    }


def test_a_shops_scan_of_an_unknown_fulfilment_waits(merchant: Merchant) -> None:
    event = FulfillmentScanInput("f1", "1", scan("delivered", 2))

    handled = services.ingest_fulfillment_scan(merchant=merchant, event=event, at=AT + DAY)

    assert handled.waits_for == "fulfillment:f1"


def test_the_same_scan_in_another_case_is_one_and_a_different_place_another(merchant: Merchant) -> None:
    order(merchant, fulfillments=(fulfillment(),))
    first = scan("in_transit", 2, message="Departed", city="MEMPHIS")

    track(merchant, first, replace(first, postal_code="38118"), replace(first, city="LYON"))
    track(merchant, first)

    assert list(Scan.objects.order_by("id").values_list("city", "is_transition")) == [
        ("MEMPHIS", True),
        ("LYON", False),
    ]


def test_a_carriers_summary_counts_where_no_scan_says_it(merchant: Merchant) -> None:
    order(merchant, fulfillments=(fulfillment(),))

    track(merchant, scan("in_transit", 2), status="delivered", status_at=AT + 3 * HOUR, message="Front door")

    shipment = Shipment.objects.get()
    assert (shipment.status, shipment.status_message, shipment.delivered_at) == (
        "delivered",
        "Front door",
        AT + 3 * HOUR,
    )


def test_the_first_promise_is_kept_and_the_newest_beside_it(merchant: Merchant) -> None:
    order(merchant, fulfillments=(fulfillment(),))
    for day in (24, 26, 25):
        track(merchant, scan("in_transit", day - 20), estimate=date(2026, 11, day))
    track(merchant, estimate=date(2026, 12, 31), is_test=True)

    shipment = Shipment.objects.get()
    assert (shipment.promised_on, shipment.expected_on) == (date(2026, 11, 24), date(2026, 11, 25))


def test_an_older_tracker_does_not_bring_back_its_estimate(merchant: Merchant) -> None:
    order(merchant, fulfillments=(fulfillment(),))
    scans = [scan("in_transit", 2), scan("out_for_delivery", 4)]
    track(merchant, *scans, estimate=date(2026, 11, 26))

    track(merchant, *scans[:1], estimate=date(2026, 11, 24))

    assert Shipment.objects.get().expected_on == date(2026, 11, 26)


def test_the_carrier_knows_its_own_name_and_page_better_than_the_shop(merchant: Merchant) -> None:
    order(merchant, fulfillments=(fulfillment(carrier="Other"),))

    track(merchant, tracking_url="https://ups.example/1ZA", service_level="Ground")
    track(merchant, scan("in_transit", 2))

    shipment = Shipment.objects.get()
    assert (shipment.carrier, shipment.carrier_url, shipment.service_level) == (
        "UPS",
        "https://ups.example/1ZA",
        "Ground",
    )
