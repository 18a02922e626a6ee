"""When orders and parcels stall, what is told of it, and by which settings they are judged."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Delivery, Event, Merchant
from tests.tracking.stalling import (
    DUE,
    PLACED,
    TEA,
    at,
    issues,
    merchant_in_new_york,
    place,
    scan,
    ship,
    stalled_order,
    stalled_parcel,
)
from tests.tracking.telling import DAY, HOUR, page_of
from tracking import services, stalled
from tracking.inputs import FulfillmentInput, LineInput, ParcelInput, RefundInput
from tracking.models import Issue, Order, Problem
from tracking.services import policies


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant in New York with every metric on."""
    return merchant_in_new_york()


# Orders


def test_an_order_that_nobody_ships_is_told_once_at_the_minute_it_is_due(merchant: Merchant) -> None:
    place(merchant)

    assert stalled.sweep(at=DUE - timedelta(seconds=1)) == 0
    assert stalled.sweep(at=DUE) == 1
    assert stalled.sweep(at=DUE + DAY) == 0
    assert issues() == [stalled_order()]
    order = Order.objects.get()
    assert (order.stalls_at, order.stalled_at) == (None, DUE)


@pytest.mark.parametrize(
    ("placed", "due"),
    [
        ("2026-11-20 23:30", "2026-11-25 23:30"),
        ("2026-11-21 12:00", "2026-11-26 00:00"),
        # Clocks go forward on the eighth, a Sunday that does not count, and back on the first of November.
        ("2026-03-06 18:00", "2026-03-11 18:00"),
        ("2026-10-30 12:00", "2026-11-04 12:00"),
    ],
)
def test_weekends_of_the_merchant_do_not_count(merchant: Merchant, placed: str, due: str) -> None:
    assert place(merchant, at(placed)).stalls_at == at(due)


def test_it_is_real_time_where_clocks_are_changed_on_a_day_that_counts(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - 60 * DAY, excluded_weekdays=[])

    assert place(merchant, at("2026-10-31 12:00")).stalls_at == at("2026-11-03 11:00")


def test_holidays_and_own_dates_do_not_count(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, holiday_country="US", own_dates=["2026-11-27"])

    assert place(merchant, at("2026-11-24 10:00")).stalls_at == at("2026-12-01 10:00")


def test_holidays_of_a_region(merchant: Merchant) -> None:
    Merchant.objects.update(timezone="Europe/Berlin")
    merchant.refresh_from_db()
    policies.change(merchant, by=None, at=PLACED - 400 * DAY, holiday_country="DE", holiday_region="BY")
    epiphany_eve = datetime(2026, 1, 5, 12, tzinfo=ZoneInfo("Europe/Berlin"))

    assert place(merchant, epiphany_eve).stalls_at == epiphany_eve + 4 * DAY


@pytest.mark.parametrize(
    "news",
    [
        lambda m: ship(m, PLACED + DAY),
        lambda m: place(m, updated=PLACED + DAY, cancelled_at=PLACED + DAY),
        lambda m: place(m, updated=PLACED + DAY, lines=()),
        lambda m: place(m, updated=PLACED + DAY, lines=(LineInput("12", "Voucher", requires_shipping=False),)),
        lambda m: services.ingest_refund(
            merchant=m, refund=RefundInput("r1", "1", PLACED + DAY, (("11", 1),)), at=PLACED + DAY
        ),
    ],
    ids=["shipped", "cancelled", "emptied", "a voucher in its place", "refunded"],
)
def test_an_order_is_waited_for_no_longer_once_it_is_shipped_or_nothing_is_left_to_ship(
    merchant: Merchant, news: Any
) -> None:
    place(merchant)
    news(merchant)

    assert Order.objects.get().stalls_at is None
    stalled.flag_orders(at=DUE + DAY)
    assert not Issue.objects.exists()


@pytest.mark.parametrize(
    "given",
    [{"is_test": True}, {"lines": ()}, {"lines": (LineInput("12", "Voucher", requires_shipping=False),)}],
    ids=["test", "empty", "voucher"],
)
def test_an_order_that_nobody_has_to_ship_never_stalls(merchant: Merchant, given: dict[str, Any]) -> None:
    assert place(merchant, **given).stalls_at is None


def test_an_order_that_comes_to_hold_something_is_waited_for(merchant: Merchant) -> None:
    place(merchant, lines=())

    assert place(merchant, updated=PLACED + DAY).stalls_at == DUE


def test_an_order_that_stalled_and_is_edited_does_not_stall_again(merchant: Merchant) -> None:
    place(merchant)
    stalled.sweep(at=DUE)
    order = place(merchant, updated=DUE + HOUR, lines=(TEA, LineInput("13", "Pot")))

    assert (order.stalls_at, order.stalled_at) == (None, DUE)


