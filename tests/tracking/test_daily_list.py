"""What is still open: what the daily list says of orders and parcels."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.daily_list import Row
from integrations.models import Merchant
from tests.tracking.stalling import DUE, PLACED, merchant_in_new_york, place, scan, ship
from tests.tracking.telling import HOUR
from tracking import daily_list, stalled
from tracking.models import Issue, Order

LATER = DUE + timedelta(days=30)


@pytest.fixture
def merchant(db: None) -> Merchant:
    return merchant_in_new_york()


def numbers(merchant: Merchant) -> list[str]:
    """Orders on the list."""
    return [each.order_number for each in daily_list.stalled(merchant, LATER, 10).rows]


def test_an_order_is_on_it_until_it_is_shipped_or_cancelled(merchant: Merchant) -> None:
    for key in ("1", "2", "3"):
        place(merchant, PLACED, key=key)
    assert numbers(merchant) == []
    stalled.sweep(at=DUE)

    assert Row("FulfillmentStalled", "not fulfilled", "#1", PLACED) in daily_list.stalled(merchant, LATER, 10).rows
    ship(merchant, DUE + HOUR, key="2")
    place(merchant, PLACED, key="3", updated=DUE + HOUR, cancelled_at=DUE + HOUR)
    assert numbers(merchant) == ["#1"]


@pytest.mark.parametrize("word", ["in_transit", "delivered", "return_to_sender", "unknown"])
def test_a_parcel_is_on_it_until_it_is_scanned(merchant: Merchant, word: str) -> None:
    for key in ("1", "2"):
        place(merchant, key=key)
        ship(merchant, key=key)
        scan(merchant, "in_transit", PLACED + HOUR, key=key)
    stalled.sweep(at=LATER)

    assert (
        Row("ShipmentStalled", "not scanned", "#1", PLACED + HOUR, "1Z1")
        in daily_list.stalled(merchant, LATER, 10).rows
    )
    scan(merchant, word, LATER + HOUR, key="2")
    assert numbers(merchant) == ["#1"]


def test_a_parcel_that_is_called_off_is_settled(merchant: Merchant) -> None:
    place(merchant)
    parcel = ship(merchant)
    stalled.sweep(at=LATER)
    parcel.status = "cancelled"
    parcel.save()

    assert numbers(merchant) == []


def test_other_problems_are_open_until_the_parcel_arrives_and_not_on_it(merchant: Merchant) -> None:
    place(merchant)
    ship(merchant)
    scan(merchant, "failure", PLACED + HOUR)
    assert [each.problem for each in Issue.objects.for_merchant(merchant).open(at=LATER)] == [
        "ShipmentDeliveryAttempted"
    ]
    assert numbers(merchant) == []
    scan(merchant, "return_to_sender", PLACED + 2 * HOUR)
    assert Issue.objects.for_merchant(merchant).open(at=PLACED + 24 * HOUR).count() == 1


def test_the_longest_still_come_first_and_the_rest_is_counted(merchant: Merchant) -> None:
    for number in range(5):
        place(merchant, PLACED - number * HOUR, key=str(number))
    stalled.sweep(at=LATER)
    with CaptureQueriesContext(database) as queries:
        found = daily_list.stalled(merchant, LATER, 3)

    assert ([each.order_number for each in found.rows], found.total) == (["#4", "#3", "#2"], 5)
    assert len(queries) == 2


def test_another_merchants_are_its_own(merchant: Merchant) -> None:
    place(merchant)
    stalled.sweep(at=LATER)

    assert Order.objects.count() == 1
    assert numbers(Merchant.objects.create(name="Birch")) == []
