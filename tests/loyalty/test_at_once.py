"""Many at once: nobody spends what somebody else has spent, and one cause counts once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction

from integrations import merging
from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from loyalty import nights, services
from loyalty.ledger import NotEnough
from loyalty.models import LedgerEntry, LoyaltyClock, Member
from loyalty.services import members, programmes
from loyalty.verification import verify
from tests.loyalty.telling import MAY, add, balance, member, merchant_with_programme, order, redeem
from tests.support.waiting import wait_until_a_lock_is_waited_for
from tests.tracking.telling import ANN, AT, DAY

THREADS = 20

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(*actions: Callable[[], object]) -> list[bool]:
    """Do them all at the same moment; whether each had what it needs."""
    start = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> bool:
        try:
            start.wait(30)
            action()
        except NotEnough:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def _merchant() -> Merchant:
    made = merchant_with_programme()
    LoyaltyClock.objects.update(done_on=AT.date())
    member(made)
    return made


def test_twenty_redemptions_of_the_same_points() -> None:
    merchant = _merchant()
    for points in (30, 30, 14):
        add(merchant, points)

    done = at_once(*[lambda: redeem(merchant, 10)] * THREADS)

    assert (sum(done), balance(merchant)) == (7, 4)
    assert verify(merchant) == []


def test_twenty_times_the_same_redemption() -> None:
    merchant = _merchant()
    add(merchant, 100)

    done = at_once(*[lambda: redeem(merchant, 60, cause="redemption:once")] * THREADS)

    assert (sum(done), balance(merchant)) == (THREADS, 40)
    assert LedgerEntry.objects.filter(source="reward_redemption").count() == 1


def test_twenty_redemptions_while_the_order_is_refunded() -> None:
    """Whichever come first: what is spent by then is owed."""
    merchant = _merchant()
    order(merchant, "1", "80")

    refunded, *redeemed = at_once(
        lambda: order(merchant, "1", "80", refunded="80", hours=1), *[lambda: redeem(merchant, 10)] * THREADS
    )

    assert refunded
    assert balance(merchant) == -10 * sum(redeemed) >= -80
    assert verify(merchant) == []


def test_twenty_redemptions_while_the_points_run_out() -> None:
    merchant = _merchant()
    programmes.change(merchant, by=MAY, at=AT, expiry_days=3)
    add(merchant, 74)

    _, *redeemed = at_once(lambda: nights.work(at=AT + 5 * DAY, seconds=60), *[lambda: redeem(merchant, 10)] * THREADS)
    while not nights.work(at=AT + 5 * DAY, seconds=60):
        pass

    ran_out = LedgerEntry.objects.filter(source="expiry").values_list("points", flat=True)
    assert (balance(merchant), -sum(ran_out)) == (0, 74 - 10 * sum(redeemed))
    assert verify(merchant) == []


def test_twenty_redemptions_of_two_who_are_merged_meanwhile() -> None:
    """As many succeed as the two have points for, one or two."""
    merchant = _merchant()
    ann = Customer.objects.get()
    bob = Customer.objects.create(merchant=merchant, email="bob@shopper.example", created_at=AT)
    with transaction.atomic():
        members.enrol(merchant, bob, Member.Source.SHOP, at=AT)
        for customer, points in ((ann, 44), (bob, 30)):
            services.adjust(
                merchant=merchant, customer=customer, points=points, reason="x", by=MAY, cause=customer.email, at=AT
            )

    def redeem_as(customer: Customer, number: int) -> None:
        with transaction.atomic():
            services.redeem(merchant=merchant, customer=customer, points=10, cause=f"redemption:{number}", at=AT)

    merged, *redeemed = at_once(
        lambda: merging.merge_customers(merchant=merchant, given_up=ann, kept=bob, merged_at=AT, at=AT),
        *(partial(redeem_as, (ann, bob)[number % 2], number) for number in range(THREADS)),
    )

    assert (merged, sum(redeemed), Member.objects.get().balance) == (True, 7, 4)
    assert verify(merchant) == []


def test_orders_redemptions_bonuses_and_a_night_at_once() -> None:
    merchant = _merchant()
    programmes.change(merchant, by=MAY, at=AT, expiry_days=3)
    add(merchant, 45)
    programmes.change(merchant, by=MAY, at=AT, expiry_days=300)
    actions: list[Callable[[], object]] = [
        lambda: nights.work(at=AT + 5 * DAY, seconds=60),
        lambda: nights.work(at=AT + 5 * DAY, seconds=60),
    ]
    for number in range(6):
        actions += [
            lambda: redeem(merchant, 10, at=AT),
            lambda: add(merchant, 7),
            partial(order, merchant, str(number), "20", created_at=AT),
        ]
    at_once(*actions)
    while not nights.work(at=AT + 5 * DAY, seconds=60):
        pass

    assert verify(merchant) == []
    assert Member.objects.get().balance == sum(LedgerEntry.objects.values_list("points", flat=True)) >= 0
    assert LedgerEntry.objects.filter(source="purchase").count() == 6
    assert LedgerEntry.objects.filter(source="expiry").count() <= 1


def test_a_refund_follows_the_points_that_a_merge_moves_meanwhile() -> None:
    merchant, other = _merchant(), PersonInput(email="other@shopper.example")
    order(merchant, "1", "80")
    # The order turns out to be somebody else's, who is not merged: its points stay, and so nothing waits for its row.
    order(merchant, "1", "80", hours=1, person=other)
    ann = Customer.objects.get(email=ANN.email)
    bob = Customer.objects.create(merchant=merchant, email="bob@shopper.example", created_at=AT)
    with transaction.atomic():
        members.enrol(merchant, bob, Member.Source.SHOP, at=AT)

    merged = threading.Event()

    def merge() -> None:
        with transaction.atomic():
            merging.merge_customers(merchant=merchant, given_up=ann, kept=bob, merged_at=AT, at=AT)
            merged.set()
            wait_until_a_lock_is_waited_for("the refund, which needs the member")

    def refund() -> None:
        assert merged.wait(30)
        order(merchant, "1", "80", refunded="30", hours=2, person=other)

    at_once(merge, refund)

    assert Member.objects.get(customer=bob).balance == 50
    assert verify(merchant) == []
