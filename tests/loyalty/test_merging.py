"""Two members who turn out to be one: their points, their tiers, and what they were given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations import merging
from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from loyalty import nights, services
from loyalty.ledger import NotEnough
from loyalty.models import IssuedReward, LedgerEntry, Lot, Member, PointSource
from loyalty.services import tier_rules
from loyalty.verification import verify
from tests.loyalty.rewarding import five_off
from tests.loyalty.telling import merchant_with_programme, order, told
from tests.loyalty.telling_tiers import assign, merchant_with_tiers, tier_of, transitions
from tests.tracking.telling import AT, DAY
from tracking.inputs import AccountInput

ANN, BOB, CARL = "ann@shopper.example", "bob@shopper.example", "carl@shopper.example"


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with a programme."""
    return merchant_with_programme(expiry_days=20)


def person(email: str) -> PersonInput:
    """A shopper with an id in the shop."""
    return PersonInput(email=email, external_id=f"id of {email}")


def shopper(merchant: Merchant, email: str) -> Customer:
    """A shopper, who is a member."""
    with transaction.atomic():
        services.told_of_customer(merchant=merchant, person=person(email), at=AT)
    return Customer.objects.get(email=email)


def add(merchant: Merchant, customer: Customer, points: int, cause: str, at: datetime = AT) -> None:
    """Points of a campaign."""
    with transaction.atomic():
        services.add_points(
            merchant=merchant,
            customer=customer,
            points=points,
            source=PointSource.ONE_TIME_CAMPAIGN,
            cause=cause,
            at=at,
        )


def merge(merchant: Merchant, given_up: Customer, kept: Customer, at: datetime = AT) -> tuple[int, ...]:
    """The shop merges them."""
    return merging.merge_customers(merchant=merchant, given_up=given_up, kept=kept, merged_at=at, at=at)


def test_points_come_together_and_lots_keep_their_dates(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    add(merchant, ann, 50, "a", AT)
    add(merchant, bob, 30, "b", AT + 3 * DAY)
    add(merchant, ann, 5, "c", AT + 4 * DAY)
    dates = dict(Lot.objects.values_list("pk", "expires_at"))

    merge(merchant, bob, ann, AT + 5 * DAY)

    kept = Member.objects.get()
    assert (kept.customer, kept.balance) == (ann, 85)
    assert dict(Lot.objects.values_list("pk", "expires_at")) == dates
    assert list(LedgerEntry.objects.order_by("pk").values_list("member", "balance_after")) == [
        (kept.pk, 50),
        (kept.pk, 80),
        (kept.pk, 85),
    ]
    assert told("customer_merged") == [
        {
            "SourceCustomerId": str(bob.pk),
            "DestinationCustomerId": str(ann.pk),
            "BalanceBefore": 55,
            "BalanceAfter": 85,
        }
    ]
    assert verify() == []


def test_a_merge_that_is_told_again_or_the_other_way_round_changes_nothing(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    add(merchant, bob, 30, "b")
    merge(merchant, bob, ann)

    assert merge(merchant, bob, ann) == merge(merchant, ann, bob) == ()
    assert Member.objects.get().balance == 30
    assert len(told("customer_merged")) == 1


@pytest.mark.parametrize("is_late", [True, False])
def test_merges_of_three_end_with_the_last_of_them_in_any_order(merchant: Merchant, is_late: bool) -> None:
    ann, bob, carl = (shopper(merchant, each) for each in (ANN, BOB, CARL))
    for number, each in enumerate((ann, bob, carl), 1):
        add(merchant, each, number, str(number))
    pairs = [(bob, carl), (ann, bob)] if is_late else [(ann, bob), (bob, carl)]

    for given_up, kept in pairs:
        merge(merchant, given_up, kept)

    assert (Member.objects.get().customer, Member.objects.get().balance) == (carl, 6)
    assert set(Customer.objects.exclude(merged_into=None).values_list("merged_into", flat=True)) == {carl.pk}
    assert verify() == []


def test_what_one_owes_is_paid_by_what_the_other_has(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    order(merchant, "1", "80", person=person(BOB))
    with transaction.atomic():
        services.redeem(merchant=merchant, customer=bob, points=80, cause="r", at=AT)
    order(merchant, "1", "80", refunded="80", hours=1, person=person(BOB))
    add(merchant, ann, 100, "a")
    assert Member.objects.get(customer=bob).balance == -80

    merge(merchant, bob, ann)

    assert (Member.objects.get().balance, Lot.objects.get(points=100).remaining) == (20, 20)
    assert verify() == []


def test_what_both_were_given_stays_and_nothing_is_given_again(db: None) -> None:
    merchant = merchant_with_programme(welcome_points=10, birthday_points=7)
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    register(merchant, bob, BOB)
    for each in (ann, bob):
        with transaction.atomic():
            services.capture_birth_month(merchant=merchant, customer=each, month=11, at=AT - 40 * DAY)
    nights.work(at=AT, seconds=60)
    given = sum(LedgerEntry.objects.values_list("points", flat=True))

    merge(merchant, bob, ann)
    register(merchant, ann, ANN)
    nights.work(at=AT + 9 * DAY, seconds=60)

    member = Member.objects.get()
    assert (member.balance, member.status, member.birth_month) == (given, Member.Status.REGISTERED, 11)
    assert len(told("member_account_registered")) == 1


def register(merchant: Merchant, customer: Customer, email: str) -> None:
    """The shopper makes an account."""
    account = AccountInput(person(email), AT, source="shopify")
    with transaction.atomic():
        services.follow_account(merchant, customer, account, at=AT)


def test_a_reward_goes_along_and_can_be_taken_back(merchant: Merchant) -> None:
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    add(merchant, bob, 50, "b")
    reward = five_off(merchant, points_cost=20)
    issued = services.issue_reward(
        merchant=merchant,
        customer=bob,
        reward=reward,
        source=IssuedReward.Source.POINTS_REDEMPTION,
        cause="r",
        at=AT,
    )
    merge(merchant, bob, ann)

    services.deactivate_reward(merchant=merchant, key=issued.pk, at=AT)

    assert Member.objects.get().balance == 50
    assert verify() == []


def test_what_both_spent_decides_on_the_tier(db: None) -> None:
    merchant = merchant_with_tiers()
    shopper(merchant, ANN), shopper(merchant, BOB)
    order(merchant, "1", "90", person=person(ANN))
    order(merchant, "2", "90", person=person(BOB))
    assert (tier_of(merchant, ANN), tier_of(merchant, BOB)) == ("bronze", "bronze")
    ann, bob = Customer.objects.get(email=ANN), Customer.objects.get(email=BOB)

    merge(merchant, bob, ann)

    assert tier_of(merchant, ANN) == "silver"
    assert transitions()[-1] == ("spending_upgrade", "bronze", "silver")
    (merged,) = told("customer_merged")
    assert (merged["TierBefore"], merged["TierAfter"]) == ("Bronze", "Silver")
    assert merged["BalanceAfter"] == 180


@pytest.mark.parametrize(
    ("mine", "theirs", "after", "type"),
    [
        ("silver", "gold", "gold", "spending_assign"),
        ("silver", "friends", "friends", "manual_assign"),
        ("friends", "gold", "friends", "manual_assign"),
        ("gold", "silver", "gold", "manual_assign"),
    ],
)
def test_the_better_tier_of_the_two_is_kept(db: None, mine: str, theirs: str, after: str, type: str) -> None:
    merchant = merchant_with_tiers()
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    assign(merchant, mine, customer=ann)
    assign(merchant, theirs, customer=bob)
    until = Member.objects.get(customer=bob if after == theirs else ann).tier_expires_at

    merge(merchant, bob, ann, AT + DAY)

    assert (tier_of(merchant, ANN), Member.objects.get().tier_expires_at) == (after, until)
    assert transitions()[-1][0] == type


def test_a_tier_gives_its_points_once_to_who_was_two(db: None) -> None:
    merchant = merchant_with_tiers()
    tier_rules.save(merchant, "silver", by=None, at=AT, bonus_points=500)
    ann, bob = shopper(merchant, ANN), shopper(merchant, BOB)
    assign(merchant, "silver", customer=bob)
    assert Member.objects.get(customer=bob).balance == 500

    merge(merchant, bob, ann)
    assign(merchant, "bronze", customer=ann)
    assign(merchant, "silver", customer=ann)

    assert Member.objects.get().balance == 500


moves = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["add", "spend", "buy", "refund", "night"]), st.integers(1, 60)),
    max_size=14,
)