def test_an_order_that_is_shipped_when_it_is_told_first_does_not_stall(merchant: Merchant) -> None:
    parcel = FulfillmentInput("f1", "1", created_at=PLACED, updated_at=PLACED)

    assert place(merchant, fulfillments=(parcel,)).stalls_at is None


# Parcels


def test_a_parcel_is_counted_from_its_fulfilment_then_from_its_newest_scan(merchant: Merchant) -> None:
    place(merchant)
    assert ship(merchant).stalls_at == DUE
    assert scan(merchant, "pre_transit", PLACED + HOUR).stalls_at == DUE + HOUR
    assert scan(merchant, "in_transit", PLACED + 4 * HOUR).stalls_at == DUE + 4 * HOUR
    assert scan(merchant, "in_transit", PLACED + 2 * HOUR, message="late").stalls_at == DUE + 4 * HOUR
    assert scan(merchant, "unknown", PLACED + 5 * HOUR).stalls_at == DUE + 5 * HOUR
    assert scan(merchant, "failure", PLACED + 6 * HOUR).stalls_at == DUE + 6 * HOUR

    stalled.sweep(at=DUE + 6 * HOUR)
    assert issues()[-1] == stalled_parcel(DUE + 6 * HOUR)


@pytest.mark.parametrize("word", ["delivered", "return_to_sender", "cancelled"])
def test_a_parcel_that_is_at_its_end_does_not_stall(merchant: Merchant, word: str) -> None:
    place(merchant)
    ship(merchant)

    assert scan(merchant, word, PLACED + HOUR).stalls_at is None


def test_a_parcel_that_stalled_and_moves_again_is_not_told_twice(merchant: Merchant) -> None:
    place(merchant)
    ship(merchant)
    stalled.sweep(at=DUE)
    moved = scan(merchant, "in_transit", DUE + HOUR)

    assert (moved.stalls_at, moved.stalled_at) == (None, DUE)
    assert stalled.sweep(at=DUE + 30 * DAY) == 0
    assert issues() == [stalled_parcel(DUE)]


def test_a_test_order_s_parcel_does_not_stall(merchant: Merchant) -> None:
    place(merchant, is_test=True)

    assert ship(merchant).stalls_at is None


def test_before_pickup_and_in_transit_have_hours_of_their_own(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, hours_before_pickup=24, hours_in_transit=None)
    place(merchant)

    assert ship(merchant).stalls_at == at("2026-11-20 10:00")
    assert scan(merchant, "in_transit", PLACED + HOUR).stalls_at is None


def test_deadlines_cost_no_statement_of_their_own(merchant: Merchant) -> None:
    with CaptureQueriesContext(connection) as queries:
        place(merchant)
        ship(merchant)
        scan(merchant, "in_transit", PLACED + HOUR)
        place(merchant, key="2")
        place(merchant, key="2", updated=PLACED + HOUR, cancelled_at=PLACED + HOUR)

    written = [each["sql"] for each in queries if '"stalls_at"' in each["sql"] and each["sql"].startswith("UPDATE")]
    assert len(written) == 3
    assert [each for each in written if re.search(r'SET "stalls_at" = [^,]+ WHERE', each)] == []


# What is told


def test_what_is_told_of_an_order(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, home_country="US")
    place(merchant)
    stalled.sweep(at=DUE + HOUR)

    event = Event.objects.get(metric="order_issue_created")
    assert (event.recorded_at, event.order_number) == (DUE + HOUR, "#1")
    assert str(event.customer) == str(Order.objects.get().customer) != "None"
    assert event.properties == {
        "ProblemType": "FulfillmentStalled",
        "OrderNumber": "#1",
        "OrderId": "1",
        "HoursStalled": 120.0,
        "NotUpdatedSince": "2026-11-19T15:00:00+00:00",
        "WindowHours": 72,
        "ExcludedDays": ["Saturday", "Sunday"],
        "StalledSettingsVersion": 1,
        "TrackingUrl": page_of(),
        "AdminUrl": f"http://127.0.0.1:8000/m/{merchant.public_id}/why/?q=%231",
        "ItemNames": ["Tea"],
        "Items": [{"ProductName": "Tea", "Quantity": 1}],
    }
    assert Delivery.objects.filter(event=event).count() == 1


