from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone

from config.demo import clock
from integrations.delivery.claim import lanes_with_work
from integrations.models import Delivery
from tests.tracking.stalling import DUE, PLACED, merchant_in_new_york, place, scan, ship
from tests.tracking.telling import DAY, HOUR


def test_a_clock_is_moved_forward_and_goes_on() -> None:
    with time_machine.travel(PLACED, tick=False) as now:
        moved = clock.standing_at(DUE)
        assert moved() == DUE
        now.shift(60)
        assert moved() == DUE + timedelta(minutes=1)
        assert timezone.now() == PLACED + timedelta(minutes=1)


@pytest.mark.django_db
def test_what_stands_still_is_told_in_words() -> None:
    merchant = merchant_in_new_york("order_tracking", "returns_and_tracking")
    place(merchant)
    place(merchant, key="2")
    ship(merchant, key="2")
    scan(merchant, "in_transit", PLACED + HOUR, key="2", estimate=date(2026, 11, 20))

    assert clock.sweep(DUE - 4 * DAY) == []
    told = "\n".join(clock.sweep(DUE) + clock.sweep(DUE + HOUR))

    assert "#1 of Ann Shopper was not fulfilled within 72 business hours:\n" in told
    assert "Tidings: OrderIssueCreated FulfillmentStalled, due Tue 24 Nov 2026, 10:00 EST" in told
    assert "#2 of Ann Shopper did not arrive by Fri 20 Nov, as was promised:\n" in told
    assert "Order Tracking Update delayed, due Sat 21 Nov 2026, 00:00 EST" in told
    assert "#2 of Ann Shopper was shipped, and not scanned for 72 business hours:\n" in told
    assert "Order Tracking Update stalled_in_transit, due Tue 24 Nov 2026, 11:00 EST" in told
    assert len(told.splitlines()) == 8


@pytest.mark.django_db
def test_what_is_found_ahead_of_time_is_not_due_for_the_worker() -> None:
    place(merchant_in_new_york("order_tracking"))
    Delivery.objects.all().delete()

    clock.sweep(DUE)

    assert not lanes_with_work(at=DUE - timedelta(seconds=1)).exists()
    assert lanes_with_work(at=DUE).exists()