@pytest.mark.parametrize("many", [7, pytest.param(400, marks=pytest.mark.full)])
def test_whatever_happened_to_both_the_sum_is_theirs(db: None, many: int) -> None:
    @settings(max_examples=many, deadline=None)
    @given(before=moves, after=moves)
    def check(before: Any, after: Any) -> None:
        with transaction.atomic():
            _histories(before, after)
            transaction.set_rollback(True)

    check()


def _histories(before: Any, after: Any) -> None:
    merchant = merchant_with_programme(expiry_days=6)
    shoppers = {"a": shopper(merchant, ANN), "b": shopper(merchant, BOB)}
    now = AT
    for number, (who, what, much) in enumerate(before):
        now = _do(merchant, shoppers[who], who, what, much, f"{number}", now)
    total = sum(Member.objects.values_list("balance", flat=True))
    left = list(Lot.objects.filter(remaining__gt=0).values_list("pk", "expires_at"))
    merge(merchant, shoppers["b"], shoppers["a"], now)
    assert Member.objects.get().balance == total == sum(LedgerEntry.objects.values_list("points", flat=True))
    assert set(Lot.objects.filter(remaining__gt=0).values_list("pk", "expires_at")) <= set(left)
    assert verify(merchant) == []
    for number, (who, what, much) in enumerate(after):
        now = _do(merchant, shoppers["a"], who, what, much, f"later {number}", now)
        assert verify(merchant) == []


def _do(merchant: Merchant, customer: Customer, who: str, what: str, much: int, key: str, now: datetime) -> datetime:
    email = {"a": ANN, "b": BOB}[who]
    hours = (now - AT).total_seconds() / 3600
    if what == "add":
        add(merchant, customer, much, key, now)
    elif what == "buy":
        order(merchant, f"order of {who}", "60", hours=hours, person=PersonInput(email=email))
    elif what == "refund":
        order(merchant, f"order of {who}", "60", hours=hours, refunded=str(much), person=PersonInput(email=email))
    elif what == "night":
        assert nights.work(at=now + 2 * DAY, seconds=60)
        return now + 2 * DAY
    else:
        try:
            with transaction.atomic():
                services.redeem(merchant=merchant, customer=customer, points=much, cause=key, at=now)
        except NotEnough:
            pass
    return now.astimezone(UTC)