def test_what_is_told_of_a_parcel(merchant: Merchant) -> None:
    place(merchant)
    ship(merchant, parcels=(ParcelInput("1Z1", "https://ups.example/1Z1"),))
    scan(merchant, "in_transit", PLACED + HOUR)
    stalled.sweep(at=DUE + HOUR)

    event = Event.objects.get(metric="order_issue_created")
    assert event.tracking_number == "1Z1"
    assert event.properties == {
        "ProblemType": "ShipmentStalled",
        "OrderNumber": "#1",
        "OrderId": "1",
        "ShipmentId": "f1",
        "TrackingNumber": "1Z1",
        "Carrier": "UPS",
        "HoursStalled": 120.0,
        "NotUpdatedSince": "2026-11-19T16:00:00+00:00",
        "WindowHours": 72,
        "ExcludedDays": ["Saturday", "Sunday"],
        "StalledSettingsVersion": 0,
        "TrackingUrl": page_of(),
        "AdminUrl": f"http://127.0.0.1:8000/m/{merchant.public_id}/why/?q=%231",
        "ItemNames": ["Tea"],
        "Items": [{"ProductName": "Tea", "Quantity": 1}],
    }


@pytest.mark.parametrize("off", list(Problem))
def test_each_type_of_problem_can_be_switched_off(merchant: Merchant, off: Problem) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, problems_off=[off])
    place(merchant, key="1")
    for key in ("2", "3"):
        place(merchant, key=key)
        ship(merchant, key=key)
    scan(merchant, "failure", PLACED + HOUR, key="2")
    scan(merchant, "return_to_sender", PLACED + HOUR, key="3")
    stalled.sweep(at=DUE + HOUR)

    assert {problem for _, problem, _ in issues()} == set(Problem.values) - {off}


# Settings


def test_a_change_does_not_touch_what_was_placed_before(merchant: Merchant) -> None:
    place(merchant, PLACED, key="1")
    made = policies.change(merchant, by=None, at=PLACED + HOUR, hours_until_fulfillment=24, hours_before_pickup=48)
    late = place(merchant, PLACED, key="2", updated=PLACED + 2 * HOUR)
    new = place(merchant, PLACED + HOUR, key="3")
    parcels = [ship(merchant, key=key) for key in "123"]

    assert [Order.objects.get(external_id=key).stalled_policy for key in "123"] == [None, None, made]
    assert (late.stalls_at, new.stalls_at) == (DUE, at("2026-11-20 11:00"))
    assert [each.stalls_at for each in parcels] == [DUE, DUE, at("2026-11-23 10:00")]
    assert place(merchant, PLACED, key="1", updated=PLACED + 3 * HOUR).policy.version == 0


def test_the_version_in_force_is_the_one_of_the_placing(merchant: Merchant) -> None:
    for hours in (10, 20, 30):
        policies.change(merchant, by=None, at=PLACED + hours * HOUR, hours_in_transit=hours)

    assert place(merchant, PLACED + 25 * HOUR).policy.version == 2


OVERRIDES = [
    {"carrier": "ups", "destination": "", "before_pickup": 11, "in_transit": 1},
    {"carrier": "", "destination": "domestic", "before_pickup": 12, "in_transit": 2},
    {"carrier": "", "destination": "international", "before_pickup": 13, "in_transit": 3},
    {"carrier": "", "destination": "CA", "before_pickup": 14, "in_transit": None},
    {"carrier": "UPS", "destination": "international", "before_pickup": 15, "in_transit": 5},
    {"carrier": "UPS", "destination": "FR", "before_pickup": None, "in_transit": 6},
]


@pytest.mark.parametrize(
    ("carrier", "country", "hours"),
    [
        ("UPS", "US", (11, 1)),
        ("UPS", "", (11, 1)),
        ("UPS", "CA", (15, 5)),
        ("UPS", "FR", (None, 6)),
        ("DHL", "US", (12, 2)),
        ("DHL", "FR", (13, 3)),
        ("DHL", "CA", (14, None)),
        ("DHL", "", (72, 72)),
        ("", "CA", (14, None)),
    ],
)
def test_the_most_specific_override_decides(
    merchant: Merchant, carrier: str, country: str, hours: tuple[Any, Any]
) -> None:
    policy = policies.change(merchant, by=None, at=PLACED - DAY, home_country="US", overrides=OVERRIDES)

    found = [policy.hours_of_parcel(is_picked_up=each, carrier=carrier, country=country) for each in (False, True)]
    assert tuple(found) == hours


def test_an_override_holds_for_the_carrier_and_the_country_as_they_become_known(merchant: Merchant) -> None:
    policies.change(merchant, by=None, at=PLACED - DAY, home_country="US", overrides=OVERRIDES)
    place(merchant, destination_country="CA")

    assert ship(merchant, carrier="").stalls_at == PLACED + 14 * HOUR
    assert scan(merchant, "pre_transit", PLACED, carrier="UPS").stalls_at == PLACED + 15 * HOUR
    described = ship(merchant, updated=PLACED + HOUR, carrier="DHL", destination_country="FR")
    assert described.stalls_at == PLACED + 13 * HOUR
