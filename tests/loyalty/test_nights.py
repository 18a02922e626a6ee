"""The merchant's midnights: points begin to count, then run out; missed nights, repeated nights, nights that are broken off."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import leases
from integrations.models import Customer, Event, InboundMessage, Merchant
from loyalty import nights, services, tasks
from loyalty.models import Grant, LedgerEntry, Lot, LoyaltyClock, Member, Programme
from loyalty.services import programmes
from loyalty.verification import verify
from tests.loyalty.telling import (
    MAY,
    add,
    balance,
    member,
    merchant_with_programme,
    order,
    redeem,
    revert,
    ship_order,
    told,
)
from tests.tracking.telling import AT, DAY, HOUR


@pytest.fixture
def merchant(db: None) -> Any:
    """A merchant in Berlin; in the end its ledger adds up."""
    made = merchant_with_programme()
    LoyaltyClock.objects.update(done_on=AT.date())
    yield made
    assert verify(made) == []


def test_points_run_out_at_the_merchants_midnight(merchant: Merchant) -> None:
    member(merchant)
    add(merchant, 100)
    add(merchant, 20, at=AT + HOUR)
    add(merchant, 7, at=AT + DAY)
    redeem(merchant, 30)
    nights.work(at=AT + 365 * DAY, seconds=60)
    assert told("points_expired") == []

    for _ in range(2):
        with time_machine.travel(AT + 366 * DAY, tick=False):
            tasks.do_nights()

    assert told("points_expired") == [
        {
            "PointsExpired": 90,
            "ExpiredAt": "2027-11-20T23:00:00+00:00",
            "BalanceAfter": 7,
            "$extra": {
                "Lots": [
                    {"Points": 70, "AddedAt": "2026-11-20T10:00:00+00:00"},
                    {"Points": 20, "AddedAt": "2026-11-20T11:00:00+00:00"},
                ]
            },
        }
    ]
    event = Event.objects.get(metric="points_expired")
    assert event.unique_id == f"points_expired:{event.customer_id}:2027-11-21"
    assert told("points_subtracted")[1:] == []


def test_points_run_out_at_the_end_of_the_month_if_so_set(merchant: Merchant) -> None:
    member(merchant)
    programmes.change(merchant, by=MAY, at=AT, expires_at_month_end=True, expiry_days=40)
    add(merchant, 5)
    programmes.change(merchant, by=MAY, at=AT, expiry=Programme.Expiry.NEVER)
    add(merchant, 5)

    assert [each.expires_at and f"{each.expires_at:%d %b %H:%M}" for each in Lot.objects.order_by("pk")] == [
        "31 Dec 23:00",
        None,
    ]


def test_pending_points_begin_to_count_and_pay_debts(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, pending_days=2)
    order(merchant, created_at=AT + HOUR, hours=1)
    order(merchant, "2", "50", created_at=AT + HOUR, hours=1)
    ship_order(merchant, "1", AT + 2 * HOUR)
    order(merchant, refunded="20", created_at=AT + HOUR, hours=3)
    nights.work(at=AT + 2 * DAY, seconds=60)
    assert balance(merchant) == 0

    nights.work(at=AT + 3 * DAY, seconds=60)

    assert balance(merchant) == 60
    lot = Lot.objects.get()
    assert (f"{lot.effective_at:%d %b %H:%M}", f"{lot.expires_at:%d %b %Y}") == ("22 Nov 23:00", "23 Nov 2027")
    event = Event.objects.get(metric="points_added")
    assert (event.occurred_at, event.properties["Points"]) == (lot.effective_at, 60)
    assert Grant.objects.get(order_external_id="2").entry is None


def test_what_is_refunded_whole_never_counts(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, pending_days=0)
    order(merchant, created_at=AT + HOUR, hours=1)
    ship_order(merchant, "1", AT + 2 * HOUR)
    order(merchant, refunded="80", created_at=AT + HOUR, hours=3)

    nights.work(at=AT + 3 * DAY, seconds=60)

    assert (LedgerEntry.objects.count(), Grant.objects.get().activates_at) == (0, None)


def test_points_that_count_tonight_pay_what_is_owed(merchant: Merchant) -> None:
    order(merchant)
    redeem(merchant, 80)
    order(merchant, refunded="80", hours=1)
    programmes.change(merchant, by=MAY, at=AT + HOUR, pending_days=0)
    order(merchant, "2", "100", created_at=AT + 2 * HOUR, hours=2)
    ship_order(merchant, "2", AT + 2 * HOUR)

    nights.work(at=AT + DAY, seconds=60)

    assert (balance(merchant), Lot.objects.get(remaining__gt=0).remaining) == (20, 20)


def test_missed_nights_are_made_up_for_in_their_order(merchant: Merchant) -> None:
    member(merchant)
    programmes.change(merchant, by=MAY, at=AT, expiry_days=3)
    for days in range(3):
        add(merchant, 10, at=AT + days * DAY)

    nights.work(at=AT + 30 * DAY, seconds=60)

    assert list(Event.objects.filter(metric="points_expired").order_by("id").values_list("occurred_at", flat=True)) == [
        AT.replace(hour=23) + (3 + days) * DAY for days in range(3)
    ]
    assert [each["BalanceAfter"] for each in told("points_expired")] == [20, 10, 0]
    assert LoyaltyClock.objects.get().done_on == date(2026, 12, 20)


def test_what_comes_back_after_its_date_runs_out_again_the_next_night(merchant: Merchant) -> None:
    member(merchant)
    programmes.change(merchant, by=MAY, at=AT, expiry_days=3)
    add(merchant, 10)
    add(merchant, 5)
    redemption = redeem(merchant, 12)
    nights.work(at=AT + 5 * DAY, seconds=60)
    revert(merchant, redemption, at=AT + 5 * DAY)
    night = nights.night(merchant, date(2026, 11, 24), at=AT + 5 * DAY)
    assert (sum(night), balance(merchant)) == (0, 12)

    nights.work(at=AT + 6 * DAY, seconds=60)

    assert [each["PointsExpired"] for each in told("points_expired")] == [3, 12]


def many(merchant: Merchant, count: int) -> None:
    """So many new members with a lot each, which runs out after three days."""
    programmes.change(merchant, by=MAY, at=AT, expiry_days=3)
    there = Customer.objects.count()
    for number in range(there, there + count):
        customer = Customer.objects.create(merchant=merchant, email=f"{number}@shopper.example")
        services.enrol(merchant, customer, Member.Source.ORDER, at=AT)
        services.adjust(
            merchant=merchant, customer=customer, points=9, reason="x", by=MAY, cause=f"many:{number}", at=AT
        )


def test_a_night_that_is_broken_off_goes_on_where_it_was(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    many(merchant, 7)
    monkeypatch.setattr(nights, "BATCH", 3)
    monkeypatch.setattr(nights, "LEASE_SECONDS", 0)

    done = []
    while not nights.work(at=AT + 5 * DAY, seconds=-1):
        done.append(LedgerEntry.objects.filter(source="expiry").count())

    assert done[:3] == [3, 6, 7]
    assert Event.objects.filter(metric="points_expired").count() == 7


@pytest.mark.postgres
def test_statements_do_not_grow_with_the_members(merchant: Merchant) -> None:
    counts = []
    for days, count in ((5, 2), (6, 40)):
        many(merchant, count)
        with CaptureQueriesContext(connection) as queries:
            assert nights.work(at=AT + days * DAY, seconds=60)
        counts.append(len(queries))

    assert Event.objects.filter(metric="points_expired").count() == 42
    assert counts[1] <= counts[0]


def test_nights_wait_while_messages_of_the_merchant_do(merchant: Merchant) -> None:
    member(merchant)
    programmes.change(merchant, by=MAY, at=AT, expiry_days=1)
    add(merchant, 10)
    InboundMessage.objects.create(merchant=merchant, source="shopify", key="1", body=b"{}", received_at=AT)

    nights.work(at=AT + 5 * DAY, seconds=60)
    assert balance(merchant) == 10
    InboundMessage.objects.all().delete()
    nights.work(at=AT + 5 * DAY, seconds=60)
    assert balance(merchant) == 0


def test_a_merchant_at_whom_somebody_else_works_is_left_to_them(merchant: Merchant) -> None:
    with leases.holding(f"loyalty:{merchant.pk}", 60):
        assert not nights.work(at=AT + 5 * DAY, seconds=60)
