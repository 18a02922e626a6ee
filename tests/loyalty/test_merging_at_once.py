"""A merge of customers while their orders and points move: nobody waits for each other in a circle, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from integrations import customers, erasure, merging
from integrations.audit import Actor
from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from loyalty import nights, services
from loyalty.models import LedgerEntry, LoyaltyClock, Member
from loyalty.services import members
from loyalty.verification import verify
from tests.loyalty.telling import merchant_with_programme, order
from tests.loyalty.test_at_once import at_once
from tests.support.waiting import wait_until_a_lock_is_waited_for
from tests.tracking.telling import ANN, AT, DAY, HOUR
from tracking import services as tracking_services
from tracking.models import Order

BOB = PersonInput(email="bob@shopper.example", external_id="8")

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    """Ann, who has an order and 80 points, and Bob, who has another and 50; in the end the ledger adds up."""
    made = merchant_with_programme(expiry_days=3)
    order(made, "1", "80")
    order(made, "2", "50", person=BOB)
    LoyaltyClock.objects.update(done_on=AT.date())
    yield made
    assert verify(made) == []


def ann() -> Customer:
    """Who is given up."""
    return Customer.objects.get(email=ANN.email)


def bob() -> Customer:
    """Who is kept."""
    return Customer.objects.get(email=BOB.email)


def merge(merchant: Merchant) -> None:
    """Ann turns out to be Bob."""
    merging.merge_customers(merchant=merchant, given_up=ann(), kept=bob(), merged_at=AT, at=AT)


def refund(merchant: Merchant) -> None:
    """Of Ann's order 30 € are refunded, and the shop has learnt her second name."""
    named = PersonInput(email=ANN.email, first_name="Ann", last_name="Baker", external_id=ANN.external_id)
    order(merchant, "1", "80", refunded="30", hours=1, person=named)


def cancel(merchant: Merchant) -> None:
    """Ann's order is cancelled."""
    with transaction.atomic():
        tracking_services.cancel_order(
            merchant=merchant, order_external_id="1", cancelled_at=AT + HOUR, reason="", at=AT + HOUR
        )


def redeem(merchant: Merchant) -> None:
    """Ann spends 30 points."""
    with transaction.atomic():
        services.redeem(merchant=merchant, customer=ann(), points=30, cause="redemption", at=AT + HOUR)


def expire(merchant: Merchant) -> None:
    """Everything that Ann has left runs out, and what Bob has."""
    while not nights.work(at=AT + 5 * DAY, seconds=60):
        pass


def erase(merchant: Merchant) -> None:
    """Bob wants to be forgotten."""
    erasure.erase(merchant, [bob()], by=Actor(label="May"), at=AT + HOUR)


LEFT: dict[Callable[[Merchant], None], int] = {refund: 100, cancel: 50, redeem: 100, expire: 0}
"""What happens beside the merge, and the points that are left in the end, whichever comes first."""


@contextmanager
def stopping(owner: Any, name: str, reached: threading.Event) -> Iterator[None]:
    """Whoever comes to the end of that function stays there until somebody waits for what they hold."""
    real = getattr(owner, name)

    def stop(*given: Any, **more: Any) -> Any:
        done = real(*given, **more)
        if not reached.is_set():
            reached.set()
            wait_until_a_lock_is_waited_for(f"the other one, after {name}")
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, stop)
        yield


def one_in_the_middle_of_the_other(
    merchant: Merchant, first: Callable[[Merchant], None], stops_at: tuple[Any, str], second: Callable[[Merchant], None]
) -> None:
    """`second` begins once `first` has come so far; `first` goes on once `second` waits for it."""
    reached = threading.Event()

    def follow() -> None:
        assert reached.wait(30)
        second(merchant)

    with stopping(*stops_at, reached):
        at_once(lambda: first(merchant), follow)


@pytest.mark.parametrize("action", LEFT, ids=lambda action: action.__name__)
def test_what_has_begun_is_waited_for_by_a_merge(merchant: Merchant, action: Any) -> None:
    """It holds the member, and needs the customer yet."""
    held = (members, "locked") if action is redeem else (members, "locked_many")
    one_in_the_middle_of_the_other(merchant, action, held, merge)

    assert Member.objects.get().customer == bob()
    assert Member.objects.get().balance == LEFT[action]


@pytest.mark.parametrize("action", LEFT, ids=lambda action: action.__name__)
def test_what_comes_meanwhile_waits_for_a_merge_and_follows_it(merchant: Merchant, action: Any) -> None:
    held = (merging, "_move") if action in (refund, cancel) else (members, "locked_many")
    one_in_the_middle_of_the_other(merchant, merge, held, action)

    assert Member.objects.get().balance == LEFT[action]
    assert set(Order.objects.values_list("customer", flat=True)) == {bob().pk}


def test_news_of_the_shopper_that_come_with_an_order_wait_for_no_merge(merchant: Merchant) -> None:
    """Order first, then who ordered: a merge takes them in this order, too."""
    one_in_the_middle_of_the_other(merchant, refund, (customers, "_known"), merge)

    assert (Member.objects.get().balance, Customer.objects.get(merged_into=None)) == (100, bob())


def test_an_erasure_meanwhile(merchant: Merchant) -> None:
    one_in_the_middle_of_the_other(merchant, merge, (merging, "_move"), erase)
    assert {each.status for each in Customer.objects.all()} == {"erased"}


def test_a_member_who_becomes_somebody_elses_meanwhile_is_found(merchant: Merchant) -> None:
    """Bob is no member: the merge makes Ann's membership his."""
    LedgerEntry.objects.filter(member__customer=bob()).delete()
    Member.objects.filter(customer=bob()).delete()
    one_in_the_middle_of_the_other(merchant, merge, (members, "locked_many"), expire)

    assert (Member.objects.get().customer, Member.objects.get().balance) == (bob(), 0)
