"""Points of members: what orders earn, what refunds take back, redemptions, and points by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations.catalog import catalog
from integrations.models import Customer, Event, Merchant
from integrations.people import NOBODY, PersonInput
from loyalty import services
from loyalty.ledger import NotEnough
from loyalty.models import Grant, LedgerEntry, Lot, Member, PointSource, Programme
from loyalty.services import programmes
from loyalty.verification import verify
from tests.loyalty.telling import (
    MAY,
    add,
    adjust,
    ann,
    balance,
    member,
    merchant_with_programme,
    order,
    redeem,
    revert,
    told,
)
from tests.tracking.telling import ANN, AT, DAY, HOUR, make_merchant, ship
from tracking import services as tracking


@pytest.fixture
def merchant(db: None) -> Any:
    """A merchant with a point for each euro; in the end its ledger adds up."""
    made = merchant_with_programme()
    yield made
    assert verify(made) == []


def test_a_paid_order_earns_once(merchant: Merchant) -> None:
    order(merchant, is_paid=False)
    assert (balance(merchant), Grant.objects.count()) == (0, 0)

    for hours in (1, 2):
        order(merchant, net="80.99", hours=hours)

    assert balance(merchant) == 80
    assert told("member_activated") == [{"MemberStatus": "activated", "Source": "order"}]
    assert told("points_added") == [
        {
            "Points": 80,
            "Source": "purchase",
            "BalanceAfter": 80,
            "ExpiresAt": "2027-11-20T23:00:00+00:00",
            "OrderNumber": "#1",
        }
    ]
    event = Event.objects.get(metric="points_added")
    assert (event.unique_id, event.occurred_at) == (f"ledger:{LedgerEntry.objects.get().pk}", AT + HOUR)


def test_what_earns_nothing(merchant: Merchant) -> None:
    order(merchant, "1", person=NOBODY)
    order(merchant, "2", is_test=True, person=PersonInput(email="test@shopper.example"))
    order(merchant, "3", created_at=AT - 200 * DAY, person=PersonInput(email="early@shopper.example"))
    assert Member.objects.count() == 0

    order(merchant, "4", "0.99")
    order(merchant, "5", net_value=None)
    order(merchant, "6", cancelled_at=AT + HOUR)
    assert (Member.objects.count(), LedgerEntry.objects.count()) == (1, 0)

    other = make_merchant("loyalty")
    order(other, "7")
    assert Member.objects.for_merchant(other).count() == 0


def test_an_order_earns_when_its_shopper_becomes_known(merchant: Merchant) -> None:
    order(merchant, person=NOBODY)
    order(merchant, hours=1)

    assert balance(merchant) == 80


def test_refunds_take_back_what_was_granted_in_proportion(merchant: Merchant) -> None:
    order(merchant, net="99")
    programmes.change(merchant, by=MAY, at=AT, points_per_unit=Decimal(7))
    for hours, refunded in enumerate(("10.55", "10.55", "5", "50.10", "99"), start=1):
        order(merchant, net="99", refunded=refunded, hours=hours)

    assert [each["Points"] for each in told("points_subtracted")] == [10, 40, 49]
    assert told("points_subtracted")[0] == {
        "Points": 10,
        "Source": "order_refund",
        "BalanceAfter": 89,
        "OrderNumber": "#1",
    }
    assert balance(merchant) == 0


def test_a_cancelled_order_takes_back_all_and_a_later_refund_nothing_more(merchant: Merchant) -> None:
    order(merchant)
    with transaction.atomic():
        tracking.cancel_order(
            merchant=merchant, order_external_id="1", cancelled_at=AT + HOUR, reason="fraud", at=AT + HOUR
        )
    order(merchant, refunded="80", cancelled_at=AT + HOUR, hours=2)

    assert balance(merchant) == 0
    assert Event.objects.get(metric="points_subtracted").occurred_at == AT + HOUR


def test_what_is_refunded_after_it_was_spent_is_owed_and_paid_by_what_comes_next(merchant: Merchant) -> None:
    order(merchant)
    redeem(merchant, 70)
    order(merchant, refunded="80", hours=1)
    assert (balance(merchant), Member.objects.get().owes) == (-70, 70)
    with pytest.raises(NotEnough):
        redeem(merchant, 1)

    add(merchant, 50)
    add(merchant, 30)

    assert balance(merchant) == 10
    assert redeem(merchant, 10).balance_after == 0


def test_a_refund_takes_from_its_own_order_first(merchant: Merchant) -> None:
    order(merchant, "1", "50")
    order(merchant, "2", "50")
    order(merchant, "2", "50", refunded="20", hours=1)

    assert list(Lot.objects.order_by("pk").values_list("remaining", flat=True)) == [50, 30]


def test_pending_points_wait_for_fulfilment_and_refunds_make_them_fewer(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT - DAY, pending_days=14)
    order(merchant)
    assert (balance(merchant), Grant.objects.get().activates_at) == (0, None)

    ship(merchant)
    order(merchant, refunded="20", hours=2)

    grant = Grant.objects.get()
    assert (grant.left, f"{grant.activates_at}") == (60, "2026-12-04 23:00:00+00:00")
    assert told("points_added") == told("points_subtracted") == []


def test_spending_takes_what_runs_out_soonest_and_a_reverted_redemption_gives_it_back(merchant: Merchant) -> None:
    member(merchant)
    add(merchant, 100)
    programmes.change(merchant, by=MAY, at=AT, expiry_days=30)
    add(merchant, 100, at=AT + HOUR)
    dates = list(Lot.objects.order_by("pk").values_list("expires_at", flat=True))

    redemption = redeem(merchant, 120, at=AT + 2 * HOUR)
    assert list(Lot.objects.order_by("pk").values_list("remaining", flat=True)) == [80, 0]
    for _ in range(2):
        revert(merchant, redemption, at=AT + 3 * HOUR)

    assert list(Lot.objects.order_by("pk").values_list("remaining", flat=True)) == [100, 100]
    assert list(Lot.objects.order_by("pk").values_list("expires_at", flat=True)) == dates
    assert told("points_added")[-1] == {
        "Points": 120,
        "Source": "reward_redemption_reverted",
        "BalanceAfter": 200,
        "ExpiresAt": dates[1] and dates[1].isoformat(),
    }
    with pytest.raises(LookupError, match="redeemed nothing for 'x'"), transaction.atomic():
        services.revert_redemption(merchant=merchant, customer=ann(), cause="x", at=AT)


def test_nobody_spends_more_than_there_is(merchant: Merchant) -> None:
    member(merchant)
    add(merchant, 100)

    with pytest.raises(NotEnough):
        redeem(merchant, 101)
    with pytest.raises(NotEnough):
        adjust(merchant, -101)
    with pytest.raises(NotEnough, match="there are 0 points"):
        redeem(merchant, 100, at=AT + 400 * DAY)
    assert balance(merchant) == 100


def test_the_same_cause_answers_the_first_entry(merchant: Merchant) -> None:
    member(merchant)
    first = add(merchant, 100, cause="campaign:1")

    assert add(merchant, 999, cause="campaign:1").pk == first.pk
    spent = redeem(merchant, 100, cause="redemption:1")
    assert redeem(merchant, 100, cause="redemption:1").pk == spent.pk
    assert adjust(merchant, -100, cause="redemption:1").pk == spent.pk
    assert (balance(merchant), LedgerEntry.objects.count()) == (0, 2)


def test_points_by_hand_say_who_and_why(merchant: Merchant) -> None:
    member(merchant)
    adjust(merchant, 20, reason=" came  late\n")
    adjust(merchant, -5)

    entry = LedgerEntry.objects.earliest("pk")
    assert (entry.actor, entry.note, entry.source) == ("May", "came  late", PointSource.MANUAL)
    assert [told("points_added")[0]["Note"], told("points_subtracted")[0]["Source"]] == ["came  late", "manual"]
    for points, reason, field in ((0, "x", "points"), (10**10, "x", "points"), (5, " \n", "reason")):
        with pytest.raises(ValidationError) as refused:
            adjust(merchant, points, reason=reason)
        assert list(refused.value.message_dict) == [field]


def test_who_is_no_member_has_no_points(merchant: Merchant) -> None:
    Customer.objects.create(merchant=merchant, email="ann@shopper.example")

    with pytest.raises(services.NoMember):
        redeem(merchant, 1)


def test_inactivity_is_counted_from_the_last_purchase_or_redemption(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, expiry=Programme.Expiry.INACTIVITY, expiry_days=30)
    order(merchant, created_at=AT + HOUR, hours=1)
    later = AT + 20 * DAY
    order(merchant, "2", created_at=later, hours=20 * 24)
    assert {f"{each.expires_at:%d %b}" for each in Lot.objects.all()} == {"09 Jan"}

    redeem(merchant, 10, at=later + 5 * DAY)
    adjust(merchant, 10, at=later + 9 * DAY)

    expected = ["14 Jan", "14 Jan", "18 Jan"]
    assert [f"{each.expires_at:%d %b}" for each in Lot.objects.order_by("pk")] == expected


def test_an_order_keeps_the_rules_of_the_day_it_was_placed(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT - HOUR, effective_at=AT + HOUR, points_per_unit=Decimal("1.5"))
    order(merchant, "1", "10")
    order(merchant, "2", "10", created_at=AT + 2 * HOUR, hours=2)

    assert list(Grant.objects.order_by("pk").values_list("points", flat=True)) == [10, 15]


def test_rules_are_never_changed_and_never_reach_back(merchant: Merchant) -> None:
    first = Programme.objects.get()
    with pytest.raises(TypeError, match="never changed"):
        first.save()
    with pytest.raises(ValidationError, match="must not be in the past"):
        programmes.change(merchant, by=MAY, at=AT, effective_at=AT - DAY, expiry_days=10)
    with pytest.raises(programmes.Outdated, match="Version 1 holds now"):
        programmes.change(merchant, by=MAY, at=AT, based_on=0, expiry_days=10)
    with pytest.raises(ValidationError) as refused:
        programmes.change(merchant, by=MAY, at=AT, expiry_days=0, points_per_unit=Decimal(-1))
    assert set(refused.value.message_dict) == {"expiry_days", "points_per_unit"}
    with pytest.raises(TypeError, match="no rule of a programme: colour"):
        programmes.change(merchant, by=MAY, at=AT, colour="red")

    assert programmes.change(merchant, by=MAY, at=AT, expiry_days=365).version == 1
    changed = programmes.change(merchant, by=MAY, at=AT, expiry_days=10)
    assert changed.changes == ["Days until points run out: 365 d → 10 d"]


def test_the_profile_has_the_points_as_they_are_now(merchant: Merchant, django_assert_num_queries: Any) -> None:
    order(merchant)
    redeem(merchant, 30, at=AT + HOUR)
    names = {f"loyalty_{each}" for each in ("point_balance", "point_balance_updated_at", "member_status")}

    key = ann().pk

    with django_assert_num_queries(1):
        read = catalog.profile_properties(merchant.pk, {key: names, 0: names})

    assert read[key] == {
        "loyalty_point_balance": 50,
        "loyalty_point_balance_updated_at": (AT + HOUR).isoformat(),
        "loyalty_member_status": "activated",
    }
    assert read[0] == {}


@pytest.mark.postgres
def test_a_repeated_order_costs_one_statement_more(merchant: Merchant) -> None:
    other = make_merchant("loyalty")
    counts = []
    for each in (other, merchant):
        order(each)
        order(each, hours=1)
        with CaptureQueriesContext(connection) as queries:
            order(each, hours=2)
        counts.append(len(queries))

    # The rules are looked for at both; the grant where there are any.
    assert counts[1] == counts[0] + 1


def test_the_same_person_is_one_member(merchant: Merchant) -> None:
    for number in range(3):
        order(merchant, str(number), person=ANN)

    assert (Member.objects.count(), len(told("member_activated"))) == (1, 1)
