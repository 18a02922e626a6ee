"""Tiers of members: what orders raise, what the end of a period changes, what people assign, and what a recomputation places."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from integrations.catalog import catalog
from integrations.models import AuditEntry, Customer, Merchant
from integrations.people import PersonInput
from loyalty import services
from loyalty.models import Grant, Member
from loyalty.recomputation import recompute
from loyalty.services import programmes, tier_rules
from tests.loyalty.telling import MAY, ann, balance, member, merchant_with_programme, order, told
from tests.loyalty.telling_tiers import (
    TODAY,
    adding_up,
    assign,
    midnight,
    sleep_until,
    tier_of,
    told_times,
    transitions,
)
from tests.tracking.telling import ANN, AT, DAY, HOUR
from tracking.business_time import begin_of


@pytest.fixture
def merchant(db: None) -> Any:
    """A merchant with tiers, whose ledger and tiers add up in the end."""
    yield from adding_up()


def test_an_order_places_its_shopper_and_the_next_one_raises_them_at_once(merchant: Merchant) -> None:
    order(merchant, "1", "99.99")
    assert transitions() == [("spending_assign", "", "bronze")]
    order(merchant, "2", "0.01", hours=1)
    assert transitions()[1:] == [("spending_upgrade", "bronze", "silver")]
    order(merchant, "3", "1000", hours=2)

    assert [(each["Type"], each["TierId"]) for each in told("tiers_updated")] == [
        ("spending_assign", "bronze"),
        ("spending_upgrade", "silver"),
        ("spending_upgrade", "gold"),
    ]
    assert told("tiers_updated")[1] == {
        "Type": "spending_upgrade",
        "TierId": "silver",
        "TierName": "Silver",
        "PreviousTierId": "bronze",
        "PreviousTierName": "Bronze",
        "TierExpiresAt": midnight(366).isoformat(),
        "Spend365": 100.0,
        "MaintainSpend": 80.0,
        "NextTierName": "Gold",
        "NextTierSpendNeeded": 400.0,
    }
    assert told_times() == [AT, AT + HOUR, AT + 2 * HOUR]


def test_the_same_news_again_changes_nothing(merchant: Merchant) -> None:
    for hours in range(3):
        order(merchant, "1", "500", hours=hours)
    programmes.change(merchant, by=MAY, at=AT + HOUR, points_per_unit=Decimal(0))
    for hours in range(3, 6):
        order(merchant, "2", "500", hours=hours, created_at=AT + 2 * HOUR)

    assert transitions() == [("spending_assign", "", "gold")]


def test_what_does_not_count(merchant: Merchant) -> None:
    order(merchant, "1", "10")
    order(merchant, "2", "600", currency="USD")
    order(merchant, "3", "600", is_paid=False)
    order(merchant, "4", "600", cancelled_at=AT + HOUR)
    order(merchant, "5", "600", is_test=True)
    order(merchant, "6", "600", created_at=midnight(-365) - HOUR)
    order(merchant, "7", "600", refunded="550")
    order(merchant, "8", net_value=None)

    assert tier_of(merchant) == "bronze"
    order(merchant, "9", "40", created_at=midnight(-365), hours=1)
    # That order came from before the programme, which looks at it with the next one.
    assert tier_of(merchant) == "bronze"
    order(merchant, "10", "1", currency="", hours=2)
    assert (tier_of(merchant), told("tiers_updated")[-1]["Spend365"]) == ("silver", 101.0)


def test_a_refund_never_takes_a_tier_but_counts_when_the_period_is_over(merchant: Merchant) -> None:
    order(merchant, "1", "600")
    order(merchant, "2", "390", created_at=AT + 30 * DAY, hours=30 * 24)
    order(merchant, "2", "390", created_at=AT + 30 * DAY, refunded="311", hours=31 * 24)
    assert tier_of(merchant) == "gold"

    sleep_until(midnight(366) - HOUR)
    assert tier_of(merchant) == "gold"
    sleep_until(midnight(366))

    assert transitions()[1:] == [("spending_downgrade", "gold", "bronze")]
    assert "TierExpiresAt" not in told("tiers_updated")[-1]
    assert (told("tiers_updated")[-1]["Spend365"], told_times()[-1]) == (79.0, midnight(366))


@pytest.mark.parametrize(
    ("spent", "expected"),
    [
        ("400", ("spending_extend", "gold")),
        ("399.99", ("spending_downgrade", "silver")),
        ("100", ("spending_downgrade", "silver")),
        ("99.99", ("spending_downgrade", "bronze")),
    ],
)
def test_at_the_end_of_a_period_maintaining_decides_and_below_it_entering(
    merchant: Merchant, spent: str, expected: tuple[str, str]
) -> None:
    order(merchant, "1", "500")
    order(merchant, "2", spent, created_at=midnight(1), hours=14)
    order(merchant, "3", "1000", created_at=midnight(366), is_paid=False, hours=366 * 24)

    sleep_until(midnight(366))

    assert [(type, after) for type, _, after in transitions()[1:]] == [expected]
    if expected[0] == "spending_extend":
        assert Member.objects.get().tier_expires_at == midnight(366 + 365)


def test_nights_that_were_missed_are_made_up_for_and_done_once(merchant: Merchant) -> None:
    order(merchant, "1", "600")
    order(merchant, "2", "450", created_at=AT + 200 * DAY, hours=200 * 24)
    sleep_until(midnight(366 + 365 + 40))
    sleep_until(midnight(366 + 365 + 41))

    assert transitions()[1:] == [("spending_extend", "gold", "gold"), ("spending_downgrade", "gold", "bronze")]
    assert told_times()[1:] == [midnight(366), midnight(366 + 365)]


def test_an_order_after_a_midnight_that_was_not_worked_through_ends_the_period_first(merchant: Merchant) -> None:
    order(merchant, "1", "600")
    # What is bought at that very midnight is of the next period.
    order(merchant, "2", "450", created_at=midnight(366), hours=(midnight(366) - AT) / HOUR)

    assert transitions()[1:] == [("spending_downgrade", "gold", "bronze"), ("spending_upgrade", "bronze", "silver")]
    sleep_until(midnight(367))
    assert len(transitions()) == 3


def test_a_period_has_its_days_in_a_leap_year_too(merchant: Merchant) -> None:
    order(merchant, "1", "600", created_at=AT + 400 * DAY, hours=400 * 24)

    # 25 December 2027 and 365 whole days, of which one is 29 February 2028.
    assert Member.objects.get().tier_expires_at == begin_of(date(2028, 12, 25), "Europe/Berlin")


def test_a_custom_tier_stays_until_its_day_and_then_spending_decides(merchant: Merchant) -> None:
    order(merchant, "1", "120")
    assign(merchant, "friends", until=TODAY + 10 * DAY, at=AT + HOUR)
    order(merchant, "2", "600", hours=2)
    sleep_until(midnight(11) - HOUR)
    assert tier_of(merchant) == "friends"
    sleep_until(midnight(11))

    assert transitions()[1:] == [("manual_assign", "silver", "friends"), ("spending_assign", "friends", "gold")]
    assert told("tiers_updated")[1] == {
        "Type": "manual_assign",
        "TierId": "friends",
        "TierName": "Friends",
        "PreviousTierId": "silver",
        "PreviousTierName": "Silver",
        "TierExpiresAt": midnight(11).isoformat(),
        "Spend365": 120.0,
    }
    assert told_times()[-1] == midnight(11)


def test_a_custom_tier_for_good_has_no_end(merchant: Merchant) -> None:
    member(merchant)
    assign(merchant, "friends")
    sleep_until(midnight(800))
    assert recompute(merchant, by=MAY, at=midnight(800)) == 0

    assert tier_of(merchant) == "friends"
    assign(merchant, "gold", at=midnight(800))
    sleep_until(midnight(800 + 365))
    assert transitions()[1:] == [("manual_assign", "friends", "gold"), ("spending_downgrade", "gold", "bronze")]


def test_a_tier_by_hand_says_who_and_why_once(merchant: Merchant) -> None:
    member(merchant)
    first = assign(merchant, "silver", reason=" came\tlate ", cause="form:1")
    again = assign(merchant, "gold", cause="form:1")

    assert (again.pk, first.reason, first.actor) == (first.pk, "came late", "May")
    assert transitions() == [("manual_assign", "", "silver")]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"tier": "platinum"}, "tier"),
        ({"tier": "gold", "reason": "\n"}, "reason"),
        ({"tier": "gold", "until": TODAY - DAY}, "until"),
        ({"tier": "gold", "until": date(9999, 12, 31)}, "until"),
        ({"tier": "gold", "cause": "x" * 101}, "cause"),
    ]
    for given, name in wrong:
        with pytest.raises(ValidationError) as refused:
            assign(merchant, **given)
        assert list(refused.value.message_dict) == [name]
    stranger = Customer.objects.create(merchant=merchant, email="stranger@shopper.example")
    with pytest.raises(services.NoMember):
        assign(merchant, "gold", customer=stranger)


def test_a_lower_tier_by_hand_holds_until_the_next_order(merchant: Merchant) -> None:
    programmes.change(merchant, by=MAY, at=AT - HOUR, points_per_unit=Decimal(0))
    order(merchant, "1", "600")
    assign(merchant, "silver", at=AT + HOUR)
    order(merchant, "1", "600", hours=2)
    assert tier_of(merchant) == "silver"

    order(merchant, "2", "1", hours=3)
    assert tier_of(merchant) == "gold"


def test_a_rise_gives_its_points_once_for_each_tier(merchant: Merchant) -> None:
    for key, points in (("silver", 50), ("gold", 200), ("friends", 30)):
        tier_rules.save(merchant, key, by=None, at=AT, bonus_points=points)
    order(merchant, "1", "100")
    assign(merchant, "bronze", at=AT + HOUR)
    order(merchant, "2", "1", hours=2)
    assign(merchant, "friends", at=AT + 3 * HOUR)
    assign(merchant, "friends", at=AT + 4 * HOUR)
    assign(merchant, "silver", at=AT + 5 * HOUR)

    bonuses = [each for each in told("points_added") if each["Source"] == "tier_bonus"]
    assert [(each["Points"], each["BalanceAfter"]) for each in bonuses] == [(50, 150), (30, 181)]
    assert balance(merchant) == 181


def test_an_order_earns_by_the_tier_that_was_held_before_it(merchant: Merchant) -> None:
    tier_rules.save(merchant, "gold", by=None, at=AT, points_per_unit=Decimal("2.5"))
    order(merchant, "1", "500")
    order(merchant, "2", "10", hours=1)
    order(merchant, "2", "10", refunded="5", hours=2)

    assert list(Grant.objects.order_by("pk").values_list("points", "reversed_points")) == [(500, 0), (25, 12)]


def test_a_change_of_rules_moves_nobody_until_it_is_asked_for(merchant: Merchant) -> None:
    order(merchant, "1", "120")
    for number, spent in enumerate(("30", "60", "600")):
        order(merchant, f"b{number}", spent, person=PersonInput(email=f"{number}@shopper.example"))
    member(merchant)
    assign(merchant, "friends", customer=Customer.objects.get(email="0@shopper.example"))
    written = len(transitions())
    tier_rules.save(merchant, "silver", by=MAY, at=AT, entry_minor=5_000, maintain_minor=5_000)
    tier_rules.save(merchant, "gold", by=MAY, at=AT, entry_minor=70_000, maintain_minor=70_000)
    sleep_until(midnight(5))
    assert len(transitions()) == written

    assert recompute(merchant, by=MAY, at=midnight(5)) == 2
    assert recompute(merchant, by=MAY, at=midnight(6)) == 0

    assert transitions()[written:] == [("spending_assign", "bronze", "silver"), ("spending_assign", "gold", "silver")]
    assert AuditEntry.objects.filter(what__startswith="had the tiers of all members").count() == 2


def test_tiers_that_come_later_place_who_is_there(db: None) -> None:
    merchant = merchant_with_programme()
    order(merchant, "1", "120")
    tier_rules.save(merchant, "silver", by=None, at=AT, name="Silver", entry_minor=10_000)
    assert recompute(merchant, by=MAY, at=AT + HOUR) == 1
    tier_rules.retire(merchant, "silver", by=MAY, at=AT)
    assert tier_of(merchant) == "silver"

    assert recompute(merchant, by=MAY, at=AT + 2 * HOUR) == 1
    tier_rules.save(merchant, "silver", by=MAY, at=AT)
    order(merchant, "2", "1", hours=3)

    assert transitions() == [
        ("spending_assign", "", "silver"),
        ("spending_assign", "silver", ""),
        ("spending_upgrade", "", "silver"),
    ]
    assert told("tiers_updated")[1] == {
        "Type": "spending_assign",
        "PreviousTierId": "silver",
        "PreviousTierName": "Silver",
        "Spend365": 120.0,
    }


def test_a_retired_tier_is_kept_until_the_period_is_over(merchant: Merchant) -> None:
    order(merchant, "1", "600")
    order(merchant, "2", "600", created_at=AT + 100 * DAY, hours=2400)
    tier_rules.retire(merchant, "gold", by=MAY, at=AT)
    tier_rules.save(merchant, "ruby", by=MAY, at=AT, name="Ruby", entry_minor=50_000)
    with pytest.raises(ValidationError, match="there are: bronze, silver, friends, ruby"):
        assign(merchant, "gold")
    assert tier_of(merchant) == "gold"
    sleep_until(midnight(366))

    assert transitions()[1:] == [("spending_assign", "gold", "ruby")]


def test_who_joins_without_an_order_is_placed_too(merchant: Merchant) -> None:
    for _ in range(2):
        with transaction.atomic():
            services.told_of_customer(merchant=merchant, person=ANN, at=AT)

    assert transitions() == [("spending_assign", "", "bronze")]
    properties = catalog.profile_properties(merchant.pk, {ann().pk: catalog["member_activated"].profile_names})
    assert properties[ann().pk]["loyalty_member_tier"] == "bronze"
