"""Rewards: who gets which, for what, with which code, and what becomes of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from integrations.models import Customer, Event, Merchant
from integrations.people import PersonInput
from loyalty import services
from loyalty.ledger import NotEnough
from loyalty.models import IssuedReward, LedgerEntry, Lot, Member, PointSource, Reward, RewardCode
from loyalty.services import programmes
from loyalty.verification import verify
from tests.loyalty.rewarding import Source, five_off, issue, make_account, night, pooled
from tests.loyalty.telling import MAY, add, ann, balance, member, merchant_with_programme, order, told
from tests.tracking.telling import AT, DAY, HOUR, make_merchant


@pytest.fixture
def merchant(db: None) -> Any:
    """A merchant with a programme, and a member with 100 points; in the end the ledger adds up."""
    made = merchant_with_programme()
    member(made)
    add(made, 100)
    yield made
    assert verify(made) == []


def test_a_reward_for_points_costs_them_once(merchant: Merchant) -> None:
    reward = five_off(merchant)
    issued = issue(merchant, reward, cause="checkout:1")
    again = issue(merchant, reward, cause="checkout:1", at=AT + HOUR)

    assert (again.pk, balance(merchant), issued.points_spent) == (issued.pk, 50, 50)
    assert told("reward_issued") == [
        {
            "RewardId": str(reward.pk),
            "RewardName": "5 € off",
            "RewardType": "Discount_code",
            "Source": "points_redemption",
            "PointsSpent": 50,
            "DiscountCode": issued.told_code,
            "ExpiresAt": "2026-12-20T23:00:00+00:00",
            "BalanceAfter": 50,
        }
    ]
    assert told("points_subtracted") == [
        {
            "Points": 50,
            "Source": "reward_redemption",
            "Note": "5 € off",
            "BalanceAfter": 50,
            "RewardId": str(reward.pk),
        }
    ]
    event = Event.objects.get(metric="reward_issued")
    assert (event.unique_id, event.occurred_at) == (f"reward:{issued.pk}", AT)


def test_a_present_costs_nothing(merchant: Merchant) -> None:
    reward = five_off(merchant, points_cost=None, valid_days=None)
    for source in (Source.SHOPIFY_FLOW_ACTION, Source.ONE_TIME_CAMPAIGN):
        issue(merchant, reward, source)

    assert balance(merchant) == 100
    assert [(each["Source"], each["PointsSpent"], "ExpiresAt" in each) for each in told("reward_issued")] == [
        ("shopify_flow_action", 0, False),
        ("one_time_campaign", 0, False),
    ]
    with pytest.raises(ValidationError, match="not to be had for points"):
        issue(merchant, reward)


def test_what_cannot_be_given_leaves_nothing_behind(merchant: Merchant) -> None:
    empty, dear = pooled(merchant), five_off(merchant, points_cost=101)
    retired = five_off(merchant)
    services.retire_reward(retired, by=MAY, at=AT)
    before = LedgerEntry.objects.count()
    for reward, refusal in ((empty, "has no code left"), (retired, "is retired")):
        with pytest.raises(services.NotToBeHad, match=refusal):
            issue(merchant, reward)
    with pytest.raises(NotEnough):
        issue(merchant, dear)
    with pytest.raises(ValidationError, match="A cause has 1 to"):
        issue(merchant, dear, cause="x" * 114)

    assert (balance(merchant), IssuedReward.objects.count(), LedgerEntry.objects.count()) == (100, 0, before)
    assert RewardCode.objects.exclude(taken_at=None).count() == 0


def test_codes_of_a_list_are_given_in_order_and_once(merchant: Merchant) -> None:
    reward = pooled(merchant, "ONE", "TWO", " ONE ")
    other = pooled(merchant, "ONE", "THREE", name="6 € off")
    assert services.add_codes(reward, ["TWO"], by=MAY, at=AT) == 0
    codes = [issue(merchant, each, Source.ONE_TIME_CAMPAIGN).told_code for each in (reward, other, reward)]

    assert codes == ["ONE", "THREE", "TWO"]
    for given, refusal in ((["x" * 101], "unlike 'xx"), ([" "], "1 to 100"), (["x"] * 10_001, "At most 10000")):
        with pytest.raises(ValidationError, match=refusal):
            services.add_codes(reward, given, by=MAY, at=AT)
    with pytest.raises(ValidationError, match="do not come from a list"):
        services.add_codes(five_off(merchant), ["FOUR"], by=MAY, at=AT)


def test_codes_by_a_pattern_are_never_the_same(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    reward = five_off(merchant)
    drawn = iter("A" * 16 + "B" * 8)
    monkeypatch.setattr("loyalty.services.codes.secrets.choice", lambda letters: next(drawn))
    first, second = (issue(merchant, reward, Source.ONE_TIME_CAMPAIGN).told_code for _ in range(2))

    assert (first, second) == ("TEA-AAAAAAAA", "TEA-BBBBBBBB")


def test_a_deactivated_reward_gives_points_back_to_their_lots_once(merchant: Merchant) -> None:
    issued = issue(merchant, five_off(merchant))
    dates = list(Lot.objects.values_list("expires_at", flat=True))
    for hours in (1, 2):
        back = services.deactivate_reward(merchant=merchant, key=issued.pk, at=AT + hours * HOUR, by=MAY)

    assert (balance(merchant), back.deactivated_at) == (100, AT + HOUR)
    assert list(Lot.objects.values_list("expires_at", flat=True)) == dates
    (returned,) = [each for each in told("points_added") if each["Source"] == "reward_redemption_reverted"]
    assert (returned["Points"], returned["Note"]) == (50, "5 € off")
    assert issue(merchant, issued.reward).told_code != issued.told_code


def test_a_reward_ends_in_one_way(merchant: Merchant) -> None:
    reward = five_off(merchant)
    used, gone = issue(merchant, reward), issue(merchant, reward)
    for _ in range(2):
        assert services.use_reward(merchant=merchant, key=used.pk, at=AT + HOUR).used_at == AT + HOUR
    with pytest.raises(services.Ended, match="was used"):
        services.deactivate_reward(merchant=merchant, key=used.pk, at=AT + HOUR)
    with pytest.raises(services.Ended, match="has expired"):
        services.use_reward(merchant=merchant, key=gone.pk, at=AT + 40 * DAY)

    night(merchant, date(2026, 12, 20), at=AT + 30 * DAY)
    assert IssuedReward.objects.exclude(expired_at=None).count() == 0
    night(merchant, date(2026, 12, 21), at=AT + 31 * DAY)

    assert list(IssuedReward.objects.exclude(expired_at=None)) == [gone]
    with pytest.raises(services.Ended, match="has expired"):
        services.deactivate_reward(merchant=merchant, key=gone.pk, at=AT + 40 * DAY)
    other = merchant_with_programme()
    for act in (services.use_reward, services.deactivate_reward):
        with pytest.raises(services.NoReward):
            act(merchant=other, key=used.pk, at=AT)


@pytest.mark.parametrize(
    ("wrong", "values"),
    [
        ("product_id", {"kind": "Free_product"}),
        ("discount", {"discount": None}),
        ("discount", {"discount": Decimal(101), "discount_unit": "percent"}),
        ("points_cost", {"kind": "Pay_with_points", "points_cost": None}),
        ("codes", {"codes": "none", "code_pattern": ""}),
        ("code_pattern", {"code_pattern": ""}),
        ("code_pattern", {"code_pattern": "TEA-#######"}),
        ("code_pattern", {"code_pattern": "TEA ########"}),
        ("kind", {"kind": "Voucher"}),
        ("valid_days", {"valid_days": 0}),
    ],
)
def test_a_reward_that_cannot_be_is_refused_by_its_field(db: None, wrong: str, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        five_off(merchant_with_programme(), **values)

    assert list(refused.value.message_dict) == [wrong]
    assert Reward.objects.count() == 0


def test_the_programme_gives_rewards_that_there_are(merchant: Merchant) -> None:
    reward, theirs = five_off(merchant), five_off(merchant_with_programme())
    rules = programmes.change(
        merchant, by=MAY, at=AT, welcome_reward=reward, welcome_points=100, expiring_windows=[7, 30]
    )

    assert rules.changes == [
        "Welcome points: 0 → 100",
        "Welcome reward: none → 5 € off",
        "Days before points run out on which members are warned: 30 d → 30 d, 7 d",
    ]
    with pytest.raises(ValidationError, match="The programme gives it"):
        services.retire_reward(reward, by=MAY, at=AT)
    with pytest.raises(ValidationError, match="another merchant"):
        programmes.change(merchant, by=MAY, at=AT, birthday_reward=theirs)
    for windows in ([0], [366], ["7"], [7, 7], [1, 2, 3, 4, 5, 6], {"7": 1}, True):
        with pytest.raises(ValidationError) as refused:
            programmes.change(merchant, by=MAY, at=AT, expiring_windows=windows)
        assert list(refused.value.message_dict) == ["expiring_windows"]
    assert programmes.change(merchant, by=MAY, at=AT, expiring_windows=[]).expiring_windows == []


def test_nothing_of_another_merchant_is_given(merchant: Merchant) -> None:
    theirs = five_off(merchant_with_programme())
    with transaction.atomic():
        issue(merchant, theirs, Source.ONE_TIME_CAMPAIGN)
        with pytest.raises(IntegrityError):
            connection.check_constraints()
        transaction.set_rollback(True)


def test_an_account_is_welcomed_once(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, welcome_points=20, welcome_reward=five_off(merchant))
    for hours in (1, 2):
        make_account(merchant, created_at=AT + HOUR, at=AT + hours * HOUR)

    assert told("member_account_registered") == [
        {
            "MemberStatus": "registered",
            "RegistrationMethod": "sign_up",
            "WelcomeBonusPoints": 20,
            "WelcomeReward": "5 € off",
        }
    ]
    event = Event.objects.get(metric="member_account_registered")
    assert (event.unique_id, event.occurred_at) == (f"member_registered:{ann().pk}", AT + HOUR)
    assert [each["Points"] for each in told("points_added") if each["Source"] == "welcome_bonus"] == [20]
    assert [(each["Source"], each["BalanceAfter"]) for each in told("reward_issued")] == [("welcome", 120)]
    row = Member.objects.get()
    assert (row.status, row.status_at, row.registered_at) == ("registered", AT + HOUR, AT + HOUR)


def test_an_account_that_is_older_than_the_programme_is_known_and_not_welcomed(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, welcome_points=20)
    make_account(merchant, created_at=AT - 400 * DAY, at=AT + HOUR)
    cara = PersonInput(email="cara@shopper.example", external_id="9")
    unruled = make_merchant("loyalty")
    make_account(unruled, created_at=AT - 10 * DAY, person=cara)
    programmes.change(unruled, by=None, at=AT - 5 * DAY, welcome_points=20)
    order(unruled, "1", person=cara)

    assert told("member_account_registered") == []
    assert set(Member.objects.values_list("status", "balance", "merchant")) == {
        ("registered", 100, merchant.pk),
        ("registered", 80, unruled.pk),
    }
    assert [each["MemberStatus"] for each in told("member_activated")] == ["activated", "registered"]


def test_who_registers_when_no_code_is_left_is_welcomed_with_the_points(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT, welcome_points=20, welcome_reward=pooled(merchant))
    make_account(merchant, created_at=AT + HOUR)

    assert balance(merchant) == 120
    (registered,) = told("member_account_registered")
    assert "WelcomeReward" not in registered
    assert told("reward_issued") == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_last_codes_go_to_one_member_each() -> None:
    merchant = merchant_with_programme()
    reward = pooled(merchant, "A", "B", "C")
    people = [Customer.objects.create(merchant=merchant, email=f"{n}@shopper.example") for n in range(8)]
    for each in people:
        _join(merchant, each)
    start = threading.Barrier(8)

    def try_it(customer: Customer) -> str:
        start.wait()
        try:
            issued = services.issue_reward(
                merchant=merchant,
                customer=customer,
                reward=reward,
                source=Source.POINTS_REDEMPTION,
                cause=f"c{customer.pk}",
                at=AT,
            )
            return issued.told_code
        except services.NotToBeHad:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(try_it, people))

    assert sorted(filter(None, got)) == ["A", "B", "C"]
    assert sorted(Member.objects.values_list("balance", flat=True)) == [10] * 3 + [60] * 5
    assert verify(merchant) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_cause_at_once_gives_one_reward() -> None:
    merchant = merchant_with_programme()
    reward = five_off(merchant)
    member(merchant)
    add(merchant, 200)
    start = threading.Barrier(4)

    def try_it(_: int) -> int:
        start.wait()
        try:
            return issue(merchant, reward, cause="the same").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(try_it, range(4)))) == 1
    assert (balance(merchant), IssuedReward.objects.count()) == (150, 1)


@transaction.atomic
def _join(merchant: Merchant, customer: Customer) -> None:
    services.enrol(merchant, customer, Member.Source.ORDER, at=AT)
    services.add_points(
        merchant=merchant,
        customer=customer,
        points=60,
        source=PointSource.ONE_TIME_CAMPAIGN,
        cause=f"start:{customer.pk}",
        at=AT,
    )
